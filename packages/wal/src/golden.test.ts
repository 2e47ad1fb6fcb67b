// Goal: our bytes are etcd's. Method: testdata/etcd-3.7.1.wal is the used part of a segment that etcd 3.7.1 wrote (one
// member, two puts); we read it, write the same records again, and compare the bytes.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeEntry, decodeHardState, encodeHardState } from '@kv/raft/codec';
import { DIRECTORY, makeDisk, open } from '../test/support.js';
import { decodeSnapshotRecord, encodeSnapshotRecord } from './proto.js';
import { RecordType } from './record.js';
import { RecordWriter } from './record-writer.js';
import { SegmentReader } from './segment-reader.js';

const golden = new Uint8Array(readFileSync(new URL('../testdata/etcd-3.7.1.wal', import.meta.url)));
const PATH = `${DIRECTORY}/0000000000000000-0000000000000000.wal`;

function goldenDisk(): ReturnType<typeof makeDisk> {
  const disk = makeDisk();
  disk.makeDirectory(DIRECTORY);
  disk.place(PATH, golden);
  return disk;
}

describe('a segment of etcd 3.7.1', () => {
  it('opens with its metadata, hard state and entries', async () => {
    const { wal, recovered } = await open(goldenDisk());
    expect(recovered.hardState).toEqual({ term: 2, vote: 12058907941444434240n, commit: 6 });
    expect(
      recovered.entries.map((one) => [one.index, one.term, one.type, one.data.length]),
    ).toEqual([
      [1, 1, 'confChange', 91],
      [2, 2, 'normal', 0],
      [3, 2, 'normal', 57],
      [4, 2, 'normal', 24],
      [5, 2, 'normal', 22],
      [6, 2, 'normal', 26],
    ]);
    expect(Buffer.from(recovered.metadata).toString('hex')).toBe(
      '08c0f2baa79c9cf6aca70110c4eabffbfc80d8d565',
    );
    expect(recovered.repair).toBeUndefined();
    await wal.close();
  });

  it('is written again byte for byte, decoded and encoded record by record', () => {
    const reader = new SegmentReader(goldenDisk().open(PATH, 'read'), undefined);
    const writer = new RecordWriter();
    while (reader.next() === 'record') {
      const { type, start, end } = reader.record;
      const data = reader.window.slice(start, end);
      if (type === RecordType.crc) writer.chain();
      else if (type === RecordType.entry) writer.entry(decodeEntry(data));
      else if (type === RecordType.state)
        writer.record(type, encodeHardState(decodeHardState(data)));
      else if (type === RecordType.metadata) writer.record(type, data);
      else if (type === RecordType.snapshot) {
        const meta = decodeSnapshotRecord(data);
        if (meta === undefined) throw new Error('no snapshot record');
        writer.record(type, encodeSnapshotRecord(meta));
      }
    }
    expect(reader.offset).toBe(golden.length);
    expect(Buffer.from(writer.encoded()).toString('hex')).toBe(Buffer.from(golden).toString('hex'));
  });
});
