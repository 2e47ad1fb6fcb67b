/** Half-open intervals of keys: the one form to which every key range of this package is brought. */
import type { Key, KeyRange } from '@kv/mvcc/model';

/** Keys from `start` (inclusive) to `end` (exclusive); without `end`, all from `start` on. */
export interface Interval {
  readonly start: string;
  readonly end: string | undefined;
}

/** The smallest key greater than `key` ends the interval of a single key. */
export function intervalOf(range: KeyRange): Interval {
  switch (range.type) {
    case 'single':
      return { start: range.key, end: `${range.key}\0` };
    case 'range':
      return { start: range.start, end: range.end };
    case 'from':
      return { start: range.start, end: undefined };
    case 'all':
      return { start: '', end: undefined };
  }
}

export function isEmpty(interval: Interval): boolean {
  return interval.end !== undefined && interval.end <= interval.start;
}

/** The later of two ends; none at all is the latest. */
export function laterEnd(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return undefined;
  return a > b ? a : b;
}

/** The smallest interval that holds both. */
export function hull(a: Interval, b: Interval): Interval {
  return { start: a.start < b.start ? a.start : b.start, end: laterEnd(a.end, b.end) };
}

/** The way back, for the port to the store. */
export function rangeOf(interval: Interval): KeyRange {
  const { start, end } = interval;
  if (end === `${start}\0`) return { type: 'single', key: asKey(start) };
  if (end !== undefined) return { type: 'range', start: asKey(start), end: asKey(end) };
  return start === '' ? { type: 'all' } : { type: 'from', start: asKey(start) };
}

/** Bounds of intervals were keys when they came in. */
function asKey(bound: string): Key {
  return bound as Key;
}
