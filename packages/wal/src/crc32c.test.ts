// Goal: the checksum is CRC-32C and can be computed in parts. Method: vectors of RFC 3720 §B.4, a bitwise model.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32c } from './crc32c.js';

function bitwise(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

describe('crc32c', () => {
  it('equals the vectors of RFC 3720', () => {
    expect(crc32c(0, new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(0, new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(
      crc32c(
        0,
        Uint8Array.from({ length: 32 }, (_, i) => i),
      ),
    ).toBe(0x46dd794e);
    expect(crc32c(0, new TextEncoder().encode('123456789'))).toBe(0xe3069283);
  });

  it('equals a bitwise computation, in one piece and in two', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, at) => {
        const cut = Math.min(at, bytes.length);
        expect(crc32c(0, bytes)).toBe(bitwise(bytes));
        expect(crc32c(crc32c(0, bytes, 0, cut), bytes, cut)).toBe(bitwise(bytes));
      }),
    );
  });

  it('of nothing is what it was', () => {
    expect(crc32c(123, new Uint8Array(0))).toBe(123);
  });
});
