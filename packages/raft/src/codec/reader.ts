/** Reads protobuf fields out of bytes that may be anything: every length and number is checked, nothing is copied. */
import { RaftError } from '../errors.js';
import {
  NO_DATA,
  toIndex,
  toNodeId,
  toTerm,
  type LogIndex,
  type NodeId,
  type Term,
} from '../types.js';

const TWO_32 = 0x1_0000_0000;
/** Groups may nest in unknown fields; deeper than this is an attack and not a message. */
const GROUP_DEPTH_MAX = 32;

/** A cursor over one message. `tag` values are `field << 3 | wire type`, so that a field of a wrong type is unknown. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #name: string;
  #at: number;
  #end: number;
  /** Halves of the last varint. */
  #low = 0;
  #high = 0;

  /** `name` is that of the message, for errors. Reads `bytes` from `start` (inclusive) to `end` (exclusive). */
  constructor(name: string, bytes: Uint8Array, start: number, end: number) {
    this.#name = name;
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  /** The next field's tag. */
  tag(): number {
    this.#varint();
    if (this.#high !== 0 || this.#low >>> 3 === 0) throw this.#malformed('a tag is out of range');
    return this.#low >>> 0;
  }

  term(): Term {
    return toTerm(this.counter());
  }

  index(): LogIndex {
    return toIndex(this.counter());
  }

  nodeId(): NodeId {
    return toNodeId(this.identifier());
  }

  /** A uint64 that counts: at most 2^53 - 1. */
  counter(): number {
    this.#varint();
    if (this.#high >>> 21 !== 0) throw this.#malformed('a counter exceeds 2^53 - 1');
    return this.#high * TWO_32 + (this.#low >>> 0);
  }

  /** A uint64 that identifies: all 64 bits. */
  identifier(): bigint {
    this.#varint();
    if (this.#high === 0) return BigInt(this.#low >>> 0);
    return (BigInt(this.#high >>> 0) << 32n) | BigInt(this.#low >>> 0);
  }

  /** A bool: true unless zero. */
  bool(): boolean {
    this.#varint();
    return (this.#low | this.#high) !== 0;
  }

  /** An enum, as the one of `names` at its number. */
  choice<T>(names: readonly T[], what: string): T {
    const value = names[this.counter()];
    if (value === undefined) throw this.#malformed(`${what} is unknown`);
    return value;
  }

  /** Bytes, borrowed from what is being read. */
  data(): Uint8Array {
    const length = this.#length();
    if (length === 0) return NO_DATA;
    const start = this.#at;
    this.#at += length;
    return this.#bytes.subarray(start, this.#at);
  }

  /** Enters a message or packed list. Returns what {@link leave} needs. */
  enter(): number {
    const length = this.#length();
    const outerEnd = this.#end;
    this.#end = this.#at + length;
    return outerEnd;
  }

  leave(outerEnd: number): void {
    this.#end = outerEnd;
  }

  /** Skips the field whose tag was just read. */
  skip(tag: number, depth = 0): void {
    switch (tag & 7) {
      case 0:
        this.#varint();
        return;
      case 1:
        this.#advance(8);
        return;
      case 2:
        this.#advance(this.#length());
        return;
      case 3:
        this.#skipGroup(tag, depth + 1);
        return;
      case 5:
        this.#advance(4);
        return;
      default:
        throw this.#malformed(`wire type ${tag & 7} does not belong here`);
    }
  }

  #skipGroup(tag: number, depth: number): void {
    if (depth > GROUP_DEPTH_MAX) throw this.#malformed('groups nest too deep');
    const endTag = (tag & ~7) | 4;
    for (;;) {
      const inner = this.tag();
      if (inner === endTag >>> 0) return;
      this.skip(inner, depth);
    }
  }

  #length(): number {
    this.#varint();
    const length = this.#high * TWO_32 + (this.#low >>> 0);
    if (length > this.#end - this.#at) {
      throw this.#malformed(`a length of ${length} exceeds the ${this.#end - this.#at} bytes left`);
    }
    return length;
  }

  #advance(count: number): void {
    if (count > this.#end - this.#at) throw this.#malformed('it ends inside a field');
    this.#at += count;
  }

  #varint(): void {
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte();
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.#low = low;
        this.#high = 0;
        return;
      }
    }
    this.#longVarint(low);
  }

  /** Goes on with the fifth byte, whose low four bits belong to the low half. */
  #longVarint(lowSoFar: number): void {
    let byte = this.#byte();
    this.#low = lowSoFar | ((byte & 0x0f) << 28);
    let high = (byte & 0x7f) >>> 4;
    for (let shift = 3; byte >= 0x80; shift += 7) {
      byte = this.#byte();
      if (shift === 31 && byte > 1) throw this.#malformed('a number exceeds 64 bits');
      high |= (byte & 0x7f) << shift;
    }
    this.#high = high;
  }

  #byte(): number {
    const byte = this.#at < this.#end ? this.#bytes[this.#at] : undefined;
    if (byte === undefined) throw this.#malformed('it ends inside a number');
    this.#at += 1;
    return byte;
  }

  #malformed(why: string): RaftError {
    return new RaftError('malformed', `malformed raftpb.${this.#name} at byte ${this.#at}: ${why}`);
  }
}
