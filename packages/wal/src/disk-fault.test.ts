// Goal: a call that the disk refuses stops the log at once, is never repeated, and costs nothing that was promised.
// Method: fail the n-th call of each kind, for every n of a run; then reopen on a good disk.
import { describe, expect, it } from 'vitest';
import {
  create,
  entry,
  failure,
  makeDisk,
  open,
  snapshot,
  state,
  containing,
} from '../test/support.js';
import { toIndex } from '@kv/raft';
import { WalError } from './errors.js';
import type { Wal } from './index.js';
import type { DiskOperation, FaultyDisk } from './testing/index.js';

/** Writes over several segments; returns the last index whose sync resolved, and the error that stopped it. */
async function write(disk: FaultyDisk): Promise<{ promised: number; error: unknown }> {
  let promised = 0;
  let wal: Wal | undefined;
  try {
    wal = await create(disk);
    for (let i = 1; i <= 9; i++) {
      wal.append({ entries: [entry(i, 1, new Uint8Array(900))], hardState: state(1, i) });
      await wal.sync();
      promised = i;
    }
    await wal.saveSnapshot(snapshot(8));
    wal.release(toIndex(8));
    await wal.purge(1);
    await wal.close();
    return { promised, error: undefined };
  } catch (error) {
    // It may fail as well: what is asked here is whether it gives back what it holds.
    await wal?.close().catch(() => undefined);
    return { promised, error };
  }
}

const OPERATIONS: readonly DiskOperation[] = [
  'open',
  'write',
  'truncate',
  'sync',
  'rename',
  'remove',
  'syncDirectory',
];

describe('F-10: EIO on the n-th call', () => {
  it.each(OPERATIONS)('%s', async (operation) => {
    let reached = 0;
    for (let nth = 1; ; nth++) {
      const disk = makeDisk(nth);
      disk.fail(operation, nth, 'EIO');
      const { promised, error } = await write(disk);
      if (error === undefined && nth > 40) break;
      if (error !== undefined) {
        reached++;
        expect(error).toBeInstanceOf(WalError);
        expect(error).toMatchObject({ message: containing('/data/member') });
      }
      expect(disk.openFiles, 'each file is closed once, whatever failed').toBe(0);
      for (const policy of ['none', 'sectors', 'all'] as const) {
        disk.reboot(policy);
        const opened = await failureOrOpen(disk);
        if (opened === undefined) {
          expect(promised).toBe(0);
          continue;
        }
        expect(
          opened.recovered.entries.length + opened.recovered.snapshot.index,
        ).toBeGreaterThanOrEqual(promised);
      }
    }
    expect(reached).toBeGreaterThan(0);
  });

  async function failureOrOpen(
    disk: FaultyDisk,
  ): Promise<Awaited<ReturnType<typeof open>> | undefined> {
    try {
      return await open(disk, { snapshots: [snapshot(8)] });
    } catch (error) {
      if (error instanceof WalError && error.code === 'not-found') return undefined;
      throw error;
    }
  }
});

describe('W3: a failed sync', () => {
  it('is fatal for ever; a second one, which would succeed, is not tried', async () => {
    const disk = makeDisk();
    const wal = await create(disk);
    disk.fail('sync', 1, 'EIO');
    wal.append({ entries: [entry(1)] });
    expect(await failure(() => wal.sync())).toMatchObject({ code: 'sync-failed' });
    const operations = disk.operations;
    expect(await failure(() => wal.sync())).toMatchObject({ code: 'dead' });
    await wal.close();
    expect(disk.operations).toBe(operations);
    expect(wal.failure).toMatchObject({ code: 'sync-failed' });
  });

  it('is fatal on the calling thread as well', async () => {
    const disk = makeDisk();
    const wal = await create(disk);
    disk.fail('sync', 1, 'EIO');
    wal.append({ entries: [entry(1)] });
    expect(() => wal.syncNow()).toThrow(expect.objectContaining({ code: 'sync-failed' }) as Error);
    expect(() => wal.syncNow()).toThrow(expect.objectContaining({ code: 'dead' }) as Error);
    await wal.close();
    disk.reboot('none');
    expect((await open(disk)).recovered.entries).toEqual([]);
  });

  it('fails the sync that waits behind it, too', async () => {
    const disk = makeDisk();
    const wal = await create(disk);
    disk.fail('sync', 1, 'EIO');
    wal.append({ entries: [entry(1)] });
    const first = failure(() => wal.sync());
    wal.append({ entries: [entry(2)] });
    const second = failure(() => wal.sync());
    expect(await first).toMatchObject({ code: 'sync-failed' });
    expect(await second).toMatchObject({ code: 'sync-failed' });
    disk.reboot('none');
    expect((await open(disk)).recovered.entries).toEqual([]);
  });
});

describe('F-12, H-D17: a full disk', () => {
  it('stops the log with `no-space`; opened again when there is space, it has all that was promised', async () => {
    const disk = makeDisk();
    const wal = await create(disk);
    wal.append({ entries: [entry(1)], hardState: state(1, 1) });
    await wal.sync();
    disk.limitSpace(100);
    wal.append({ entries: [entry(2, 1, new Uint8Array(9000))] });
    expect(await failure(() => wal.sync())).toMatchObject({ code: 'no-space' });
    await wal.close();
    disk.limitSpace(Number.POSITIVE_INFINITY);
    const { wal: again, recovered } = await open(disk);
    expect(recovered.entries).toEqual([entry(1)]);
    again.append({ entries: [entry(2, 1, new Uint8Array(9000))] });
    await again.close();
    expect((await open(disk)).recovered.entries).toHaveLength(2);
  });
});
