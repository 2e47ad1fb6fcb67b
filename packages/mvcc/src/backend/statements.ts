/** Every SQL statement of the store, prepared once. Sequence numbers are safe integers; everything else is a blob. */
import type { Database, Statement } from 'better-sqlite3';

/** Records that one insert statement takes at most. */
export const insertRecordsMax = 8;

// Many rows come as one blob: a call and an object per row would cost more than reading it. Concatenation treats blobs
// as text without changing a byte (the encoding of the database is UTF-8, and nothing is converted).
const window = 'FROM record WHERE seq >= ? ORDER BY seq LIMIT ?';
const concat = (parts: string, from: string): string =>
  `SELECT CAST(group_concat(run, '') AS BLOB) FROM (SELECT ${parts} AS run ${from})`;

export type StatementName =
  | 'begin'
  | 'beginRead'
  | 'commit'
  | 'rollback'
  | 'readRecord'
  | 'readRecords'
  | 'deleteRecords'
  | 'scanHeads'
  | 'scanRecords'
  | 'headBytes'
  | 'recordBytes'
  | 'readRow'
  | 'writeRow'
  | 'deleteRow'
  | 'scanRows'
  | 'scanRowsFromStart'
  | 'nextBucket'
  | 'pageCount'
  | 'freePages';

/** The tests ask SQLite for the plan of each: none may scan a table. */
export const sql: Readonly<Record<StatementName, string>> = {
  begin: 'BEGIN IMMEDIATE',
  beginRead: 'BEGIN',
  commit: 'COMMIT',
  rollback: 'ROLLBACK',
  readRecord: 'SELECT CAST(head || tail AS BLOB) FROM record WHERE seq = ?',
  readRecords: concat(
    'head || tail',
    'FROM json_each(?) AS wanted CROSS JOIN record ON record.seq = wanted.value',
  ),
  deleteRecords: 'DELETE FROM record WHERE seq BETWEEN ? AND ?',
  scanHeads: concat('head', window),
  scanRecords: concat('head || tail', window),
  headBytes: `SELECT total(size) FROM (SELECT length(head) AS size ${window})`,
  recordBytes: `SELECT total(size) FROM (SELECT length(head) + length(tail) AS size ${window})`,
  readRow: 'SELECT value FROM row WHERE bucket = ? AND key = ?',
  writeRow: 'INSERT INTO row VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
  deleteRow: 'DELETE FROM row WHERE bucket = ? AND key = ?',
  scanRows: 'SELECT key, value FROM row WHERE bucket = ? AND key > ? ORDER BY key LIMIT ?',
  scanRowsFromStart: 'SELECT key, value FROM row WHERE bucket = ? ORDER BY key LIMIT ?',
  nextBucket: 'SELECT bucket FROM row WHERE bucket > ? ORDER BY bucket LIMIT 1',
  pageCount: 'PRAGMA page_count',
  freePages: 'PRAGMA freelist_count',
};

export type Statements = Readonly<Record<StatementName, Statement>> & {
  /** `insertRecords[n - 1]` inserts n records. */
  readonly insertRecords: readonly Statement[];
};

/** Columns come as plain values where a statement has one, as arrays where it has two. */
const pairs: ReadonlySet<StatementName> = new Set(['scanRows', 'scanRowsFromStart']);
const noResult: ReadonlySet<StatementName> = new Set([
  'begin',
  'beginRead',
  'commit',
  'rollback',
  'deleteRecords',
  'writeRow',
  'deleteRow',
]);

export function prepareStatements(database: Database): Statements {
  const prepared: Partial<Record<StatementName, Statement>> = {};
  for (const name of Object.keys(sql) as StatementName[]) {
    const statement = database.prepare(sql[name]);
    if (pairs.has(name)) statement.raw();
    else if (!noResult.has(name)) statement.pluck();
    prepared[name] = statement;
  }
  const insertRecords = Array.from({ length: insertRecordsMax }, (_, i) =>
    database.prepare(
      `INSERT INTO record VALUES ${Array(i + 1)
        .fill('(?, ?, ?)')
        .join(', ')}`,
    ),
  );
  return { ...(prepared as Record<StatementName, Statement>), insertRecords };
}
