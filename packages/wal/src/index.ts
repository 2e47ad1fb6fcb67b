/** A write-ahead log in etcd's format. For whoever runs a Raft node, and for tools that read its files. */
export { Wal } from './wal.js';
export { SEGMENT_BYTES, UNSYNCED_BYTES_MAX } from './options.js';
export type {
  OpenOptions,
  Recovered,
  SnapshotId,
  TailRepair,
  WalBatch,
  WalOptions,
} from './options.js';
export { logExists, readLog } from './read-log.js';
export {
  loadSnapshots,
  purgeSnapshots,
  readSnapshotFile,
  saveSnapshotFile,
} from './snapshot-file.js';
export type { LoadedSnapshots, RejectedSnapshot } from './snapshot-file.js';
export { StableLog } from './log-storage.js';
export { WalError } from './errors.js';
export type { WalErrorCode, WalErrorDetail } from './errors.js';
// For whoever brings another disk, such as a simulator.
export { nodeFileSystem } from './node-file-system.js';
export type { FileHandle, FileSystem, OpenMode } from './file-system.js';
