/**
 * The port to what keeps bytes: ordered records by sequence number, small rows in named buckets, and atomic
 * transactions. A backend knows nothing of keys, revisions or checksums. Synchronous, single owner.
 *
 * Contract (proved for each implementation by `backendContract()` of `@kv/mvcc/testing`):
 * - B1 All changes between `begin` and `commit` appear together or, after `rollback` or a crash, not at all.
 * - B2 After a crash the contents are those after some commit; no older than the last one covered by a resolved
 *   `checkpoint()`.
 * - B3 Reads inside a transaction see its changes.
 * - B4 Bytes given are not kept by reference past the call; bytes returned belong to the caller and are never reused.
 */

/** What is allocated and what of it is used. */
export interface BackendSize {
  /** Bytes of the database, with free pages; what a quota is compared with. */
  readonly bytes: number;
  /** `bytes` minus free pages. */
  readonly inUseBytes: number;
  /** Bytes of committed changes that no checkpoint has moved into the database yet. */
  readonly logBytes: number;
}

/** One row of a bucket. */
export interface BackendRow {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** A consistent copy of the database as a stream. */
export interface BackendImage {
  readonly bytes: number;
  /** Chunks in order; each belongs to the consumer. Ends after exactly `bytes`, or throws. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Removes what the copy occupied. Idempotent. */
  close(): Promise<void>;
}

export interface Backend {
  /** Names the store in messages: a path, or `memory`. */
  readonly name: string;
  begin(): void;
  commit(): void;
  rollback(): void;

  /**
   * Appends a record. `seq` is above every sequence number ever appended, at most 2^53 - 1. `head` and `tail` are
   * kept as two parts so that {@link Backend.scanHeads} need not touch the tails.
   */
  appendRecord(seq: number, head: Uint8Array, tail: Uint8Array): void;
  /** `head` followed by `tail`, or undefined. */
  readRecord(seq: number): Uint8Array | undefined;
  deleteRecord(seq: number): void;
  /**
   * Up to `countMax` heads with `seq >= from`, ascending, as one run of bytes: per record 8 bytes seq, 4 bytes length
   * of the head (both big endian), then the head. Empty at the end.
   */
  scanHeads(from: number, countMax: number): Uint8Array;
  /** As scanHeads, but 8 bytes seq, 4 bytes length of head and tail together, 4 bytes length of the head, both. */
  scanRecords(from: number, countMax: number): Uint8Array;

  /** A copy of the row's value, or undefined. */
  readRow(bucket: string, key: Uint8Array): Uint8Array | undefined;
  writeRow(bucket: string, key: Uint8Array, value: Uint8Array): void;
  deleteRow(bucket: string, key: Uint8Array): void;
  /** Up to `countMax` rows of a bucket with `key > after` (all, if undefined), in byte order of keys. */
  scanRows(bucket: string, after: Uint8Array | undefined, countMax: number): BackendRow[];
  /** The names of all buckets that have rows, in byte order. */
  bucketNames(): string[];

  /**
   * Makes everything committed before this call durable. One at a time; rejects with `MvccError` when the disk fails.
   * Runs beside transactions, except for a short last part during which `gate()` is closed.
   */
  checkpoint(): Promise<void>;
  /** While a promise is returned, do not begin a transaction before it has settled (a begin would block the thread). */
  gate(): Promise<void> | undefined;
  size(): BackendSize;
  /** Gives back up to `pagesMax` free pages to the file system. Returns `done` when none are left. */
  reclaim(pagesMax: number): 'more' | 'done';
  /** A consistent copy as of the last commit. Transactions go on meanwhile. */
  exportImage(): Promise<BackendImage>;
  /** Checks the structure of the whole database; problems found, at most 100. Long: for tools and start-up options. */
  verify(): string[];
  /** Releases everything. Idempotent. Does not promise durability of what was not checkpointed. */
  close(): Promise<void>;
}
