/** The values of a list flag: one record of Go's encoding/csv. */
import type { ByteString } from '../bytes.js';

/** Throws an `Error` with Go's text on a misplaced quote. An empty text is an empty list. */
export function parseCsv(text: ByteString): ByteString[] {
  if (text === '') return [];
  const line = firstLine(text);
  if (line === undefined) throw new Error('EOF');
  const fields: ByteString[] = [];
  let rest = line;
  for (;;) {
    const field = rest.startsWith('"') ? quotedField(rest, line) : bareField(rest, line);
    fields.push(field.value);
    if (field.rest === undefined) return fields;
    rest = field.rest;
  }
}

/** Empty lines are skipped; what follows the record is not read. */
function firstLine(text: string): string | undefined {
  return text.split('\n').find((line) => line !== '' && line !== '\r');
}

interface Field {
  readonly value: ByteString;
  /** After the comma; undefined at the end of the record. */
  readonly rest: string | undefined;
}

function bareField(text: string, line: string): Field {
  const comma = text.indexOf(',');
  const value = comma < 0 ? text : text.slice(0, comma);
  const quoteAt = value.indexOf('"');
  if (quoteAt >= 0) throw parseError(line, text, quoteAt, 'bare " in non-quoted-field');
  return { value, rest: comma < 0 ? undefined : text.slice(comma + 1) };
}

function quotedField(text: string, line: string): Field {
  let value = '';
  for (let at = 1; ;) {
    const end = text.indexOf('"', at);
    if (end < 0)
      throw parseError(line, text, text.length, 'extraneous or missing " in quoted-field');
    value += text.slice(at, end);
    const next = text.charAt(end + 1);
    if (next === '"') {
      value += '"';
      at = end + 2;
    } else if (next === '' || next === ',') {
      return { value, rest: next === '' ? undefined : text.slice(end + 2) };
    } else {
      throw parseError(line, text, end, 'extraneous or missing " in quoted-field');
    }
  }
}

/** Columns count bytes from 1; `offset` is within `rest`, which is the tail of `line`. */
function parseError(line: string, rest: string, offset: number, reason: string): Error {
  const column = line.length - rest.length + offset + 1;
  return new Error(`parse error on line 1, column ${column}: ${reason}`);
}
