/**
 * F-12: the disk of one member of three fills up. It must end rather than answer for what it could not keep; the others go on; and with space
 * again it comes back with everything. A real file system of little size: needs root to be mounted, and skips itself without.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@kv/client';
import { expect, test } from 'vitest';
import { ChaosCluster } from './chaos-cluster.js';

const MIB = 1024 * 1024;
/** What a member needs at start, and room for some hundred values. */
const SPACE_AT_FIRST_MIB = 256;
const SPACE_LATER_MIB = 512;
const VALUE_BYTES = 512 * 1024;
/** Left for the member before the values come. */
const LEFT_BYTES = 12 * MIB;
const PUTS_MAX = 400;

interface SmallDisk extends Disposable {
  readonly path: string;
  resize(mebibytes: number): void;
}

function mountSmallDisk(mebibytes: number): SmallDisk | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined;
  const path = mkdtempSync(join(tmpdir(), 'kv-small-disk-'));
  const mount = (options: string): boolean =>
    spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'kv-small-disk', path]).status === 0;
  if (!mount(`size=${mebibytes}m`)) {
    rmSync(path, { recursive: true });
    return undefined;
  }
  return {
    path,
    resize(size) {
      if (!mount(`remount,size=${size}m`)) throw new Error('the small disk can not be enlarged');
    },
    [Symbol.dispose]() {
      spawnSync('umount', [path]);
      rmSync(path, { recursive: true });
    },
  };
}

test(
  'F-12: a full disk ends its member alone, and space brings it back',
  { timeout: 180_000 },
  async ({ skip }) => {
    using disk = mountSmallDisk(SPACE_AT_FIRST_MIB);
    if (disk === undefined) {
      skip('a file system of little size can not be mounted here');
      return;
    }
    const dataDirs = { 2: join(disk.path, 'data') };
    await using cluster = await ChaosCluster.open({ size: 3, dataDirs });
    const [first, second, victim] = cluster.members;
    if (first === undefined || second === undefined || victim === undefined) throw new Error('no');
    await using client = await Client.open({ endpoints: [first.endpoint, second.endpoint] });
    fill(disk.path);

    const value = Buffer.alloc(VALUE_BYTES, 'x');
    let acknowledged = 0;
    while (victim.isRunning && acknowledged < PUTS_MAX) {
      // One that is under way when leadership moves may be of unknown outcome.
      await client.kv.put(`k/${acknowledged % 50}`, value).then(
        () => (acknowledged += 1),
        () => undefined,
      );
    }
    expect(victim.isRunning).toBe(false);
    const { code } = await victim.process.exit;
    expect(code).not.toBe(0);
    expect(victim.process.stderr).toMatch(/ENOSPC|no space left|full/i);

    // The others have lost nothing, and go on.
    await client.kv.put('after', 'the end of one');
    disk.resize(SPACE_LATER_MIB);
    rmSync(join(disk.path, 'ballast'));
    await cluster.settle();
    await using late = await Client.open({ endpoints: [victim.endpoint] });
    expect((await late.kv.find('after'))?.text()).toBe('the end of one');
  },
);

/** Leaves little space. */
function fill(folder: string): void {
  const { bavail, bsize } = statfsSync(folder);
  const chunk = Buffer.alloc(MIB);
  const count = Math.floor((bavail * bsize - LEFT_BYTES) / MIB);
  for (let n = 0; n < count; n += 1) writeFileSync(join(folder, 'ballast'), chunk, { flag: 'a' });
}
