/** Reading a log without owning it: for tools. Nothing on disk is changed. */
import { listDirectory } from './file-io.js';
import type { FileSystem } from './file-system.js';
import { nodeFileSystem } from './node-file-system.js';
import type { Recovered, SnapshotId } from './options.js';
import { readContents } from './recovery.js';
import { segmentsOf } from './segment-name.js';

/**
 * What `Wal.open` would recover, from the newest of `snapshots` (newest first) that is recorded, else from the
 * beginning. `repair` says what `open` would cut. Throws as `open`. A log that is being written may look torn.
 */
export function readLog(
  directory: string,
  options: { readonly snapshots?: readonly SnapshotId[]; readonly fileSystem?: FileSystem } = {},
): Recovered {
  return readContents(options.fileSystem ?? nodeFileSystem, directory, options.snapshots ?? [])
    .recovered;
}

/** Whether there is a log in `directory`; false also if there is no such directory. */
export function logExists(directory: string, fileSystem: FileSystem = nodeFileSystem): boolean {
  return segmentsOf(listDirectory(fileSystem, directory)).length > 0;
}
