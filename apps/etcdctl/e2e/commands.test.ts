/** kvctl as a process against the real etcd: files, terminals, shells and a cluster of three, which the comparison does not reach. */
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Server } from '../conformance/server.js';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const etcd = join(process.env['REF'] ?? join(homedir(), 'ref'), 'etcd');
const isMissing = !existsSync(etcd);
if (isMissing) console.warn(`skipped: no ${etcd}`);

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(program: string, args: readonly string[], stdin = ''): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(
      program,
      [...args],
      { timeout: 20_000, encoding: 'latin1' },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, stdout, stderr });
      },
    );
    child.stdin?.end(stdin);
  });
}

describe.skipIf(isMissing)('one member', { timeout: 60_000 }, () => {
  let server: Server;
  let folder: string;
  const kvctl = (words: string, stdin = ''): Promise<Outcome> =>
    run(process.execPath, [main, `--endpoints=${server.endpoint}`, ...words.split(' ')], stdin);

  beforeAll(async () => {
    server = await Server.start(etcd, { client: 21_294, peer: 21_295 });
    folder = mkdtempSync(join(tmpdir(), 'kvctl-e2e-'));
  }, 60_000);
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  test('a snapshot is complete, private, and leaves nothing else behind', async () => {
    const path = join(folder, 'image.db');
    const { code, stdout } = await kvctl(`snapshot save ${path}`);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `Snapshot saved at ${path}\nServer version 3.7.0\n`,
    });
    const image = readFileSync(path);
    const digest = createHash('sha256').update(image.subarray(0, -32)).digest();
    expect(image.subarray(-32)).toEqual(digest);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['image.db']);
  });

  test('a dry run says what would happen, and changes nothing', async () => {
    await kvctl('put dry/a 1');
    await kvctl('put dry/b 2');
    const before = await kvctl('get dry/ --prefix -w json');
    const note = 'Dry run: nothing was changed.\n';
    expect(await kvctl('del dry/ --prefix --dry-run')).toEqual({
      code: 0,
      stdout: '2\n',
      stderr: note,
    });
    // No warning and no pause either.
    expect(await kvctl('del dry/a dry/b --prev-kv --dry-run')).toEqual({
      code: 0,
      stdout: '1\ndry/a\n1\n',
      stderr: note,
    });
    const lines =
      'val("dry/a") = "1"\n\nput dry/a 3 --prev-kv\nput new x\ndel dry/ --prefix\nget dry/b\n\n\n';
    expect(await kvctl('txn --dry-run', lines)).toEqual({
      code: 0,
      stdout: 'SUCCESS\n\nOK\ndry/a\n1\n\nOK\n\n2\n\ndry/b\n2\n',
      stderr: note,
    });
    const otherwise = 'val("dry/a") = "2"\n\nput dry/a 3\n\ndel dry/b --prev-kv\n\n';
    expect((await kvctl('txn --dry-run', otherwise)).stdout).toBe('FAILURE\n\n1\ndry/b\n2\n');
    expect(await kvctl('get dry/ --prefix -w json')).toEqual(before);
    expect((await kvctl('get new')).stdout).toBe('');
    // A line of a transaction is no dry run of its own.
    const line = await kvctl('txn', '\ndel dry/a --dry-run\n\n\n');
    expect(line.code).toBe(3);
    expect(line.stderr).toContain('invalid txn request: del dry/a --dry-run');
  });

  test('G-10: a lock whose lease is gone is not held any more, and says so', async () => {
    const args = [main, `--endpoints=${server.endpoint}`, 'lock', 'held', '--ttl=2'];
    const child = spawn(process.execPath, args);
    let output = '';
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    const ended = new Promise((resolve) => child.on('close', resolve));
    const lease = await new Promise<string>((resolve) => {
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        const found = /\/([0-9a-f]+)\n/.exec(output)?.[1];
        if (found !== undefined) resolve(found);
      });
    });
    await kvctl(`lease revoke ${lease}`);
    expect({ code: await ended, errors }).toEqual({ code: 1, errors: 'Error: session expired\n' });
  });

  test.skipIf(!existsSync('/usr/bin/script'))(
    'passwords are asked for on a terminal without echo, which comes back',
    async () => {
      const command = `"${process.execPath}" "${main}" --endpoints=${server.endpoint} user add tty; stty -a | grep -o -- "-\\?echo "`;
      // `script` runs it on a terminal of its own; its input is typed there once the question is asked.
      const child = spawn('/usr/bin/script', ['-qec', command, '/dev/null']);
      let screen = '';
      let answered = 0;
      child.stdout.on('data', (chunk: Buffer) => {
        screen += chunk.toString();
        const asked = screen.match(/: /g)?.length ?? 0;
        for (; answered < asked; answered++) child.stdin.write('secret\n');
      });
      await new Promise((resolve) => child.on('close', resolve));
      expect(screen.replaceAll('\r', '')).toBe(
        'Password of tty: \nType password of tty again for confirmation: \nUser tty created\necho \n',
      );
    },
  );

  test.skipIf(!existsSync('/usr/bin/script'))(
    'B-181: a password prompt that is interrupted leaves the terminal with its echo',
    async () => {
      const command = `"${process.execPath}" "${main}" --endpoints=${server.endpoint} user add gone; stty -a | grep -o -- "-\\?echo "`;
      const child = spawn('/usr/bin/script', ['-qec', `trap : INT; ${command}`, '/dev/null']);
      let screen = '';
      child.stdout.on('data', (chunk: Buffer) => {
        const before = screen;
        screen += chunk.toString();
        // Ctrl-C, once the question is asked.
        if (!before.includes(': ') && screen.includes(': ')) child.stdin.write('\u0003');
      });
      await new Promise((resolve) => child.on('close', resolve));
      expect(screen.replaceAll('\r', '')).toMatch(/^Password of gone: \^?C?\n?echo \n$/);
    },
  );

  test.skipIf(!existsSync('/usr/bin/bash'))('bash completes with the script', async () => {
    const complete = async (line: string): Promise<string> => {
      const words = line.split(' ').map((word) => `'${word}'`);
      const script = `
        kvctl() { "${process.execPath}" "${main}" "$@"; }
        source <(kvctl completion bash)
        COMP_WORDS=(kvctl ${words.join(' ')}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
        _kvctl_complete
        printf '%s,' "\${COMPREPLY[@]}"`;
      return (await run('/usr/bin/bash', ['-c', script])).stdout;
    };
    expect(await complete('mem')).toBe('member,');
    expect(await complete('member ')).toBe('add,list,promote,remove,update,');
    expect(await complete('get --key')).toBe('--keys-only,');
    expect(await complete('get --order = D')).toBe('DESCEND,');
    expect(await complete('get --order =')).toBe('ASCEND,DESCEND,');
    expect(await complete('nonsense x')).toBe(',');
  });

  test.skipIf(!existsSync('/usr/bin/fish'))('fish completes with the script', async () => {
    const complete = async (line: string): Promise<readonly string[]> => {
      const script = `
        function kvctl; "${process.execPath}" "${main}" $argv; end
        kvctl completion fish | source
        complete -C "kvctl ${line}"`;
      const { stdout } = await run('/usr/bin/fish', ['--no-config', '-c', script]);
      return stdout.split('\n').flatMap((proposal) => proposal.split('\t')[0] ?? []);
    };
    expect(await complete('mem')).toEqual(['member', '']);
    expect(await complete('member p')).toEqual(['promote', '']);
    expect(await complete('get --order=')).toEqual(['--order=ASCEND', '--order=DESCEND', '']);
    expect(await complete('get --order D')).toEqual(['DESCEND', '']);
  });
});

