/** kvctl as a process, without a server: streams, exit codes, bytes that are not UTF-8, a reader that goes away. */
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function kvctl(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = {
      env: { PATH: process.env['PATH'] ?? '', ...env },
      encoding: 'latin1',
      timeout: 20_000,
    } as const;
    execFile(process.execPath, [main, ...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
  });
}

test('with nothing but PATH in the environment, results on stdout, mistakes on stderr', async () => {
  expect(await kvctl(['version'])).toMatchObject({ code: 0, stderr: '' });
  expect((await kvctl(['version'])).stdout).toMatch(
    /^etcdctl version: 3\.7\.1\nAPI version: 3\.7\nkvctl version: /,
  );
  expect(await kvctl(['get'])).toEqual({
    code: 128,
    stdout: '',
    stderr: 'Error: get command needs one argument as key and an optional argument as range_end\n',
  });
});

test('B-170: a dead endpoint is named before the time-out', async () => {
  const { code, stderr } = await kvctl([
    '--endpoints=127.0.0.1:1',
    '--command-timeout=200ms',
    'get',
    'a',
  ]);
  const [warning = '', error] = stderr.split('\n');
  expect(code).toBe(1);
  expect(JSON.parse(warning)).toMatchObject({
    level: 'warn',
    method: '/etcdserverpb.KV/Range',
    attempt: 0,
  });
  expect(warning).toContain('connect ECONNREFUSED 127.0.0.1:1');
  expect(error).toBe('Error: context deadline exceeded');
});

test('B-170: a server that speaks something else is a time-out, never a stack trace', async () => {
  const server = createServer((socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const { code, stderr } = await kvctl([
    `--endpoints=127.0.0.1:${port}`,
    '--command-timeout=200ms',
    'put',
    'a',
    'b',
  ]);
  server.close();
  expect(code).toBe(1);
  expect(stderr).not.toMatch(/ {4}at |node:/);
  const [error, hint] = stderr.trimEnd().split('\n').slice(-2);
  expect(error).toBe('Error: context deadline exceeded');
  expect(hint).toMatch(/^Hint: /);
});

test('B-171: endpoints that are none are named', async () => {
  const { code, stderr } = await kvctl(['--endpoints=ftp://x', 'get', 'a']);
  expect(code).toBe(2);
  expect(stderr).toContain('endpoint "ftp://x"');
});

test('B-181: a reader that goes away ends the process quietly', async () => {
  const child = spawn('sh', ['-c', `"${process.execPath}" "${main}" --help; echo "exit $?" >&2`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  await new Promise((resolve) => child.on('close', resolve));
  expect(stderr).toBe('exit 141\n');
});

test.skipIf(!existsSync('/proc/self/cmdline'))(
  'B-181: arguments that are not UTF-8 keep their bytes',
  async () => {
    const script = `"${process.execPath}" "${main}" get "$(printf 'a\\377')" --order "$(printf 'b\\376')"`;
    const child = spawn('sh', ['-c', script], { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('latin1')));
    await new Promise((resolve) => child.on('close', resolve));
    expect(stderr).toBe('Error: bad sort order b\xfe\n');
  },
);

test.each(['/proc', '/proc/nowhere', '/dev/null', ''])(
  'a cache in %j does no harm',
  async (place) => {
    expect((await kvctl(['version'], { XDG_CACHE_HOME: place })).code).toBe(0);
  },
);
