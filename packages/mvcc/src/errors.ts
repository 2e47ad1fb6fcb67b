/** Operating errors of the store: everything that a disk, a file or an operator can cause. */

/**
 * What went wrong.
 * - `corrupt`: stored bytes contradict their checksum, their order or their count. Rebuild this member.
 * - `disk-full`: no space for a write. The transaction was rolled back and the store is poisoned.
 * - `io`: any other failed read, write or sync. The transaction was rolled back and the store is poisoned.
 * - `in-use`: another process (or another store in this one) has the database open.
 * - `not-a-store`: the file is no database of ours.
 * - `newer-schema`: written by a newer version of this package.
 * - `old-engine`: the SQLite library has a known corruption bug.
 * - `poisoned`: an earlier error left memory ahead of disk; `cause` holds it. Only `close` works.
 * - `replaced`: a snapshot took the place of the store while this read was under way. Reading again works.
 * - `closed`: the store was closed.
 */
export type MvccErrorCode =
  | 'corrupt'
  | 'disk-full'
  | 'io'
  | 'in-use'
  | 'not-a-store'
  | 'newer-schema'
  | 'old-engine'
  | 'poisoned'
  | 'replaced'
  | 'closed';

const brand = Symbol.for('@kv/mvcc.MvccError');

/** The one error class of this package. Recognised across duplicate installs by its brand. */
export class MvccError extends Error {
  override readonly name: string = 'MvccError';
  readonly code: MvccErrorCode;

  constructor(code: MvccErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    Object.defineProperty(this, brand, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value;
  }
}

/** The error for bytes on disk that cannot be what was written. `where` names file and row. */
export function corruptError(where: string, what: string, cause?: unknown): MvccError {
  return new MvccError(
    'corrupt',
    `${where}: ${what}. Stop this member, remove its data directory and let it rebuild from a healthy member, ` +
      'or restore a backup',
    cause === undefined ? undefined : { cause },
  );
}
