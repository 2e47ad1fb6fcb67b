// Goal: frames and records are etcd's, byte for byte, and nothing else passes as one.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRecord, frameBytesOf, readFrameHeader, writeFrameHeader } from './record.js';

const bounds = () => ({ type: 0, crc: 0, start: 0, end: 0 });

describe('frame header', () => {
  it.each([
    [1, '0100000000000087'],
    [4, '0400000000000084'],
    [8, '0800000000000000'],
    [0x12345, '4523010000000083'],
    [0x1_0000_0007, '0700000001000081'],
  ])('of a record of %i bytes is %s', (recordBytes, hex) => {
    const bytes = new Uint8Array(8);
    const view = new DataView(bytes.buffer);
    writeFrameHeader(view, 0, recordBytes);
    expect(Buffer.from(bytes).toString('hex')).toBe(hex);
    expect(readFrameHeader(view, 0)).toBe(recordBytes);
    expect(frameBytesOf(recordBytes) % 8).toBe(0);
  });

  it('with a padding that does not fit its length, or with unused bits, is none (G-13)', () => {
    for (const hex of [
      '0100000000000000',
      '0100000000000086',
      '01000000000000c7',
      '0800000000000080',
    ]) {
      const bytes = Buffer.from(hex, 'hex');
      expect(readFrameHeader(new DataView(bytes.buffer, bytes.byteOffset, 8), 0)).toBe(-1);
    }
  });
});

describe('record', () => {
  it('is decoded with its fields in any order, the last of each, unknown ones skipped', () => {
    const bytes = Uint8Array.of(
      0x1a,
      1,
      9,
      0x10,
      5,
      0x22,
      2,
      0,
      0,
      0x1a,
      2,
      7,
      8,
      0x08,
      2,
      0x2d,
      1,
      2,
      3,
      4,
      0x31,
      1,
      2,
      3,
      4,
      5,
      6,
      7,
      8,
    );
    const record = bounds();
    expect(decodeRecord(bytes, 0, bytes.length, record)).toBe(true);
    expect(record).toEqual({ type: 2, crc: 5, start: 11, end: 13 });
  });

  it.each([
    ['field number 0', [0, 0]],
    ['a group', [0x0b]],
    ['a varint without an end', [0x08, 0x80]],
    ['a varint of 11 bytes', [0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]],
    ['a number above 2^53', [0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]],
    ['a length beyond the end', [0x1a, 200, 1, 2]],
    ['a fixed field beyond the end', [0x2d, 1, 2]],
  ])('with %s is none', (_, bytes) => {
    expect(decodeRecord(Uint8Array.from(bytes), 0, bytes.length, bounds())).toBe(false);
  });

  it('never reaches beyond its bounds, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(60), (bytes, from) => {
        const start = Math.min(from, bytes.length);
        const record = bounds();
        if (!decodeRecord(bytes, start, bytes.length, record)) return;
        expect(record.start).toBeGreaterThanOrEqual(start);
        expect(record.end).toBeGreaterThanOrEqual(record.start);
        expect(record.end).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });
});
