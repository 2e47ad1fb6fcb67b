/** Tables, identity and version of the database file, and the settings of a connection. */
import type { Database } from 'better-sqlite3';
import { MvccError } from '../errors.js';

/** `kvmv`: marks the file as ours in its header. */
const applicationId = 0x6b766d76;
/** Rises with each change of tables or of the bytes in them. */
export const schemaVersion = 1;
/** The first release without the WAL-reset bug (two connections, commit against checkpoint). */
const engineVersionMin: readonly [number, number, number] = [3, 51, 3];

const tables = `
  CREATE TABLE record (seq INTEGER PRIMARY KEY, head BLOB NOT NULL, tail BLOB NOT NULL) STRICT;
  CREATE TABLE row (
    bucket TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (bucket, key)
  ) STRICT, WITHOUT ROWID;
`;

/** Refuses SQLite libraries with known corruption bugs. `version` as `sqlite_version()` gives it. */
export function checkEngineVersion(version: string): void {
  const parts = version.split('.').map(Number);
  for (const [i, minimum] of engineVersionMin.entries()) {
    const part = parts[i] ?? 0;
    if (part > minimum) return;
    if (part < minimum) {
      throw new MvccError(
        'old-engine',
        `SQLite ${version} can corrupt a database that is checkpointed while it is written; ` +
          `${engineVersionMin.join('.')} or newer is needed`,
      );
    }
  }
}

/** Settings that a new file keeps for ever; without effect on an existing one. Before the first table. */
export function configureNewFile(database: Database, pageBytes: number): void {
  database.pragma(`page_size = ${pageBytes}`);
  database.pragma('auto_vacuum = INCREMENTAL');
}

/** Settings of each connection, every one read back: a typo in a pragma is silence. */
export function configureConnection(
  database: Database,
  cacheBytes: number,
  logBytesMax: number,
): void {
  const cacheKib = Math.floor(cacheBytes / 1024);
  set(database, 'journal_mode', 'wal', 'wal');
  set(database, 'synchronous', 'NORMAL', 1);
  set(database, 'wal_autocheckpoint', '0', 0);
  set(database, 'journal_size_limit', String(logBytesMax), logBytesMax);
  set(database, 'cache_size', `-${cacheKib}`, -cacheKib);
  set(database, 'mmap_size', '0', 0);
  set(database, 'temp_store', 'MEMORY', 2);
  set(database, 'trusted_schema', 'OFF', 0);
  set(database, 'cell_size_check', 'ON', 1);
}

function set(database: Database, name: string, value: string, expected: string | number): void {
  database.pragma(`${name} = ${value}`);
  const actual: unknown = database.pragma(name, { simple: true });
  if (actual !== expected) {
    throw new MvccError(
      'io',
      `${database.name}: setting ${name} is ${String(actual)} after it was set to ${String(expected)}`,
    );
  }
}

/** Makes a new file ours, or checks that an existing one is, and of a version that we read. */
export function prepareSchema(database: Database): void {
  const read = (pragma: string): number => Number(database.pragma(pragma, { simple: true }));
  const tablesFound = database.prepare('SELECT count(*) FROM sqlite_schema').pluck().get();
  const id = read('application_id');
  if (tablesFound === 0 && id === 0) {
    database.exec(
      `BEGIN IMMEDIATE; ${tables} PRAGMA application_id = ${applicationId};
       PRAGMA user_version = ${schemaVersion}; COMMIT;`,
    );
  } else if (id !== applicationId) {
    throw new MvccError(
      'not-a-store',
      `${database.name} is a database of something else (application id ${id})`,
    );
  }
  const version = read('user_version');
  if (version > schemaVersion) {
    throw new MvccError(
      'newer-schema',
      `${database.name} has schema version ${version}, written by a newer release; this one reads up to ` +
        `${schemaVersion}. Start the newer release`,
    );
  }
  if (version !== schemaVersion || read('auto_vacuum') !== 2) {
    throw new MvccError(
      'not-a-store',
      `${database.name} has schema version ${version}, which no release of this store wrote`,
    );
  }
}
