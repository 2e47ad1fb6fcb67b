/** What users of a store hold: views to read by, the transaction to write by, buckets, history. Implemented beside. */
import type { Key, KeyRange, LeaseId, Revision, StoreEvent, StoredKeyValue } from './model.js';
import type { CompactOutcome, ConsistentIndex, RevisionProblem } from './options.js';
import type { RangeCursor, RangeQuery, RangeQueryResult, RangeSource } from './range-query.js';

/**
 * The state after one whole request. A view at the newest revision goes on to show later requests; a view made by
 * `read(at)` keeps its revision. It holds nothing and needs no close; to read by it in a later turn, when its revision may
 * have been compacted, is a bug of the caller unless a {@link Pin} holds that revision. A cursor takes its own.
 */
export interface ReadView extends RangeSource {
  readonly type: 'view';
  readonly revision: Revision;
  /** The pair as of `revision`, or undefined. */
  get(key: Key): StoredKeyValue | undefined;
  /** True when the key exists at `revision`; never touches the disk. */
  has(key: Key): boolean;
  /** O(log n) at the newest revision, O(keys in range) at older ones. */
  count(range: KeyRange): number;
  cursor(range: KeyRange, options: { readonly keysOnly: boolean }): RangeCursor;
}

/** Keeps compaction from removing what reads at `revision` need, until released. Does not affect visibility. */
export interface Pin {
  readonly revision: Revision;
  release(): void;
}

/** A bucket of small rows: leases, alarms, members, users. Keys and values are bytes; both are copied. */
export interface BucketReader {
  get(key: Uint8Array): Uint8Array | undefined;
  /** All rows in byte order of keys. */
  entries(): IterableIterator<readonly [key: Uint8Array, value: Uint8Array]>;
}

export interface BucketWriter extends BucketReader {
  put(key: Uint8Array, value: Uint8Array): void;
  delete(key: Uint8Array): void;
}

/** Names are etcd's (semantics.md §20), and so is what the server stores under them. */
export type BucketName =
  | 'meta'
  | 'lease'
  | 'alarm'
  | 'cluster'
  | 'members'
  | 'members_removed'
  | 'auth'
  | 'authUsers'
  | 'authRoles';

/** What one request did. */
export interface RequestResult {
  /** The store's revision after the request: a new one exactly if `events` is not empty. */
  readonly revision: Revision;
  /** In order of sub-revision; all share `kv.modRevision`. Belongs to the caller. */
  readonly events: readonly StoreEvent[];
}

/**
 * A batch: the effects of some entries and their consistent index, in one transaction of the backend, which may hold other
 * batches. Opened and ended within one turn of the event loop. Any error thrown inside (MvccError, or a failed invariant) is
 * fatal: nothing of the batch is kept, and the store is poisoned.
 */
export interface WriteTxn {
  /** Starts a request: what follows up to `endRequest` shares one main revision. Requests do not nest. */
  beginRequest(): void;
  /** Ends it. A request that changed nothing leaves the revision alone. */
  endRequest(): RequestResult;

  /** Writes a pair; `value` is copied. `lease` is 0n for none. Returns the new version. Only inside a request. */
  put(key: Key, value: Uint8Array, lease: LeaseId): StoredKeyValue;
  /** Deletes every live key of the range, ascending. Returns how many. Only inside a request. */
  deleteRange(range: KeyRange): number;
  /**
   * The state including the changes of the running request. Its `revision` is the one before the request, or one more
   * after the first change.
   */
  view(): ReadView;
  /** The state at an older revision (compacted and future are outcomes). */
  read(at: Revision): ReadView | RevisionProblem;
  /** A whole RangeRequest on {@link view}. */
  range(query: RangeQuery): RangeQueryResult;

  /** The store's revision before the running request. */
  readonly revision: Revision;
  bucket(name: BucketName): BucketWriter;
  /**
   * Makes `revision` the compaction revision: reads below it fail from now on. Removal is done by `compactSlice`.
   * Not inside a request.
   */
  compact(revision: Revision): CompactOutcome;
  /** Index and term of the last entry of this batch; `confState` (JSON as etcd stores it) after membership changes. */
  setConsistentIndex(at: ConsistentIndex, confState?: Uint8Array): void;
  /** Ends the batch, of which all is kept or (thrown error) nothing. Visible to readers; durable after the next checkpoint. */
  end(): void;
  /** Gives the whole batch up, for an error of the caller: nothing is kept, and the store is poisoned with `cause`. */
  abort(cause: unknown): void;
}

/** Events of one main revision are never split between batches. */
export interface HistoryBatch {
  /** In order of revision and sub-revision. */
  readonly events: readonly StoreEvent[];
  /** Every event up to this revision, inclusive, was delivered by this or an earlier batch. */
  readonly throughRevision: Revision;
  /** True when the cursor has reached its end revision. */
  readonly done: boolean;
}

/** Events of past revisions, for watchers that are behind. */
export interface HistoryCursor {
  /** The next batch, bounded in records examined and in bytes; `compacted` when its position was compacted meanwhile. */
  next(): HistoryBatch | { readonly type: 'compacted'; readonly compactRevision: Revision };
}

/** Which events a history walk is about. */
export interface HistoryQuery {
  readonly range: KeyRange;
  /** First revision wanted, inclusive. */
  readonly from: Revision;
  /** Last revision wanted, inclusive; the newest when the cursor is opened, if absent. */
  readonly to?: Revision;
}
