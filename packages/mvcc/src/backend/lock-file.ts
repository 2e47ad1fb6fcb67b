/**
 * Keeps a second opener out. Node has no file locks, SQLite does: an exclusive transaction on a small file of its own,
 * held for life. The kernel releases it however the process ends, so no stale lock needs a human.
 */
import Database from 'better-sqlite3';
import { MvccError } from '../errors.js';
import { engineError, resultCode } from './sqlite-errors.js';

export class LockFile {
  private readonly database: Database.Database;

  private constructor(database: Database.Database) {
    this.database = database;
  }

  /** MvccError `in-use` if anybody holds it. */
  static acquire(path: string): LockFile {
    const database = new Database(path, { timeout: 0 });
    try {
      database.pragma('journal_mode = DELETE');
      database.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      database.close();
      if (!resultCode(error).startsWith('SQLITE_BUSY')) throw engineError(error, path, 'locking');
      throw new MvccError(
        'in-use',
        `${path} is locked: another process has this store open. Stop it, or use another data directory`,
        { cause: error },
      );
    }
    return new LockFile(database);
  }

  /** Idempotent. */
  release(): void {
    this.database.close();
  }
}
