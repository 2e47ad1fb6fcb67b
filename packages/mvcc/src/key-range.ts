/** Key ranges as half-open intervals: what every walk over the index and every filter of events asks. */
import type { Key, KeyRange } from './model.js';

/** The first key that can be in `range`, inclusive. */
export function rangeStart(range: KeyRange): Key {
  switch (range.type) {
    case 'single':
      return range.key;
    case 'range':
    case 'from':
      return range.start;
    case 'all':
      return '' as Key;
  }
}

/** The first key past `range`, exclusive; undefined when the range is open above. */
export function rangeEnd(range: KeyRange): Key | undefined {
  switch (range.type) {
    case 'single':
      // The successor of a key in byte order is the key followed by one zero byte.
      return `${range.key}\0` as Key;
    case 'range':
      return range.end;
    case 'from':
    case 'all':
      return undefined;
  }
}

/** True when `key` is in `range`. */
export function rangeContains(range: KeyRange, key: Key): boolean {
  switch (range.type) {
    case 'single':
      return key === range.key;
    case 'range':
      return key >= range.start && key < range.end;
    case 'from':
      return key >= range.start;
    case 'all':
      return true;
  }
}
