/** Protobuf varints and fixed integers of counters (up to 2^53 - 1) and of 64-bit identifiers, by offset. */

const twoTo32 = 0x1_0000_0000;

/** Bytes that `value` (a non-negative safe integer) takes as a varint. */
export function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 128; rest = rest < twoTo32 ? rest >>> 7 : Math.floor(rest / 128))
    size++;
  return size;
}

/** Writes a non-negative safe integer; returns the offset after it. */
export function writeVarint(bytes: Uint8Array, offset: number, value: number): number {
  let at = offset;
  let rest = value;
  while (rest >= twoTo32) {
    bytes[at++] = (rest & 127) | 128;
    rest = Math.floor(rest / 128);
  }
  while (rest >= 128) {
    bytes[at++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}

/** Writes the low 64 bits of a signed identifier as protobuf does an int64: ten bytes if negative. */
export function writeVarint64(bytes: Uint8Array, offset: number, value: bigint): number {
  let at = offset;
  let rest = BigInt.asUintN(64, value);
  while (rest >= 128n) {
    bytes[at++] = Number(rest & 127n) | 128;
    rest >>= 7n;
  }
  bytes[at++] = Number(rest);
  return at;
}

/**
 * Reads varints one after the other. Running past the end or past 2^53 - 1 sets `failed` instead of throwing, so that
 * the owner can name the place; values read after that mean nothing.
 */
export class VarintReader {
  offset = 0;
  failed = false;
  private bytes: Uint8Array = new Uint8Array(0);
  private end = 0;

  /** Starts over at `offset` of `bytes`; nothing at `end` or after is read. */
  reset(bytes: Uint8Array, offset: number, end: number): void {
    this.bytes = bytes;
    this.offset = offset;
    this.end = end;
    this.failed = offset > end;
  }

  read(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.offset < this.end ? this.bytes[this.offset] : undefined;
      if (byte === undefined || scale > 2 ** 49) {
        this.failed = true;
        return 0;
      }
      this.offset++;
      value += (byte & 127) * scale;
      if (byte < 128) break;
      scale *= 128;
    }
    if (!Number.isSafeInteger(value)) this.failed = true;
    return value;
  }

  /** Consumes one byte and notes a failure if it is not `expected`. */
  expect(expected: number): void {
    if (this.offset >= this.end || this.bytes[this.offset] !== expected) this.failed = true;
    this.offset++;
  }

  skip(count: number): void {
    this.offset += count;
    if (this.offset > this.end) this.failed = true;
  }
}

export function writeUint32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 24;
  bytes[offset + 1] = value >>> 16;
  bytes[offset + 2] = value >>> 8;
  bytes[offset + 3] = value;
}

export function readUint32(bytes: Uint8Array, offset: number): number {
  return (
    (((bytes[offset] ?? 0) << 24) |
      ((bytes[offset + 1] ?? 0) << 16) |
      ((bytes[offset + 2] ?? 0) << 8) |
      (bytes[offset + 3] ?? 0)) >>>
    0
  );
}

/** Writes a non-negative safe integer as 8 bytes, big endian. */
export function writeUint53(bytes: Uint8Array, offset: number, value: number): void {
  writeUint32(bytes, offset, Math.floor(value / twoTo32));
  writeUint32(bytes, offset + 4, value >>> 0);
}

/** Reads 8 bytes, big endian. Above 2^53 - 1 the result is not exact: check with `Number.isSafeInteger`. */
export function readUint53(bytes: Uint8Array, offset: number): number {
  return readUint32(bytes, offset) * twoTo32 + readUint32(bytes, offset + 4);
}

/** Reads 8 bytes, big endian, as a signed identifier. */
export function readInt64(bytes: Uint8Array, offset: number): bigint {
  return BigInt.asIntN(
    64,
    (BigInt(readUint32(bytes, offset)) << 32n) | BigInt(readUint32(bytes, offset + 4)),
  );
}

/** Writes a signed identifier as 8 bytes, big endian. */
export function writeInt64(bytes: Uint8Array, offset: number, value: bigint): void {
  const unsigned = BigInt.asUintN(64, value);
  writeUint32(bytes, offset, Number(unsigned >> 32n));
  writeUint32(bytes, offset + 4, Number(unsigned & 0xffff_ffffn));
}
