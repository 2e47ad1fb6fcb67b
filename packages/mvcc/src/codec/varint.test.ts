// J-1: 64-bit numbers survive, at and around every edge; damaged bytes fail instead of throwing.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  readInt64,
  readUint53,
  VarintReader,
  varintSize,
  writeInt64,
  writeUint53,
  writeVarint,
  writeVarint64,
} from './varint.js';

const counters = fc.oneof(
  fc.constantFrom(0, 1, 127, 128, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1),
  fc.maxSafeNat(),
);
const identifiers = fc.oneof(
  fc.constantFrom(0n, 1n, -1n, 2n ** 53n + 1n, 2n ** 60n + 1n, 2n ** 63n - 1n, -(2n ** 63n)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);

function decode(bytes: Uint8Array): VarintReader & { readonly value: number } {
  const reader = new VarintReader();
  reader.reset(bytes, 0, bytes.length);
  return Object.assign(reader, { value: reader.read() });
}

describe('varints', () => {
  it('J-1 round-trip every counter in the size foretold', () => {
    fc.assert(
      fc.property(counters, (value) => {
        const bytes = new Uint8Array(10);
        const size = writeVarint(bytes, 0, value);
        expect(size).toBe(varintSize(value));
        const read = decode(bytes.subarray(0, size));
        expect([read.value, read.failed, read.offset]).toEqual([value, false, size]);
      }),
    );
  });

  it('J-1 write identifiers as protobuf does an int64', () => {
    const bytes = new Uint8Array(10);
    expect(writeVarint64(bytes, 0, -1n)).toBe(10);
    expect([...bytes]).toEqual([255, 255, 255, 255, 255, 255, 255, 255, 255, 1]);
    expect(writeVarint64(bytes, 0, 300n)).toBe(2);
    expect([...bytes.subarray(0, 2)]).toEqual([172, 2]);
  });

  it.each([
    ['nothing', []],
    ['a varint cut short', [128, 128]],
    ['more than 53 bits', [255, 255, 255, 255, 255, 255, 255, 255, 1]],
    ['an endless varint', new Array<number>(20).fill(128)],
  ])('fail on %s', (_name, bytes) => {
    expect(decode(Uint8Array.from(bytes)).failed).toBe(true);
  });
});

describe('fixed integers', () => {
  it('J-1 round-trip', () => {
    const bytes = new Uint8Array(8);
    fc.assert(
      fc.property(counters, identifiers, (counter, identifier) => {
        writeUint53(bytes, 0, counter);
        expect(readUint53(bytes, 0)).toBe(counter);
        writeInt64(bytes, 0, identifier);
        expect(readInt64(bytes, 0)).toBe(identifier);
      }),
    );
  });
});
