/**
 * A disk that forgets what was not synced. Writes are in order; a crash keeps some first part of those that are
 * waiting, and all of those that were synced.
 */
import { MemoryStorage } from '../../memory-storage.js';
import {
  EMPTY_HARD_STATE,
  toIndex,
  toTerm,
  type ConfState,
  type Entry,
  type HardState,
  type LogIndex,
  type Snapshot,
} from '../../types.js';
import type { Chance } from './chance.js';

/** The state machine, as it is stored: how far it applied, its digest, and the configuration there. */
export interface Checkpoint {
  readonly applied: LogIndex;
  readonly digest: number;
  readonly confState: ConfState;
}

/** One step that is not known to be durable. */
export type Write =
  | {
      readonly type: 'log';
      readonly hardState: HardState | undefined;
      readonly entries: readonly Entry[];
      readonly snapshot: Snapshot | undefined;
    }
  | { readonly type: 'checkpoint'; readonly checkpoint: Checkpoint }
  | { readonly type: 'release'; readonly snapshot: Snapshot; readonly upTo: LogIndex };

export class Disk {
  #hardState: HardState = EMPTY_HARD_STATE;
  #log = new MemoryStorage();
  #checkpoint: Checkpoint;
  #waiting: Write[] = [];

  /**
   * Members of the first configuration begin behind a snapshot that names it. Whoever joins later begins with nothing,
   * and cannot be caught up from the first entry: the log alone does not tell what it began with.
   */
  constructor(first: ConfState) {
    const start = { index: toIndex(1), term: toTerm(1), confState: first };
    if (first.voters.length > 0) this.#log.applySnapshot({ meta: start, data: toSnapshotData(0) });
    this.#checkpoint = toCheckpoint(this.#log.snapshot());
  }

  get checkpoint(): Checkpoint {
    return this.#checkpoint;
  }

  write(write: Write): void {
    this.#waiting.push(write);
  }

  /** Makes everything written so far durable. */
  sync(): void {
    for (const write of this.#waiting) this.#apply(write);
    this.#waiting = [];
  }

  /** Loses what was not synced, but perhaps for a first part. */
  crash(chance: Chance): void {
    const kept = this.#waiting.slice(0, chance.below(this.#waiting.length + 1));
    for (const write of kept) this.#apply(write);
    this.#waiting = [];
  }

  #apply(write: Write): void {
    switch (write.type) {
      case 'log':
        if (write.hardState !== undefined) this.#hardState = write.hardState;
        if (write.snapshot !== undefined) this.#install(write.snapshot);
        this.#log.append(write.entries);
        return;
      case 'checkpoint':
        // A snapshot may have been installed since: what is in memory must not overwrite it (H-D12).
        if (write.checkpoint.applied > this.#checkpoint.applied)
          this.#checkpoint = write.checkpoint;
        return;
      case 'release':
        if (write.snapshot.meta.index <= this.#log.snapshot().meta.index) return;
        this.#log.createSnapshot(
          write.snapshot.meta.index,
          write.snapshot.meta.confState,
          write.snapshot.data,
        );
        this.#log.releaseUpTo(write.upTo);
        return;
    }
  }

  /** A snapshot that is received carries the state machine: both become durable together. */
  #install(snapshot: Snapshot): void {
    if (!this.#log.applySnapshot(snapshot)) return;
    this.#checkpoint = toCheckpoint(snapshot);
  }

  /** What a member starts from: a copy, since the disk does not change by what happens in memory. */
  open(): MemoryStorage {
    const storage = new MemoryStorage();
    const snapshot = this.#log.snapshot();
    if (snapshot.meta.index > 0) storage.applySnapshot(snapshot);
    const first = this.#log.firstIndex();
    const from = toIndex(Math.max(first, snapshot.meta.index + 1));
    const to = toIndex(this.#log.lastIndex() + 1);
    if (from < to) storage.append(this.#log.entries(from, to, Infinity));
    storage.setHardState(this.#hardState);
    storage.setConfState(this.#checkpoint.confState);
    return storage;
  }
}

/** A snapshot's data is the digest, as four bytes. */
export function toSnapshotData(digest: number): Uint8Array {
  const data = new Uint8Array(4);
  new DataView(data.buffer).setUint32(0, digest);
  return data;
}

export function toCheckpoint({ meta, data }: Snapshot): Checkpoint {
  const digest = data.length === 4 ? new DataView(data.buffer, data.byteOffset, 4).getUint32(0) : 0;
  return { applied: meta.index, digest, confState: meta.confState };
}
