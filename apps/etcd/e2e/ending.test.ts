/** How the daemon ends: signals, exit codes, and what it says to whom (daemon.md §17; rows B-150 to B-165 by process). */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestClient } from './client.js';
import { DaemonProcess, memberArgs, temporaryDirectory } from './daemon-process.js';
import type { DaemonOptions } from './daemon-process.js';

let directory: ReturnType<typeof temporaryDirectory>;
let dataDir: string;
let running: DaemonProcess[];

beforeEach(() => {
  directory = temporaryDirectory();
  dataDir = join(directory.path, 'data');
  running = [];
});

afterEach(async () => {
  for (const daemon of running) await daemon.end();
  directory.remove();
});

function start(options: DaemonOptions): DaemonProcess {
  const daemon = new DaemonProcess(options);
  running.push(daemon);
  return daemon;
}

const startMember = (...more: readonly string[]): DaemonProcess =>
  start({ args: memberArgs(dataDir, ...more) });

/** Runs to its end. */
async function ended(
  options: DaemonOptions,
): Promise<DaemonProcess & { readonly code: number | null }> {
  const daemon = start(options);
  const { code } = await daemon.exit;
  return Object.assign(daemon, { code });
}

const fatal = (daemon: DaemonProcess): string =>
  String(daemon.lines.find((line) => line.level === 'fatal')?.['error']);

/** Words for a shell that starts the daemon unable to write files beyond so many KiB: a full disk, as far as it can tell. */
const limited = (kib: string, args: readonly string[]): readonly string[] => [
  '-c',
  // A write beyond the limit then fails instead of ending the process.
  `trap '' XFSZ; ulimit -f ${kib}; exec "$0" "$@"`,
  process.execPath,
  fileURLToPath(new URL('../dist/main.js', import.meta.url)),
  ...args,
];

describe('signals', () => {
  it.each([
    ['SIGTERM', 'terminated'],
    ['SIGINT', 'interrupt'],
  ] as const)(
    '%s ends it within 1.5 s, by that signal, with a watch open',
    async (signal, word) => {
      const daemon = startMember();
      const kv = new TestClient(await daemon.ready());
      const watch = await kv.watch('a');
      const since = performance.now();
      daemon.kill(signal);
      expect(await daemon.exit).toEqual({ code: null, signal });
      expect(performance.now() - since).toBeLessThan(1500);
      watch.cancel();
      kv.close();
      expect((await daemon.line('received signal; shutting down'))['signal']).toBe(word);
      const order = daemon.lines.map((line) => line.msg);
      expect(order.indexOf('closing etcd server')).toBeLessThan(
        order.indexOf('closed etcd server'),
      );
      expect(order.at(-1)).toBe('closed etcd server');
      expect(daemon.lines.filter((line) => line.level === 'error')).toEqual([]);
    },
  );

  it('B-165: a second signal while stopping changes nothing', async () => {
    const daemon = startMember();
    await daemon.ready();
    daemon.kill('SIGTERM');
    await daemon.line('closing etcd server');
    daemon.kill('SIGTERM');
    expect(await daemon.exit).toEqual({ code: null, signal: 'SIGTERM' });
    expect(daemon.lines.at(-1)?.msg).toBe('closed etcd server');
  });

  it('B-165: it goes on when nobody reads its output', async () => {
    const daemon = startMember();
    const kv = new TestClient(await daemon.ready());
    daemon.child.stdout?.destroy();
    daemon.child.stderr?.destroy();
    expect(await kv.put('a', '1')).toBe(2n);
    kv.close();
    daemon.kill('SIGTERM');
    const { signal } = await daemon.exit;
    expect(signal).toBe('SIGTERM');
  });
});

