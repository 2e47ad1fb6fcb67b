/** Words of an interactive line, as etcdctl cuts them (etcdctl command/util.go Argify): quoted either way, or bare. */
import type { ByteString } from '../bytes.js';
import { ExitCode, ExitError } from '../exit.js';
import { unquote } from './quote.js';

/**
 * A string in double quotes with escapes, one in single quotes as it is, or what stands between blanks. A quote that is never closed is
 * dropped. The pattern cannot backtrack far: each alternative is told by its first character.
 */
const word = /"(?:[^"\\]|\\[^\n])*"|'[^']*'|[^'"\t\n\f\r ][^\t\n\f\r ]*/g;

/** Throws `ExitError` (invalid input) for an escape that Go does not know. */
export function splitWords(line: ByteString): ByteString[] {
  return (line.match(word) ?? []).map((text) => {
    if (text.startsWith("'")) return text.slice(1, -1);
    if (!text.startsWith('"')) return text;
    const plain = unquote(text);
    if (plain === undefined) throw new ExitError(ExitCode.invalidInput, 'invalid syntax');
    return plain;
  });
}

/** `strings.TrimSpace`, for the blanks of ASCII. */
export function trimSpace(text: ByteString): ByteString {
  return text.replace(/^[\t\n\v\f\r ]+/, '').replace(/[\t\n\v\f\r ]+$/, '');
}
