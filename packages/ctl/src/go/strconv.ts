/** Go's strconv, for the texts of its errors: parsing integers and booleans from flags and arguments. */
import { quote } from './quote.js';
import type { ByteString } from '../bytes.js';

/** The error of a conversion, with Go's text: `strconv.ParseInt: parsing "x": invalid syntax`. */
export class NumError extends Error {
  override readonly name: string = 'NumError';

  constructor(operation: string, input: ByteString, reason: string) {
    super(`strconv.${operation}: parsing ${quote(input)}: ${reason}`);
  }
}

const syntax = 'invalid syntax';
const range = 'value out of range';
const int64Max = 2n ** 63n - 1n;
const uint64Max = 2n ** 64n - 1n;

/**
 * `strconv.ParseInt(text, base, 64)`. Base 0 takes the prefixes 0x, 0o, 0b and 0, and underscores between digits, as flags do;
 * bases 10 and 16 take digits only.
 */
export function parseInt64(text: ByteString, base: 0 | 10 | 16): bigint {
  const name = 'ParseInt';
  if (text === '') throw new NumError(name, text, syntax);
  const negative = text.startsWith('-');
  const magnitude = parseMagnitude(negative || text.startsWith('+') ? text.slice(1) : text, base);
  if (magnitude === undefined) throw new NumError(name, text, syntax);
  const value = negative ? -magnitude : magnitude;
  if (value > int64Max || value < -int64Max - 1n) throw new NumError(name, text, range);
  return value;
}

/** `strconv.ParseUint(text, base, 64)`; bases as above. */
export function parseUint64(text: ByteString, base: 0 | 10 | 16): bigint {
  const magnitude = parseMagnitude(text, base);
  if (magnitude === undefined) throw new NumError('ParseUint', text, syntax);
  if (magnitude > uint64Max) throw new NumError('ParseUint', text, range);
  return magnitude;
}

/** `strconv.ParseBool`. */
export function parseBool(text: ByteString): boolean {
  switch (text) {
    case '1':
    case 't':
    case 'T':
    case 'true':
    case 'TRUE':
    case 'True':
      return true;
    case '0':
    case 'f':
    case 'F':
    case 'false':
    case 'FALSE':
    case 'False':
      return false;
    default:
      throw new NumError('ParseBool', text, syntax);
  }
}

const digitsOfBase = {
  2: /^[01]+$/,
  8: /^[0-7]+$/,
  10: /^[0-9]+$/,
  16: /^[0-9a-fA-F]+$/,
} as const;
const prefixOfBase = { 2: '0b', 8: '0o', 10: '', 16: '0x' } as const;

/** Undefined when a character is not a digit. Longer than 100 digits is longer than any range: no need to convert it all. */
function parseMagnitude(text: string, base: 0 | 10 | 16): bigint | undefined {
  const { radix, digits } = base === 0 ? detectBase(text) : { radix: base, digits: text };
  if (digits === undefined || !digitsOfBase[radix].test(digits)) return undefined;
  const significant = digits.replace(/^0+/, '');
  if (significant.length > 100) return 2n ** 100n;
  return significant === '' ? 0n : BigInt(prefixOfBase[radix] + significant);
}

function detectBase(text: string): { radix: 2 | 8 | 10 | 16; digits: string | undefined } {
  const prefix = /^0([xXoObB]?)/.exec(text);
  const letter = prefix?.[1]?.toLowerCase();
  if (letter === undefined || text === '0') return { radix: 10, digits: withoutUnderscores(text) };
  const radix = letter === 'x' ? 16 : letter === 'b' ? 2 : 8;
  return { radix, digits: withoutUnderscores(text.slice(letter === '' ? 1 : 2), true) };
}

/** Underscores may stand only between digits, or between the prefix of a base and a digit. */
function withoutUnderscores(digits: string, afterPrefix = false): string | undefined {
  if (!digits.includes('_')) return digits;
  if (digits.endsWith('_') || digits.includes('__')) return undefined;
  if (digits.startsWith('_') && !afterPrefix) return undefined;
  return digits.replaceAll('_', '');
}
