/** Goal: header blocks mean what RFC 7541 says. Method: the RFC's own examples (appendix C), then blocks that must be refused. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HpackDecoder, HpackError } from './decoder.js';

const open = (listBytesMax = 65_536): HpackDecoder =>
  new HpackDecoder({ tableBytesMax: 4096, listBytesMax });

function decode(decoder: HpackDecoder, hex: string): string[] | undefined {
  const block = Buffer.from(hex, 'hex');
  return decoder.decode(block, 0, block.length)?.map(({ name, value }) => `${name}: ${value}`);
}

const first = [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'];
const second = [...first, 'cache-control: no-cache'];
const third = [
  ':method: GET',
  ':scheme: https',
  ':path: /index.html',
  ':authority: www.example.com',
  'custom-key: custom-value',
];

describe('examples of RFC 7541', () => {
  it('C.3: requests without Huffman coding, sharing a table', () => {
    const decoder = open();
    expect(decode(decoder, '828684410f7777772e6578616d706c652e636f6d')).toEqual(first);
    expect(decode(decoder, '828684be58086e6f2d6361636865')).toEqual(second);
    expect(decode(decoder, '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565')).toEqual(
      third,
    );
  });

  it('C.4: the same with Huffman coding', () => {
    const decoder = open();
    expect(decode(decoder, '828684418cf1e3c2e5f23a6ba0ab90f4ff')).toEqual(first);
    expect(decode(decoder, '828684be5886a8eb10649cbf')).toEqual(second);
    expect(decode(decoder, '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf')).toEqual(third);
  });

  it('C.5: eviction from a table of 256 bytes', () => {
    const decoder = open();
    const block = `3fe1014803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d`;
    const fields = [
      ':status: 302',
      'cache-control: private',
      'date: Mon, 21 Oct 2013 20:13:21 GMT',
      'location: https://www.example.com',
    ];
    expect(decode(decoder, block)).toEqual(fields);
    // The fourth field from the front is evicted by this one.
    expect(decode(decoder, '4803333037c1c0bf')).toEqual([':status: 307', ...fields.slice(1)]);
    expect(() => decode(decoder, 'c2')).toThrow(HpackError);
  });
});

describe('the cache of blocks', () => {
  it('returns the same array for the same references, and not across a change of the table', () => {
    const decoder = open();
    decode(decoder, '828684410f7777772e6578616d706c652e636f6d');
    const block = Buffer.from('828684be', 'hex');
    const fields = decoder.decode(block, 0, block.length);
    expect(decoder.decode(block, 0, block.length)).toBe(fields);
    decode(decoder, '400a637573746f6d2d6b65790c637573746f6d2d76616c7565');
    expect(decode(decoder, '828684be')?.at(-1)).toBe('custom-key: custom-value');
  });
});

describe('blocks that are refused', () => {
  it.each([
    ['index 0', '80'],
    ['an index beyond the tables', 'ff7f'],
    ['a field cut short', '410f777777'],
    ['an integer without end', 'ffffffffffffffffffffff'],
    ['a table larger than was announced', '3fe2ff01'],
    ['a table size after a field', '8220'],
    ['Huffman padding of eight bits', '0085f2b24a84ffff00'],
    ['Huffman padding of zeros', '008218000100'],
    ['the Huffman end of string', '0084ffffffff00'],
  ])('%s', (_name, hex) => {
    expect(() => decode(open(), hex)).toThrow(HpackError);
  });

  it('a list over the limit is undefined, and the tables are right all the same', () => {
    const decoder = open(100);
    expect(decode(decoder, `4001610162${'be'.repeat(20)}`)).toBeUndefined();
    expect(decode(decoder, 'be')).toEqual(['a: b']);
  });

  it('any bytes are decoded or refused, never anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const block = Buffer.from(bytes);
        try {
          open().decode(block, 0, block.length);
        } catch (error) {
          expect(error).toBeInstanceOf(HpackError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
