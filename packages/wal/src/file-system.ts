/**
 * The port to the disk: only what a log needs, small enough for a simulated disk to be exact.
 *
 * Errors are thrown as Node's own (`code: 'ENOSPC'`, ...); the log turns them into WalErrors.
 */

/** How to open: an existing file to read; an existing file to read and write; a new or emptied file. */
export type OpenMode = 'read' | 'update' | 'create';

/** An open file. Offsets and sizes are bytes. */
export interface FileHandle {
  readonly path: string;
  size(): number;
  /** Reads up to `target.length` bytes; returns how many, 0 at the end of the file. */
  read(target: Uint8Array, position: number): number;
  /** Writes into the page cache: up to `source.length` bytes, returns how many (short writes happen). */
  write(source: Uint8Array, position: number): number;
  /** Cuts, or extends by zeros. */
  truncate(size: number): void;
  /** fdatasync off the calling thread: content and size are durable once this resolves. */
  sync(): Promise<void>;
  /** The same on the calling thread, which it blocks: durable when this returns. */
  syncNow(): void;
  close(): void;
}

export interface FileSystem {
  /** Creates the directory and its parents (mode 0700), durable when this returns; no effect if it is there. */
  makeDirectory(path: string): void;
  /** Names in the directory, in no particular order. */
  list(path: string): readonly string[];
  open(path: string, mode: OpenMode): FileHandle;
  /** Atomic; replaces an existing target. Durable after `syncDirectory` of the directories concerned. */
  rename(from: string, to: string): void;
  remove(path: string): void;
  /** Makes created, renamed and removed names of this directory durable. */
  syncDirectory(path: string): Promise<void>;
}
