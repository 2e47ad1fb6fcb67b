// Goal: the promises of Wal while nothing crashes: order, group commit, segments, lifecycle, and death after a failure.
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  create,
  DIRECTORY,
  METADATA,
  entries,
  entry,
  failure,
  ids,
  makeDisk,
  open,
  segmentPaths,
  snapshot,
  state,
  written,
} from '../test/support.js';
import { toIndex } from '@kv/raft';
import { encodeHardState } from '@kv/raft/codec';
import { Wal, WalError } from './index.js';
import type { FileHandle, FileSystem } from './file-system.js';
import { RecordType } from './record.js';
import { SegmentReader } from './segment-reader.js';

/** Counts flushes, and lets a test hold them back. */
function gate(inner: FileSystem): {
  fileSystem: FileSystem;
  syncs: () => number;
  hold: () => () => void;
} {
  let syncs = 0;
  let held: Promise<void> = Promise.resolve();
  const wrap = (file: FileHandle): FileHandle => ({
    ...file,
    sync: async () => {
      syncs++;
      await held;
      await file.sync();
    },
    syncNow: () => {
      syncs++;
      file.syncNow();
    },
  });
  const fileSystem: FileSystem = {
    makeDirectory: (path) => {
      inner.makeDirectory(path);
    },
    list: (path) => inner.list(path),
    open: (path, mode) => wrap(inner.open(path, mode)),
    rename: (from, to) => {
      inner.rename(from, to);
    },
    remove: (path) => {
      inner.remove(path);
    },
    syncDirectory: (path) => inner.syncDirectory(path),
  };
  const hold = (): (() => void) => {
    let release: () => void = () => undefined;
    held = new Promise((resolve) => {
      release = resolve;
    });
    return () => {
      release();
    };
  };
  return { fileSystem, syncs: () => syncs, hold };
}

describe('create', () => {
  it('makes the name of the log itself durable, also of a directory that an earlier process had made', async () => {
    const disk = makeDisk();
    disk.makeDirectory(DIRECTORY);
    const flushed: string[] = [];
    const wal = await Wal.create(DIRECTORY, METADATA, {
      fileSystem: {
        makeDirectory: (path) => {
          disk.makeDirectory(path);
        },
        list: (path) => disk.list(path),
        open: (path, mode) => disk.open(path, mode),
        rename: (from, to) => {
          disk.rename(from, to);
        },
        remove: (path) => {
          disk.remove(path);
        },
        syncDirectory: (path) => {
          flushed.push(path);
          return disk.syncDirectory(path);
        },
      },
    });
    expect(flushed).toEqual([DIRECTORY, dirname(DIRECTORY)]);
    await wal.close();
  });
});

