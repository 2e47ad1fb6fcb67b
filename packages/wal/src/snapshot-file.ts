/**
 * `.snap` files: `<term>-<index>.snap` holds snappb.snapshot (CRC-32C of data, data), and data is a raftpb.Snapshot.
 * etcd v3.7.1 `server/etcdserver/api/snap/snapshotter.go`, except that a file appears whole or not at all.
 *
 * Order of a snapshot: file durable (here), record durable (`Wal.saveSnapshot`), then old segments may go.
 */
import { join } from 'node:path';
import { RaftError, type Snapshot } from '@kv/raft';
import { decodeSnapshot, encodeSnapshot } from '@kv/raft/codec';
import { crc32c } from './crc32c.js';
import { ioError, WalError } from './errors.js';
import {
  attempt,
  listDirectory,
  openFile,
  readFully,
  syncDirectory,
  syncFile,
  withFile,
  writeFully,
} from './file-io.js';
import type { FileSystem } from './file-system.js';
import { invariant } from './invariant.js';
import { nodeFileSystem } from './node-file-system.js';
import type { SnapshotId } from './options.js';
import { decodeSnapshotFile, encodeSnapshotFile } from './proto.js';
import { hex16 } from './segment-name.js';

const PATTERN = /^[0-9a-f]{16}-[0-9a-f]{16}\.snap$/;
/** Larger than any snapshot of ours or of etcd 3: the state travels in the store, and not in here. */
const SNAPSHOT_FILE_BYTES_MAX = 512 * 1024 * 1024;

/** A snapshot file that was set aside as `NAME.broken`. */
export interface RejectedSnapshot {
  readonly file: string;
  readonly reason: string;
}

export interface LoadedSnapshots {
  /** Valid snapshots, newest first; what `Wal.open` wants to choose from. */
  readonly snapshots: readonly SnapshotId[];
  readonly rejected: readonly RejectedSnapshot[];
}

/** Name of the file of a snapshot. */
function snapshotFileName(id: SnapshotId): string {
  return `${hex16(id.term)}-${hex16(id.index)}.snap`;
}

/** Writes the file of a snapshot (index above 0); durable when this resolves. Replaces one of the same name. */
export async function saveSnapshotFile(
  directory: string,
  snapshot: Snapshot,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<void> {
  invariant(snapshot.meta.index > 0, 'a snapshot stands for at least one entry');
  const data = encodeSnapshot(snapshot);
  const path = join(directory, snapshotFileName(snapshot.meta));
  const temporary = `${path}.tmp`;
  const file = openFile(fileSystem, temporary, 'create');
  try {
    writeFully(file, encodeSnapshotFile(crc32c(0, data), data), 0);
    await syncFile(file);
  } finally {
    file.close();
  }
  attempt('rename', path, () => {
    fileSystem.rename(temporary, path);
  });
  await syncDirectory(fileSystem, directory);
}

/** Reads one file. Throws WalError: `corrupt`, `crc-mismatch`, `io`. */
export function readSnapshotFile(path: string, fileSystem: FileSystem = nodeFileSystem): Snapshot {
  const bytes = withFile(fileSystem, path, (file) => {
    const size = attempt('stat', path, () => file.size());
    if (size > SNAPSHOT_FILE_BYTES_MAX) {
      throw new WalError('corrupt', `${path}: ${size} bytes exceed ${SNAPSHOT_FILE_BYTES_MAX}`, {
        file: path,
      });
    }
    const content = new Uint8Array(size);
    return content.subarray(0, readFully(file, content, 0));
  });
  const envelope = decodeSnapshotFile(bytes);
  if (envelope === undefined || envelope.data.length === 0 || envelope.crc === 0) {
    throw new WalError('corrupt', `${path}: not a snapshot, or an empty one`, { file: path });
  }
  const computed = crc32c(0, envelope.data);
  if (computed !== envelope.crc) {
    throw new WalError(
      'crc-mismatch',
      `${path}: crc ${envelope.crc.toString(16)} in the file, ${computed.toString(16)} computed`,
      { file: path },
    );
  }
  try {
    return decodeSnapshot(envelope.data);
  } catch (error) {
    if (!(error instanceof RaftError)) throw error;
    throw new WalError('corrupt', `${path}: ${error.message}`, { file: path, cause: error });
  }
}

/**
 * Finds the snapshots in `directory` that are whole. Others are renamed to `NAME.broken`, as etcd does, and reported:
 * an older snapshot with more of the log, or none, serves as well if the log reaches back that far. Files that a
 * crash left unfinished are removed.
 */
export async function loadSnapshots(
  directory: string,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<LoadedSnapshots> {
  const names = [...listDirectory(fileSystem, directory)].sort().reverse();
  const snapshots: SnapshotId[] = [];
  const rejected: RejectedSnapshot[] = [];
  for (const name of names.filter((candidate) => PATTERN.test(candidate))) {
    const path = join(directory, name);
    try {
      const { meta } = readSnapshotFile(path, fileSystem);
      if (snapshotFileName(meta) !== name) {
        throw new WalError('corrupt', `${path} holds snapshot ${snapshotFileName(meta)}`, {
          file: path,
        });
      }
      snapshots.push({ index: meta.index, term: meta.term });
    } catch (error) {
      const problem = ioError('read', path, error);
      if (problem.code !== 'corrupt' && problem.code !== 'crc-mismatch') throw problem;
      attempt('rename', path, () => {
        fileSystem.rename(path, `${path}.broken`);
      });
      rejected.push({ file: path, reason: problem.message });
    }
  }
  for (const name of names.filter((candidate) => candidate.endsWith('.snap.tmp'))) {
    attempt('remove', join(directory, name), () => {
      fileSystem.remove(join(directory, name));
    });
  }
  if (rejected.length > 0) await syncDirectory(fileSystem, directory);
  return { snapshots, rejected };
}

/** Removes all but the newest `keep` (at least 1) snapshot files. Returns the names removed. */
export async function purgeSnapshots(
  directory: string,
  keep: number,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<readonly string[]> {
  const names = listDirectory(fileSystem, directory).filter((name) => PATTERN.test(name));
  const removed = names.sort().slice(0, -Math.max(1, keep));
  for (const name of removed) {
    attempt('remove', join(directory, name), () => {
      fileSystem.remove(join(directory, name));
    });
  }
  if (removed.length > 0) await syncDirectory(fileSystem, directory);
  return removed;
}
