/**
 * A piece of a leader's log, as an append message carries it.
 *
 *  1. `entries[i].index` = `prev.index` + 1 + i: no gaps.
 *  2. `prev.term` <= `entries[0].term`, and terms do not fall from entry to entry.
 *  3. The last entry's term <= `term`: a leader has no entries of later terms.
 *
 * {@link findSliceFlaw} checks this once, where messages come in; past it everybody may rely on it. Two slices of the
 * same `term` never differ at the same index (Raft §5.3, log matching).
 */
import { toIndex, type Entry, type EntryId, type LogIndex, type Term } from '../types.js';

export interface LogSlice {
  /** The leader's term. */
  readonly term: Term;
  /** The entry before the first. */
  readonly prev: EntryId;
  readonly entries: readonly Entry[];
}

/** Index of the last entry, or of `prev` when there is none. */
export function lastIndexOf(slice: LogSlice): LogIndex {
  return toIndex(slice.prev.index + slice.entries.length);
}

/** The first property that does not hold, in words, or undefined. */
export function findSliceFlaw(slice: LogSlice): string | undefined {
  let { term, index } = slice.prev;
  for (const entry of slice.entries) {
    if (entry.index !== index + 1) return `entry ${entry.index} follows entry ${index}`;
    if (entry.term < term) return `the term falls from ${term} to ${entry.term} at ${entry.index}`;
    ({ term, index } = entry);
  }
  return term > slice.term ? `entry ${index} has term ${term} above ${slice.term}` : undefined;
}
