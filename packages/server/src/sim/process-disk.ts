/**
 * A machine's disk and store as one process sees them: syncs take simulated time, power may fail in the midst of a turn, and once the
 * process has ended nothing that is left of it reaches them any more.
 */
import type { Backend, BackendImage, BackendRow, BackendSize, RowAddress } from '@kv/mvcc';
import type { MemoryBackend } from '@kv/mvcc/testing';
import type { FileHandle, FileSystem, OpenMode } from '@kv/wal';
import { PowerLoss, type FaultyDisk } from '@kv/wal/testing';
import type { Actor } from './timeline.js';

/** What the process is told. */
export interface PowerListener {
  /** Power failed just now, inside of a call. */
  powerFailed(): void;
}

/** Lets nothing through once the process has ended, and tells of power that fails. */
class Guard {
  readonly #actor: Actor;
  readonly #listener: PowerListener;

  constructor(actor: Actor, listener: PowerListener) {
    this.#actor = actor;
    this.#listener = listener;
  }

  run<T>(call: () => T): T {
    this.check();
    try {
      return call();
    } catch (error) {
      if (error instanceof PowerLoss) this.#listener.powerFailed();
      throw error;
    }
  }

  async wait(call: () => Promise<void>): Promise<void> {
    this.check();
    try {
      await call();
    } catch (error) {
      if (error instanceof PowerLoss) this.#listener.powerFailed();
      throw error;
    }
  }

  check(): void {
    if (this.#actor.hasEnded) throw new PowerLoss('the process has ended');
  }
}

export class ProcessDisk implements FileSystem {
  readonly #disk: FaultyDisk;
  readonly #guard: Guard;

  constructor(disk: FaultyDisk, actor: Actor, listener: PowerListener) {
    this.#disk = disk;
    this.#guard = new Guard(actor, listener);
  }

  makeDirectory(path: string): void {
    this.#guard.run(() => {
      this.#disk.makeDirectory(path);
    });
  }

  list(path: string): readonly string[] {
    return this.#guard.run(() => this.#disk.list(path));
  }

  open(path: string, mode: OpenMode): FileHandle {
    const guard = this.#guard;
    const handle = guard.run(() => this.#disk.open(path, mode));
    return {
      path,
      size: () => guard.run(() => handle.size()),
      read: (target, position) => guard.run(() => handle.read(target, position)),
      write: (source, position) => guard.run(() => handle.write(source, position)),
      truncate: (size) => {
        guard.run(() => {
          handle.truncate(size);
        });
      },
      sync: () => guard.wait(() => handle.sync()),
      syncNow: () => {
        guard.run(() => {
          handle.syncNow();
        });
      },
      close: () => {
        guard.run(() => {
          handle.close();
        });
      },
    };
  }

  rename(from: string, to: string): void {
    this.#guard.run(() => {
      this.#disk.rename(from, to);
    });
  }

  remove(path: string): void {
    this.#guard.run(() => {
      this.#disk.remove(path);
    });
  }

  syncDirectory(path: string): Promise<void> {
    return this.#guard.wait(() => this.#disk.syncDirectory(path));
  }
}

/** The store of one process. `checkpointed` resolves after the time that a checkpoint takes. */
export class ProcessBackend implements Backend {
  readonly name: string = 'simulated';
  readonly #backend: MemoryBackend;
  readonly #guard: Guard;
  readonly #latency: () => Promise<void>;

  constructor(
    backend: MemoryBackend,
    actor: Actor,
    listener: PowerListener,
    latency: () => Promise<void>,
  ) {
    this.#backend = backend;
    this.#guard = new Guard(actor, listener);
    this.#latency = latency;
  }

  begin(): void {
    this.#guard.run(() => {
      this.#backend.begin();
    });
  }

  commit(): void {
    this.#guard.run(() => {
      this.#backend.commit();
    });
  }

  rollback(): void {
    this.#guard.run(() => {
      this.#backend.rollback();
    });
  }

  appendRecord(seq: number, head: Uint8Array, tail: Uint8Array): void {
    this.#guard.run(() => {
      this.#backend.appendRecord(seq, head, tail);
    });
  }

  readRecord(seq: number): Uint8Array | undefined {
    return this.#guard.run(() => this.#backend.readRecord(seq));
  }

  readRecords(seqs: readonly number[]): Uint8Array {
    return this.#guard.run(() => this.#backend.readRecords(seqs));
  }

  deleteRecords(first: number, last: number): void {
    this.#guard.run(() => {
      this.#backend.deleteRecords(first, last);
    });
  }

  scanHeads(from: number, countMax: number, bytesMax: number): Uint8Array {
    return this.#guard.run(() => this.#backend.scanHeads(from, countMax, bytesMax));
  }

  scanRecords(from: number, countMax: number, bytesMax: number): Uint8Array {
    return this.#guard.run(() => this.#backend.scanRecords(from, countMax, bytesMax));
  }

  readRow(bucket: string, key: Uint8Array): Uint8Array | undefined {
    return this.#guard.run(() => this.#backend.readRow(bucket, key));
  }

  writeRow(bucket: string, key: Uint8Array, value: Uint8Array): void {
    this.#guard.run(() => {
      this.#backend.writeRow(bucket, key, value);
    });
  }

  deleteRow(bucket: string, key: Uint8Array): void {
    this.#guard.run(() => {
      this.#backend.deleteRow(bucket, key);
    });
  }

  scanRows(bucket: string, after: Uint8Array | undefined, countMax: number): BackendRow[] {
    return this.#guard.run(() => this.#backend.scanRows(bucket, after, countMax));
  }

  bucketNames(): string[] {
    return this.#guard.run(() => this.#backend.bucketNames());
  }

  async checkpoint(): Promise<void> {
    await this.#guard.wait(this.#latency);
    await this.#guard.wait(() => this.#backend.checkpoint());
  }

  gate(): undefined {
    return undefined;
  }

  size(): BackendSize {
    return this.#backend.size();
  }

  reclaim(): 'more' | 'done' {
    return this.#guard.run(() => this.#backend.reclaim());
  }

  exportImage(rows?: readonly RowAddress[]): Promise<BackendImage> {
    return this.#guard.run(() => this.#backend.exportImage(rows));
  }

  prepareReplacement(path: string): Promise<void> {
    return this.#guard.wait(() => this.#backend.prepareReplacement(path));
  }

  replace(): this {
    this.#guard.run(() => {
      this.#backend.replace();
    });
    return this;
  }

  verify(): string[] {
    return [];
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
