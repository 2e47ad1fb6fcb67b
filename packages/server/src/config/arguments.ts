/** The command line, by the grammar of Go's `flag` package (daemon.md §3). */
import { flagByName, ignoredFlags } from './flags/flag-spec.js';
import { parseBool, quote } from './go-values.js';
import { isSwitch } from './settings.js';
import type { Settings } from './settings.js';

export type Arguments =
  /** Flags were parsed; `rest` begins with the first word that is none. */
  | { readonly type: 'parsed'; readonly rest: readonly string[] }
  | { readonly type: 'help' }
  /** The text that Go prints before the usage. */
  | { readonly type: 'error'; readonly text: string };

const error = (text: string): Arguments => ({ type: 'error', text });

/** Fills `settings` from the words after the program's name. Stops at the first error, as Go does. */
export function parseArguments(words: readonly string[], settings: Settings): Arguments {
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (word.length < 2 || !word.startsWith('-')) return { type: 'parsed', rest: words.slice(at) };
    if (word === '--') return { type: 'parsed', rest: words.slice(at + 1) };
    const body = word.slice(word.startsWith('--') ? 2 : 1);
    if (body.startsWith('-') || body.startsWith('=')) return error(`bad flag syntax: ${word}`);
    const equals = body.indexOf('=');
    const name = equals < 0 ? body : body.slice(0, equals);
    const inline = equals < 0 ? undefined : body.slice(equals + 1);
    const flag = flagByName.get(name);
    if (flag === undefined && !ignoredFlags.has(name)) {
      if (name === 'help' || name === 'h') return { type: 'help' };
      return error(`flag provided but not defined: -${name}`);
    }
    // What is ignored may have any value, but needs none.
    if (flag === undefined) continue;
    if (isSwitch(flag.type)) {
      const value = inline ?? 'true';
      if (parseBool(value) === undefined) {
        return error(`invalid boolean value ${quote(value)} for -${name}: parse error`);
      }
      settings.set(flag, value);
      continue;
    }
    const value = inline ?? words[at + 1];
    if (value === undefined) return error(`flag needs an argument: -${name}`);
    if (inline === undefined) at += 1;
    const reason = settings.set(flag, value);
    if (reason !== undefined) {
      return error(`invalid value ${quote(value)} for flag -${name}: ${reason}`);
    }
  }
  return { type: 'parsed', rest: [] };
}

/** The flag whose name is nearest to one that does not exist, if any is near: for people who mistype. */
export function nearestFlag(name: string): string | undefined {
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const known of flagByName.keys()) {
    const distance = editDistance(name, known);
    if (distance <= Math.max(1, known.length / 4) && distance < (best?.distance ?? Infinity)) {
      best = { name: known, distance };
    }
  }
  return best?.name;
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substitute = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitute, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
