/** The default backend: one SQLite database in WAL mode, written by one connection. See DESIGN.md for every choice. */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { engineError } from './sqlite-errors.js';
import { completeReplacement, stageReplacement, syncDirectory } from './sqlite-replacement.js';
import type { Backend, BackendImage, BackendRow, BackendSize, RowAddress } from './backend.js';
import { Checkpointer } from './checkpointer.js';
import { LockFile } from './lock-file.js';
import {
  checkEngineVersion,
  configureConnection,
  configureNewFile,
  prepareSchema,
} from './schema.js';
import { exportImage, removeLeftoverImages } from './sqlite-image.js';
import { insertRecordsMax, prepareStatements } from './statements.js';
import type { StatementName, Statements } from './statements.js';

export interface SqliteBackendOptions {
  /** Page size of a new database. Default 4096. */
  readonly pageBytes?: number;
  /** SQLite's page cache. Default 16 MiB. */
  readonly cacheBytes?: number;
  /** The log of committed changes (`-wal`) may grow so far before `gate` asks for a pause. Default 64 MiB. */
  readonly logBytesMax?: number;
  /** The database may not grow past this: `disk-full` at the bound. Default: no bound. */
  readonly databaseBytesMax?: number;
  /**
   * Whether other openers are kept out. Default true; false only for a copy that is looked at by whoever holds the lock of the
   * database beside it.
   */
  readonly locked?: boolean;
}

const defaultPageBytes = 4096;
const defaultCacheBytes = 16 * 1024 * 1024;
const defaultLogBytesMax = 64 * 1024 * 1024;
const problemsMax = 100;
const nothing = new Uint8Array(0);

export class SqliteBackend implements Backend {
  readonly name: string;
  private readonly database: Database.Database;
  private readonly statements: Statements;
  private readonly lock: LockFile | undefined;
  private readonly options: SqliteBackendOptions;
  private readonly checkpointer: Checkpointer;
  private readonly pageBytes: number;
  /** Parameters of records that were appended but not inserted yet: seq, head, tail, seq, head, tail, ... */
  private pending: unknown[] = [];
  private writing = false;
  /** A read transaction is held between batches: taking and dropping SQLite's locks for each read would cost more. */
  private reading = false;
  private knownSize: BackendSize | undefined;
  private images = 0;
  private closing: Promise<void> | undefined;

  private constructor(
    database: Database.Database,
    lock: LockFile | undefined,
    options: SqliteBackendOptions,
  ) {
    this.name = database.name;
    this.database = database;
    this.lock = lock;
    this.options = options;
    this.statements = prepareStatements(database);
    this.pageBytes = Number(database.pragma('page_size', { simple: true }));
    this.checkpointer = new Checkpointer(
      this.name,
      this.pageBytes,
      options.logBytesMax ?? defaultLogBytesMax,
    );
    this.limitBytes(options.databaseBytesMax);
  }

  /**
   * Opens or creates the database at `path` (its folder must exist; a local file system, not a network one). MvccError
   * `in-use`, `not-a-store`, `newer-schema`, `old-engine`, `corrupt`, `io`.
   */
  static async open(path: string, options: SqliteBackendOptions = {}): Promise<SqliteBackend> {
    const lock = options.locked === false ? undefined : LockFile.acquire(`${path}.lock`);
    let backend: SqliteBackend | undefined;
    try {
      await removeLeftoverImages(path);
      completeReplacement(path);
      backend = SqliteBackend.connect(path, lock, options);
      await syncDirectory(dirname(path));
      return backend;
    } catch (error) {
      backend?.database.close();
      lock?.release();
      throw engineError(error, path, 'opening');
    }
  }

