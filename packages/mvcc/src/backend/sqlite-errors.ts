/** SQLite's result codes as errors of ours. */
import { corruptError, MvccError } from '../errors.js';

/** The extended result code of an error that better-sqlite3 threw, or an empty string. */
export function resultCode(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

/** Maps any error of the engine; errors of ours pass unchanged. `doing` says what failed. */
export function engineError(error: unknown, path: string, doing: string): MvccError {
  if (error instanceof MvccError) return error;
  const code = resultCode(error);
  const text = error instanceof Error ? error.message : String(error);
  const message = `${path}: ${doing} failed: ${text} (${code === '' ? 'no code' : code})`;
  if (code.startsWith('SQLITE_CORRUPT')) return corruptError(path, `${doing}: ${text}`, error);
  if (code === 'SQLITE_NOTADB') {
    return new MvccError('not-a-store', `${path} is no database: ${text}`, { cause: error });
  }
  if (code === 'SQLITE_FULL') {
    return new MvccError('disk-full', `${message}. Free disk space, then restart`, {
      cause: error,
    });
  }
  if (code === 'SQLITE_BUSY' || code.startsWith('SQLITE_BUSY_')) {
    return new MvccError('in-use', message, { cause: error });
  }
  return new MvccError('io', message, { cause: error });
}
