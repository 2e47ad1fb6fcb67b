/** The one error class of this package, and the mapping from a failed system call to it. */

/**
 * - `exists`: a log is already there; `not-found`: none is.
 * - `io`, `no-space`: a call of the file system failed; `sync-failed`: a flush to disk failed (never retried).
 * - `dead`: an earlier write or sync failed (`cause`), so this log accepts nothing any more; `closed`: after `close()`.
 * - `backlog`: more un-synced bytes than `unsyncedBytesMax`.
 * - `crc-mismatch`, `corrupt`: acknowledged data is damaged; `unknown-record`: a type that this version does not know.
 * - `sequence-gap`: a segment is missing; `entry-gap`: an index is missing.
 * - `metadata-conflict`: segments of two members; `snapshot-missing`: no snapshot to start from; `snapshot-mismatch`:
 *   file and record of one snapshot differ in term; `commit-beyond-log`: the hard state commits what is not there.
 */
export type WalErrorCode =
  | 'exists'
  | 'not-found'
  | 'io'
  | 'no-space'
  | 'sync-failed'
  | 'dead'
  | 'closed'
  | 'backlog'
  | 'crc-mismatch'
  | 'corrupt'
  | 'unknown-record'
  | 'sequence-gap'
  | 'entry-gap'
  | 'metadata-conflict'
  | 'snapshot-missing'
  | 'snapshot-mismatch'
  | 'commit-beyond-log';

/** Where in which file, and what lies behind it. */
export interface WalErrorDetail {
  /** Path of the file or directory concerned. */
  readonly file?: string;
  /** Byte offset in `file`. */
  readonly offset?: number;
  readonly cause?: unknown;
}

const brand = Symbol.for('@kv/wal.WalError');

/** Any failure of the log that is not a bug. Recognised across duplicate installs of this package. */
export class WalError extends Error {
  override readonly name: string = 'WalError';
  readonly code: WalErrorCode;
  readonly file: string | undefined;
  readonly offset: number | undefined;

  constructor(code: WalErrorCode, message: string, detail: WalErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.file = detail.file;
    this.offset = detail.offset;
    Object.defineProperty(this, brand, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value;
  }
}

/** `error` as a WalError: itself if it is one, else the failure of `operation` on `file`. */
export function ioError(operation: string, file: string, error: unknown): WalError {
  if (error instanceof WalError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new WalError(
    isNoSpace(error) ? 'no-space' : 'io',
    `${operation} ${file} failed: ${reason}`,
    {
      file,
      cause: error,
    },
  );
}

/** The system's own code of a failed call (`ENOENT`, ...), if it has one. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

function isNoSpace(error: unknown): boolean {
  const code = systemCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}
