/**
 * Reads the protobuf wire format exactly as strictly as Go's decoder does (google.golang.org/protobuf, encoding/protowire and
 * internal/impl/decode.go), so that members of both kinds agree on which bytes are a message.
 *
 * Generated decoders drive it: `enter` narrows the reader to one message, `leave` widens it again. Invariant: pos <= len <= bytes.length,
 * and nothing is read at or after `len`, the end of the innermost message.
 */

/**
 * Messages inside messages. Nested transactions cost two each and etcd's default budget allows 128 of them; Go stops at 10,000, where
 * our stack would not suffice.
 */
const nestingMax = 300;
/** Groups inside groups of unknown fields. */
const groupNestingMax = 100;
const fieldNumberMax = 2 ** 29 - 1;
/** Up to here a loop over char codes is faster than TextDecoder. */
const asciiLoopBytesMax = 48;

// A byte order mark is text like any other, and bytes that are not UTF-8 are an error (proto3).
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const scratch = new DataView(new ArrayBuffer(8));

export class WireReader {
  /** Next byte to read. */
  pos = 0;
  /** End of the innermost message, exclusive. */
  len: number;
  readonly #bytes: Uint8Array;
  #depth = 0;
  /** The two halves of the last varint. */
  #low = 0;
  #high = 0;

  /** Borrows `bytes`: what `bytes()` returns are views of them. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.len = bytes.length;
  }

  /** Starts a message of `length` bytes (default: all that is left). Returns the end of the outer one, for `leave`. */
  enter(length: number = this.len - this.pos): number {
    if (++this.#depth > nestingMax) throw new Error(`more than ${nestingMax} messages nested`);
    const outer = this.len;
    this.len = this.pos + length;
    return outer;
  }

  /** Ends the message that `enter` started. */
  leave(outer: number): void {
    this.#depth--;
    this.len = outer;
  }

  /** Number and wire type of the next field, as `number << 3 | type`. */
  fieldTag(): number {
    const first = this.#bytes[this.pos];
    if (first !== undefined && first < 0x80 && first > 7 && this.pos < this.len) {
      this.pos++;
      return first;
    }
    this.#varint();
    const number = this.#low >>> 3;
    if (this.#high !== 0 || number === 0 || number > fieldNumberMax) {
      throw new Error(`impossible field number at byte ${this.pos}`);
    }
    return this.#low >>> 0;
  }

  /** Length of a field that has one; it fits into the message. */
  readLength(): number {
    this.#varint();
    const length = this.#low >>> 0;
    if (this.#high !== 0 || length > this.len - this.pos) {
      throw new Error(`a field at byte ${this.pos} is longer than the message around it`);
    }
    return length;
  }

  /** The low 32 bits, as Go truncates. */
  uint32(): number {
    this.#varint();
    return this.#low >>> 0;
  }

  /** The low 32 bits, as Go truncates. Enums are read with this: an unknown number stays what it is. */
  int32(): number {
    this.#varint();
    return this.#low;
  }

  uint64(): bigint {
    this.#varint();
    if (this.#high === 0) return BigInt(this.#low >>> 0);
    scratch.setInt32(0, this.#high);
    scratch.setInt32(4, this.#low);
    return scratch.getBigUint64(0);
  }

  int64(): bigint {
    this.#varint();
    if (this.#high === 0) return BigInt(this.#low >>> 0);
    scratch.setInt32(0, this.#high);
    scratch.setInt32(4, this.#low);
    return scratch.getBigInt64(0);
  }

  bool(): boolean {
    this.#varint();
    return (this.#low | this.#high) !== 0;
  }

  /** A view of the input. */
  bytes(): Uint8Array {
    const length = this.readLength();
    const start = this.pos;
    this.pos = start + length;
    return this.#bytes.subarray(start, this.pos);
  }

  string(): string {
    const length = this.readLength();
    const start = this.pos;
    this.pos = start + length;
    if (length <= asciiLoopBytesMax) {
      let text = '';
      for (let i = start; i < this.pos; i++) {
        const byte = this.#bytes[i] ?? 0;
        if (byte > 0x7f) return utf8.decode(this.#bytes.subarray(start, this.pos));
        text += String.fromCharCode(byte);
      }
      return text;
    }
    return utf8.decode(this.#bytes.subarray(start, this.pos));
  }

  /** Skips the value of an unknown field. */
  skip(wireType: number, fieldNumber: number): void {
    this.#skip(wireType, fieldNumber, groupNestingMax);
  }

  #skip(wireType: number, fieldNumber: number, groupsLeft: number): void {
    switch (wireType) {
      case 0:
        this.#varint();
        return;
      case 1:
        this.#advance(8);
        return;
      case 2:
        this.#advance(this.readLength());
        return;
      case 3:
        this.#skipGroup(fieldNumber, groupsLeft - 1);
        return;
      case 5:
        this.#advance(4);
        return;
      default:
        throw new Error(`impossible wire type ${wireType} of field ${fieldNumber}`);
    }
  }

  #skipGroup(fieldNumber: number, groupsLeft: number): void {
    if (groupsLeft < 0) throw new Error(`more than ${groupNestingMax} groups nested`);
    for (;;) {
      const tag = this.fieldTag();
      if ((tag & 7) === 4) {
        if (tag >>> 3 === fieldNumber) return;
        throw new Error(`group ${fieldNumber} ends as group ${tag >>> 3}`);
      }
      this.#skip(tag & 7, tag >>> 3, groupsLeft);
    }
  }

  #advance(length: number): void {
    if (length > this.len - this.pos) throw new Error(`cut off at byte ${this.len}`);
    this.pos += length;
  }

  /** Reads up to ten bytes of seven bits into #low and #high. A bit beyond the 64th is an error. */
  #varint(): void {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.pos >= this.len) throw new Error(`cut off at byte ${this.len}`);
      const byte = this.#bytes[this.pos++] ?? 0;
      const bits = byte & 0x7f;
      if (shift < 28) {
        low |= bits << shift;
      } else if (shift === 28) {
        low |= bits << 28;
        high = bits >> 4;
      } else {
        high |= bits << (shift - 32);
      }
      if (byte < 0x80) {
        if (shift === 63 && byte > 1) break;
        this.#low = low;
        this.#high = high;
        return;
      }
    }
    throw new Error(`a number at byte ${this.pos} has more than 64 bits`);
  }
}
