/** What opening and creating a log share: its settings, and what an earlier process left half done in its directory. */
import { join } from 'node:path';
import { attempt } from './file-io.js';
import type { FileSystem } from './file-system.js';
import { nodeFileSystem } from './node-file-system.js';
import { SEGMENT_BYTES, type WalOptions } from './options.js';
import { isUnfinishedName } from './segment-name.js';
import type { SegmentSettings, SegmentWriter } from './segment-writer.js';

export function settingsOf(directory: string, options: WalOptions): SegmentSettings {
  return {
    fileSystem: options.fileSystem ?? nodeFileSystem,
    directory,
    segmentBytes: options.segmentBytes ?? SEGMENT_BYTES,
    fsync: options.fsync ?? true,
  };
}

/** Removes segments that never got their name. */
export function removeUnfinished(
  fileSystem: FileSystem,
  directory: string,
  names: readonly string[],
): void {
  for (const name of names.filter(isUnfinishedName)) {
    const path = join(directory, name);
    attempt('remove', path, () => {
      fileSystem.remove(path);
    });
  }
}

/** Runs `work`; when it fails the writer is closed. */
export async function closeOnFailure(
  writer: SegmentWriter,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    writer.close();
    throw error;
  }
}
