/**
 * Reads protobuf fields in place: for the few messages that come a hundred thousand times a second, where a generated
 * decoder would make an object, a reader and a bigint per message. The rest of the program uses `@kv/proto`.
 *
 * Source: protobuf.dev "Encoding". It takes what Go's decoder takes and refuses the rest: an entry that one member accepts and
 * another cannot read would stop the cluster.
 */

/** A message that is not protobuf. The text is what Go's decoder says, which etcd's clients see. */
export class WireError extends Error {
  override readonly name: string = 'WireError';

  constructor() {
    super('proto: cannot parse invalid wire-format data');
  }
}

export const WireType = {
  varint: 0,
  fixed64: 1,
  length: 2,
  startGroup: 3,
  endGroup: 4,
  fixed32: 5,
} as const;

/** One for all readers: operations of a transaction have one each, and a buffer costs more than a reader. */
const NOTHING: Buffer = Buffer.alloc(0);

/** Groups inside groups, as in `@kv/proto`. No message of ours has any, so they are skipped. */
const GROUPS_NESTED_MAX = 100;

/**
 * A cursor over a message. Reusable: `reset` puts it on the next message, so a hot path needs one for ever.
 * All offsets are into the bytes given; nothing is copied.
 */
export class WireReader {
  bytes: Buffer = NOTHING;
  /** The next byte to read. */
  at: number = 0;
  /** Exclusive. */
  end: number = 0;

  /** Of the field that `next` stands on. */
  field: number = 0;
  wireType: number = 0;

  /** The last varint: low and high 32 bits, both as unsigned numbers. */
  low: number = 0;
  high: number = 0;

  /** The last length-delimited value: where it starts (inclusive) and stops (exclusive). */
  from: number = 0;
  to: number = 0;

  /** `start` inclusive, `end` exclusive. The bytes are borrowed while they are read. */
  reset(bytes: Buffer, start: number, end: number): this {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    return this;
  }

  /**
   * Reads one field, value included: false at the end of the message.
   * Afterwards `field` and `wireType` say which, and `low`/`high` or `from`/`to` what.
   */
  next(): boolean {
    if (this.at >= this.end) return false;
    this.#tag();
    this.#value(GROUPS_NESTED_MAX);
    return true;
  }

  /** Whether the field just read has this number and type. Another type counts as an unknown field, as in Go. */
  is(field: number, wireType: number): boolean {
    return this.field === field && this.wireType === wireType;
  }

  #tag(): void {
    this.#shortVarint();
    this.field = this.low >>> 3;
    this.wireType = this.low & 7;
    if (this.field === 0 || this.field > 0x1fffffff) throw new WireError();
  }

  #value(groupsLeft: number): void {
    switch (this.wireType) {
      case WireType.varint:
        this.#varint();
        return;
      case WireType.length:
        this.#shortVarint();
        this.#span(this.low);
        return;
      case WireType.fixed64:
        this.#span(8);
        return;
      case WireType.fixed32:
        this.#span(4);
        return;
      case WireType.startGroup:
        this.#skipGroup(groupsLeft - 1);
        return;
      default:
        throw new WireError();
    }
  }

  /** To the end of the group whose tag was read; afterwards `field` and `wireType` are the group's again. */
  #skipGroup(groupsLeft: number): void {
    if (groupsLeft < 0) throw new WireError();
    const group = this.field;
    this.#tag();
    while (this.wireType !== WireType.endGroup) {
      this.#value(groupsLeft);
      this.#tag();
    }
    if (this.field !== group) throw new WireError();
    this.wireType = WireType.startGroup;
  }

  #span(length: number): void {
    this.from = this.at;
    this.to = this.at + length;
    if (this.to > this.end) throw new WireError();
    this.at = this.to;
  }

  /** A tag or a length: never as large as 2^32. */
  #shortVarint(): void {
    this.#varint();
    if (this.#isLong()) throw new WireError();
  }

  #isLong(): boolean {
    return this.high !== 0;
  }

  #varint(): void {
    const bytes = this.bytes;
    const first = this.at < this.end ? (bytes[this.at] ?? 0) : -1;
    if (first >= 0 && first < 0x80) {
      this.at += 1;
      this.low = first;
      this.high = 0;
      return;
    }
    this.#longVarint();
  }

  #longVarint(): void {
    let low = 0;
    let high = 0;
    for (let n = 0; n < 10; n++) {
      if (this.at >= this.end) throw new WireError();
      const byte = this.bytes[this.at++] ?? 0;
      // The tenth byte holds bit 63 alone.
      if (n === 9 && byte > 1) throw new WireError();
      const seven = byte & 0x7f;
      const shift = n * 7;
      if (shift < 28) low |= seven << shift;
      else if (shift === 28) {
        low |= seven << 28;
        high |= seven >>> 4;
      } else high |= seven << (shift - 32);
      if (byte < 0x80) {
        this.low = low >>> 0;
        this.high = high >>> 0;
        return;
      }
    }
    throw new WireError();
  }
}
