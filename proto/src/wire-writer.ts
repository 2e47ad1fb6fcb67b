/**
 * Writes the protobuf wire format; generated encoders drive it. One growing buffer for the whole message: `fork` leaves one byte for
 * the length of a message inside, `join` fills it in and moves the message up when one byte is too little.
 *
 * Invariant: 0 <= pos <= buffer.length, and no byte at or after `pos` is part of the result.
 */

const firstBytes = 512;
/** A buffer up to this size is kept for the next message. */
const keptBytesMax = 65_536;
/** Ten bytes of seven bits hold 64. */
const varintBytesMax = 10;
/** Up to here a loop over char codes is faster than TextEncoder. */
const asciiLoopCharsMax = 48;

const utf8 = new TextEncoder();
const scratch = new DataView(new ArrayBuffer(8));

/** Taken by the writer that is at work; absent meanwhile, so that a second one makes its own. */
let spare: Uint8Array | undefined;

export class WireWriter {
  #buffer: Uint8Array;
  #pos = 0;
  /** Where the open messages begin: the place of their length. */
  readonly #forks: number[] = [];

  constructor() {
    this.#buffer = spare ?? new Uint8Array(firstBytes);
    spare = undefined;
  }

  /** The bytes written, in a new array. The writer is of no use afterwards. */
  finish(): Uint8Array {
    const result = this.#buffer.slice(0, this.#pos);
    if (this.#buffer.length <= keptBytesMax) spare = this.#buffer;
    return result;
  }

  /** Starts a message or a packed list, of which the length will precede it. */
  fork(): this {
    this.#reserve(1);
    this.#forks.push(this.#pos++);
    return this;
  }

  /** Ends what the last `fork` started. */
  join(): this {
    const start = this.#forks.pop() ?? 0;
    const length = this.#pos - start - 1;
    if (length < 0x80) {
      this.#buffer[start] = length;
      return this;
    }
    const more = lengthOfVarint(length) - 1;
    this.#reserve(more);
    this.#buffer.copyWithin(start + 1 + more, start + 1, this.#pos);
    const end = this.#pos + more;
    this.#pos = start;
    this.#varint(length, 0);
    this.#pos = end;
    return this;
  }

  /** Throws for what is no unsigned integer of 32 bits. Tags are written with this. */
  uint32(value: number): this {
    if (value >>> 0 !== value) throw new Error(`${value} is no uint32`);
    this.#reserve(varintBytesMax);
    this.#varint(value, 0);
    return this;
  }

  /** A negative number takes ten bytes, as a 64-bit number would. Enums are written with this. */
  int32(value: number): this {
    if ((value | 0) !== value) throw new Error(`${value} is no int32`);
    this.#reserve(varintBytesMax);
    this.#varint(value >>> 0, value < 0 ? 0xffff_ffff : 0);
    return this;
  }

  /** The caller has checked the range. */
  uint64(value: bigint): this {
    this.#reserve(varintBytesMax);
    scratch.setBigUint64(0, value);
    this.#varint(scratch.getUint32(4), scratch.getUint32(0));
    return this;
  }

  /** The caller has checked the range. */
  int64(value: bigint): this {
    this.#reserve(varintBytesMax);
    scratch.setBigInt64(0, value);
    this.#varint(scratch.getUint32(4), scratch.getUint32(0));
    return this;
  }

  bool(value: boolean): this {
    this.#reserve(1);
    this.#buffer[this.#pos++] = value ? 1 : 0;
    return this;
  }

  /** Copies. */
  bytes(value: Uint8Array): this {
    this.uint32(value.length);
    this.#reserve(value.length);
    this.#buffer.set(value, this.#pos);
    this.#pos += value.length;
    return this;
  }

  /** Half a surrogate pair becomes U+FFFD, for it has no UTF-8. */
  string(value: string): this {
    if (value.length <= asciiLoopCharsMax && this.#ascii(value)) return this;
    return this.bytes(utf8.encode(value));
  }

  /** Writes a short text of ASCII. False, and nothing written, for another. */
  #ascii(value: string): boolean {
    this.#reserve(1 + value.length);
    let at = this.#pos + 1;
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) return false;
      this.#buffer[at++] = code;
    }
    this.#buffer[this.#pos] = value.length;
    this.#pos = at;
    return true;
  }

  #varint(low: number, high: number): void {
    while (high !== 0) {
      this.#buffer[this.#pos++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    while (low > 0x7f) {
      this.#buffer[this.#pos++] = (low & 0x7f) | 0x80;
      low >>>= 7;
    }
    this.#buffer[this.#pos++] = low;
  }

  #reserve(length: number): void {
    const needed = this.#pos + length;
    if (needed <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    larger.set(this.#buffer.subarray(0, this.#pos));
    this.#buffer = larger;
  }
}

function lengthOfVarint(value: number): number {
  let length = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) length++;
  return length;
}
