// Goal: what RecordWriter encodes, SegmentReader reads back, at every size and with short and long checksums.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeEntry } from '@kv/raft/codec';
import { entry, makeDisk } from '../test/support.js';
import { RecordWriter } from './record-writer.js';
import { SegmentReader } from './segment-reader.js';

describe('RecordWriter', () => {
  it('round-trips entries; the frame says their size and the chain their sum', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 300, size: 'max' }), { maxLength: 30 }),
        fc.nat(0xffff_ffff),
        (list, crc) => {
          const writer = new RecordWriter();
          writer.begin(crc);
          writer.chain();
          list.forEach((data, i) => {
            writer.entry(entry(i + 1, 3, data));
          });
          const disk = makeDisk();
          disk.place('/data/member/x', writer.encoded());
          const reader = new SegmentReader(disk.open('/data/member/x', 'read'), crc);
          expect(reader.next()).toBe('record');
          list.forEach((data, i) => {
            expect(reader.next()).toBe('record');
            expect(reader.window.slice(reader.record.start, reader.record.end)).toEqual(
              encodeEntry(entry(i + 1, 3, data)),
            );
          });
          expect(reader.next()).toBe('end');
          expect(reader.chain).toBe(writer.crc);
        },
      ),
    );
  });

  it('grows for a large batch, and gives the memory back', () => {
    const writer = new RecordWriter();
    const large = new Uint8Array(20 * 1024 * 1024).fill(7);
    writer.entry(entry(1, 1, large));
    expect(writer.length).toBeGreaterThan(large.length);
    writer.begin(writer.crc);
    writer.entry(entry(2));
    expect(writer.encoded().buffer.byteLength).toBeLessThan(1024 * 1024);
  });
});
