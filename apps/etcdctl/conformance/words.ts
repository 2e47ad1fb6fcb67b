/** Short ways to write invocations. */
import type { Invocation } from './runner.js';

export const formats = ['simple', 'json', 'fields', 'protobuf', 'table', 'xml'] as const;
/** Formats that print what can be compared; the others are mistakes here. */
export const printing = ['simple', 'json', 'fields', 'protobuf'] as const;

/** A duration as Go prints it. */
export const took: RegExp = /[0-9.]+(?:ns|\xc2\xb5s|ms|s)/g;

let counter = 0;

/** A number keeps repeated invocations apart. */
export function numbered(
  name: string,
  list: readonly string[],
  more: Partial<Invocation> = {},
): Invocation {
  counter += 1;
  return { name: `${counter}: ${name}`, args: list, ...more };
}

/** Words between blanks; `''` is an empty one. */
export function call(words: string, more: Partial<Invocation> = {}): Invocation {
  const list = words === '' ? [] : words.split(' ').map((word) => (word === "''" ? '' : word));
  return numbered(words, list, more);
}

export function args(list: readonly string[], more: Partial<Invocation> = {}): Invocation {
  return numbered(JSON.stringify(list), list, more);
}
