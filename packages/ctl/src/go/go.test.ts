/** Go's text rules. Expected values of the examples were printed by Go itself; properties compare with the inverse. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromText, toText } from '../bytes.js';
import { parseCsv } from './csv.js';
import { formatDuration, parseDuration } from './duration.js';
import { quote, unquote } from './quote.js';
import { scanComparison } from './scan.js';
import { NumError, parseBool, parseInt64, parseUint64 } from './strconv.js';
import { splitWords, trimSpace } from './words.js';

const anyBytes = fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('latin1'));

describe('%q', () => {
  test.each([
    ['plain', '"plain"'],
    ['a\tb\n"q"\\\x07\x1b\x7f', '"a\\tb\\n\\"q\\"\\\\\\a\\x1b\\x7f"'],
    ['\u20ac \u{1f600} \u00e9', '"\u20ac \u{1f600} \u00e9"'],
    ['\u00a0\u2028\u200b\ufeff\u00ad', '"\\u00a0\\u2028\\u200b\\ufeff\\u00ad"'],
    ['\u{e0001}', '"\\U000e0001"'],
    ['\ufffd', '"\ufffd"'],
  ])('%j', (text, quoted) => {
    expect(toText(quote(fromText(text)))).toBe(quoted);
  });

  test('bytes that are not UTF-8 are escaped one by one', () => {
    expect(quote('\xff\xe2\x82a\xc0\x80\xed\xa0\x80')).toBe(
      '"\\xff\\xe2\\x82a\\xc0\\x80\\xed\\xa0\\x80"',
    );
  });

  test('unquote reads what quote writes, for any bytes', () => {
    fc.assert(fc.property(anyBytes, (bytes) => unquote(quote(bytes)) === bytes));
  });

  test('unquote: octal, hex and Unicode escapes', () => {
    expect(unquote('"\\101\\x41\\u20ac\\U0001f600"')).toBe(`AA${fromText('\u20ac\u{1f600}')}`);
  });

  test.each([
    '"\\q"',
    '"\\400"',
    '"\\ud800"',
    '"\\U00110000"',
    '"\\x4"',
    'a',
    '"',
    '"a"b"',
    '"\n"',
  ])('B-175: %j is no Go string', (text) => {
    expect(unquote(text)).toBeUndefined();
  });
});

describe('strconv', () => {
  test('J-1: 64 bits, exactly', () => {
    expect(parseInt64('9223372036854775807', 10)).toBe(2n ** 63n - 1n);
    expect(parseInt64('-9223372036854775808', 10)).toBe(-(2n ** 63n));
    expect(parseInt64('9007199254740993', 10)).toBe(2n ** 53n + 1n);
    expect(parseUint64('ffffffffffffffff', 16)).toBe(2n ** 64n - 1n);
  });
  test.each([
    ['0x1f', 31n],
    ['0b11', 3n],
    ['017', 15n],
    ['0o17', 15n],
    ['1_000', 1000n],
    ['0x_1f', 31n],
    ['+5', 5n],
    ['-0x10', -16n],
  ])('base 0: %s', (text, value) => {
    expect(parseInt64(text, 0)).toBe(value);
  });
  test.each(['', '-', 'x', '1__0', '_1', '1_', '08', '0x', '1.5', ' 1', '1e3'])(
    'invalid syntax: %j',
    (text) => {
      expect(() => parseInt64(text, 0)).toThrow(
        `strconv.ParseInt: parsing ${quote(text)}: invalid syntax`,
      );
    },
  );
  test('out of range, however long', () => {
    expect(() => parseInt64('9223372036854775808', 10)).toThrow('value out of range');
    expect(() => parseInt64('9'.repeat(100_000), 10)).toThrow('value out of range');
    expect(() => parseUint64('-1', 10)).toThrow(NumError);
  });
  test('booleans', () => {
    expect(['1', 't', 'TRUE', 'True'].map(parseBool)).toEqual([true, true, true, true]);
    expect(() => parseBool('yes')).toThrow('strconv.ParseBool: parsing "yes": invalid syntax');
  });
});

describe('durations', () => {
  test.each([
    [0n, '0s'],
    [1n, '1ns'],
    [903_138n, '903.138\xc2\xb5s'],
    [1_054_754n, '1.054754ms'],
    [5_000_000_000n, '5s'],
    [60_000_000_000n, '1m0s'],
    [3_661_500_000_000n, '1h1m1.5s'],
    [-1_500_000n, '-1.5ms'],
  ])('%s ns is %s', (nanoseconds, text) => {
    expect(formatDuration(nanoseconds)).toBe(text);
    expect(parseDuration(text)).toBe(nanoseconds);
  });
  test('parse reads what format writes', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }),
        (ns) => parseDuration(formatDuration(ns)) === ns,
      ),
    );
  });
  test.each([
    ['5', 'time: missing unit in duration "5"'],
    ['5x', 'time: unknown unit "x" in duration "5x"'],
    ['soon', 'time: invalid duration "soon"'],
    ['', 'time: invalid duration ""'],
    ['9999999h', 'time: invalid duration "9999999h"'],
  ])('%j', (text, message) => {
    expect(() => parseDuration(text)).toThrow(message);
  });
});

test('lists: fields, quotes, mistakes', () => {
  expect(parseCsv('')).toEqual([]);
  expect(parseCsv('a,b,,c')).toEqual(['a', 'b', '', 'c']);
  expect(parseCsv('"a,b","say ""hi"""')).toEqual(['a,b', 'say "hi"']);
  expect(() => parseCsv('a"b')).toThrow(
    'parse error on line 1, column 2: bare " in non-quoted-field',
  );
  expect(() => parseCsv('"a')).toThrow('extraneous or missing " in quoted-field');
  expect(() => parseCsv('\n')).toThrow('EOF');
});

describe('interactive lines', () => {
  test('words: quoted either way, or bare; a quote that is never closed is dropped', () => {
    expect(splitWords(`put  "a b\\n" 'c "d"' e'f "g`)).toEqual([
      'put',
      'a b\n',
      'c "d"',
      "e'f",
      'g',
    ]);
    expect(splitWords('')).toEqual([]);
    expect(() => splitWords('put "\\q"')).toThrow('invalid syntax');
  });
  test('S-46: a long line takes no longer than its length', () => {
    const start = performance.now();
    splitWords('"\\'.repeat(50_000));
    splitWords("'".repeat(100_000));
    expect(performance.now() - start).toBeLessThan(1_000);
  });
  test('blanks of ASCII only: U+00A0 is part of a word', () => {
    expect(trimSpace(' \t a\xc2\xa0 \r\n')).toBe('a\xc2\xa0');
  });
  test.each([
    ['"k") = "v"', { count: 3, key: 'k', operator: '=', value: 'v' }],
    ['"a\\"b")   !=   "c" trailing', { count: 3, key: 'a"b', operator: '!=', value: 'c' }],
    ['`raw\\`) < `x`', { count: 3, key: 'raw\\', operator: '<', value: 'x' }],
    ['"k" = "v"', { count: 1, key: 'k', operator: '', value: '' }],
    ['"k")= "v"', { count: 1, key: 'k', operator: '', value: '' }],
    ['"k") ="v"', { count: 2, key: 'k', operator: '="v"', value: '' }],
    ['k) = "v"', { count: 0, key: '', operator: '', value: '' }],
  ])('comparison %s', (text, scanned) => {
    expect(scanComparison(text)).toEqual(scanned);
  });
});
