/**
 * The files under a log: the segment that is written, and the step to the next one.
 *
 * One call at a time (its owner is the flush of `Wal`). A call that failed leaves the files in an unknown state: the
 * owner must not call again (invariant W3).
 */
import { join } from 'node:path';
import { attempt, openFile, syncDirectory, syncFile, syncFileNow, writeFully } from './file-io.js';
import type { FileHandle, FileSystem } from './file-system.js';
import { invariant } from './invariant.js';
import { formatSegmentName, type SegmentId } from './segment-name.js';

/**
 * Zeros are written this far ahead of the log, so that a flush of small batches changes no metadata of the file
 * system: measured in DESIGN.md. Batches above a quarter of it gain nothing.
 */
const ZERO_AHEAD_BYTES = 1024 * 1024;
const ZERO_AHEAD_BATCH_MAX: number = ZERO_AHEAD_BYTES / 4;
/** A segment has this name until its header is durable. */
const UNFINISHED_NAME = '0.tmp';

export interface SegmentSettings {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly segmentBytes: number;
  readonly fsync: boolean;
}

export class SegmentWriter {
  readonly #settings: SegmentSettings;
  #file: FileHandle | undefined;
  #end = 0;
  /** Up to here zeros are written, or records. */
  #zeroedEnd = 0;

  constructor(settings: SegmentSettings) {
    this.#settings = settings;
  }

  /**
   * Goes on with an existing segment at `end`. First makes durable what is there: after a mere process crash it may
   * be in the page cache only, and the caller is about to rely on it.
   */
  async resume(id: SegmentId, end: number): Promise<void> {
    const { fileSystem, directory } = this.#settings;
    const file = openFile(fileSystem, join(directory, formatSegmentName(id)), 'update');
    this.#file = file;
    this.#end = end;
    this.#zeroedEnd = end;
    await this.#sync(file);
    await this.#syncDirectory();
  }

  /** Writes `bytes` at the end; durable once this resolves. The write is done before this returns. */
  async append(bytes: Uint8Array): Promise<void> {
    await this.#sync(this.#write(bytes));
  }

  /** As `append`, on the calling thread: durable when this returns. */
  appendNow(bytes: Uint8Array): void {
    const file = this.#write(bytes);
    if (this.#settings.fsync) syncFileNow(file);
  }

  /**
   * Begins the segment `id` with `bytes`, its header first. The name appears after the content is durable, so no
   * crash shows a segment without a header.
   */
  async begin(id: SegmentId, bytes: Uint8Array): Promise<void> {
    const { fileSystem, directory, segmentBytes } = this.#settings;
    const unfinished = join(directory, UNFINISHED_NAME);
    const file = openFile(fileSystem, unfinished, 'create');
    try {
      attempt('preallocate', unfinished, () => {
        file.truncate(segmentBytes);
      });
      writeFully(file, bytes, 0);
      await this.#sync(file);
    } finally {
      file.close();
    }
    const path = join(directory, formatSegmentName(id));
    attempt('rename', path, () => {
      fileSystem.rename(unfinished, path);
    });
    await this.#syncDirectory();
    const before = this.#file;
    // In this order: if it cannot be opened, `close` still closes the former one, once.
    this.#file = openFile(fileSystem, path, 'update');
    before?.close();
    this.#end = bytes.length;
    this.#zeroedEnd = bytes.length;
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  #write(bytes: Uint8Array): FileHandle {
    const file = this.#file;
    invariant(file !== undefined, 'a segment is open');
    writeFully(file, bytes, this.#end);
    this.#end += bytes.length;
    if (this.#end > this.#zeroedEnd && bytes.length <= ZERO_AHEAD_BATCH_MAX) this.#zeroAhead(file);
    return file;
  }

  /** Writes what the file already reads as: so nothing depends on whether a crash lets it survive. */
  #zeroAhead(file: FileHandle): void {
    const end = Math.min(this.#end + ZERO_AHEAD_BYTES, this.#settings.segmentBytes);
    if (end > this.#end) writeFully(file, new Uint8Array(end - this.#end), this.#end);
    this.#zeroedEnd = Math.max(end, this.#end);
  }

  async #sync(file: FileHandle): Promise<void> {
    if (this.#settings.fsync) await syncFile(file);
  }

  async #syncDirectory(): Promise<void> {
    const { fileSystem, directory, fsync } = this.#settings;
    if (fsync) await syncDirectory(fileSystem, directory);
  }
}
