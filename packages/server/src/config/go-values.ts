/** Values as Go's `flag` and `strconv` packages read them, with their error texts: scripts and tests match on these. */

/** A value, or why it is none. */
export type Parsed<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

export const parsed = <T>(value: T): Parsed<T> => ({ ok: true, value });
export const refused = <T>(reason: string): Parsed<T> => ({ ok: false, reason });

const trueWords = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const falseWords = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

/** Go's strconv.ParseBool. */
export function parseBool(text: string): boolean | undefined {
  if (trueWords.has(text)) return true;
  if (falseWords.has(text)) return false;
  return undefined;
}

/** The integer types of flags and their bounds, both inclusive. */
export const integerBounds: Readonly<
  Record<'int' | 'uint' | 'u32' | 'u64' | 'i64', { readonly min: bigint; readonly max: bigint }>
> = {
  int: { min: -(2n ** 63n), max: 2n ** 63n - 1n },
  uint: { min: 0n, max: 2n ** 64n - 1n },
  u32: { min: 0n, max: 2n ** 32n - 1n },
  u64: { min: 0n, max: 2n ** 64n - 1n },
  i64: { min: -(2n ** 63n), max: 2n ** 63n - 1n },
};

/** Digits with underscores between them only, after an optional base prefix (Go's strconv.ParseInt with base 0). */
const digits: readonly { readonly pattern: RegExp; readonly prefix: string }[] = [
  { pattern: /^0[xX](?:_?[0-9a-fA-F])+$/, prefix: '' },
  { pattern: /^0[bB](?:_?[01])+$/, prefix: '' },
  { pattern: /^0[oO](?:_?[0-7])+$/, prefix: '' },
  { pattern: /^0(?:_?[0-7])+$/, prefix: '0o' },
  { pattern: /^(?:0|[1-9](?:_?[0-9])*)$/, prefix: '' },
];

/** An integer as Go writes it in source: sign (signed types only), base prefix, underscores. */
export function parseInteger(text: string, type: keyof typeof integerBounds): Parsed<bigint> {
  const bounds = integerBounds[type];
  const sign = bounds.min < 0n ? /^[+-]/.exec(text)?.[0] : undefined;
  const unsigned = sign === undefined ? text : text.slice(1);
  const form = digits.find(({ pattern }) => pattern.test(unsigned));
  if (form === undefined) return refused('parse error');
  const magnitude = BigInt(form.prefix + unsigned.replaceAll('_', '').toLowerCase());
  const value = sign === '-' ? -magnitude : magnitude;
  if (value < bounds.min || value > bounds.max) return refused('value out of range');
  return parsed(value);
}

const singleQuotes: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};

/** A text in double quotes, as Go's `%q` prints it. */
export function quote(text: string): string {
  const inner = Array.from(text, (char) => {
    const short = singleQuotes[char];
    if (short !== undefined) return short;
    const code = char.codePointAt(0) ?? 0;
    if (char === ' ' || /[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(char)) return char;
    if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
    if (code < 0x1_0000) return `\\u${code.toString(16).padStart(4, '0')}`;
    return `\\U${code.toString(16).padStart(8, '0')}`;
  });
  return `"${inner.join('')}"`;
}
