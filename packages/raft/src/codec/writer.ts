/** Writes protobuf fields into bytes whose size was computed beforehand. */
import { RaftError } from '../errors.js';

const TWO_64 = 0x1_0000_0000_0000_0000n;

/** Bytes of a whole number from 0 to 2^53 - 1 as a varint. */
export function counterSize(value: number): number {
  if (!(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) {
    throw new RaftError('malformed', `counter ${value} is not in 0 to 2^53 - 1`);
  }
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  if (value < 0x1000_0000) return 4;
  let size = 5;
  for (let rest = value / 0x8_0000_0000; rest >= 1; rest /= 0x80) size += 1;
  return size;
}

/** Bytes of an identifier as a varint. */
export function identifierSize(value: bigint): number {
  if (value < 0n || value >= TWO_64) {
    throw new RaftError('malformed', `identifier ${value.toString()} does not fit 64 bits`);
  }
  let size = 1;
  for (let rest = value >> 7n; rest > 0n; rest >>= 7n) size += 1;
  return size;
}

/** Bytes of a length-delimited field with a one-byte tag: tag, length, content. */
export function delimitedSize(contentSize: number): number {
  return 1 + counterSize(contentSize) + contentSize;
}

/** Takes fields one after the other. All tags of raftpb fit one byte. */
export interface Sink {
  counter(tag: number, value: number): void;
  identifier(tag: number, value: bigint): void;
  bool(tag: number, value: boolean): void;
  data(tag: number, data: Uint8Array): void;
}

/** Only counts. */
export class Sizer implements Sink {
  size = 0;

  counter(_tag: number, value: number): void {
    this.size += 1 + counterSize(value);
  }

  identifier(_tag: number, value: bigint): void {
    this.size += 1 + identifierSize(value);
  }

  bool(): void {
    this.size += 2;
  }

  data(_tag: number, data: Uint8Array): void {
    this.size += delimitedSize(data.length);
  }
}

/** Writes into bytes that have the room. */
export class Writer implements Sink {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** What is being written into. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Where the next byte goes. */
  get at(): number {
    return this.#at;
  }

  counter(tag: number, value: number): void {
    this.#bytes[this.#at++] = tag;
    this.#varint(value);
  }

  identifier(tag: number, value: bigint): void {
    this.#bytes[this.#at++] = tag;
    let rest = value;
    while (rest >= 0x80n) {
      this.#bytes[this.#at++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#at++] = Number(rest);
  }

  bool(tag: number, value: boolean): void {
    this.#bytes[this.#at++] = tag;
    this.#bytes[this.#at++] = value ? 1 : 0;
  }

  /** Tag and length of a field whose content the caller writes next. */
  delimited(tag: number, contentSize: number): void {
    this.#bytes[this.#at++] = tag;
    this.#varint(contentSize);
  }

  data(tag: number, data: Uint8Array): void {
    this.delimited(tag, data.length);
    this.#bytes.set(data, this.#at);
    this.#at += data.length;
  }

  #varint(value: number): void {
    let rest = value;
    while (rest >= 0x8000_0000) {
      this.#bytes[this.#at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    while (rest >= 0x80) {
      this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#at++] = rest;
  }
}
