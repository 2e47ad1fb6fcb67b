/** `@kv/mvcc`: a multi-version key-value store on one SQLite file. */
export type {
  BucketName,
  BucketReader,
  BucketWriter,
  HistoryBatch,
  HistoryCursor,
  HistoryQuery,
  Pin,
  ReadView,
  RequestResult,
  WriteTxn,
} from './api.js';
export type {
  Backend,
  BackendImage,
  BackendRow,
  BackendSize,
  RowAddress,
} from './backend/backend.js';
export { MvccError } from './errors.js';
export type { MvccErrorCode } from './errors.js';
export { InvariantError } from './invariant.js';
export { keyFromBytes, keyToBytes } from './key.js';
export { rangeEnd } from './key-range.js';
export { defaultMvccLimits } from './limits.js';
export type { MvccLimits } from './limits.js';
export type { Key, KeyRange, LeaseId, Revision, StoredKeyValue, StoreEvent } from './model.js';
export type {
  CompactOutcome,
  ConsistentIndex,
  KeyValueHash,
  MvccOptions,
  RevisionProblem,
  SlicedTask,
  StoreImage,
} from './options.js';
export type { PreparedStore } from './prepared-store.js';
export type {
  RangeCursor,
  RangeQuery,
  RangeQueryResult,
  RangeSource,
  SortOrder,
  SortTarget,
} from './range-query.js';
export { orderChunk, RangeTask, readsKeysOnly, runRangeQuery } from './range-query.js';
export { SqliteBackend } from './backend/sqlite-backend.js';
export type { SqliteBackendOptions } from './backend/sqlite-backend.js';
export type { CompactProgress } from './compaction.js';
export { MvccStore } from './store.js';
export type { StoreCounts, StoreWork } from './store.js';
export { valueOf } from './codec/record.js';
