/**
 * Puts one database in the place of another, so that a crash at any point leaves the old one or the new one.
 *
 * ```
 *   the new one synced ─▶ renamed to `db.next`, directory synced ─▶ `db-wal`, `db-shm` removed ─▶ `db.next` renamed to `db`
 *                         from here on it is the new one: an open does the rest
 * ```
 *
 * Without the name in between, a crash after the log of the old one is removed would leave the old one without its newest
 * pages, and a crash before that the new one with a log that is not its own.
 */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { open as openFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

const stagedName = (path: string): string => `${path}.next`;

/** Makes it certain that the file `by` takes the place of the database at `path`. */
export async function stageReplacement(path: string, by: string): Promise<void> {
  const file = await openFile(by, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(by, stagedName(path));
  await syncDirectory(dirname(path));
}

/** Finishes what was staged; nothing to do if nothing was. The database at `path` is closed. */
export function completeReplacement(path: string): void {
  if (!existsSync(stagedName(path))) return;
  for (const part of ['-wal', '-shm']) rmSync(path + part, { force: true });
  renameSync(stagedName(path), path);
}

/** Makes the names of new files in `path` durable. Where a directory cannot be opened or synced, nothing can be done. */
export async function syncDirectory(path: string): Promise<void> {
  let directory;
  try {
    directory = await openFile(path, 'r');
    await directory.sync();
  } catch {
    // Windows has no directory handles; its file system journals names.
  } finally {
    await directory?.close();
  }
}
