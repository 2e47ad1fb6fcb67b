/**
 * Reads the records of one segment in order through a bounded window, and checks the CRC chain.
 *
 * The window is 1 MiB, or one record if that is larger; a length field is believed only as far as the file reaches.
 */
import { crc32c } from './crc32c.js';
import { attempt, readFully } from './file-io.js';
import type { FileHandle } from './file-system.js';
import {
  decodeRecord,
  FRAME_HEADER_BYTES,
  frameBytesOf,
  readFrameHeader,
  RecordType,
  type RecordBounds,
} from './record.js';

const WINDOW_BYTES = 1024 * 1024;

/** Why there is no valid record at `offset`. */
export interface Damage {
  /**
   * `partial`: the frame goes beyond the end of the file. `frame`: no frame header. `record`: no record in the frame,
   * or a crc record that does not continue the chain. `crc`: the data does not match its crc.
   */
  readonly kind: 'partial' | 'frame' | 'record' | 'crc';
  readonly offset: number;
  /** End of the frame without its padding, as far as its length is believed; exclusive. */
  readonly frameEnd: number;
  readonly reason: string;
}

export class SegmentReader {
  readonly file: FileHandle;
  readonly size: number;
  /** The last record read. Its data is `window.subarray(record.start, record.end)`, valid until the next call. */
  readonly record: RecordBounds = { type: 0, crc: 0, start: 0, end: 0 };
  #window: Uint8Array;
  #view: DataView;
  #windowStart = 0;
  #windowLength = 0;
  #offset = 0;
  #chain: number | undefined;
  #damage: Damage | undefined;

  /** `chain` is the running CRC at the end of the segment before; undefined for the first one that is read. */
  constructor(file: FileHandle, chain: number | undefined) {
    this.file = file;
    this.size = attempt('stat', file.path, () => file.size());
    this.#chain = chain;
    this.#window = new Uint8Array(Math.min(WINDOW_BYTES, this.size));
    this.#view = new DataView(this.#window.buffer);
  }

  /** Where the next frame begins: the end of all that is valid so far. */
  get offset(): number {
    return this.#offset;
  }

  /** The running CRC after the last record; undefined before the first. */
  get chain(): number | undefined {
    return this.#chain;
  }

  /** Set once `next` answered `damage`. */
  get damage(): Damage | undefined {
    return this.#damage;
  }

  get window(): Uint8Array {
    return this.#window;
  }

  /** `end`: a zero length, or the end of the file. After `end` or `damage` it must not be called again. */
  next(): 'record' | 'end' | 'damage' {
    const left = this.size - this.#offset;
    if (left === 0) return 'end';
    if (left < FRAME_HEADER_BYTES) return this.#endOfFile(left);
    const header = this.#load(this.#offset, FRAME_HEADER_BYTES);
    const recordBytes = readFrameHeader(this.#view, header);
    if (recordBytes === 0) return 'end';
    if (recordBytes < 0) {
      return this.#damaged('frame', this.#offset + FRAME_HEADER_BYTES, 'no frame header');
    }
    const frameBytes = frameBytesOf(recordBytes);
    const frameEnd = this.#offset + FRAME_HEADER_BYTES + recordBytes;
    if (frameBytes > left) {
      return this.#damaged(
        'partial',
        frameEnd,
        `a frame of ${frameBytes} bytes where the file has ${left} left`,
      );
    }
    const start = this.#load(this.#offset, frameBytes) + FRAME_HEADER_BYTES;
    if (!decodeRecord(this.#window, start, start + recordBytes, this.record)) {
      return this.#damaged('record', frameEnd, 'the frame holds no record');
    }
    const problem = this.#continueChain();
    if (problem !== undefined) {
      return this.#damaged(
        this.record.type === RecordType.crc ? 'record' : 'crc',
        frameEnd,
        problem,
      );
    }
    this.#offset += frameBytes;
    return 'record';
  }

  /** Fewer bytes than a frame header: zeros are the end as elsewhere, anything else is the beginning of a frame. */
  #endOfFile(left: number): 'end' | 'damage' {
    const at = this.#load(this.#offset, left);
    if (this.#window.subarray(at, at + left).every((byte) => byte === 0)) return 'end';
    return this.#damaged(
      'partial',
      this.size,
      `${left} bytes at the end of the file are no frame header`,
    );
  }

  /** Extends the chain by the record at hand, or says why it does not belong there. */
  #continueChain(): string | undefined {
    const { type, crc, start, end } = this.record;
    if (type === RecordType.crc) {
      if (this.#chain !== undefined && this.#chain !== crc) {
        return `crc record ${hex8(crc)} does not continue the log's crc ${hex8(this.#chain)}`;
      }
      this.#chain = crc;
      return undefined;
    }
    if (this.#chain === undefined) return 'a segment begins with a crc record';
    const computed = crc32c(this.#chain, this.#window, start, end);
    if (computed !== crc) return `crc ${hex8(crc)} in the record, ${hex8(computed)} computed`;
    this.#chain = computed;
    return undefined;
  }

  /** Makes `count` bytes from `offset` (which the file has) available; returns where in the window they are. */
  #load(offset: number, count: number): number {
    const at = offset - this.#windowStart;
    if (at + count <= this.#windowLength) return at;
    if (count > this.#window.length) {
      this.#window = new Uint8Array(count);
      this.#view = new DataView(this.#window.buffer);
    }
    this.#windowStart = offset;
    this.#windowLength = readFully(this.file, this.#window, offset);
    // A file that became shorter since its size was taken reads as zeros, which no check will pass.
    if (this.#windowLength < count) this.#window.fill(0, this.#windowLength, count);
    this.#windowLength = Math.max(this.#windowLength, count);
    return 0;
  }

  #damaged(kind: Damage['kind'], frameEnd: number, reason: string): 'damage' {
    this.#damage = { kind, offset: this.#offset, frameEnd, reason };
    return 'damage';
  }
}

function hex8(value: number): string {
  return value.toString(16).padStart(8, '0');
}
