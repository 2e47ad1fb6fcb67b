/** The FileSystem port over node:fs: writes into the page cache on the calling thread, flushes in libuv's pool. */
import * as fs from 'node:fs';
import { dirname, resolve } from 'node:path';
import { systemCode } from './errors.js';
import type { FileHandle, FileSystem, OpenMode } from './file-system.js';

const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

const FLAGS: Readonly<Record<OpenMode, string>> = { read: 'r', update: 'r+', create: 'w+' };

class NodeFile implements FileHandle {
  readonly path: string;
  readonly #descriptor: number;

  constructor(path: string, mode: OpenMode) {
    this.path = path;
    this.#descriptor = fs.openSync(path, FLAGS[mode], FILE_MODE);
  }

  size(): number {
    return fs.fstatSync(this.#descriptor).size;
  }

  read(target: Uint8Array, position: number): number {
    return fs.readSync(this.#descriptor, target, 0, target.length, position);
  }

  write(source: Uint8Array, position: number): number {
    return fs.writeSync(this.#descriptor, source, 0, source.length, position);
  }

  truncate(size: number): void {
    fs.ftruncateSync(this.#descriptor, size);
  }

  sync(): Promise<void> {
    return settled((done) => {
      fs.fdatasync(this.#descriptor, done);
    });
  }

  syncNow(): void {
    fs.fdatasyncSync(this.#descriptor);
  }

  close(): void {
    fs.closeSync(this.#descriptor);
  }
}

/** The disk of this machine. Stateless, so one instance serves all. */
export const nodeFileSystem: FileSystem = {
  makeDirectory(path) {
    // Node's own way never ends where a directory exists and takes none (`/proc/x`).
    const missing: string[] = [];
    for (let at = resolve(path); !fs.existsSync(at); at = dirname(at)) missing.push(at);
    for (const directory of missing.toReversed()) fs.mkdirSync(directory, { mode: DIRECTORY_MODE });
    for (const directory of missing) flushNames(dirname(directory));
  },

  list(path) {
    return fs.readdirSync(path);
  },

  open(path, mode) {
    return new NodeFile(path, mode);
  },

  rename(from, to) {
    fs.renameSync(from, to);
  },

  remove(path) {
    fs.unlinkSync(path);
  },

  async syncDirectory(path) {
    const descriptor = fs.openSync(path, 'r');
    try {
      await settled((done) => {
        fs.fsync(descriptor, done);
      });
    } catch (error) {
      if (!isUnflushable(error)) throw error;
    } finally {
      fs.closeSync(descriptor);
    }
  },
};

/** As `syncDirectory`, on this thread: for what happens once in the life of a member. */
function flushNames(path: string): void {
  const descriptor = fs.openSync(path, 'r');
  try {
    fs.fsyncSync(descriptor);
  } catch (error) {
    if (!isUnflushable(error)) throw error;
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Windows cannot flush a directory; its file systems journal names themselves. */
function isUnflushable(error: unknown): boolean {
  return systemCode(error) === 'EPERM';
}

function settled(start: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}
