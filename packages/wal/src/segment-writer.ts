/**
 * The files under a log: the segment that is written, and the step to the next one.
 *
 * One call at a time (its owner is the flush of `Wal`). A call that failed leaves the files in an unknown state: the
 * owner must not call again (invariant W3).
 */
import { join } from 'node:path';
import { attempt, openFile, syncDirectory, syncFile, writeFully } from './file-io.js';
import type { FileHandle, FileSystem } from './file-system.js';
import { formatSegmentName, type SegmentId } from './segment-name.js';
import { Spare } from './spare.js';

export interface SegmentSettings {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly segmentBytes: number;
  readonly fsync: boolean;
}

export class SegmentWriter {
  readonly #settings: SegmentSettings;
  readonly #spare: Spare;
  #file: FileHandle | undefined;
  #end = 0;

  constructor(settings: SegmentSettings) {
    this.#settings = settings;
    const { fileSystem, directory, segmentBytes, fsync } = settings;
    this.#spare = new Spare(fileSystem, directory, segmentBytes, fsync);
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
    await this.#sync(file);
    await this.#syncDirectory();
  }

  /** Writes `bytes` at the end; durable once this resolves. The write is done before this returns. */
  async append(bytes: Uint8Array): Promise<void> {
    const file = this.#file;
    if (file === undefined) throw new Error('no segment is open');
    writeFully(file, bytes, this.#end);
    this.#end += bytes.length;
    if (this.#end * 2 > this.#settings.segmentBytes) this.#spare.prepare();
    await this.#sync(file);
  }

  /**
   * Begins the segment `id` with `bytes`, its header first. The name appears after the content is durable, so no
   * crash shows a segment without a header.
   */
  async begin(id: SegmentId, bytes: Uint8Array): Promise<void> {
    const { fileSystem, directory } = this.#settings;
    const spare = await this.#spare.take();
    try {
      writeFully(spare, bytes, 0);
      await this.#sync(spare);
    } finally {
      spare.close();
    }
    const path = join(directory, formatSegmentName(id));
    attempt('rename', path, () => {
      fileSystem.rename(spare.path, path);
    });
    await this.#syncDirectory();
    this.#file?.close();
    this.#file = openFile(fileSystem, path, 'update');
    this.#end = bytes.length;
  }

  async close(): Promise<void> {
    await this.#spare.close();
    this.#file?.close();
    this.#file = undefined;
  }

  async #sync(file: FileHandle): Promise<void> {
    if (this.#settings.fsync) await syncFile(file);
  }

  async #syncDirectory(): Promise<void> {
    const { fileSystem, directory, fsync } = this.#settings;
    if (fsync) await syncDirectory(fileSystem, directory);
  }
}
