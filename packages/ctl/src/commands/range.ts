/** Ranges of keys from arguments and flags, as `get` and `del` take them. */
import { toBytes, type ByteString } from '../bytes.js';
import { badArgs } from '../exit.js';
import type { FlagSet } from '../grammar/flag-set.js';

/** A range end that means: no end. As a key: the first possible one. */
export const openEnd = '\0';

export interface Range {
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
}

/** The range of a key, an optional end, `--prefix` and `--from-key`; an empty key with one of the two means all keys. */
export function rangeOfFlags(flags: FlagSet, key: ByteString, end: ByteString | undefined): Range {
  const prefix = flags.bool('prefix');
  const fromKey = flags.bool('from-key');
  if (end !== undefined && (prefix || fromKey)) {
    throw badArgs(
      'too many arguments, only accept one argument when `--prefix` or `--from-key` is set',
    );
  }
  if (prefix && key !== '') return range(key, prefixEnd(key));
  if (prefix || fromKey) return range(key === '' ? openEnd : key, openEnd);
  return range(key, end ?? '');
}

export function range(key: ByteString, rangeEnd: ByteString): Range {
  return { key: toBytes(key), rangeEnd: toBytes(rangeEnd) };
}

/** The first key after all that begin with `prefix`; no end when every byte is 0xff. */
export function prefixEnd(prefix: ByteString): ByteString {
  for (let i = prefix.length - 1; i >= 0; i--) {
    const byte = prefix.charCodeAt(i);
    if (byte < 0xff) return prefix.slice(0, i) + String.fromCharCode(byte + 1);
  }
  return openEnd;
}