describe('exit codes', () => {
  it('0 for --version and --help, which touch nothing', async () => {
    const version = await ended({ args: ['--version'] });
    expect(version.code).toBe(0);
    expect(version.stdout).toMatch(
      /^etcd Version: 3\.7\.1\nGit SHA: .+\nGo Version: .+\nGo OS\/Arch: .+\nPackage Version: .+\n$/,
    );
    const help = await ended({ args: ['--help'] });
    expect(help.code).toBe(0);
    expect(help.stderr).toMatch(/^Usage:/);
    expect(help.stdout).toContain("  --data-dir ''\n");
  });

  it('B-150: 2 for words that can not be parsed, with the usage', async () => {
    const daemon = await ended({ args: ['--bogus'] });
    expect(daemon.code).toBe(2);
    expect(daemon.stderr).toMatch(/^flag provided but not defined: -bogus\nUsage:\n/);
  });

  it('B-150: 1 for a stray word', async () => {
    const daemon = await ended({ args: memberArgs(dataDir, 'stray') });
    expect(daemon.code).toBe(1);
    expect((await daemon.line('failed to verify flags'))['error']).toBe(
      '"stray" is not a valid flag',
    );
  });

  it('B-151: 1 for a variable that a flag shadows', async () => {
    const daemon = await ended({ args: memberArgs(dataDir), env: { ETCD_NAME: 'x' } });
    expect(daemon.code).toBe(1);
    const line = daemon.lines.find((candidate) => candidate.level === 'fatal');
    expect(line?.msg).toMatch(/^conflicting environment variable is shadowed/);
    expect(line?.['environment-variable']).toBe('ETCD_NAME');
  });

  it('1 and every problem for a configuration that is wrong in several ways, and nothing on disk', async () => {
    const daemon = await ended({
      args: memberArgs(dataDir, '--heartbeat-interval=0', '--auto-compaction-mode=x'),
    });
    expect(daemon.code).toBe(1);
    const errors = daemon.lines
      .filter((line) => line.msg === 'failed to verify flags')
      .map((line) => line['error']);
    expect(errors).toEqual([
      '--heartbeat-interval must be >0 (set to 0ms)',
      'unknown auto-compaction-mode "x"',
    ]);
    expect(readdirSync(directory.path)).toEqual([]);
  });

  it('B-152: 1 for a configuration file that is missing', async () => {
    const daemon = await ended({ args: ['--config-file=/nope.yaml'] });
    expect(daemon.code).toBe(1);
    expect((await daemon.line('failed to verify flags'))['error']).toBe(
      'open /nope.yaml: no such file or directory',
    );
  });

  it('2 for a log level that does not exist', async () => {
    const daemon = await ended({ args: memberArgs(dataDir, '--log-level=foo') });
    expect(daemon.code).toBe(2);
    expect(daemon.stderr).toContain('unrecognized level: "foo"');
  });

  it('1 for a log file that can not be opened', async () => {
    const daemon = await ended({ args: memberArgs(dataDir, '--log-outputs=/nope/x') });
    expect(daemon.code).toBe(1);
    expect((await daemon.line('failed to verify flags'))['error']).toBe(
      'open sink "/nope/x": open /nope/x: no such file or directory',
    );
  });

  it('1 for modes that are not there yet, in words', async () => {
    const daemon = await ended({ args: ['gateway', 'start'] });
    expect(daemon.code).toBe(1);
    expect(daemon.stderr).toContain('etcd gateway: the proxies are not supported yet');
  });
});

