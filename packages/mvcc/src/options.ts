/** What the owner of a store decides: limits, what open returns, outcomes of reads and of compaction. */
import type { BackendImage } from './backend/backend.js';
import type { Revision } from './model.js';
import type { MvccLimits } from './limits.js';

export interface MvccOptions {
  readonly limits?: Partial<MvccLimits>;
  /**
   * Runs O(n) checks of the index after each transaction. For tests and the simulator (etcd's `ETCD_VERIFY`).
   */
  readonly verify?: boolean;
}

/** Why a read at a revision is impossible: an outcome, not an error. */
export type RevisionProblem =
  /** `requested` is below `compactRevision`. */
  | {
      readonly type: 'compacted';
      readonly requested: Revision;
      readonly compactRevision: Revision;
    }
  /** `requested` is above `revision`, the newest. */
  | { readonly type: 'future'; readonly requested: Revision; readonly revision: Revision };

/** What `WriteTxn.compact` decided. */
export type CompactOutcome = { readonly type: 'scheduled' } | RevisionProblem;

/** Where the store stands in the log: the index and term of the last entry whose effects it holds. */
export interface ConsistentIndex {
  readonly index: number;
  readonly term: number;
}

/** A consistent copy of a store as a stream, and what it is a copy of. */
export interface StoreImage extends BackendImage {
  /** Of the copy: it may be of a later batch than the last one at the call. */
  readonly consistentIndex: ConsistentIndex;
  /** The configuration stored last at or before that index: JSON as etcd writes it. */
  readonly confState: Uint8Array | undefined;
}

/** Answer of HashKV. Comparable between members only if both revisions agree. */
export interface KeyValueHash {
  /** CRC-32C, unsigned. */
  readonly hash: number;
  /** The compaction revision that the hash was computed against; -1 if never compacted. */
  readonly compactRevision: Revision;
  /** The revision that the hash covers. */
  readonly hashRevision: Revision;
}

/** A job that is driven in steps, none longer than some milliseconds. */
export interface SlicedTask<T> {
  /** Does one slice. Returns undefined while there is more to do, the result once it is done. */
  step(): T | undefined;
  /** Gives up and releases what the job holds. Idempotent; needless after the result. */
  close(): void;
}
