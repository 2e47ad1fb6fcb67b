// Goal: what the records of a log mean: R1 to R4 of replay.ts, the choice of the snapshot to start from, and each code.
// Method: logs written record by record, read with different sets of snapshot files.
import { describe, expect, it } from 'vitest';
import { toIndex } from '@kv/raft';
import { encodeHardState } from '@kv/raft/codec';
import {
  DIRECTORY,
  entries,
  entry,
  failure,
  ids,
  makeDisk,
  METADATA,
  open,
  snapshot,
  state,
  written,
  containing,
} from '../test/support.js';
import { readLog } from './index.js';
import { encodeSnapshotRecord } from './proto.js';
import { RecordType } from './record.js';
import { RecordWriter } from './record-writer.js';
import type { FaultyDisk } from './testing/index.js';

const FIRST = `${DIRECTORY}/0000000000000000-0000000000000000.wal`;

/** A log of one segment with any records after a correct head. */
function log(write: (records: RecordWriter) => void): FaultyDisk {
  const records = new RecordWriter();
  records.chain();
  records.record(RecordType.metadata, METADATA);
  records.record(RecordType.snapshot, encodeSnapshotRecord(snapshot(0, 0)));
  write(records);
  const disk = makeDisk();
  disk.makeDirectory(DIRECTORY);
  disk.place(FIRST, records.encoded().slice());
  return disk;
}

function put(
  records: RecordWriter,
  ...list: (ReturnType<typeof entry>[] | ReturnType<typeof state> | ReturnType<typeof snapshot>)[]
): void {
  for (const one of list) {
    if (Array.isArray(one)) for (const each of one) records.entry(each);
    else if ('vote' in one) records.record(RecordType.state, encodeHardState(one));
    else records.record(RecordType.snapshot, encodeSnapshotRecord(one));
  }
}

describe('the start', () => {
  const written12 = (): FaultyDisk =>
    log((records) => {
      put(
        records,
        entries(1, 6),
        state(1, 5),
        snapshot(4),
        entries(7, 9),
        state(1, 7),
        snapshot(6),
      );
    });

  it('is the newest snapshot with a file and a record', async () => {
    const { recovered } = await open(written12(), { snapshots: [snapshot(6), snapshot(4)] });
    expect(recovered.snapshot).toEqual(snapshot(6));
    expect(ids(recovered.entries)).toEqual(['7@1', '8@1', '9@1']);
  });

  it('is an older one if the newest has no file, or its file no record (H-D16)', async () => {
    for (const snapshots of [[snapshot(4)], [snapshot(7), snapshot(4)]]) {
      const { recovered } = await open(written12(), { snapshots });
      expect(recovered.snapshot.index).toBe(4);
      expect(recovered.entries[0]?.index).toBe(5);
    }
  });

  it('is the beginning of the log if there is none', async () => {
    const { recovered } = await open(written12());
    expect(recovered.snapshot.index).toBe(0);
    expect(recovered.entries).toHaveLength(9);
  });

  it('is never above the commit index', async () => {
    const disk = log((records) => {
      put(records, entries(1, 6), state(1, 3), snapshot(4));
    });
    expect((await open(disk, { snapshots: [snapshot(4)] })).recovered.snapshot.index).toBe(0);
  });

  it('must have the same term in file and record', async () => {
    expect(await failure(() => open(written12(), { snapshots: [snapshot(6, 9)] }))).toMatchObject({
      code: 'snapshot-mismatch',
    });
  });
});

describe('R1: an index already seen', () => {
  it('replaces the tail', async () => {
    const disk = log((records) => {
      put(records, entries(1, 6), entries(3, 4, 2), state(2, 2));
    });
    expect(ids((await open(disk)).recovered.entries)).toEqual(['1@1', '2@1', '3@2', '4@2']);
  });

  it('at or below the snapshot replaces what was above it, too (etcd keeps 6@1)', async () => {
    const disk = log((records) => {
      put(records, entries(1, 6), entries(4, 5, 2), state(2, 5), snapshot(5, 2));
    });
    const { recovered } = await open(disk, { snapshots: [snapshot(5, 2)] });
    expect(recovered.snapshot.index).toBe(5);
    expect(recovered.entries).toEqual([]);
  });
});

