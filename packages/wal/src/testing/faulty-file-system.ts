/**
 * A disk in memory that fails as real ones do, deterministically from a seed.
 *
 * Model: what is written is visible at once and durable after `sync` of the file; names are durable after
 * `syncDirectory`. A crash keeps, of what was not synced: per sector, some version between the synced one and the
 * newest (so writes land torn and out of order), or a prefix of all writes cut at any byte; of names, some of the
 * operations. A failed sync throws away what it should have made durable, as Linux does (ATC'20).
 */
import { dirname, basename, join } from 'node:path';
import type { FileHandle, FileSystem, OpenMode } from '../file-system.js';
import { SimulatedFile } from './simulated-file.js';

export type DiskOperation =
  'open' | 'read' | 'write' | 'truncate' | 'sync' | 'rename' | 'remove' | 'syncDirectory';

/** What of the un-synced writes survives: nothing, all, sectors at random, or a prefix cut at any byte. */
export type CrashPolicy = 'none' | 'all' | 'sectors' | 'prefix';

/** Thrown by every call from the moment of the crash on. */
export class PowerLoss extends Error {
  override readonly name: string = 'PowerLoss';
}

interface NameChange {
  readonly name: string;
  /** Undefined: the name is removed. */
  readonly file: SimulatedFile | undefined;
  /** A rename removes the other name in the same step. */
  readonly removes: string | undefined;
}

interface Directory {
  durable: Map<string, SimulatedFile>;
  current: Map<string, SimulatedFile>;
  pending: NameChange[];
  /** Changes before those of `pending`. */
  settled: number;
}

interface Failure {
  readonly operation: DiskOperation;
  countdown: number;
  readonly code: string;
  readonly path: RegExp;
}

export class FaultyDisk implements FileSystem {
  readonly #directories: Map<string, Directory> = new Map<string, Directory>();
  readonly #random: (below: number) => number;
  #failures: Failure[] = [];
  #operations = 0;
  #openFiles = 0;
  #crashAt = Number.POSITIVE_INFINITY;
  #crashed = false;
  #shortWrites = false;
  #freeBytes = Number.POSITIVE_INFINITY;
  /** A real flush ends on a later turn. */
  #latency: () => Promise<void> = () => Promise.resolve();

  /** `random(below)` gives whole numbers from 0 to `below` - 1. */
  constructor(random: (below: number) => number) {
    this.#random = random;
  }

  /** Calls so far that change the disk: each is a point at which power can fail. */
  get operations(): number {
    return this.#operations;
  }

  /** Files that were opened and not closed. Closing one twice throws: on a real disk it could close another's. */
  get openFiles(): number {
    return this.#openFiles;
  }

  /** Power fails instead of the `operation`-th changing call (counted from 0). */
  crashAt(operation: number): void {
    this.#crashAt = operation;
  }

  /** The `nth` call (from 1) of `operation` on a path that matches fails with `code`. */
  fail(operation: DiskOperation, nth: number, code: string, path: RegExp = /./): void {
    this.#failures.push({ operation, countdown: nth, code, path });
  }

  /** Every write takes a random part of its bytes. */
  shortenWrites(): void {
    this.#shortWrites = true;
  }

  /** Writes that would make files larger in sum than this fail with ENOSPC; `Infinity` ends that. */
  limitSpace(bytes: number): void {
    this.#freeBytes = bytes;
  }

  /** A sync ends when this does, and makes durable what had been written when it began. */
  delaySyncs(latency: () => Promise<void>): void {
    this.#latency = latency;
  }

  /** Failures that were asked for and have not happened do not happen any more. */
  forgiveAll(): void {
    this.#failures = [];
    this.#freeBytes = Number.POSITIVE_INFINITY;
  }

