/** What can be set on a log, with defaults and reasons; and the values that go in and come out. */
import type { Entry, HardState, LogIndex, SnapshotMeta, Term } from '@kv/raft';
import type { FileSystem } from './file-system.js';

/** etcd's segment size (`SegmentSizeBytes`, 64 * 1000 * 1000). A segment may exceed it by its last batch. */
export const SEGMENT_BYTES = 64_000_000;

/** Un-synced bytes that `append` takes at most: several turns of the largest batches that Raft hands out. */
export const UNSYNCED_BYTES_MAX: number = 256 * 1024 * 1024;

export interface WalOptions {
  /** Size at which a new segment begins. Default {@link SEGMENT_BYTES}. */
  readonly segmentBytes?: number;
  /** Bound of what waits for a sync; beyond it `append` throws `backlog`. Default {@link UNSYNCED_BYTES_MAX}. */
  readonly unsyncedBytesMax?: number;
  /** False skips flushing to disk (etcd's `--unsafe-no-fsync`); bytes are still written. Tests only. Default true. */
  readonly fsync?: boolean;
  /** Default: Node's. */
  readonly fileSystem?: FileSystem;
}

/** Names a snapshot that exists as a file. */
export interface SnapshotId {
  readonly index: LogIndex;
  readonly term: Term;
}

export interface OpenOptions extends WalOptions {
  /**
   * Snapshots that exist as valid files, newest first (see `loadSnapshots`). Recovery starts at the first one that
   * is also recorded in the log at or below the commit index, else at the beginning of the log.
   */
  readonly snapshots?: readonly SnapshotId[];
}

/** What one `append` makes durable. The bytes of entries are copied before `append` returns. */
export interface WalBatch {
  /** Consecutive; the first replaces any entry of its index and all that follow it. */
  readonly entries: readonly Entry[];
  /** Only if changed. */
  readonly hardState?: HardState | undefined;
}

/** Bytes that recovery cut from the end of the last segment, none of which had been acknowledged. */
export interface TailRepair {
  /** The segment. */
  readonly file: string;
  /** Where it was cut. */
  readonly offset: number;
  /** Why this is a torn tail and no damage. */
  readonly reason: string;
  /** A copy of the segment as it was found; undefined when the log was only read, and nothing was cut. */
  readonly copy: string | undefined;
}

/** What the log held when it was opened. Entry bytes are owned by the receiver. */
export interface Recovered {
  /** The bytes given to `Wal.create` (etcdserverpb.Metadata: node and cluster id). */
  readonly metadata: Uint8Array;
  /** The last one written; undefined if none was. */
  readonly hardState: HardState | undefined;
  /** Entries after `snapshot`, consecutive. Those above `hardState.commit` may still be overwritten. */
  readonly entries: readonly Entry[];
  /** Where `entries` begin: the record of the snapshot chosen; index 0 for the beginning of the log. */
  readonly snapshot: SnapshotMeta;
  readonly repair: TailRepair | undefined;
}
