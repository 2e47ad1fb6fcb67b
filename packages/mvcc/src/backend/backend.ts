/**
 * The port to what keeps bytes: ordered records by sequence number, small rows in named buckets, and atomic
 * transactions. A backend knows nothing of keys, revisions or checksums. Synchronous, single owner.
 *
 * Contract (proved for each implementation by `backendContract()` of `@kv/mvcc/testing`):
 * - B1 All changes between `begin` and `commit` appear together or, after `rollback` or a crash, not at all.
 * - B2 After a crash the contents are those after some commit; no older than the last one covered by a resolved
 *   `checkpoint()`.
 * - B3 Reads inside a transaction see its changes.
 * - B4 Bytes given do not change until the transaction ends, and are not kept beyond; bytes returned belong to the
 *   caller and are never reused.
 */

/** What is allocated and what of it is used. */
export interface BackendSize {
  /** Bytes of the database, with free pages; what a quota is compared with. */
  readonly bytes: number;
  /** `bytes` minus free pages. */
  readonly inUseBytes: number;
  /** Bytes that the log of committed changes occupies; checkpoints let it start over. */
  readonly logBytes: number;
}

/** One row of a bucket. */
export interface BackendRow {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** Where a row is. */
export interface RowAddress {
  readonly bucket: string;
  readonly key: Uint8Array;
}

/** A consistent copy of the database as a stream. */
export interface BackendImage {
  readonly bytes: number;
  /** The rows asked for, as they are in the copy; undefined where there is none. */
  readonly rows: readonly (Uint8Array | undefined)[];
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
  /**
   * The records with these sequence numbers, each head then tail, one after the other in the order given; what does not
   * exist is left out.
   */
  readRecords(seqs: readonly number[]): Uint8Array;
  /** Removes the records in `[first, last]`, those that exist. */
  deleteRecords(first: number, last: number): void;
  /**
   * Heads with `seq >= from`, ascending, one after the other as one run of bytes: heads and tails delimit themselves. At
   * most `countMax`; at most `bytesMax` bytes, but at least one record. Empty at the end.
   */
  scanHeads(from: number, countMax: number, bytesMax: number): Uint8Array;
  /** As scanHeads, but each head followed by its tail. */
  scanRecords(from: number, countMax: number, bytesMax: number): Uint8Array;

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
   * Runs beside transactions; `gate` says when it would like to be alone: then `commitOpen` is called first, for an owner
   * that keeps a transaction open over several turns.
   */
  checkpoint(commitOpen?: () => void): Promise<void>;
  /**
   * While a promise is returned, the owner should wait for it before the next transaction. Not waiting is safe, but lets
   * the log of committed changes grow. Never rejects.
   */
  gate(): Promise<void> | undefined;
  size(): BackendSize;
  /** Gives back up to `pagesMax` free pages to the file system. Returns `done` when none are left. */
  reclaim(pagesMax: number): 'more' | 'done';
  /** A consistent copy, of some commit not before this call. Transactions go on meanwhile. */
  exportImage(rows?: readonly RowAddress[]): Promise<BackendImage>;
  /**
   * The database in the file `path` (closed, of the same kind, in the same directory) is to take the place of this one. Makes
   * that certain: once this resolves, whoever opens this database finds that one, whatever happens meanwhile. Ends all work
   * beside transactions; only reads and {@link Backend.replace} may follow.
   */
  prepareReplacement(path: string): Promise<void>;
  /**
   * Ends this backend, with a transaction that is open, and opens the one that was prepared, under the same name and lock,
   * within this turn.
   */
  replace(): Backend;
  /** Checks the structure of the whole database; problems found, at most 100. Long: for tools and start-up options. */
  verify(): string[];
  /** Releases everything. Idempotent. Does not promise durability of what was not checkpointed. */
  close(): Promise<void>;
}
