/** For tests of this package and of whoever builds on it: a disk that fails as disks do. */
export { FaultyDisk, PowerLoss } from './faulty-file-system.js';
export type { CrashPolicy, DiskOperation } from './faulty-file-system.js';
