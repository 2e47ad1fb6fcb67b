/** The FileSystem port with whole reads and writes, and with failures that name operation and file. */
import { ioError, systemCode, WalError } from './errors.js';
import type { FileHandle, FileSystem, OpenMode } from './file-system.js';

/** Runs `call`; what it throws becomes a WalError that names `operation` and `path`. */
export function attempt<T>(operation: string, path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw ioError(operation, path, error);
  }
}

/** Names of all files in `directory`; empty if there is no such directory. */
export function listDirectory(fileSystem: FileSystem, directory: string): readonly string[] {
  try {
    return fileSystem.list(directory);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw ioError('list', directory, error);
  }
}

export function openFile(fileSystem: FileSystem, path: string, mode: OpenMode): FileHandle {
  return attempt('open', path, () => fileSystem.open(path, mode));
}

/** Opens for reading, and closes whatever happens. */
export function withFile<T>(fileSystem: FileSystem, path: string, use: (file: FileHandle) => T): T {
  const file = openFile(fileSystem, path, 'read');
  try {
    return use(file);
  } finally {
    file.close();
  }
}

/** Reads until `target` is full or the file ends; returns how many bytes. */
export function readFully(file: FileHandle, target: Uint8Array, position: number): number {
  let done = 0;
  while (done < target.length) {
    const count = attempt('read', file.path, () =>
      file.read(target.subarray(done), position + done),
    );
    if (count === 0) break;
    done += count;
  }
  return done;
}

/** Writes all of `bytes`: a single write may be short. */
export function writeFully(file: FileHandle, bytes: Uint8Array, position: number): void {
  let done = 0;
  while (done < bytes.length) {
    const rest = done === 0 ? bytes : bytes.subarray(done);
    const offset = position + done;
    const count = attempt('write', file.path, () => file.write(rest, offset));
    if (count <= 0) {
      throw new WalError('io', `write ${file.path} took no byte at offset ${offset}`, {
        file: file.path,
        offset,
      });
    }
    done += count;
  }
}

/** Flushes the file: a failure is `sync-failed`, after which nothing about the file may be assumed. */
export async function syncFile(file: FileHandle): Promise<void> {
  try {
    await file.sync();
  } catch (error) {
    throw syncError(file.path, error);
  }
}

/** As `syncFile`, on the calling thread. */
export function syncFileNow(file: FileHandle): void {
  try {
    file.syncNow();
  } catch (error) {
    throw syncError(file.path, error);
  }
}

/** Flushes the names in a directory. */
export async function syncDirectory(fileSystem: FileSystem, path: string): Promise<void> {
  try {
    await fileSystem.syncDirectory(path);
  } catch (error) {
    throw syncError(path, error);
  }
}

function syncError(path: string, cause: unknown): WalError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new WalError(
    'sync-failed',
    `flush of ${path} to disk failed: ${reason}; what was written may be lost, and a retry could hide that`,
    { file: path, cause },
  );
}
