// Goal: the promises hold on the disk of this machine (F-1, CP-1). Method: a child process that is killed while it
// writes, again and again; what it said was durable must be there.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeFileSystem, Wal } from '../src/index.js';
import { entries, failure, METADATA, state } from './support.js';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kv-wal-'));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

/** Lets the child write until it has reported `reports` syncs, kills it, and returns the last index it promised. */
function writeUntilKilled(directory: string, reports: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [
      fileURLToPath(new URL('kill-child.mjs', import.meta.url)),
      directory,
    ]);
    let output = '';
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.split('\n').length > reports) child.kill('SIGKILL');
    });
    child.once('close', (_, signal) => {
      const lines = output.split('\n').slice(0, -1);
      if (signal === 'SIGKILL') resolve(Number(lines.at(-1)));
      else reject(new Error(errors));
    });
  });
}

describe('on this machine', () => {
  it('F-1: kill -9 in the middle of writing loses nothing that was promised', async () => {
    const directory = join(root, 'member', 'wal');
    await (await Wal.create(directory, METADATA, { segmentBytes: 200_000 })).close();
    for (let round = 1; round <= 6; round++) {
      const promised = await writeUntilKilled(directory, round * 40);
      const { wal, recovered } = await Wal.open(directory, { segmentBytes: 200_000 });
      expect(recovered.entries.length).toBeGreaterThanOrEqual(promised);
      expect(recovered.entries.at(-1)?.index).toBe(recovered.entries.length);
      for (const { index, data } of recovered.entries) {
        expect(data.every((byte) => byte === data[0])).toBe(true);
        expect(index).toBeGreaterThan(0);
      }
      await wal.close();
    }
  }, 60_000);

  it('files are private, preallocated, and named as etcd names them', async () => {
    const directory = join(root, 'a', 'b', 'wal');
    const wal = await Wal.create(directory, METADATA);
    wal.append({ entries: entries(1, 2), hardState: state(1, 1) });
    await wal.close();
    expect(readdirSync(directory)).toEqual(['0000000000000000-0000000000000000.wal']);
    const { size, mode } = statSync(join(directory, '0000000000000000-0000000000000000.wal'));
    expect(size).toBe(64_000_000);
    expect(mode & 0o777).toBe(0o600);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
  });

  it('a directory that cannot be made, or is a file, is a WalError that names it', async () => {
    writeFileSync(join(root, 'file'), 'x');
    for (const directory of [join(root, 'file'), join(root, 'file', 'wal')]) {
      expect(await failure(() => Wal.create(directory, METADATA))).toMatchObject({
        code: 'io',
        file: directory,
      });
      expect(await failure(() => Wal.open(directory))).toMatchObject({
        code: 'io',
        file: directory,
      });
    }
  });

  it('flushes of files and directories reach the kernel', async () => {
    const file = nodeFileSystem.open(join(root, 'x'), 'create');
    file.write(Uint8Array.of(1, 2, 3), 0);
    await file.sync();
    await nodeFileSystem.syncDirectory(root);
    expect(file.size()).toBe(3);
    file.close();
    expect(await failure(() => file.sync())).toMatchObject({ code: 'EBADF' });
    expect(await failure(() => nodeFileSystem.syncDirectory(join(root, 'nowhere')))).toMatchObject({
      code: 'ENOENT',
    });
  });
});
