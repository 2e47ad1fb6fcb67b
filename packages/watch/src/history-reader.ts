/** The port through which watchers that are behind read the past. `@kv/mvcc` has it; tests have one over an array. */
import type { KeyRange, Revision, StoreEvent, StoredKeyValue } from '@kv/mvcc/model';

export interface HistoryRequest {
  /** First revision wanted, inclusive; not below `compactRevision`. */
  readonly from: Revision;
  /** Last revision wanted, inclusive; not above the store's revision. */
  readonly to: Revision;
  /** Events of other keys may be left out, and left out early: this is what makes narrow watchers cheap. */
  readonly range: KeyRange;
  /** Stop before the revision that would exceed one of these, but read one revision at least. */
  readonly revisionsMax: number;
  /** Counted as the sum of `encoded.length`. */
  readonly bytesMax: number;
}

export interface HistoryBatch {
  /** Whole revisions only, in order of (main, sub) revision; each a PUT or DELETE of a key in the range. */
  readonly events: readonly StoreEvent[];
  /** Every revision in `[from, nextRevision)` is in `events` as far as the range goes. `from < nextRevision <= to + 1`. */
  readonly nextRevision: Revision;
}

/** Reads are synchronous and see everything up to the last revision given to `WatchHub.notify`, or more. */
export interface HistoryReader {
  /** The lowest revision that can still be watched: history below is gone. 0 or 1 if nothing was compacted. */
  readonly compactRevision: Revision;
  read(request: HistoryRequest): HistoryBatch;
  /** The pair as it was just before the event's revision; `undefined` if it was absent, or that is compacted. */
  previous(event: StoreEvent): StoredKeyValue | undefined;
}
