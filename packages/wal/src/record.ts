/**
 * The frame around a record (pure): etcd v3.7.1 `server/storage/wal/{encoder,decoder}.go`, `walpb/record.proto`.
 *
 * ```
 * 8 bytes little endian: low 56 bits = length of the record, top byte = 0, or 0x80 | count of padding bytes
 * record: 08 type · 10 crc · 1a length data        (walpb.Record; data is absent when it is empty)
 * 0 to 7 zero bytes, so that frames and thus length fields are aligned to 8 and never torn
 * ```
 */

import { readVarint, varintEnd } from './varint.js';

export const FRAME_HEADER_BYTES = 8;

/** What a disk writes whole or not at all (etcd's `minSectorSize`). Bigger sectors are multiples of it. */
export const SECTOR_BYTES = 512;

export const RecordType = {
  metadata: 1,
  entry: 2,
  state: 3,
  crc: 4,
  snapshot: 5,
} as const;
export type RecordType = (typeof RecordType)[keyof typeof RecordType];

const TWO_32 = 0x1_0000_0000;

/** Zero bytes that follow a record of `recordBytes`. */
export function paddingOf(recordBytes: number): number {
  return -recordBytes & 7;
}

/** The whole frame's size. */
export function frameBytesOf(recordBytes: number): number {
  return FRAME_HEADER_BYTES + recordBytes + paddingOf(recordBytes);
}

export function writeFrameHeader(view: DataView, position: number, recordBytes: number): void {
  const padding = paddingOf(recordBytes);
  view.setUint32(position, recordBytes % TWO_32, true);
  view.setUint32(
    position + 4,
    Math.floor(recordBytes / TWO_32) + (padding === 0 ? 0 : ((0x80 | padding) << 24) >>> 0),
    true,
  );
}

/**
 * The record's length in a frame header: 0 for "nothing here", -1 for bytes that no writer puts there (etcd's readers
 * accept unused bits and other paddings; its writers never produced them, so here they are damage).
 */
export function readFrameHeader(view: DataView, position: number): number {
  const low = view.getUint32(position, true);
  const high = view.getUint32(position + 4, true);
  const recordBytes = (high & 0xff_ffff) * TWO_32 + low;
  const padding = paddingOf(recordBytes % 8);
  return high >>> 24 === (padding === 0 ? 0 : 0x80 | padding) ? recordBytes : -1;
}

/** A decoded record; `start` and `end` bound its data in the bytes that were decoded. */
export interface RecordBounds {
  type: number;
  crc: number;
  start: number;
  end: number;
}

/**
 * Decodes the walpb.Record in `bytes` from `start` to `end` into `record`. False if it is none. Fields in any order
 * and number, the last one counts; unknown fields are skipped, as by any protobuf reader.
 */
export function decodeRecord(
  bytes: Uint8Array,
  start: number,
  end: number,
  record: RecordBounds,
): boolean {
  record.type = 0;
  record.crc = 0;
  record.start = end;
  record.end = end;
  let at = start;
  while (at < end) {
    const tag = readVarint(bytes, at, end);
    if (tag < 8) return false;
    at = varintEnd;
    const wireType = tag % 8;
    if (wireType === 0) {
      const value = readVarint(bytes, at, end);
      if (value < 0) return false;
      at = varintEnd;
      if (tag === 0x08) record.type = value;
      else if (tag === 0x10) record.crc = value;
    } else if (wireType === 2) {
      const length = readVarint(bytes, at, end);
      if (length < 0 || length > end - varintEnd) return false;
      at = varintEnd + length;
      if (tag === 0x1a) {
        record.start = varintEnd;
        record.end = at;
      }
    } else {
      const fixed = wireType === 1 ? 8 : wireType === 5 ? 4 : -1;
      if (fixed < 0 || fixed > end - at) return false;
      at += fixed;
    }
  }
  return true;
}