describe('a start that fails', () => {
  it('B-154: a busy port is named, with who could hold it', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const url = `http://127.0.0.1:${port.toString()}`;
    const daemon = await ended({
      args: memberArgs(dataDir, `--listen-client-urls=${url}`),
    });
    await new Promise((resolve) => other.close(resolve));
    expect(daemon.code).toBe(1);
    expect(fatal(daemon)).toBe(
      `listen tcp 127.0.0.1:${port.toString()}: bind: address already in use`,
    );
    const line = await daemon.line('discovery failed');
    expect(line['hint']).toContain('another program listens there');
    expect(readdirSync(directory.path)).toEqual([]);
  });

  it('B-156: a member that is not in its own cluster', async () => {
    const daemon = await ended({ args: memberArgs(dataDir, '--name=other') });
    expect(daemon.code).toBe(1);
    expect(fatal(daemon)).toBe(
      `couldn't find local name "other" in the initial cluster configuration`,
    );
  });

  it('B-162: a file where the data directory should be', async () => {
    writeFileSync(dataDir, '');
    const daemon = await ended({ args: memberArgs(dataDir) });
    expect(daemon.code).toBe(1);
    expect((await daemon.line('failed to list data directory'))['error']).toBe(
      `readdirent ${dataDir}: not a directory`,
    );
  });

  it.skipIf(!existsSync('/proc'))('B-162: where no directory can be made', async () => {
    const daemon = await ended({ args: memberArgs('/proc/none/data') });
    expect(daemon.code).toBe(1);
    expect(fatal(daemon)).toBe(
      'cannot access data directory: mkdir /proc/none: no such file or directory',
    );
    expect((await daemon.line('discovery failed'))['hint']).toContain('must be writable');
  });

  it('a member without a quorum names who is not reached, and why nothing goes on', async () => {
    const cluster = 'm=http://127.0.0.1:21401,x=http://127.0.0.1:1';
    const daemon = startMember(`--initial-cluster=${cluster}`);
    const away = await daemon.line('prober detected unhealthy status');
    expect(away['error']).toContain('ECONNREFUSED 127.0.0.1:1');
    expect(away['hint']).toContain('start that member');
    const unpublished = await daemon.line('failed to publish local member to cluster through raft');
    expect(unpublished['error']).toBe('context deadline exceeded');
    expect(unpublished['hint']).toContain('there is no leader');
  });

  it('B-162: a data directory that others may read is warned about, and what is new is private', async () => {
    mkdirSync(dataDir, { mode: 0o755 });
    const daemon = startMember();
    await daemon.ready();
    expect((await daemon.line('check file permission'))['error']).toContain('drwxr-xr-x');
    const listing = spawnSync('find', [dataDir, '-mindepth', '1', '-perm', '/077'], {
      encoding: 'utf8',
    });
    expect(listing.stdout).toBe('');
  });

  it('B-162: a data directory in use names it and who has it; after kill -9 it is free', async () => {
    const first = startMember();
    await first.ready();
    const second = await ended({ args: memberArgs(dataDir) });
    expect(second.code).toBe(1);
    expect(fatal(second)).toContain(
      `data directory ${dataDir} is in use by process ${first.pid.toString()} on `,
    );
    const kv = new TestClient(await first.ready());
    expect(await kv.put('still', 'served')).toBe(2n);
    kv.close();
    first.kill('SIGKILL');
    await first.exit;
    const third = startMember();
    const after = new TestClient(await third.ready());
    expect(await after.get('still')).toBe('served');
    after.close();
  });

  it('B-200: a damaged log is named with file and offset, and is not touched', async () => {
    const first = startMember();
    const kv = new TestClient(await first.ready());
    for (let index = 0; index < 20; index += 1)
      await kv.put(`k${index.toString()}`, 'v'.repeat(100));
    kv.close();
    first.kill('SIGTERM');
    await first.exit;
    const walDir = join(dataDir, 'member', 'wal');
    const file = join(walDir, readdirSync(walDir).find((name) => name.endsWith('.wal')) ?? '');
    const content = readFileSync(file);
    content[1000] = (content[1000] ?? 0) ^ 0xff;
    writeFileSync(file, content);
    const second = await ended({ args: memberArgs(dataDir) });
    expect(second.code).toBe(1);
    expect(fatal(second)).toContain(file);
    expect((await second.line('discovery failed'))['hint']).toContain('damaged');
    expect(Buffer.compare(readFileSync(file), content)).toBe(0);
  });

  it('B-162: a disk without room for the log is named, with what to do', async () => {
    const daemon = await ended({
      program: '/bin/sh',
      args: limited('1000', memberArgs(dataDir)),
    });
    expect(daemon.code).toBe(1);
    expect(fatal(daemon)).toContain(join(dataDir, 'member', 'wal'));
    expect((await daemon.line('discovery failed'))['hint']).toContain('the log, then start again');
  });

  it('B-200: a store of another program is refused', async () => {
    mkdirSync(join(dataDir, 'member', 'snap'), { recursive: true, mode: 0o700 });
    writeFileSync(join(dataDir, 'member', 'snap', 'db'), Buffer.alloc(8192, 7));
    const daemon = await ended({ args: memberArgs(dataDir) });
    expect(daemon.code).toBe(1);
    expect(fatal(daemon)).toContain(join(dataDir, 'member', 'snap', 'db'));
    expect((await daemon.line('discovery failed'))['hint']).toContain('no store of ours');
  });
});

const canLimit = spawnSync('prlimit', ['--version']).status === 0;

describe.skipIf(!canLimit)('a disk that fails while the daemon runs', () => {
  it('F-disk: ends it, says where and what to do, and loses nothing that was acknowledged', async () => {
    const daemon = start({
      program: '/bin/sh',
      args: limited('unlimited', memberArgs(dataDir)),
    });
    const kv = new TestClient(await daemon.ready());
    await kv.put('before', '1');
    spawnSync('prlimit', ['--pid', daemon.pid.toString(), '--fsize=1024:1024']);
    // Longer than what the log may still grow by.
    await expect(kv.put('after', '2'.repeat(4096))).rejects.toThrow();
    kv.close();
    expect(await daemon.exit).toEqual({ code: 1, signal: null });
    const line = await daemon.line('member failed');
    expect(line.level).toBe('fatal');
    expect(line['error']).toContain(join(dataDir, 'member'));
    expect(line['hint']).toMatch(/disk/);
    const again = startMember();
    const after = new TestClient(await again.ready());
    expect(await after.get('before')).toBe('1');
    after.close();
  });
});
