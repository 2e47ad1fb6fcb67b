/** Go's double-quoted strings: `%q` on the way out, `strconv.Unquote` and the `%q` of Sscanf on the way in. */
import type { ByteString } from '../bytes.js';

const shortEscapes: ReadonlyMap<number, string> = new Map([
  [0x07, '\\a'],
  [0x08, '\\b'],
  [0x0c, '\\f'],
  [0x0a, '\\n'],
  [0x0d, '\\r'],
  [0x09, '\\t'],
  [0x0b, '\\v'],
]);

/** `%q`: printable Unicode stays, everything else is escaped; bytes that are not UTF-8 become `\xNN`. */
export function quote(bytes: ByteString): ByteString {
  let out = '"';
  for (let i = 0; i < bytes.length;) {
    const code = bytes.charCodeAt(i);
    if (code < 0x80) {
      out += quoteAscii(code);
      i += 1;
      continue;
    }
    const rune = decodeRune(bytes, i);
    if (rune === undefined) {
      out += `\\x${hex(code, 2)}`;
      i += 1;
      continue;
    }
    out += isPrint(rune.code) ? bytes.slice(i, i + rune.size) : escapeRune(rune.code);
    i += rune.size;
  }
  return `${out}"`;
}

function quoteAscii(code: number): string {
  if (code === 0x22) return '\\"';
  if (code === 0x5c) return '\\\\';
  if (code >= 0x20 && code < 0x7f) return String.fromCharCode(code);
  return shortEscapes.get(code) ?? `\\x${hex(code, 2)}`;
}

function escapeRune(code: number): string {
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
}

function hex(value: number, width: number): string {
  return value.toString(16).padStart(width, '0');
}

/** `strconv.IsPrint`: letters, marks, numbers, punctuation and symbols; of spaces the ASCII one only. */
function isPrint(code: number): boolean {
  return /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(String.fromCodePoint(code));
}

/** The UTF-8 character that starts at `index`, or undefined where Go sees `utf8.RuneError` of width 1. */
function decodeRune(
  bytes: ByteString,
  index: number,
): { readonly code: number; readonly size: number } | undefined {
  const first = bytes.charCodeAt(index);
  if (first < 0x80) return { code: first, size: 1 };
  const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || index + size > bytes.length) return undefined;
  let code = first & (0xff >> (size + 1));
  for (let i = index + 1; i < index + size; i++) {
    const byte = bytes.charCodeAt(i);
    if ((byte & 0xc0) !== 0x80) return undefined;
    code = (code << 6) | (byte & 0x3f);
  }
  const overlong = (size === 3 && code < 0x800) || (size === 4 && code < 0x10000);
  const outside = code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff);
  return overlong || outside ? undefined : { code, size };
}

/** Bytes of one code point in UTF-8. */
function encodeRune(code: number): ByteString {
  return Buffer.from(String.fromCodePoint(code), 'utf8').toString('latin1');
}

/** `strconv.Unquote` of a double-quoted string, quotes included. Undefined when Go says `invalid syntax`. */
export function unquote(quoted: ByteString): ByteString | undefined {
  if (quoted.length < 2 || !quoted.startsWith('"') || !quoted.endsWith('"')) return undefined;
  const inner = quoted.slice(1, -1);
  let out = '';
  for (let i = 0; i < inner.length;) {
    const character = inner.charAt(i);
    if (character === '"' || character === '\n') return undefined;
    if (character !== '\\') {
      out += character;
      i += 1;
      continue;
    }
    const escape = readEscape(inner, i + 1);
    if (escape === undefined) return undefined;
    out += escape.bytes;
    i = escape.end;
  }
  return out;
}

const simpleEscapes: ReadonlyMap<string, string> = new Map([
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
  ['\\', '\\'],
  ['"', '"'],
]);
const hexDigits: ReadonlyMap<string, number> = new Map([
  ['x', 2],
  ['u', 4],
  ['U', 8],
]);

/** The escape after a backslash: `start` is the character that follows it. */
function readEscape(
  text: ByteString,
  start: number,
): { readonly bytes: ByteString; readonly end: number } | undefined {
  const letter = text.charAt(start);
  const simple = simpleEscapes.get(letter);
  if (simple !== undefined) return { bytes: simple, end: start + 1 };
  const width = hexDigits.get(letter);
  if (width !== undefined) {
    const digits = text.slice(start + 1, start + 1 + width);
    if (digits.length !== width || !/^[0-9a-fA-F]+$/.test(digits)) return undefined;
    return escapedCode(letter, Number.parseInt(digits, 16), start + 1 + width);
  }
  const octal = text.slice(start, start + 3);
  if (!/^[0-7]{3}$/.test(octal)) return undefined;
  const code = Number.parseInt(octal, 8);
  return code > 255 ? undefined : { bytes: String.fromCharCode(code), end: start + 3 };
}

function escapedCode(
  letter: string,
  code: number,
  end: number,
): { readonly bytes: ByteString; readonly end: number } | undefined {
  if (letter === 'x') return { bytes: String.fromCharCode(code), end };
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return undefined;
  return { bytes: encodeRune(code), end };
}
