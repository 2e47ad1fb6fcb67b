/** HPACK: examples of RFC 7541 appendix C, round trips, and blocks that break the rules. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HpackDecoder, HpackError, encodeHeaders } from './hpack.js';

const bytes = (hex: string): Uint8Array =>
  Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

test('RFC 7541 C.6: responses with Huffman coding and the dynamic table, three on one connection', () => {
  const decoder = new HpackDecoder();
  const first = decoder.decode(
    bytes(
      '488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3',
    ),
  );
  expect(first).toEqual([
    [':status', '302'],
    ['cache-control', 'private'],
    ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'],
    ['location', 'https://www.example.com'],
  ]);
  expect(decoder.decode(bytes('4883640effc1c0bf'))[0]).toEqual([':status', '307']);
});

test('what the encoder writes, the decoder reads', () => {
  const text = fc.string({
    unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
  });
  const field = fc.tuple(fc.constantFrom(':path', 'token', 'te', 'grpc-timeout', 'x'), text);
  fc.assert(
    fc.property(fc.array(field), (fields) => {
      expect(new HpackDecoder().decode(encodeHeaders(fields))).toEqual(fields);
    }),
  );
});

describe('blocks that break the rules', () => {
  test.each([
    ['an index of nothing', '80'],
    ['an index beyond the tables', 'fe'],
    ['a block that ends inside a name', '4005'],
    ['a length that never ends', '40ffffffffff7f'],
    ['a table size above the limit', '3fe23f'],
    ['Huffman padding that is not ones', '408100'],
  ])('%s', (_name, hex) => {
    expect(() => new HpackDecoder().decode(bytes(hex))).toThrow(HpackError);
  });

  test('random bytes never do more than throw HpackError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (block) => {
        try {
          new HpackDecoder().decode(block);
        } catch (error) {
          expect(error).toBeInstanceOf(HpackError);
        }
      }),
    );
  });
});
