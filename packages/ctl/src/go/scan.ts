/** The one use of fmt.Sscanf in etcdctl: `%q) %s %q`, the rest of a comparison after its parenthesis. */
import type { ByteString } from '../bytes.js';
import { unquote } from './quote.js';

/** What was read before the first thing that did not fit; `count` of three is success. What follows is ignored. */
export interface Scanned {
  readonly count: number;
  readonly key: ByteString;
  readonly operator: ByteString;
  readonly value: ByteString;
}

export function scanComparison(text: ByteString): Scanned {
  const result = { count: 0, key: '', operator: '', value: '' };
  const key = scanQuoted(text.trimStart());
  if (key === undefined) return result;
  const first = { ...result, count: 1, key: key.text };
  const operator = /^\)[ \t]+([^ \t\n\r]+)/.exec(key.rest);
  if (operator?.[1] === undefined) return first;
  const second = { ...first, count: 2, operator: operator[1] };
  const rest = key.rest.slice(operator[0].length);
  const value = /^[ \t]/.test(rest) ? scanQuoted(rest.trimStart()) : undefined;
  return value === undefined ? second : { ...second, count: 3, value: value.text };
}

/** `%q`: a string in double quotes with escapes, or in back quotes without. */
function scanQuoted(
  text: ByteString,
): { readonly text: ByteString; readonly rest: ByteString } | undefined {
  const raw = /^`([^`]*)`/.exec(text);
  if (raw?.[1] !== undefined) return { text: raw[1], rest: text.slice(raw[0].length) };
  const quoted = /^"(?:[^"\\]|\\[^])*"/.exec(text)?.[0];
  const plain = quoted === undefined ? undefined : unquote(quoted);
  if (quoted === undefined || plain === undefined) return undefined;
  return { text: plain, rest: text.slice(quoted.length) };
}
