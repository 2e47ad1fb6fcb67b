/**
 * A backend in memory, for tests and the simulator. Has what a disk can do to one: crash with any part of the commits
 * since the last checkpoint lost, and fail at any operation.
 */
import { Buffer } from 'node:buffer';
import { deserialize, serialize } from 'node:v8';
import type {
  Backend,
  BackendImage,
  BackendRow,
  BackendSize,
  RowAddress,
} from '../backend/backend.js';
import { invariant } from '../invariant.js';
import { MemoryContents } from './memory-contents.js';
import type { MemoryChange } from './memory-contents.js';

export type BackendOperation = 'begin' | 'change' | 'commit' | 'read' | 'checkpoint' | 'reclaim';

export interface MemoryBackendOptions {
  readonly name?: string;
  /** Asked before each operation: a returned error is thrown, and the operation does not happen. */
  readonly fault?: (operation: BackendOperation) => Error | undefined;
  /** The file that a replacement is in; its bytes are those of an exported image. */
  readonly readFile?: (path: string) => Uint8Array;
}

export class MemoryBackend implements Backend {
  readonly name: string;
  private readonly options: MemoryBackendOptions;
  /** As of the last checkpoint, and as of now. */
  private durable: MemoryContents;
  private current: MemoryContents;
  private replacement: MemoryContents | undefined;
  /** Commits since the last checkpoint, oldest first. */
  private unsynced: MemoryChange[][] = [];
  private open: { readonly changes: MemoryChange[]; readonly undo: MemoryChange[] } | undefined;

  constructor(options: MemoryBackendOptions = {}, contents: MemoryContents = new MemoryContents()) {
    this.options = options;
    this.name = options.name ?? 'memory';
    this.durable = contents;
    this.current = contents.copy();
  }

  /** A backend with the contents of an exported image. */
  static fromImage(bytes: Uint8Array, options: MemoryBackendOptions = {}): MemoryBackend {
    return new MemoryBackend(options, MemoryContents.decode(deserialize(bytes)));
  }

  /** Commits that a crash could take. */
  get unsyncedCommits(): number {
    return this.unsynced.length;
  }

  /**
   * What is left after a power cut that took all but the first `commitsKept` commits since the last checkpoint. The crashed
   * backend is not to be used any more.
   */
  crash(commitsKept = 0, options: MemoryBackendOptions = this.options): MemoryBackend {
    if (this.replacement !== undefined) return new MemoryBackend(options, this.replacement);
    const contents = this.durable.copy();
    for (const changes of this.unsynced.slice(0, commitsKept)) {
      for (const change of changes) contents.apply(change);
    }
    return new MemoryBackend(options, contents);
  }

  begin(): void {
    this.check('begin');
    invariant(this.open === undefined, 'transactions do not nest');
    this.open = { changes: [], undo: [] };
  }

  commit(): void {
    this.check('commit');
    invariant(this.open !== undefined, 'a commit ends a transaction');
    this.unsynced.push(this.open.changes);
    this.open = undefined;
  }

  rollback(): void {
    if (this.open === undefined) return;
    for (const change of this.open.undo.reverse()) this.current.apply(change);
    this.open = undefined;
  }

  appendRecord(seq: number, head: Uint8Array, tail: Uint8Array): void {
    this.change({ type: 'record', seq, record: { head: head.slice(), tail: tail.slice() } });
  }

  readRecord(seq: number): Uint8Array | undefined {
    this.check('read');
    const record = this.current.record(seq);
    return record === undefined ? undefined : Buffer.concat([record.head, record.tail]);
  }

  readRecords(seqs: readonly number[]): Uint8Array {
    const found = seqs.map((seq) => this.readRecord(seq));
    return Buffer.concat(found.filter((bytes) => bytes !== undefined));
  }

  deleteRecords(first: number, last: number): void {
    for (const seq of this.current.seqsBetween(first, last)) {
      this.change({ type: 'record', seq, record: undefined });
    }
  }

