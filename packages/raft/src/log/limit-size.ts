/** Cuts a run of entries to a size. */
import { entrySize } from '../codec/entry.js';
import type { Entry } from '../types.js';

/**
 * A copy of `entries[start]` to `entries[end - 1]`, cut where their encoded size would exceed `bytesMax`, but with at
 * least one entry. Costs what it returns, not what it was asked for.
 */
export function sliceWithin(
  entries: readonly Entry[],
  start: number,
  end: number,
  bytesMax: number,
): Entry[] {
  if (bytesMax === Infinity) return entries.slice(start, end);
  let size = 0;
  for (let at = start; at < end; at += 1) {
    const entry = entries[at];
    if (entry !== undefined) size += entrySize(entry);
    if (size > bytesMax && at > start) return entries.slice(start, at);
  }
  return entries.slice(start, end);
}
