/**
 * Pure functions on the revisions of one key.
 *
 * Example: put at 1, put at 2, tombstone at 3, put at 4, tombstone at 5. Generations: {1, 2, 3t} and {4, 5t}. The key
 * exists at revisions 1 to 2 and at 4. What compaction leaves of it:
 * ```
 * compact(2)  2, 3t, 4, 5t      the newest put at or below 2 stays
 * compact(3)  3t, 4, 5t         a tombstone at exactly the compaction revision stays, for watchers that start there
 * compact(4)  4, 5t
 * compact(5)  5t
 * compact(6)  nothing           the key leaves the index
 * ```
 * Source: etcd v3.7.1 server/storage/mvcc/key_index.go (the same rules; another representation).
 */
import type { KeyHistory } from './slot-table.js';

/** Position (of the main) of the newest revision with main <= `at`, or -1. */
export function findAtOrBelow(history: KeyHistory, at: number): number {
  let low = 0;
  let high = history.length >> 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((history[middle * 2] ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return (low - 1) * 2;
}

/** What compaction at `revision` leaves: the same array if nothing goes, an empty one if the key goes. */
export function compactHistory(history: KeyHistory, revision: number): KeyHistory {
  const newest = findAtOrBelow(history, revision);
  if (newest < 0) return history;
  const isTombstone = (history[newest + 1] ?? 0) < 0;
  const dropIt = isTombstone && (history[newest] ?? 0) < revision;
  const first = dropIt ? newest + 2 : newest;
  return first === 0 ? history : history.slice(first);
}

/** Appends a revision. Short arrays are rebuilt exactly, so that the many keys with few revisions carry no slack. */
export function appendRevision(history: KeyHistory, main: number, signedSeq: number): KeyHistory {
  if (history.length < 32) return history.concat(main, signedSeq);
  // Only the slot table holds histories, and only the index appends: nobody sees the array change under them.
  const grown = history as number[];
  grown.push(main, signedSeq);
  return grown;
}
