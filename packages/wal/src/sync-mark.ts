/**
 * Sync marks: CRC records inside a segment that say up to where the segment was durable when they were written.
 *
 * To etcd a mark is a CRC record with the value that it expects anyway; it ignores the data. To recovery a mark that
 * stands beyond a damaged place decides whether that place had been acknowledged (DESIGN.md, "damage").
 */
import { crc32c } from './crc32c.js';
import { decodeRecord, FRAME_HEADER_BYTES, readFrameHeader, RecordType } from './record.js';

/** Data of a mark: own offset (8 bytes little endian), durable offset (8), CRC-32C of these 16 (4). */
export const MARK_DATA_BYTES = 20;

const RECORD_BYTES_MIN = 2 + 2 + 2 + MARK_DATA_BYTES;
const RECORD_BYTES_MAX = 2 + 6 + 2 + MARK_DATA_BYTES;
const TWO_32 = 0x1_0000_0000;

/** Fills `data` for a mark whose frame begins at `offset`, in a segment of which `durableBytes` are durable. */
export function writeMark(data: DataView, offset: number, durableBytes: number): void {
  writeUint64(data, 0, offset);
  writeUint64(data, 8, durableBytes);
  data.setUint32(16, crc32c(0, bytesOf(data), 0, 16), true);
}

/**
 * How many bytes the mark whose frame begins at `position` of `bytes` declares durable; -1 if no mark is there.
 * `offset` is where in the segment `position` is: a mark at another place than its own does not count.
 */
export function readMark(
  bytes: Uint8Array,
  view: DataView,
  position: number,
  offset: number,
): number {
  if (position + FRAME_HEADER_BYTES > bytes.length) return -1;
  const recordBytes = readFrameHeader(view, position);
  if (recordBytes < RECORD_BYTES_MIN || recordBytes > RECORD_BYTES_MAX) return -1;
  const start = position + FRAME_HEADER_BYTES;
  if (start + recordBytes > bytes.length) return -1;
  const record = { type: 0, crc: 0, start: 0, end: 0 };
  if (!decodeRecord(bytes, start, start + recordBytes, record)) return -1;
  if (record.type !== RecordType.crc || record.end - record.start !== MARK_DATA_BYTES) return -1;
  const data = new DataView(bytes.buffer, bytes.byteOffset + record.start, MARK_DATA_BYTES);
  if (data.getUint32(16, true) !== crc32c(0, bytesOf(data), 0, 16)) return -1;
  const durableBytes = readUint64(data, 8);
  return readUint64(data, 0) === offset && durableBytes <= offset ? durableBytes : -1;
}

function bytesOf(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function writeUint64(view: DataView, position: number, value: number): void {
  view.setUint32(position, value % TWO_32, true);
  view.setUint32(position + 4, Math.floor(value / TWO_32), true);
}

function readUint64(view: DataView, position: number): number {
  return view.getUint32(position + 4, true) * TWO_32 + view.getUint32(position, true);
}
