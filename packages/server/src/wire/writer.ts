/**
 * Writes protobuf fields into a buffer of a size that the caller has computed: no growth, no copies.
 * The counterpart of `reader.ts`, for the same few messages.
 */
import { invariant } from '../invariant.js';

/** Up to here a 64-bit number is written as a number: arithmetic on bigints allocates. */
const SAFE_MAX = BigInt(Number.MAX_SAFE_INTEGER);

/** Bytes of a varint that holds `value`, a non-negative safe integer. */
export function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  if (value < 0x10000000) return 4;
  let size = 5;
  for (let rest = Math.floor(value / 0x800000000); rest > 0; rest = Math.floor(rest / 0x80)) size++;
  return size;
}

/** Bytes of a 64-bit varint: a negative number takes ten, as protobuf sign-extends it. */
export function varint64Size(value: bigint): number {
  if (value >= 0n && value <= SAFE_MAX) return varintSize(Number(value));
  let size = 1;
  for (let rest = BigInt.asUintN(64, value) >> 7n; rest > 0n; rest >>= 7n) size++;
  return size;
}

/** Writes `value`, a non-negative safe integer; returns the offset after it. */
export function writeVarint(into: Uint8Array, at: number, value: number): number {
  let rest = value;
  while (rest > 0x7fffffff) {
    into[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  while (rest >= 0x80) {
    into[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  into[at++] = rest;
  return at;
}

/** Writes a 64-bit varint, two's complement; returns the offset after it. */
export function writeVarint64(into: Uint8Array, at: number, value: bigint): number {
  if (value >= 0n && value <= SAFE_MAX) return writeVarint(into, at, Number(value));
  let rest = BigInt.asUintN(64, value);
  while (rest >= 0x80n) {
    into[at++] = Number(rest & 0x7fn) | 0x80;
    rest >>= 7n;
  }
  into[at++] = Number(rest);
  return at;
}

/** Bytes of a 64-bit varint given as two unsigned 32-bit halves. */
export function halvesSize(low: number, high: number): number {
  if (high === 0) return varintSize(low);
  return varintSize(high * 16 + (low >>> 28)) + 4;
}

/** Writes a 64-bit varint given as two unsigned 32-bit halves; returns the offset after it. */
export function writeHalves(into: Uint8Array, at: number, low: number, high: number): number {
  if (high === 0) return writeVarint(into, at, low);
  // Four groups of seven bits, all of them followed by more; what is left has 36 bits and is a safe integer.
  into[at++] = (low & 0x7f) | 0x80;
  into[at++] = ((low >>> 7) & 0x7f) | 0x80;
  into[at++] = ((low >>> 14) & 0x7f) | 0x80;
  into[at++] = ((low >>> 21) & 0x7f) | 0x80;
  return writeVarint(into, at, high * 16 + (low >>> 28));
}

/** The tag of a field, as one number below 128 or as a varint. */
export function tagOf(field: number, wireType: number): number {
  return field * 8 + wireType;
}

/** Size of `field: bytes` with a body of `length`. */
export function lengthFieldSize(field: number, length: number): number {
  return varintSize(tagOf(field, 2)) + varintSize(length) + length;
}

/** Writes tag and length of a length-delimited field; the body follows at the offset returned. */
export function writeLengthPrefix(
  into: Uint8Array,
  at: number,
  field: number,
  length: number,
): number {
  return writeVarint(into, writeVarint(into, at, tagOf(field, 2)), length);
}

/** A buffer of exactly this size, uninitialised: every byte must be written. */
export function allocate(size: number): Buffer {
  return Buffer.allocUnsafe(size);
}

/** The computed size and the bytes written are one fact said twice. */
export function finished(buffer: Buffer, at: number): Buffer {
  invariant(at === buffer.length, 'a message fills the buffer that was sized for it', {
    at,
    size: buffer.length,
  });
  return buffer;
}
