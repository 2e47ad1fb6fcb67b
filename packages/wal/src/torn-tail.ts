/**
 * Decides what a place without a valid record in the last segment is: the end, a torn tail, or damage.
 *
 * The rules and their reasons are the table in DESIGN.md; etcd's part of them is
 * etcd v3.7.1 `server/storage/wal/decoder.go` (isTornEntry) and `wal.go` (ReadAll, "zero them out").
 */
import { crc32c } from './crc32c.js';
import { decodeRecord, FRAME_HEADER_BYTES, RecordType, SECTOR_BYTES } from './record.js';
import { readFully } from './file-io.js';
import type { SegmentReader } from './segment-reader.js';
import { readMark } from './sync-mark.js';

const STEP_BYTES = 1024 * 1024;
/** A step overlaps the next one by more than the largest mark's frame. */
const OVERLAP_BYTES = 64;

/**
 * `clean`: nothing follows. `torn`: what follows was never acknowledged and may be cut. `damaged`: acknowledged data
 * is at stake; nothing may be changed.
 */
export interface TailVerdict {
  readonly kind: 'clean' | 'torn' | 'damaged';
  readonly reason: string;
}

/** Judges what begins at `reader.offset`, after `reader.next()` answered `end` or `damage` in the last segment. */
export function judgeTail(reader: SegmentReader): TailVerdict {
  const { damage, offset } = reader;
  const nonzeroEnd = findNonzeroEnd(reader);
  if (damage === undefined && nonzeroEnd <= offset)
    return { kind: 'clean', reason: 'end of the log' };
  const damaged = (reason: string): TailVerdict => ({ kind: 'damaged', reason });

  const marked = findMarkBeyond(reader, nonzeroEnd);
  if (marked !== undefined) {
    return damaged(
      `${damage?.reason ?? 'the log ends here'}, but a sync mark at offset ${marked} says that this was durable`,
    );
  }
  if (isIntactButForLength(reader)) return damaged('the record is intact, but its length is not');
  if (damage === undefined) return { kind: 'torn', reason: 'a write without its beginning' };

  const { kind, reason, frameEnd } = damage;
  if (kind === 'partial') return { kind: 'torn', reason: `a partial write: ${reason}` };
  if (nonzeroEnd < frameEnd)
    return { kind: 'torn', reason: `a partial write, zero from its middle on: ${reason}` };
  if (kind !== 'frame' && hasLostSector(reader, frameEnd)) {
    return { kind: 'torn', reason: `a torn write, one sector is missing: ${reason}` };
  }
  return damaged(reason);
}

/** The end (exclusive) of the last byte that is not zero at or after `reader.offset`; that offset if there is none. */
function findNonzeroEnd(reader: SegmentReader): number {
  let end = reader.offset;
  forEachStep(reader, reader.offset, reader.size, (bytes, offset) => {
    let i = bytes.length;
    while (i > 0 && bytes[i - 1] === 0) i--;
    if (i > 0) end = offset + i;
    return false;
  });
  return end;
}

/** The offset of a mark after `reader.offset` which says that more than that was durable. */
function findMarkBeyond(reader: SegmentReader, nonzeroEnd: number): number | undefined {
  let found: number | undefined;
  forEachStep(
    reader,
    reader.offset,
    Math.min(reader.size, nonzeroEnd + OVERLAP_BYTES),
    (bytes, offset) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let i = 0; i < bytes.length; i += 8) {
        // A mark's frame header is below 64, then comes its type: cheap to refuse for nearly every place.
        if (bytes[i + 8] !== 0x08 || bytes[i + 9] !== RecordType.crc) continue;
        if (readMark(bytes, view, i, offset + i) > reader.offset) {
          found = offset + i;
          return true;
        }
      }
      return false;
    },
  );
  return found;
}

/**
 * Whether a whole record with the right CRC stands behind the frame header at `reader.offset`: then only the header
 * is wrong. A header at the end of a sector may have been lost alone, which is a torn write and not damage.
 */
function isIntactButForLength(reader: SegmentReader): boolean {
  const start = reader.offset + FRAME_HEADER_BYTES;
  if (reader.chain === undefined || start % SECTOR_BYTES === 0 || start >= reader.size)
    return false;
  const prefix = new Uint8Array(Math.min(32, reader.size - start));
  readFully(reader.file, prefix, start);
  const length = recordLength(prefix);
  // A frame of the right length whose padding alone is missing is a partial write.
  if (length === undefined || start + length === reader.damage?.frameEnd) return false;
  if (length > reader.size - start) return false;
  const bytes = new Uint8Array(length);
  readFully(reader.file, bytes, start);
  const record = { type: 0, crc: 0, start: 0, end: 0 };
  if (!decodeRecord(bytes, 0, length, record)) return false;
  return record.crc === crc32c(reader.chain, bytes, record.start, record.end);
}

/** The length that a record of a known type with data says of itself: type, crc, data, as every writer orders them. */
function recordLength(prefix: Uint8Array): number | undefined {
  const type = prefix[1] ?? 0;
  if (prefix[0] !== 0x08 || type === 0 || type > RecordType.snapshot || prefix[2] !== 0x10)
    return undefined;
  let at = 3;
  while (((prefix[at] ?? 0) & 0x80) !== 0) at++;
  at++;
  if (prefix[at++] !== 0x1a) return undefined;
  let length = 0;
  let scale = 1;
  for (; at < prefix.length; at++, scale *= 128) {
    const byte = prefix[at] ?? 0;
    length += (byte & 0x7f) * scale;
    if (byte < 0x80) return length > 0 ? at + 1 + length : undefined;
  }
  return undefined;
}

/** Whether a sector that the record reaches into is zero from where the record enters it up to the sector's end. */
function hasLostSector(reader: SegmentReader, frameEnd: number): boolean {
  const sector = new Uint8Array(SECTOR_BYTES);
  let at = reader.offset + FRAME_HEADER_BYTES;
  while (at < frameEnd) {
    const end = Math.min(reader.size, at - (at % SECTOR_BYTES) + SECTOR_BYTES);
    const part = sector.subarray(0, end - at);
    readFully(reader.file, part, at);
    if (part.every((byte) => byte === 0)) return true;
    at = end;
  }
  return false;
}

/**
 * Passes [from, to) to `visit` in overlapping steps until it answers true. Steps begin at multiples of 8, as frames
 * do; the bytes are valid during the call only.
 */
function forEachStep(
  reader: SegmentReader,
  from: number,
  to: number,
  visit: (bytes: Uint8Array, offset: number) => boolean,
): void {
  const buffer = new Uint8Array(Math.min(STEP_BYTES + OVERLAP_BYTES, Math.max(0, to - from)));
  for (let offset = from; offset < to; offset += STEP_BYTES) {
    const bytes = buffer.subarray(0, Math.min(buffer.length, to - offset));
    const count = readFully(reader.file, bytes, offset);
    if (visit(bytes.subarray(0, count), offset)) return;
  }
}
