/** Short ways to write the flags of the command tree. */
import type { ByteString } from './bytes.js';
import type { FlagSpec } from './grammar/flag.js';

export function bool(name: string, usage: string, shorthand?: string): FlagSpec {
  const base = { name, type: 'bool', default: false, usage } as const;
  return shorthand === undefined ? base : { ...base, shorthand };
}

export function int(name: string, usage: string): FlagSpec {
  return { name, type: 'int', default: 0n, usage };
}

export function string(name: string, usage: string, value: ByteString = ''): FlagSpec {
  return { name, type: 'string', default: value, usage };
}

export const consistency: FlagSpec = string(
  'consistency',
  'Linearizable(l) or Serializable(s)',
  'l',
);