  private static connect(
    path: string,
    lock: LockFile | undefined,
    options: SqliteBackendOptions,
  ): SqliteBackend {
    const database = new Database(path, { timeout: 1000 });
    try {
      checkEngineVersion(String(database.prepare('SELECT sqlite_version()').pluck().get()));
      configureNewFile(database, options.pageBytes ?? defaultPageBytes);
      configureConnection(
        database,
        options.cacheBytes ?? defaultCacheBytes,
        options.logBytesMax ?? defaultLogBytesMax,
      );
      prepareSchema(database);
      return new SqliteBackend(database, lock, options);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  begin(): void {
    this.attempt('begin', () => {
      this.endRead();
      this.statements.begin.run();
      this.writing = true;
      this.knownSize = undefined;
    });
  }

  commit(): void {
    this.attempt('commit', () => {
      this.flush();
      this.statements.commit.run();
      this.writing = false;
    });
  }

  rollback(): void {
    this.pending = [];
    this.writing = false;
    // SQLite has rolled back by itself after some errors.
    if (this.database.inTransaction) this.attempt('rollback', () => this.statements.rollback.run());
  }

  appendRecord(seq: number, head: Uint8Array, tail: Uint8Array): void {
    this.pending.push(seq, head, tail);
    if (this.pending.length === 3 * insertRecordsMax)
      this.attempt('insert', () => {
        this.flush();
      });
  }

  readRecord(seq: number): Uint8Array | undefined {
    return this.query('readRecord', seq) as Uint8Array | undefined;
  }

  readRecords(seqs: readonly number[]): Uint8Array {
    return (this.query('readRecords', JSON.stringify(seqs)) ?? nothing) as Uint8Array;
  }

  deleteRecords(first: number, last: number): void {
    this.change('deleteRecords', first, last);
  }

  scanHeads(from: number, countMax: number, bytesMax: number): Uint8Array {
    const count = this.fitting('headBytes', from, countMax, bytesMax);
    return (this.query('scanHeads', from, count) ?? nothing) as Uint8Array;
  }

  scanRecords(from: number, countMax: number, bytesMax: number): Uint8Array {
    const count = this.fitting('recordBytes', from, countMax, bytesMax);
    return (this.query('scanRecords', from, count) ?? nothing) as Uint8Array;
  }

  readRow(bucket: string, key: Uint8Array): Uint8Array | undefined {
    return this.query('readRow', bucket, key) as Uint8Array | undefined;
  }

  writeRow(bucket: string, key: Uint8Array, value: Uint8Array): void {
    this.change('writeRow', bucket, key, value);
  }

  deleteRow(bucket: string, key: Uint8Array): void {
    this.change('deleteRow', bucket, key);
  }

  scanRows(bucket: string, after: Uint8Array | undefined, countMax: number): BackendRow[] {
    this.prepareRead();
    const rows = this.attempt('scanRows', () =>
      after === undefined
        ? this.statements.scanRowsFromStart.all(bucket, countMax)
        : this.statements.scanRows.all(bucket, after, countMax),
    ) as [Uint8Array, Uint8Array][];
    return rows.map(([key, value]) => ({ key, value }));
  }

  bucketNames(): string[] {
    const names: string[] = [];
    for (let after = ''; ;) {
      const name = this.query('nextBucket', after);
      if (typeof name !== 'string') break;
      names.push(name);
      after = name;
    }
    return names;
  }

  async checkpoint(commitOpen: () => void = () => undefined): Promise<void> {
    await this.checkpointer.run(commitOpen);
    // The read transaction at hand still looks pages up in the log; the next one need not.
    this.attempt('checkpoint', () => {
      if (!this.writing) this.endRead();
    });
  }

  gate(): Promise<void> | undefined {
    return this.checkpointer.gate();
  }

  size(): BackendSize {
    if (this.knownSize !== undefined) return this.knownSize;
    const pages = Number(this.query('pageCount'));
    const free = Number(this.query('freePages'));
    const log = statSync(`${this.name}-wal`, { throwIfNoEntry: false })?.size ?? 0;
    const size: BackendSize = {
      bytes: pages * this.pageBytes,
      inUseBytes: (pages - free) * this.pageBytes,
      logBytes: log,
    };
    if (!this.writing) this.knownSize = size;
    return size;
  }

  reclaim(pagesMax: number): 'more' | 'done' {
    return this.attempt('reclaiming space', () => {
      this.endRead();
      this.knownSize = undefined;
      const freePages = (): number => Number(this.statements.freePages.get());
      const before = freePages();
      if (before > 0) this.database.pragma(`incremental_vacuum(${pagesMax})`);
      const after = freePages();
      return after > 0 && after < before ? 'more' : 'done';
    });
  }

  exportImage(rows: readonly RowAddress[] = []): Promise<BackendImage> {
    return exportImage(this.name, ++this.images, rows);
  }

  async prepareReplacement(path: string): Promise<void> {
    await this.checkpointer.close();
    try {
      await stageReplacement(this.name, path);
    } catch (error) {
      throw engineError(error, path, 'putting it in place of the database');
    }
  }

  replace(): SqliteBackend {
    return this.attempt('replacing it', () => {
      this.database.close();
      completeReplacement(this.name);
      const { lock } = this;
      this.closing = Promise.resolve();
      return SqliteBackend.connect(this.name, lock, this.options);
    });
  }

  verify(): string[] {
    this.prepareRead();
    const rows = this.attempt('checking the structure', () =>
      this.database.pragma(`integrity_check(${problemsMax})`),
    ) as { readonly integrity_check: string }[];
    const problems = rows.map((row) => row.integrity_check);
    return problems.length === 1 && problems[0] === 'ok' ? [] : problems;
  }

  close(): Promise<void> {
    this.closing ??= this.closeOnce();
    return this.closing;
  }

  private async closeOnce(): Promise<void> {
    try {
      await this.checkpointer.close();
      this.attempt('close', () => this.database.close());
    } finally {
      this.lock?.release();
    }
  }

  private limitBytes(bytesMax: number | undefined): void {
    if (bytesMax === undefined) return;
    this.database.pragma(`max_page_count = ${Math.floor(bytesMax / this.pageBytes)}`);
  }

  /** Inserts what is pending, as many records per statement as it has. */
  private flush(): void {
    const { pending } = this;
    if (pending.length === 0) return;
    this.statements.insertRecords[pending.length / 3 - 1]?.run(pending);
    this.pending = [];
  }

  private endRead(): void {
    if (!this.reading) return;
    this.reading = false;
    this.statements.commit.run();
  }

  /** Before any read: inside a transaction what is pending must be there, outside a read transaction is held. */
  private prepareRead(): void {
    if (this.writing) {
      if (this.pending.length > 0)
        this.attempt('insert', () => {
          this.flush();
        });
    } else if (!this.reading) {
      this.attempt('read', () => this.statements.beginRead.run());
      this.reading = true;
    }
  }

  private query(name: StatementName, ...parameters: unknown[]): unknown {
    this.prepareRead();
    try {
      return this.statements[name].get(...parameters) ?? undefined;
    } catch (error) {
      throw engineError(error, this.name, name);
    }
  }

  private change(name: StatementName, ...parameters: unknown[]): void {
    this.prepareRead();
    try {
      this.statements[name].run(...parameters);
    } catch (error) {
      throw engineError(error, this.name, name);
    }
  }

  /** The largest number of records from `from` on, halving from `countMax`, that stay within `bytesMax`. */
  private fitting(
    name: 'headBytes' | 'recordBytes',
    from: number,
    countMax: number,
    bytesMax: number,
  ): number {
    let count = countMax;
    while (count > 1 && Number(this.query(name, from, count)) > bytesMax) count >>= 1;
    return count;
  }

  private attempt<T>(doing: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw engineError(error, this.name, doing);
    }
  }
}