  /** Power fails now, and comes back: the disk holds what survived. Files that were open are useless. */
  reboot(policy: CrashPolicy): void {
    const survivors = new Map<SimulatedFile, SimulatedFile>();
    for (const directory of this.#directories.values()) {
      const names = this.#survivingNames(directory, policy);
      const files = new Map<string, SimulatedFile>();
      for (const [name, file] of names) {
        const survivor = survivors.get(file) ?? file.afterCrash(policy, this.#random);
        survivors.set(file, survivor);
        files.set(name, survivor);
      }
      directory.durable = files;
      directory.current = new Map(files);
      directory.pending = [];
    }
    this.#failures = [];
    this.#crashAt = Number.POSITIVE_INFINITY;
    this.#crashed = false;
    this.#openFiles = 0;
  }

  /** Flips one bit of what is stored. */
  flipBit(path: string, byte: number, bit: number): void {
    this.#find(path).edit((content) => {
      content[byte] = (content[byte] ?? 0) ^ (1 << bit);
    });
  }

  /** A copy of a file's bytes. */
  content(path: string): Uint8Array {
    return this.#find(path).content.slice();
  }

  /** Puts a file there, durable. */
  place(path: string, content: Uint8Array): void {
    const file = new SimulatedFile();
    file.write(content, 0);
    file.sync();
    const directory = this.#directory(path);
    directory.durable.set(basename(path), file);
    directory.current.set(basename(path), file);
  }

  /** Another disk that holds what this one shows, all of it durable. Nobody has its files open. */
  copy(random: (below: number) => number): FaultyDisk {
    const copy = new FaultyDisk(random);
    for (const [path, directory] of this.#directories) {
      copy.makeDirectory(path);
      for (const [name, file] of directory.current) copy.place(join(path, name), file.content);
    }
    return copy;
  }

  makeDirectory(path: string): void {
    if (!this.#directories.has(path)) {
      this.#directories.set(path, {
        durable: new Map(),
        current: new Map(),
        pending: [],
        settled: 0,
      });
    }
  }

  list(path: string): readonly string[] {
    this.#check();
    const directory = this.#directories.get(path);
    if (directory === undefined) throw systemError('ENOENT', 'scandir', path);
    return [...directory.current.keys()];
  }

  open(path: string, mode: OpenMode): FileHandle {
    this.#check('open', path);
    const directory = this.#directory(path);
    let file = directory.current.get(basename(path));
    if (mode === 'create') {
      this.#step();
      file = new SimulatedFile();
      this.#change(directory, { name: basename(path), file, removes: undefined });
    }
    if (file === undefined) throw systemError('ENOENT', 'open', path);
    return this.#handle(path, file);
  }

  rename(from: string, to: string): void {
    this.#check('rename', to);
    this.#step();
    const file = this.#find(from);
    this.#change(this.#directory(to), { name: basename(to), file, removes: basename(from) });
  }

  remove(path: string): void {
    this.#check('remove', path);
    this.#step();
    this.#find(path);
    this.#change(this.#directory(path), {
      name: basename(path),
      file: undefined,
      removes: undefined,
    });
  }

  async syncDirectory(path: string): Promise<void> {
    const directory = this.#directories.get(path);
    const names = new Map(directory?.current);
    const changes = directory === undefined ? 0 : directory.settled + directory.pending.length;
    await this.#latency();
    this.#check('syncDirectory', path);
    this.#step();
    if (directory === undefined || changes <= directory.settled) return;
    directory.durable = names;
    directory.pending = directory.pending.slice(changes - directory.settled);
    directory.settled = changes;
  }

  #handle(path: string, file: SimulatedFile): FileHandle {
    this.#openFiles++;
    let isOpen = true;
    return {
      path,
      size: () => {
        this.#check();
        return file.content.length;
      },
      read: (target, position) => {
        this.#check('read', path);
        const part = file.content.subarray(position, position + target.length);
        target.set(part);
        return part.length;
      },
      write: (source, position) => this.#write(path, file, source, position),
      truncate: (size) => {
        this.#check('truncate', path);
        this.#step();
        file.truncate(size);
      },
      sync: async () => {
        const { changes } = file;
        await this.#latency();
        this.#sync(path, file, changes);
      },
      syncNow: () => {
        this.#sync(path, file, file.changes);
      },
      close: () => {
        if (!isOpen) throw systemError('EBADF', 'close', path);
        isOpen = false;
        this.#openFiles--;
      },
    };
  }

  #write(path: string, file: SimulatedFile, source: Uint8Array, position: number): number {
    this.#check('write', path);
    this.#step();
    const growth = position + source.length - file.content.length;
    if (growth > 0) {
      if (growth > this.#freeBytes) throw systemError('ENOSPC', 'write', path);
      this.#freeBytes -= growth;
    }
    const count = this.#shortWrites ? 1 + this.#random(source.length) : source.length;
    file.write(source.subarray(0, count), position);
    return count;
  }

  #sync(path: string, file: SimulatedFile, upTo: number): void {
    try {
      this.#check('sync', path);
    } catch (error) {
      if (!this.#crashed) file.dropUnsynced();
      throw error;
    }
    this.#step();
    file.sync(upTo);
  }

  /** Names after a crash: each un-synced change survives or not, as the policy says; a rename is one change. */
  #survivingNames(directory: Directory, policy: CrashPolicy): Map<string, SimulatedFile> {
    const names = new Map(directory.durable);
    for (const change of directory.pending) {
      if (policy === 'none' || (policy !== 'all' && this.#random(2) === 0)) continue;
      if (change.file === undefined) names.delete(change.name);
      else names.set(change.name, change.file);
      if (change.removes !== undefined) names.delete(change.removes);
    }
    return names;
  }

  #change(directory: Directory, change: NameChange): void {
    if (change.file === undefined) directory.current.delete(change.name);
    else directory.current.set(change.name, change.file);
    if (change.removes !== undefined) directory.current.delete(change.removes);
    directory.pending.push(change);
  }

  /** Counts a call that changes the disk, unless power fails instead. */
  #step(): void {
    if (this.#operations >= this.#crashAt) {
      this.#crashed = true;
      throw new PowerLoss(`power loss at operation ${this.#operations}`);
    }
    this.#operations++;
  }

  #check(operation?: DiskOperation, path = ''): void {
    if (this.#crashed) throw new PowerLoss('there is no power');
    for (const failure of this.#failures) {
      if (failure.operation !== operation || !failure.path.test(path)) continue;
      failure.countdown--;
      if (failure.countdown === 0) throw systemError(failure.code, operation, path);
    }
  }

  #directory(path: string): Directory {
    const directory = this.#directories.get(dirname(path));
    if (directory === undefined) throw systemError('ENOENT', 'open', path);
    return directory;
  }

  #find(path: string): SimulatedFile {
    const file = this.#directory(path).current.get(basename(path));
    if (file === undefined) throw systemError('ENOENT', 'open', path);
    return file;
  }
}

function systemError(code: string, call: string, path: string): Error {
  return Object.assign(new Error(`${code}: simulated, ${call} '${path}'`), { code });
}
