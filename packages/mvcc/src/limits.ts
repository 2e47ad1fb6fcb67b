/** Every bound of the store, with its default, unit and reason. */

/** Bounds that an owner may change. */
export interface MvccLimits {
  /**
   * Bytes of records kept in memory, half of it for what was written last, half for what was read. Above it the oldest
   * written ones are dropped, and the older half of those read.
   */
  readonly recordCacheBytesMax: number;
  /** Batches that share one transaction of the backend: what a killed process repeats from the log. */
  readonly commitBatchesMax: number;
  /** Bytes of records in one transaction of the backend, more only for one batch: bounds the time of a commit. */
  readonly commitBytesMax: number;
  /** Records that one compaction slice examines (etcd's compaction-batch-limit). */
  readonly compactionRecordsMax: number;
  /** Keys that one step of a large read visits before it yields. */
  readonly readKeysPerStepMax: number;
  /** Records that one step of a large read loads before it yields: about 4 us each when they are not in a cache. */
  readonly readRecordsPerStepMax: number;
  /** Bytes of records that one step of a large read, hash or history batch loads before it yields. */
  readonly readBytesPerStepMax: number;
  /** Free pages that one reclaiming slice gives back. */
  readonly reclaimPagesMax: number;
  /** Hashes of finished compactions that are kept (etcd: 10). */
  readonly compactionHashesMax: number;
}

export const defaultMvccLimits: MvccLimits = {
  recordCacheBytesMax: 32 * 1024 * 1024,
  commitBatchesMax: 64,
  commitBytesMax: 1024 * 1024,
  compactionRecordsMax: 1000,
  readKeysPerStepMax: 10_000,
  readRecordsPerStepMax: 2000,
  readBytesPerStepMax: 4 * 1024 * 1024,
  reclaimPagesMax: 256,
  compactionHashesMax: 10,
};
