import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration, toMs } from './go-duration.js';
import { parseBool, parseInteger, quote } from './go-values.js';

const valueOf = <T>(
  parsed:
    { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string },
): T | string => (parsed.ok ? parsed.value : parsed.reason);

describe('Go values', () => {
  it('takes the words that strconv.ParseBool takes, and no others', () => {
    for (const word of ['1', 't', 'T', 'true', 'TRUE', 'True']) expect(parseBool(word)).toBe(true);
    for (const word of ['0', 'f', 'F', 'false', 'FALSE', 'False']) {
      expect(parseBool(word)).toBe(false);
    }
    for (const word of ['', 'tRUE', 'yes', 'on', ' true']) expect(parseBool(word)).toBeUndefined();
  });

  it.each([
    ['0x10', 16n],
    ['0b101', 5n],
    ['0o17', 15n],
    ['017', 15n],
    ['1_000', 1000n],
    ['+5', 5n],
    ['-5', -5n],
    ['9223372036854775807', 2n ** 63n - 1n],
    ['9223372036854775808', 'value out of range'],
    ['', 'parse error'],
    ['1.5', 'parse error'],
    ['1__0', 'parse error'],
    ['08', 'parse error'],
    ['x', 'parse error'],
  ])('B-163: the signed integer %j is %s', (text, expected) => {
    expect(valueOf(parseInteger(text, 'i64'))).toBe(expected);
  });

  it('B-163: unsigned integers have no sign and their own bounds', () => {
    expect(valueOf(parseInteger('+5', 'uint'))).toBe('parse error');
    expect(valueOf(parseInteger('-1', 'u64'))).toBe('parse error');
    expect(valueOf(parseInteger('4294967296', 'u32'))).toBe('value out of range');
    expect(valueOf(parseInteger('18446744073709551615', 'u64'))).toBe(2n ** 64n - 1n);
  });

  it.each([
    ['0', 0n],
    ['-0', 0n],
    ['1h30m', 5_400_000_000_000n],
    ['1.5s', 1_500_000_000n],
    ['.5s', 500_000_000n],
    ['100us', 100_000n],
    ['100µs', 100_000n],
    ['-2ms', -2_000_000n],
    ['', 'time: invalid duration ""'],
    ['5', 'time: missing unit in duration "5"'],
    ['1h30', 'time: missing unit in duration "1h30"'],
    ['5x', 'time: unknown unit "x" in duration "5x"'],
    [' 5s', 'time: invalid duration " 5s"'],
    ['5 s', 'time: unknown unit " s" in duration "5 s"'],
    ['.s', 'time: invalid duration ".s"'],
    ['9999999h', 'time: invalid duration "9999999h"'],
  ])('B-163: the duration %j is %s', (text, expected) => {
    expect(valueOf(parseDuration(text))).toBe(expected);
  });

  it.each([
    [0n, '0s'],
    [1n, '1ns'],
    [1_500n, '1.5µs'],
    [100_000_000n, '100ms'],
    [60_000_000_000n, '1m0s'],
    [5_400_000_000_000n, '1h30m0s'],
    [-1_500_000_000n, '-1.5s'],
  ])('%s ns print as %s', (ns, text) => {
    expect(formatDuration(ns)).toBe(text);
  });

  it('what is printed is read back', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }), (ns) => {
        expect(valueOf(parseDuration(formatDuration(ns)))).toBe(ns);
      }),
    );
  });

  it('milliseconds are rounded up, so that no timeout becomes none', () => {
    expect(toMs(1n)).toBe(1);
    expect(toMs(1_000_000n)).toBe(1);
    expect(toMs(1_000_001n)).toBe(2);
    expect(toMs(0n)).toBe(0);
  });

  it('quotes as %q does', () => {
    expect(quote('a"b\\c\n')).toBe(String.raw`"a\"b\\c\n"`);
    expect(quote('clé')).toBe('"clé"');
    expect(quote('\u0001\u00a0\u2028')).toBe(String.raw`"\x01\u00a0\u2028"`);
  });
});
