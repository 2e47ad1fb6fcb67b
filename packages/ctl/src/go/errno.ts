/** Failures of files in Go's words: `open /x: no such file or directory`. */
import { fromText, type ByteString } from '../bytes.js';

const texts: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'no such file or directory'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'operation not permitted'],
  ['EEXIST', 'file exists'],
  ['EISDIR', 'is a directory'],
  ['ENOTDIR', 'not a directory'],
  ['ENOSPC', 'no space left on device'],
  ['EROFS', 'read-only file system'],
  ['ENAMETOOLONG', 'file name too long'],
  ['EXDEV', 'invalid cross-device link'],
  ['EIO', 'input/output error'],
]);

/** Why a call of the file system failed. */
export function errnoText(error: unknown): ByteString {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  const known = code === undefined ? undefined : texts.get(code);
  return known ?? fromText(error instanceof Error ? error.message : String(error));
}
