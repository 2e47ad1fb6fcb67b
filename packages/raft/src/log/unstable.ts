/**
 * The end of the log that is not known to be on disk: a snapshot that was received, then entries.
 *
 *   ... stable | offset ... inProgress - 1 | inProgress ... end - 1 |
 *              | handed to storage         | to be handed out next  |
 *
 * `offset` and `inProgress` are the first index of their part. With a snapshot, `offset` is its index + 1.
 */
import type { Observer } from '../events.js';
import { invariant } from '../invariant.js';
import { sliceWithin } from './limit-size.js';
import {
  toIndex,
  type Entry,
  type EntryId,
  type LogIndex,
  type Snapshot,
  type Term,
} from '../types.js';

export class Unstable {
  readonly #observe: Observer;
  #offset: LogIndex;
  #inProgress: LogIndex;
  /** `#entries[i]` has index `#offset + i`. */
  #entries: Entry[] = [];
  #snapshot: Snapshot | undefined;
  #snapshotInProgress = false;

  /** Begins empty, after a stable log whose last entry is at `offset` - 1. */
  constructor(offset: LogIndex, observe: Observer) {
    this.#offset = offset;
    this.#inProgress = offset;
    this.#observe = observe;
  }

  get offset(): LogIndex {
    return this.#offset;
  }

  get inProgress(): LogIndex {
    return this.#inProgress;
  }

  get entryCount(): number {
    return this.#entries.length;
  }

  /** The snapshot to be installed, or being installed. */
  get snapshot(): Snapshot | undefined {
    return this.#snapshot;
  }

  /** Index of the last entry, or of the snapshot; undefined when there is neither. */
  lastIndex(): LogIndex | undefined {
    if (this.#entries.length > 0) return toIndex(this.#offset + this.#entries.length - 1);
    return this.#snapshot?.meta.index;
  }

  /** The term at `index`, if this part of the log knows it. */
  term(index: LogIndex): Term | undefined {
    const entry = index < this.#offset ? undefined : this.#entries[index - this.#offset];
    if (entry !== undefined) return entry.term;
    return this.#snapshot?.meta.index === index ? this.#snapshot.meta.term : undefined;
  }

  /** Entries from `from` (inclusive) to `to` (exclusive), all of which are here: up to `bytesMax`, but at least one. */
  slice(from: LogIndex, to: LogIndex, bytesMax: number): Entry[] {
    invariant(
      from >= this.#offset && from <= to && to <= this.#offset + this.#entries.length,
      'a slice of the unstable log lies within it',
      { from, to, offset: this.#offset, count: this.#entries.length },
    );
    return sliceWithin(this.#entries, from - this.#offset, to - this.#offset, bytesMax);
  }

  /** An entry that is here. */
  at(index: LogIndex): Entry | undefined {
    return this.#entries[index - this.#offset];
  }

  get hasNextEntries(): boolean {
    return this.#inProgress < this.#offset + this.#entries.length;
  }

  /** Entries that were not handed to storage yet. */
  nextEntries(): Entry[] {
    return this.#entries.slice(this.#inProgress - this.#offset);
  }

  /** The snapshot, if it was not handed to storage yet. */
  nextSnapshot(): Snapshot | undefined {
    return this.#snapshotInProgress ? undefined : this.#snapshot;
  }

  /** Everything here has been handed to storage now. */
  acceptInProgress(): void {
    this.#inProgress = toIndex(this.#offset + this.#entries.length);
    if (this.#snapshot !== undefined) this.#snapshotInProgress = true;
  }

  /**
   * Storage has everything up to `last`. To be called only when no later work can replace it there; see
   * `StorageAppendResp.term`. Ignored when the entry was replaced or dropped meanwhile.
   */
  stableTo(last: EntryId): void {
    const { index } = last;
    const term = this.term(index);
    if (term === undefined) {
      this.#observe({ type: 'stableMissing', index });
    } else if (index < this.#offset) {
      this.#observe({ type: 'stableIsSnapshot', index });
    } else if (term !== last.term) {
      this.#observe({ type: 'stableMismatch', stable: last, unstableTerm: term });
    } else {
      this.#dropUpTo(index);
    }
  }

  #dropUpTo(index: LogIndex): void {
    const count = index + 1 - this.#offset;
    // Nearly always all of it is stable: then nothing is copied.
    this.#entries = count === this.#entries.length ? [] : this.#entries.slice(count);
    this.#offset = toIndex(index + 1);
    if (this.#inProgress < this.#offset) this.#inProgress = this.#offset;
  }

  /** Storage has installed the snapshot at `index`. */
  stableSnapshotTo(index: LogIndex): void {
    if (this.#snapshot?.meta.index !== index) return;
    this.#snapshot = undefined;
    this.#snapshotInProgress = false;
  }

  /** Begins again behind a snapshot. */
  restore(snapshot: Snapshot): void {
    this.#offset = toIndex(snapshot.meta.index + 1);
    this.#inProgress = this.#offset;
    this.#entries = [];
    this.#snapshot = snapshot;
    this.#snapshotInProgress = false;
  }

  /** Appends entries, after dropping whatever is here from the first one's index on. */
  truncateAndAppend(entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    const end = this.#offset + this.#entries.length;
    invariant(first.index <= end, 'the log has no gaps', { first: first.index, end });
    if (first.index < end || first.index < this.#offset) this.#truncate(first.index);
    for (const entry of entries) this.#entries.push(entry);
  }

  #truncate(index: LogIndex): void {
    if (index <= this.#offset) {
      this.#observe({ type: 'unstableReplaced', index });
      this.#entries = [];
      this.#offset = index;
      this.#inProgress = index;
      return;
    }
    this.#observe({ type: 'unstableTruncated', index });
    // What was handed out stays unchanged in the hands that have it: this array was never given away.
    this.#entries.length = index - this.#offset;
    if (this.#inProgress > index) this.#inProgress = index;
  }
}