test.skipIf(isMissing)(
  'move-leader finds the leader among the endpoints',
  { timeout: 60_000 },
  async () => {
    const ports = [0, 1, 2].map((i) => ({ client: 21_270 + 2 * i, peer: 21_271 + 2 * i }));
    const initialCluster = ports.map(({ peer }, i) => `n${i}=http://127.0.0.1:${peer}`).join(',');
    const servers = await Promise.all(
      ports.map((port, i) => Server.start(etcd, port, { name: `n${i}`, initialCluster })),
    );
    const endpoints = servers.map(({ endpoint }) => endpoint);
    const kvctl = (...words: string[]): Promise<Outcome> =>
      run(process.execPath, [main, `--endpoints=${endpoints.join(',')}`, ...words]);
    try {
      const rows = (await kvctl('endpoint', 'status')).stdout.trim().split('\n');
      const cells = rows.map((row) => row.split(', '));
      const leader = cells.find((row) => row[8] === 'true')?.[1] ?? '';
      const other = cells.find((row) => row[8] === 'false')?.[1] ?? '';
      const followers = cells.filter((row) => row[8] === 'false').map((row) => row[0] ?? '');
      expect(await kvctl('move-leader', other)).toEqual({
        code: 0,
        stdout: `Leadership transferred from ${leader} to ${other}\n`,
        stderr: '',
      });
      const back = await kvctl('move-leader', leader, '-w', 'json');
      expect(back.code).toBe(0);
      // etcd answers without a header here.
      expect(back.stdout).toBe('{}\n');
      // Without the leader among them there is nobody to ask.
      const alone = followers.find((endpoint) => endpoint !== '') ?? '';
      const lonely = [main, `--endpoints=${alone}`, 'move-leader', other];
      expect(await run(process.execPath, lonely)).toEqual({
        code: 128,
        stdout: '',
        stderr: `Error: no leader endpoint given at [${alone}]\n`,
      });
    } finally {
      await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
    }
  },
);
