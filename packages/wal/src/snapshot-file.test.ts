// Goal: snapshot files are etcd's, appear whole or not at all, and a broken one is set aside (F-16, CP-6).
import { describe, expect, it } from 'vitest';
import type { Snapshot } from '@kv/raft';
import { entry, failure, makeDisk, snapshot } from '../test/support.js';
import { loadSnapshots, purgeSnapshots, readSnapshotFile, saveSnapshotFile } from './index.js';
import type { FaultyDisk } from './testing/index.js';

const DIRECTORY = '/data/member/snap';

function disk(): FaultyDisk {
  const made = makeDisk();
  made.makeDirectory(DIRECTORY);
  return made;
}

function snap(index: number, term = 1, data = 'state'): Snapshot {
  return { meta: snapshot(index, term), data: new TextEncoder().encode(data) };
}

describe('snapshot files', () => {
  it('come back as they were saved, newest first by term and index', async () => {
    const made = disk();
    for (const [index, term] of [
      [5, 1],
      [300, 2],
      [200, 2],
    ] as const) {
      await saveSnapshotFile(DIRECTORY, snap(index, term), made);
    }
    made.reboot('none');
    const { snapshots, rejected } = await loadSnapshots(DIRECTORY, made);
    expect(snapshots.map((one) => [one.index, one.term])).toEqual([
      [300, 2],
      [200, 2],
      [5, 1],
    ]);
    expect(rejected).toEqual([]);
    expect(readSnapshotFile(`${DIRECTORY}/0000000000000002-000000000000012c.snap`, made)).toEqual(
      snap(300, 2),
    );
  });

  it('are not there after a crash before they are whole', async () => {
    for (let operation = 0; operation < 6; operation++) {
      for (const policy of ['none', 'all', 'sectors', 'prefix'] as const) {
        const made = disk();
        await saveSnapshotFile(DIRECTORY, snap(1), made);
        made.crashAt(made.operations + operation);
        const error = await failure(async () => {
          await saveSnapshotFile(DIRECTORY, snap(2), made);
          throw new Error('done');
        });
        made.reboot(policy);
        const { snapshots, rejected } = await loadSnapshots(DIRECTORY, made);
        expect(rejected).toEqual([]);
        expect(snapshots.map((one) => one.index).at(-1)).toBe(1);
        if (error instanceof Error && error.message === 'done') expect(snapshots).toHaveLength(2);
        for (const one of snapshots)
          readSnapshotFile(`${DIRECTORY}/0000000000000001-000000000000000${one.index}.snap`, made);
        expect(made.list(DIRECTORY).filter((name) => name.endsWith('.tmp'))).toEqual([]);
      }
    }
  });

  it('with any bit flipped are refused; the older one serves, and the broken one is kept aside', async () => {
    const made = disk();
    await saveSnapshotFile(DIRECTORY, snap(1), made);
    await saveSnapshotFile(DIRECTORY, snap(2), made);
    const path = `${DIRECTORY}/0000000000000001-0000000000000002.snap`;
    const good = made.content(path);
    for (let byte = 0; byte < good.length; byte++) {
      made.place(path, good);
      made.flipBit(path, byte, byte % 8);
      const { snapshots, rejected } = await loadSnapshots(DIRECTORY, made);
      expect(snapshots.map((one) => one.index)).toEqual([1]);
      expect(rejected.map((one) => one.file)).toEqual([path]);
      expect(made.list(DIRECTORY)).toContain('0000000000000001-0000000000000002.snap.broken');
    }
  });

  it.each([
    ['corrupt', new Uint8Array(0)],
    ['corrupt', Uint8Array.of(0x08)],
    ['corrupt', Uint8Array.of(0x08, 0, 0x12, 1, 7)],
    ['corrupt', Uint8Array.of(0x08, 5)],
    ['corrupt', Uint8Array.of(0x0d, 1)],
    ['crc-mismatch', Uint8Array.of(0x08, 5, 0x12, 1, 7)],
  ])('refuse with %s what is none', async (code, content) => {
    const made = disk();
    made.place(`${DIRECTORY}/x.snap`, content);
    expect(await failure(() => readSnapshotFile(`${DIRECTORY}/x.snap`, made))).toMatchObject({
      code,
    });
  });

  it('must hold the snapshot of their name', async () => {
    const made = disk();
    await saveSnapshotFile(DIRECTORY, snap(2), made);
    made.rename(
      `${DIRECTORY}/0000000000000001-0000000000000002.snap`,
      `${DIRECTORY}/0000000000000001-0000000000000003.snap`,
    );
    expect((await loadSnapshots(DIRECTORY, made)).rejected).toHaveLength(1);
  });

  it('are purged oldest first, never the newest', async () => {
    const made = disk();
    for (let i = 1; i <= 4; i++) await saveSnapshotFile(DIRECTORY, snap(i), made);
    expect(await purgeSnapshots(DIRECTORY, 3, made)).toEqual([
      '0000000000000001-0000000000000001.snap',
    ]);
    expect(await purgeSnapshots(DIRECTORY, 0, made)).toHaveLength(2);
    expect((await loadSnapshots(DIRECTORY, made)).snapshots).toHaveLength(1);
  });

  it('of a directory that is not there are none', async () => {
    expect(await loadSnapshots('/data/member/nowhere', disk())).toEqual({
      snapshots: [],
      rejected: [],
    });
  });

  it('an unreadable file stops the load and is not set aside', async () => {
    const made = disk();
    await saveSnapshotFile(DIRECTORY, snap(1), made);
    made.fail('read', 1, 'EIO');
    expect(await failure(() => loadSnapshots(DIRECTORY, made))).toMatchObject({ code: 'io' });
    expect(made.list(DIRECTORY)).toEqual(['0000000000000001-0000000000000001.snap']);
  });

  it('save refuses a snapshot of nothing', async () => {
    expect(
      await failure(() =>
        saveSnapshotFile(DIRECTORY, { meta: snapshot(0, 0), data: entry(1).data }, disk()),
      ),
    ).toBeInstanceOf(Error);
  });
});