describe('append and sync', () => {
  it('W1: what was appended before a sync is there after power loss, in order', async () => {
    const disk = makeDisk();
    const wal = await create(disk);
    wal.append({ entries: entries(1, 3), hardState: state(1, 0, 2n ** 64n - 1n) });
    await wal.sync();
    wal.append({ entries: entries(4, 5), hardState: state(1, 3, 2n ** 64n - 1n) });
    disk.reboot('none');
    const { recovered } = await open(disk);
    expect(ids(recovered.entries)).toEqual(['1@1', '2@1', '3@1']);
    expect(recovered.hardState).toEqual({ term: 1, vote: 2n ** 64n - 1n, commit: 0 });
  });

  it('group commit: appends during a sync share the next one', async () => {
    const disk = makeDisk();
    const { fileSystem, syncs, hold } = gate(disk);
    const wal = await Wal.create(DIRECTORY, Uint8Array.of(8, 1), { fileSystem });
    const before = syncs();
    const release = hold();
    wal.append({ entries: entries(1, 1) });
    const first = wal.sync();
    wal.append({ entries: entries(2, 2) });
    const second = wal.sync();
    wal.append({ entries: entries(3, 3) });
    const third = wal.sync();
    expect(third).toBe(second);
    expect(syncs() - before).toBe(1);
    release();
    await Promise.all([first, second, third]);
    expect(syncs() - before).toBe(2);
    await wal.sync();
    expect(syncs() - before).toBe(2);
  });

  it('a sync without anything new waits for the one that runs', async () => {
    const disk = makeDisk();
    const wal = await create(disk);
    wal.append({ entries: entries(1, 1) });
    const running = wal.sync();
    expect(wal.sync()).toBe(running);
    await running;
  });

  it('W1: a sync on this thread is done when it returns, and is the only one for what it covers', async () => {
    const disk = makeDisk();
    const { fileSystem, syncs } = gate(disk);
    const wal = await Wal.create(DIRECTORY, METADATA, { fileSystem });
    const before = syncs();
    wal.append({ entries: entries(1, 2), hardState: state(1, 1) });
    expect(wal.syncNow()).toBe(true);
    expect(syncs() - before).toBe(1);
    await wal.sync();
    expect([wal.syncNow(), syncs() - before]).toEqual([true, 1]);
    disk.reboot('none');
    const { recovered } = await open(disk);
    expect(ids(recovered.entries)).toEqual(['1@1', '2@1']);
    expect(recovered.hardState?.commit).toBe(1);
  });

  it('W2: a sync on this thread is refused while one runs, whose bytes come first', async () => {
    const disk = makeDisk();
    const wal = await create(disk);
    wal.append({ entries: entries(1, 1) });
    const running = wal.sync();
    wal.append({ entries: entries(2, 2) });
    expect(wal.syncNow()).toBe(false);
    await running;
    expect(wal.syncNow()).toBe(true);
    disk.reboot('none');
    expect(ids((await open(disk)).recovered.entries)).toEqual(['1@1', '2@1']);
  });

  it('W2: a sync on this thread is refused where a new segment begins', async () => {
    const disk = makeDisk();
    const wal = await create(disk, { segmentBytes: 1000 });
    wal.append({ entries: [entry(1, 1, new Uint8Array(2000))] });
    expect(wal.syncNow()).toBe(true);
    wal.append({ entries: [entry(2)] });
    expect(wal.syncNow()).toBe(false);
    expect(wal.segmentNames).toHaveLength(1);
    await wal.sync();
    expect(wal.segmentNames).toHaveLength(2);
  });

  it('copies the bytes of entries before append returns', async () => {
    const data = new Uint8Array([1, 2, 3]);
    const disk = await written(async (wal) => {
      wal.append({ entries: [entry(1, 1, data)] });
      data.fill(9);
      await wal.sync();
    });
    const { recovered } = await open(disk);
    expect(recovered.entries[0]?.data).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('replaces the tail when an index comes again', async () => {
    const disk = await written((wal) => {
      wal.append({ entries: entries(1, 6) });
      wal.append({ entries: entries(3, 4, 2) });
      expect(wal.lastIndex).toBe(4);
    });
    const { recovered } = await open(disk);
    expect(ids(recovered.entries)).toEqual(['1@1', '2@1', '3@2', '4@2']);
  });

  it('J-11: takes short writes', async () => {
    const disk = makeDisk(7);
    disk.shortenWrites();
    const wal = await create(disk);
    wal.append({ entries: entries(1, 50) });
    await wal.close();
    const { recovered } = await open(disk);
    expect(recovered.entries).toEqual(entries(1, 50));
  });

  it('refuses a gap, which is a bug of the caller', async () => {
    const wal = await create(makeDisk());
    expect(() => {
      wal.append({ entries: entries(2, 3) });
    }).toThrow('entries leave no gap');
    expect(() => {
      wal.append({ entries: [entry(1), entry(3)] });
    }).toThrow('entries are consecutive');
  });

  it('refuses more un-synced bytes than its bound, and takes more after a sync', async () => {
    const wal = await create(makeDisk(), { unsyncedBytesMax: 1000 });
    wal.append({ entries: [entry(1, 1, new Uint8Array(2000))] });
    const error = await failure(() => {
      wal.append({ entries: entries(2, 2) });
    });
    expect(error).toMatchObject({ code: 'backlog' });
    await wal.sync();
    wal.append({ entries: entries(2, 2) });
    await wal.sync();
  });

  it('an empty batch writes nothing', async () => {
    const wal = await create(makeDisk());
    wal.append({ entries: [] });
    await wal.sync();
    expect(wal.bytesWritten).toBe(0);
  });

  it('without fsync still writes (H-D21), and marks nothing as durable', async () => {
    for (const policy of ['all', 'none'] as const) {
      const disk = makeDisk();
      const wal = await create(disk, { fsync: false });
      wal.append({ entries: entries(1, 3) });
      await wal.sync();
      wal.append({ entries: entries(4, 4) });
      await wal.close();
      disk.reboot(policy);
      if (policy === 'none')
        expect(await failure(() => open(disk))).toMatchObject({ code: 'not-found' });
      else expect((await open(disk)).recovered.entries).toHaveLength(4);
    }
  });
});

describe('segments', () => {
  it('are cut past segmentBytes, named by sequence and next index, and chained', async () => {
    const disk = await written(async (wal) => {
      for (let i = 1; i <= 8; i++) {
        wal.append({ entries: [entry(i, 1, new Uint8Array(1500))], hardState: state(1, i) });
        await wal.sync();
      }
      expect(wal.segmentNames).toEqual([
        '0000000000000000-0000000000000000.wal',
        '0000000000000001-0000000000000004.wal',
        '0000000000000002-0000000000000007.wal',
      ]);
    });
    const { recovered } = await open(disk);
    expect(recovered.entries).toHaveLength(8);
    expect(recovered.hardState).toEqual(state(1, 8));
  });

  it('purge deletes what was released, below the newest durable snapshot only (W4, CP-6)', async () => {
    const disk = makeDisk();
    const wal = await create(disk);
    for (let i = 1; i <= 15; i++) {
      wal.append({ entries: [entry(i, 1, new Uint8Array(1500))], hardState: state(1, i) });
      await wal.sync();
    }
    expect(wal.segmentNames).toHaveLength(5);
    wal.release(toIndex(15));
    expect(await wal.purge(1)).toEqual([]);
    await wal.saveSnapshot(snapshot(9));
    expect(await wal.purge(5)).toEqual(['0000000000000000-0000000000000000.wal']);
    expect(await wal.purge(1)).toEqual(['0000000000000001-0000000000000004.wal']);
    await wal.close();
    const { recovered } = await open(disk, { snapshots: [snapshot(9)] });
    expect(ids(recovered.entries)).toEqual(['10@1', '11@1', '12@1', '13@1', '14@1', '15@1']);
    expect(recovered.snapshot).toEqual(snapshot(9));
  });

  it('each segment begins with the chain, the metadata and the hard state, as etcd writes them', async () => {
    const disk = makeDisk();
    const wal = await create(disk);
    wal.append({ entries: [entry(1)], hardState: state(3, 1, 7n) });
    for (let i = 2; i <= 5; i++) {
      wal.append({ entries: [entry(i, 3, new Uint8Array(2500))] });
      await wal.sync();
    }
    await wal.close();
    const [, second] = segmentPaths(disk);
    const reader = new SegmentReader(disk.open(second ?? '', 'read'), undefined);
    const found: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      expect(reader.next()).toBe('record');
      const { type, start, end } = reader.record;
      found.push([type, reader.window.slice(start, end)]);
    }
    expect(found).toEqual([
      [RecordType.crc, new Uint8Array(0)],
      [RecordType.metadata, METADATA],
      [RecordType.state, encodeHardState(state(3, 1, 7n))],
    ]);
  });

  it('a mark says nothing of a segment that was begun while the one before it was synced (W5)', async () => {
    const disk = makeDisk();
    const { fileSystem, hold } = gate(disk);
    const wal = await Wal.create(DIRECTORY, METADATA, { segmentBytes: 4096, fileSystem });
    const release = hold();
    wal.append({ entries: [entry(1, 1, new Uint8Array(5000).fill(7))] });
    const running = wal.sync();
    wal.append({ entries: [entry(2, 1, new Uint8Array(6000).fill(7))] });
    release();
    await running;
    wal.append({ entries: [entry(3)] });
    await wal.sync();
    const [first, second] = segmentPaths(disk);
    // What a power cut during that last sync can leave: a sector of the second entry is missing.
    const content = disk.content(second ?? '').fill(0, 1024, 1536);
    const torn = makeDisk();
    torn.makeDirectory(DIRECTORY);
    torn.place(first ?? '', disk.content(first ?? ''));
    torn.place(second ?? '', content);
    const { recovered } = await open(torn);
    expect(ids(recovered.entries)).toEqual(['1@1']);
    expect(recovered.repair?.reason).toContain('torn write');
  });

  it("purge does not count on a leader's snapshot before its commit index is durable (W4)", async () => {
    const disk = makeDisk();
    const wal = await create(disk);
    for (let i = 1; i <= 9; i++) {
      wal.append({ entries: [entry(i, 1, new Uint8Array(1500))], hardState: state(1, i) });
      await wal.sync();
    }
    await wal.saveSnapshot(snapshot(50, 2));
    wal.append({ entries: [], hardState: state(2, 50) });
    wal.release(toIndex(50));
    expect(await wal.purge(1)).toEqual([]);
    disk.reboot('none');
    expect((await open(disk, { snapshots: [snapshot(50, 2)] })).recovered.entries).toHaveLength(9);

    const { wal: again } = await open(disk, { snapshots: [snapshot(50, 2)] });
    await again.saveSnapshot(snapshot(50, 2));
    again.append({ entries: [], hardState: state(2, 50) });
    await again.sync();
    again.release(toIndex(50));
    expect((await again.purge(1)).length).toBeGreaterThan(0);
  });

  it('purge does not count on a commit index that came while the sync ran (W4)', async () => {
    const { fileSystem, hold } = gate(makeDisk());
    const wal = await Wal.create(DIRECTORY, METADATA, { segmentBytes: 4096, fileSystem });
    for (let i = 1; i <= 9; i++) {
      wal.append({ entries: [entry(i, 1, new Uint8Array(1500))], hardState: state(1, i) });
      await wal.sync();
    }
    await wal.saveSnapshot(snapshot(50, 2));
    wal.release(toIndex(50));
    const release = hold();
    wal.append({ entries: [], hardState: state(2, 9) });
    const running = wal.sync();
    wal.append({ entries: [], hardState: state(2, 50) });
    release();
    await running;
    expect(await wal.purge(1)).toEqual([]);
    await wal.sync();
    expect(await wal.purge(1)).not.toEqual([]);
  });

  it("a leader's snapshot beyond the log moves lastIndex", async () => {
    const disk = await written(async (wal) => {
      wal.append({ entries: entries(1, 3), hardState: state(1, 3) });
      await wal.saveSnapshot(snapshot(100, 4));
      wal.append({ entries: entries(101, 102, 4), hardState: state(4, 101) });
    });
    const { wal, recovered } = await open(disk, { snapshots: [snapshot(100, 4)] });
    expect(ids(recovered.entries)).toEqual(['101@4', '102@4']);
    expect(wal.lastIndex).toBe(102);
  });

  it('files of a segment that a crash left unfinished are removed at open', async () => {
    const disk = await written((wal) => {
      wal.append({ entries: entries(1, 1) });
    });
    disk.place(`${DIRECTORY}/0.tmp`, new Uint8Array(10));
    disk.place(`${DIRECTORY}/1.tmp`, new Uint8Array(10));
    await open(disk);
    expect(disk.list(DIRECTORY)).toEqual(['0000000000000000-0000000000000000.wal']);
  });
});

describe('open', () => {
  it('makes durable what it returns, which a killed process may have left in the page cache only', async () => {
    const disk = makeDisk();
    const wal = await create(disk, { fsync: false });
    wal.append({ entries: entries(1, 3), hardState: state(1, 2) });
    await wal.sync();
    const { recovered } = await open(disk);
    disk.reboot('none');
    expect((await open(disk)).recovered).toEqual(recovered);
    expect(recovered.entries).toHaveLength(3);
  });
});

describe('lifecycle', () => {
  it('create refuses a directory with a log', async () => {
    const disk = await written(() => undefined);
    expect(await failure(() => create(disk))).toMatchObject({ code: 'exists' });
  });

  it('open refuses a directory without a log, and one that is not there', async () => {
    const disk = makeDisk();
    expect(await failure(() => open(disk))).toMatchObject({ code: 'not-found' });
    disk.makeDirectory(DIRECTORY);
    expect(await failure(() => open(disk))).toMatchObject({ code: 'not-found' });
  });

  it.each([
    [
      'append',
      (wal: Wal) => {
        wal.append({ entries: entries(1, 1) });
      },
    ],
    ['sync', (wal: Wal) => wal.sync()],
    ['saveSnapshot', (wal: Wal) => wal.saveSnapshot(snapshot(1))],
    ['purge', (wal: Wal) => wal.purge(1)],
  ] as const)(
    '%s fails with `closed` while closing and after, with `dead` after a failed sync',
    async (_, call) => {
      const wal = await create(makeDisk());
      const closing = wal.close();
      expect(await failure(() => call(wal))).toMatchObject({ code: 'closed' });
      await closing;
      expect(await failure(() => call(wal))).toMatchObject({ code: 'closed' });

      const disk = makeDisk();
      const dying = await create(disk);
      disk.fail('sync', 1, 'EIO');
      dying.append({ entries: entries(1, 1) });
      await failure(() => dying.sync());
      expect(await failure(() => call(dying))).toMatchObject({
        code: 'dead',
        cause: { code: 'sync-failed' },
      });
      await dying.close();
    },
  );

  it('close is idempotent, makes durable what was appended, and serves await using', async () => {
    const disk = makeDisk();
    {
      await using wal = await create(disk);
      wal.append({ entries: entries(1, 2) });
      expect(wal.close()).toBe(wal.close());
    }
    disk.reboot('none');
    const { recovered } = await open(disk);
    expect(recovered.entries).toHaveLength(2);
  });

  it('close waits for the sync that runs', async () => {
    const disk = makeDisk();
    const wal = await create(disk);
    wal.append({ entries: entries(1, 3) });
    let synced = false;
    const sync = wal.sync().then(() => {
      synced = true;
    });
    await wal.close();
    expect(synced).toBe(true);
    await sync;
  });

  it('close reports a failure of its own', async () => {
    const disk = makeDisk();
    const wal = await create(disk);
    wal.append({ entries: entries(1, 1) });
    disk.fail('sync', 1, 'EIO');
    expect(await failure(() => wal.close())).toMatchObject({ code: 'sync-failed' });
  });
});

describe('WalError', () => {
  it('is recognised by its brand, across duplicate installs', () => {
    const error: unknown = Object.defineProperty(
      new Error('other copy'),
      Symbol.for('@kv/wal.WalError'),
      { value: true },
    );
    expect(error instanceof WalError).toBe(true);
    expect(new Error('x') instanceof WalError).toBe(false);
  });
});