  scanHeads(from: number, countMax: number, bytesMax: number): Uint8Array {
    return this.scan(from, countMax, bytesMax, false);
  }

  scanRecords(from: number, countMax: number, bytesMax: number): Uint8Array {
    return this.scan(from, countMax, bytesMax, true);
  }

  readRow(bucket: string, key: Uint8Array): Uint8Array | undefined {
    this.check('read');
    return this.current.row(bucket, key)?.slice();
  }

  writeRow(bucket: string, key: Uint8Array, value: Uint8Array): void {
    this.change({ type: 'row', bucket, key: key.slice(), value: value.slice() });
  }

  deleteRow(bucket: string, key: Uint8Array): void {
    this.change({ type: 'row', bucket, key: key.slice(), value: undefined });
  }

  scanRows(bucket: string, after: Uint8Array | undefined, countMax: number): BackendRow[] {
    this.check('read');
    const rows = this.current.rows(bucket);
    const start =
      after === undefined ? 0 : rows.findIndex((row) => Buffer.compare(row.key, after) > 0);
    if (start < 0) return [];
    return rows
      .slice(start, start + countMax)
      .map(({ key, value }) => ({ key: key.slice(), value: value.slice() }));
  }

  bucketNames(): string[] {
    this.check('read');
    return this.current.bucketNames();
  }

  checkpoint(_commitOpen?: () => void): Promise<void> {
    const fault = this.options.fault?.('checkpoint');
    if (fault !== undefined) return Promise.reject(fault);
    for (const changes of this.unsynced) {
      for (const change of changes) this.durable.apply(change);
    }
    this.unsynced = [];
    return Promise.resolve();
  }

  gate(): undefined {
    return undefined;
  }

  size(): BackendSize {
    const bytes = this.current.bytes();
    return { bytes, inUseBytes: bytes, logBytes: this.unsynced.length };
  }

  reclaim(): 'done' {
    this.check('reclaim');
    return 'done';
  }

  prepareReplacement(path: string): Promise<void> {
    const { readFile } = this.options;
    invariant(readFile !== undefined, 'a backend that is replaced is told how files are read');
    this.replacement = MemoryContents.decode(deserialize(readFile(path)));
    return Promise.resolve();
  }

  /** The same object, so that whoever plays the disk keeps hold of it. */
  replace(): this {
    invariant(this.replacement !== undefined, 'a replacement was prepared');
    this.durable = this.replacement;
    this.current = this.replacement.copy();
    this.unsynced = [];
    this.open = undefined;
    this.replacement = undefined;
    return this;
  }

  exportImage(rows: readonly RowAddress[] = []): Promise<BackendImage> {
    const bytes = serialize(this.current.encode());
    // eslint-disable-next-line @typescript-eslint/require-await -- a stream, as the port asks for
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield bytes;
    }
    return Promise.resolve({
      bytes: bytes.length,
      rows: rows.map(({ bucket, key }) => this.current.row(bucket, key)?.slice()),
      chunks: chunks(),
      close: () => Promise.resolve(),
    });
  }

  verify(): string[] {
    return [];
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private change(change: MemoryChange): void {
    this.check('change');
    invariant(this.open !== undefined, 'changes are made in a transaction');
    this.open.undo.push(this.current.inverse(change));
    this.open.changes.push(change);
    this.current.apply(change);
  }

  private scan(from: number, countMax: number, bytesMax: number, withTails: boolean): Uint8Array {
    this.check('read');
    const parts: Uint8Array[] = [];
    let bytes = 0;
    for (const seq of this.current.seqsFrom(from, countMax)) {
      const record = this.current.record(seq);
      if (record === undefined) continue;
      bytes += record.head.length + (withTails ? record.tail.length : 0);
      if (parts.length > 0 && bytes > bytesMax) break;
      parts.push(withTails ? Buffer.concat([record.head, record.tail]) : record.head);
    }
    return Buffer.concat(parts);
  }

  private check(operation: BackendOperation): void {
    const fault = this.options.fault?.(operation);
    if (fault !== undefined) throw fault;
  }
}