describe('R2 R3 R4: a snapshot of the leader', () => {
  it('replaces the log: older entries above it do not follow it (etcd keeps them)', async () => {
    const disk = log((records) => {
      put(records, entries(1, 9), state(1, 3), snapshot(6, 5), state(5, 6));
    });
    const { recovered } = await open(disk, { snapshots: [snapshot(6, 5)] });
    expect(recovered.snapshot).toEqual(snapshot(6, 5));
    expect(recovered.entries).toEqual([]);
  });

  it('of which only the record survived is void: the old log goes on', async () => {
    const disk = log((records) => {
      put(records, entries(1, 9), state(1, 3), snapshot(6, 5));
    });
    const { recovered } = await open(disk, { snapshots: [snapshot(6, 5)] });
    expect(recovered.snapshot.index).toBe(0);
    expect(recovered.entries).toHaveLength(9);
  });

  it('that is void is forgotten when the old log goes on below it, and counts again once that passes it', async () => {
    const disk = log((records) => {
      put(records, entries(1, 9), state(1, 3), snapshot(6, 5), entries(4, 8, 5), state(5, 7));
    });
    const { recovered } = await open(disk);
    expect(ids(recovered.entries)).toEqual([
      '1@1',
      '2@1',
      '3@1',
      '4@5',
      '5@5',
      '6@5',
      '7@5',
      '8@5',
    ]);
    const later = await open(disk, { snapshots: [snapshot(6, 5)] });
    expect(ids(later.recovered.entries)).toEqual(['7@5', '8@5']);
  });

  it('torn before its hard state takes the entries on top of it along', async () => {
    const disk = log((records) => {
      put(records, entries(1, 9), state(1, 3), snapshot(6, 5), entries(7, 8, 5));
    });
    const { recovered } = await open(disk, { snapshots: [snapshot(6, 5)] });
    expect(ids(recovered.entries)).toEqual(entries(1, 9).map((one) => `${one.index}@1`));
  });

  it('that is void does not take what an earlier leader appends to the old log', async () => {
    const disk = log((records) => {
      put(records, entries(1, 9), state(1, 3), snapshot(6, 5), entries(10, 11, 4));
    });
    const { recovered } = await open(disk, { snapshots: [snapshot(6, 5)] });
    expect(ids(recovered.entries).slice(-3)).toEqual(['9@1', '10@4', '11@4']);
  });

  it('whose file is missing cannot be done without', async () => {
    const disk = log((records) => {
      put(records, entries(1, 9), state(1, 3), snapshot(20, 5), state(5, 20), entries(21, 22, 5));
    });
    expect(await failure(() => open(disk))).toMatchObject({
      code: 'snapshot-missing',
      message: containing('index 20'),
    });
  });

  it('of this member changes nothing, also when entries follow it', async () => {
    const disk = log((records) => {
      put(records, entries(1, 9), state(1, 6), snapshot(6));
    });
    expect(ids((await open(disk, { snapshots: [snapshot(6)] })).recovered.entries)).toEqual([
      '7@1',
      '8@1',
      '9@1',
    ]);
  });
});

describe('records that cannot be', () => {
  it.each([
    [
      'entry-gap',
      (records: RecordWriter) => {
        put(records, entries(1, 3), entries(5, 6));
      },
    ],
    [
      'corrupt',
      (records: RecordWriter) => {
        put(records, [entry(1, 5), entry(2, 4)]);
      },
    ],
    [
      'corrupt',
      (records: RecordWriter) => {
        put(records, [entry(0)]);
      },
    ],
    [
      'corrupt',
      (records: RecordWriter) => {
        put(records, [entry(1, 0)]);
      },
    ],
    [
      'corrupt',
      (records: RecordWriter) => {
        put(records, state(5, 0), state(4, 0));
      },
    ],
    [
      'corrupt',
      (records: RecordWriter) => {
        records.record(RecordType.entry, Uint8Array.of(0x22, 9));
      },
    ],
    [
      'corrupt',
      (records: RecordWriter) => {
        records.record(RecordType.state, Uint8Array.of(0x10, 2, 0x18, 3, 0x22, 1, 7));
      },
    ],
    [
      'corrupt',
      (records: RecordWriter) => {
        records.record(RecordType.snapshot, Uint8Array.of(0x1b));
      },
    ],
    [
      'corrupt',
      (records: RecordWriter) => {
        records.record(RecordType.snapshot, Uint8Array.of(0x1a, 2, 0x08, 0x80));
      },
    ],
    [
      'metadata-conflict',
      (records: RecordWriter) => {
        records.record(RecordType.metadata, Uint8Array.of(8, 9));
      },
    ],
    [
      'commit-beyond-log',
      (records: RecordWriter) => {
        put(records, entries(1, 3), state(1, 4));
      },
    ],
    [
      'unknown-record',
      (records: RecordWriter) => {
        records.record(6 as RecordType, Uint8Array.of(1));
      },
    ],
  ] as const)('%s', async (code, write) => {
    const error = await failure(() => open(log(write)));
    expect(error).toMatchObject({ code, file: FIRST });
  });

  it('numbers above 2^53 - 1 are refused and not rounded (J-1)', async () => {
    const huge = Uint8Array.of(0x08, 255, 255, 255, 255, 255, 255, 255, 255, 127, 0x10, 0, 0x18, 0);
    expect(
      await failure(() =>
        open(
          log((records) => {
            records.record(RecordType.state, huge);
          }),
        ),
      ),
    ).toMatchObject({ code: 'corrupt' });
  });

  it('no metadata at all', async () => {
    const records = new RecordWriter();
    records.chain();
    const disk = makeDisk();
    disk.makeDirectory(DIRECTORY);
    disk.place(FIRST, records.encoded().slice());
    expect(await failure(() => open(disk))).toMatchObject({
      code: 'corrupt',
      message: containing('no metadata'),
    });
  });
});

describe('readLog', () => {
  it('reads what open would recover, and changes nothing', async () => {
    const disk = await written((wal) => {
      wal.append({ entries: entries(1, 3), hardState: state(1, 2) });
    });
    const content = disk.content(FIRST);
    content.set([1, 2, 3, 4], 300);
    disk.place(FIRST, content);
    const operations = disk.operations;
    const recovered = readLog(DIRECTORY, {
      fileSystem: disk,
      snapshots: [{ index: toIndex(9), term: snapshot(9).term }],
    });
    expect(recovered.entries).toEqual(entries(1, 3));
    expect(disk.operations).toBe(operations);
  });
});
