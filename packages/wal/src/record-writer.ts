/**
 * Encodes records into one growing buffer and keeps the CRC chain: what `append` fills and `sync` writes.
 *
 * No object and no copy per entry beyond the entry's own bytes: an entry is encoded in place, then summed in place.
 */
import { entrySize, writeEntry } from '@kv/raft/codec';
import type { Entry } from '@kv/raft';
import { crc32c } from './crc32c.js';
import {
  FRAME_HEADER_BYTES,
  frameBytesOf,
  paddingOf,
  RecordType,
  writeFrameHeader,
} from './record.js';
import { MARK_DATA_BYTES, writeMark } from './sync-mark.js';

/** A buffer that grew beyond this is given back after the batch that needed it. */
const KEPT_BYTES_MAX = 8 * 1024 * 1024;
const INITIAL_BYTES = 256 * 1024;

/** Frame header, type, crc and the data's length at their largest. */
const RECORD_OVERHEAD_MAX = FRAME_HEADER_BYTES + 2 + 6 + 1 + 8 + 7;

export class RecordWriter {
  #bytes: Uint8Array = new Uint8Array(INITIAL_BYTES);
  #view: DataView = new DataView(this.#bytes.buffer);
  #length = 0;
  #crc = 0;

  /** Bytes encoded so far. */
  get length(): number {
    return this.#length;
  }

  /** The running CRC after the last record. */
  get crc(): number {
    return this.#crc;
  }

  /** Empties the buffer; the chain goes on from `crc`. */
  begin(crc: number): void {
    if (this.#bytes.length > KEPT_BYTES_MAX) this.#allocate(INITIAL_BYTES);
    this.#length = 0;
    this.#crc = crc;
  }

  /** What was encoded: borrowed until the next `begin`. */
  encoded(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  entry(entry: Entry): void {
    const dataBytes = entrySize(entry);
    const at = this.#reserve(dataBytes);
    writeEntry(entry, this.#bytes, at);
    this.#close(RecordType.entry, at, dataBytes);
  }

  /** A record whose data is already encoded; copied. */
  record(type: RecordType, data: Uint8Array): void {
    const at = this.#reserve(data.length);
    this.#bytes.set(data, at);
    this.#close(type, at, data.length);
  }

  /** The record at the head of a segment: the chain so far. */
  chain(): void {
    const at = this.#reserve(0);
    this.#frame(RecordType.crc, this.#crc, at, 0);
  }

  /** A sync mark (see sync-mark.ts), with `offset` the place in the segment where this buffer begins. */
  mark(offset: number, durableBytes: number): void {
    const at = this.#reserve(MARK_DATA_BYTES);
    const data = new DataView(this.#bytes.buffer, at, MARK_DATA_BYTES);
    writeMark(data, offset + this.#length, durableBytes);
    this.#frame(RecordType.crc, this.#crc, at, MARK_DATA_BYTES);
  }

  /** Room for one record; returns where its data goes if the CRC takes its usual five bytes. */
  #reserve(dataBytes: number): number {
    const needed = this.#length + dataBytes + RECORD_OVERHEAD_MAX;
    if (needed > this.#bytes.length) {
      const old = this.encoded();
      this.#allocate(Math.max(needed, this.#bytes.length * 2));
      this.#bytes.set(old);
    }
    const dataTag = dataBytes === 0 ? 0 : 1 + varintBytes(dataBytes);
    return this.#length + FRAME_HEADER_BYTES + 2 + 6 + dataTag;
  }

  #allocate(size: number): void {
    this.#bytes = new Uint8Array(size);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Sums the data that stands at `at` into the chain and puts the frame around it. */
  #close(type: RecordType, at: number, dataBytes: number): void {
    this.#crc = crc32c(this.#crc, this.#bytes, at, at + dataBytes);
    this.#frame(type, this.#crc, at, dataBytes);
  }

  #frame(type: RecordType, crc: number, dataAt: number, dataBytes: number): void {
    const bytes = this.#bytes;
    let at = this.#length + FRAME_HEADER_BYTES;
    bytes[at++] = 0x08;
    bytes[at++] = type;
    bytes[at++] = 0x10;
    at = this.#varint(at, crc);
    if (dataBytes !== 0) {
      bytes[at++] = 0x1a;
      // One CRC in sixteen takes fewer than five bytes: the data then moves down before its length is written.
      const start = at + varintBytes(dataBytes);
      if (start !== dataAt) bytes.copyWithin(start, dataAt, dataAt + dataBytes);
      at = this.#varint(at, dataBytes) + dataBytes;
    }
    const recordBytes = at - this.#length - FRAME_HEADER_BYTES;
    writeFrameHeader(this.#view, this.#length, recordBytes);
    bytes.fill(0, at, at + paddingOf(recordBytes));
    this.#length += frameBytesOf(recordBytes);
  }

  #varint(position: number, value: number): number {
    let at = position;
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[at++] = rest;
    return at;
  }
}

function varintBytes(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
  return size;
}
