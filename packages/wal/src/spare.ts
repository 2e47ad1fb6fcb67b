/**
 * Prepares the file of the next segment ahead of time, so that a cut finds its space reserved and zeroed.
 *
 * Background work with one owner: started by `prepare`, ended by `take` or `close`. Measured reasons in DESIGN.md.
 */
import { join } from 'node:path';
import { ioError } from './errors.js';
import { openFile, writeFully } from './file-io.js';
import type { FileHandle, FileSystem } from './file-system.js';

const STEP_BYTES = 1024 * 1024;

export class Spare {
  readonly #fileSystem: FileSystem;
  readonly #directory: string;
  readonly #bytes: number;
  readonly #fsync: boolean;
  /** Alternates, so that a new spare never has the name of the one that was just published (etcd file_pipeline.go). */
  #count = 0;
  #file: FileHandle | undefined;
  #filling: Promise<void> | undefined;
  #stopped = false;

  constructor(fileSystem: FileSystem, directory: string, bytes: number, fsync: boolean) {
    this.#fileSystem = fileSystem;
    this.#directory = directory;
    this.#bytes = bytes;
    this.#fsync = fsync;
  }

  /** Starts to prepare, unless that has begun. Never fails: what goes wrong shows at `take`. */
  prepare(): void {
    if (this.#filling !== undefined) return;
    this.#stopped = false;
    this.#filling = this.#fill().catch(() => {
      this.#discard();
    });
  }

  /** The prepared file, or a fresh one with holes where preparing is not complete. Its owner renames and closes it. */
  async take(): Promise<FileHandle> {
    this.#stopped = true;
    await this.#filling;
    const file = this.#file ?? this.#create();
    this.#file = undefined;
    this.#filling = undefined;
    this.#count++;
    return file;
  }

  /** Stops preparing and removes the file. */
  async close(): Promise<void> {
    this.#stopped = true;
    await this.#filling;
    this.#filling = undefined;
    this.#discard();
  }

  async #fill(): Promise<void> {
    const file = this.#create();
    this.#file = file;
    const zeros = new Uint8Array(Math.min(STEP_BYTES, this.#bytes));
    for (let at = 0; at < this.#bytes && !this.#stopped; at += zeros.length) {
      writeFully(file, zeros.subarray(0, Math.min(zeros.length, this.#bytes - at)), at);
      if (this.#fsync) await file.sync();
    }
  }

  #create(): FileHandle {
    const path = join(this.#directory, `${this.#count % 2}.tmp`);
    const file = openFile(this.#fileSystem, path, 'create');
    try {
      file.truncate(this.#bytes);
    } catch (error) {
      file.close();
      throw ioError('preallocate', path, error);
    }
    return file;
  }

  #discard(): void {
    const file = this.#file;
    this.#file = undefined;
    if (file === undefined) return;
    try {
      file.close();
      this.#fileSystem.remove(file.path);
    } catch {
      // Left for the next start, which removes it: nothing in it was promised.
    }
  }
}
