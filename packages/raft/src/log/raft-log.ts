/**
 * The log as Raft sees it: the stable part in storage, the unstable part in memory, and how far it is decided.
 *
 * R2: applied <= applying <= committed <= last index. R3: nothing up to `committed` is ever replaced.
 */
import { entriesSize, entrySize } from '../codec/entry.js';
import { RaftError } from '../errors.js';
import type { Observer } from '../events.js';
import { invariant } from '../invariant.js';
import type { LogStorage } from '../storage.js';
import {
  toIndex,
  toTerm,
  type Entry,
  type EntryId,
  type LogIndex,
  type Snapshot,
  type Term,
} from '../types.js';
import { lastIndexOf, type LogSlice } from './log-slice.js';
import { Unstable } from './unstable.js';

export class RaftLog {
  readonly #storage: LogStorage;
  readonly #observe: Observer;
  readonly unstable: Unstable;
  #committed: LogIndex;
  #applying: LogIndex;
  #applied: LogIndex;
  readonly #applyingBytesMax: number;
  #applyingBytes = 0;
  /** No more entries are handed out until some are applied. */
  #applyingPaused = false;

  constructor(storage: LogStorage, applyingBytesMax: number, observe: Observer) {
    this.#storage = storage;
    this.#observe = observe;
    this.#applyingBytesMax = applyingBytesMax;
    this.unstable = new Unstable(toIndex(storage.lastIndex() + 1), observe);
    this.#committed = toIndex(storage.firstIndex() - 1);
    this.#applying = this.#committed;
    this.#applied = this.#committed;
  }

  get committed(): LogIndex {
    return this.#committed;
  }

  /** Handed out for application. */
  get applying(): LogIndex {
    return this.#applying;
  }

  get applied(): LogIndex {
    return this.#applied;
  }

  firstIndex(): LogIndex {
    const snapshot = this.unstable.snapshot;
    return snapshot === undefined ? this.#storage.firstIndex() : toIndex(snapshot.meta.index + 1);
  }

  lastIndex(): LogIndex {
    return this.unstable.lastIndex() ?? this.#storage.lastIndex();
  }

  /** The last entry, or the snapshot that the log begins with, or 0/0. */
  lastId(): EntryId {
    const index = this.lastIndex();
    const term = this.term(index);
    if (term === undefined) {
      throw new RaftError('storage', `storage has no term for its last index ${index}`);
    }
    return { term, index };
  }

  /** The term at `index`; undefined where the log was released or does not reach. */
  term(index: LogIndex): Term | undefined {
    const term = this.unstable.term(index);
    if (term !== undefined) return term;
    if (index + 1 < this.firstIndex() || index > this.lastIndex()) return undefined;
    return this.#storage.term(index);
  }

  matches(id: EntryId): boolean {
    return this.term(id.index) === id.term;
  }

  /** Whether a log that ends with `theirs` is at least as up-to-date as ours (Raft §5.4.1). */
  isUpToDate(theirs: EntryId): boolean {
    const ours = this.lastId();
    return theirs.term > ours.term || (theirs.term === ours.term && theirs.index >= ours.index);
  }

  /** The newest snapshot, for a member that needs one. */
  snapshot(): Snapshot | undefined {
    return this.unstable.snapshot ?? this.#storage.snapshot();
  }

  /**
   * Appends what a leader sent, if the log matches before it. Returns the index up to which the log is now known to
   * match the leader's, or undefined.
   */
  tryAppend(slice: LogSlice, leaderCommit: LogIndex): LogIndex | undefined {
    if (!this.matches(slice.prev)) return undefined;
    const fresh = this.#findFresh(slice.entries);
    if (fresh < slice.entries.length) {
      this.append(fresh === 0 ? slice.entries : slice.entries.slice(fresh));
    }
    const last = lastIndexOf(slice);
    this.commitTo(last < leaderCommit ? last : leaderCommit);
    return last;
  }

  /** Position of the first entry that the log does not have; the length when it has them all. */
  #findFresh(entries: readonly Entry[]): number {
    let at = 0;
    for (const entry of entries) {
      const term = this.term(entry.index);
      if (term !== entry.term) {
        if (term !== undefined) this.#tellConflict(entry, term);
        return at;
      }
      at += 1;
    }
    return at;
  }

  #tellConflict(entry: Entry, existingTerm: Term): void {
    this.#observe({
      type: 'logConflict',
      index: entry.index,
      existingTerm,
      conflictingTerm: entry.term,
    });
  }

  /** Appends entries that continue the log, or replace its uncommitted end. */
  append(entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    if (first.index <= this.#committed) {
      invariant(false, 'R3: committed entries are never replaced', {
        first: first.index,
        committed: this.#committed,
      });
    }
    this.unstable.truncateAndAppend(entries);
  }

  /**
   * The best guess at where this log ends to match another, of which one entry is known: the last index up to `index`
   * whose term is not above `term`. Term 0 stands for "unknown", where the log does not reach back.
   */
  findConflictByTerm(index: LogIndex, term: Term): EntryId {
    for (let guess = index; guess > 0; guess = toIndex(guess - 1)) {
      const ours = this.term(guess);
      if (ours === undefined) return { index: guess, term: toTerm(0) };
      if (ours <= term) return { index: guess, term: ours };
    }
    return { index: toIndex(0), term: toTerm(0) };
  }

  /** Marks everything up to `index` as committed; never goes back. */
  commitTo(index: LogIndex): void {
    if (index <= this.#committed) return;
    const last = this.lastIndex();
    invariant(index <= last, 'R2: what is committed is in the log', { index, last });
    this.#committed = index;
  }

  /** Commits up to an entry of the leader's own term (R4). Returns whether that is news. */
  tryCommit(at: EntryId): boolean {
    if (at.term === 0 || at.index <= this.#committed || !this.matches(at)) return false;
    this.commitTo(at.index);
    return true;
  }

  /** As loaded from disk: `commit` must lie within the log. */
  loadCommit(commit: LogIndex): void {
    const last = this.lastIndex();
    if (commit < this.#committed || commit > last) {
      throw new RaftError(
        'storage',
        `hard state commits ${commit}, but the log spans ${this.#committed} to ${last}`,
      );
    }
    this.#committed = commit;
  }

  /** Whether committed entries can be handed out. None are while a snapshot waits, which must come first. */
  hasNextCommitted(allowUnstable: boolean): boolean {
    return (
      !this.#applyingPaused &&
      this.unstable.snapshot === undefined &&
      this.#applying < this.#appliableIndex(allowUnstable)
    );
  }

  /** The committed entries to hand out next, as many as `applyingBytesMax` has room for. */
  nextCommitted(allowUnstable: boolean): readonly Entry[] {
    if (!this.hasNextCommitted(allowUnstable)) return [];
    const room = this.#applyingBytesMax - this.#applyingBytes;
    invariant(room > 0, 'there is room to apply unless paused', { room });
    const end = toIndex(this.#appliableIndex(allowUnstable) + 1);
    return this.slice(toIndex(this.#applying + 1), end, room);
  }

  /** Entries that are not stable here may be committed by others all the same. */
  #appliableIndex(allowUnstable: boolean): LogIndex {
    const stable = this.unstable.offset - 1;
    return allowUnstable || this.#committed <= stable ? this.#committed : toIndex(stable);
  }

  /** These entries, from {@link nextCommitted}, have been handed out. */
  acceptApplying(entries: readonly Entry[], allowUnstable: boolean): void {
    const last = entries[entries.length - 1];
    if (last === undefined) return;
    invariant(last.index <= this.#committed, 'R2: applying <= committed', { last: last.index });
    this.#applying = last.index;
    this.#applyingBytes += entriesSize(entries);
    // Handing out stopped short of what could be applied: then the next entry would exceed the bound.
    this.#applyingPaused =
      this.#applyingBytes >= this.#applyingBytesMax ||
      last.index < this.#appliableIndex(allowUnstable);
  }

  /** The application has applied everything up to `index`; `entries` are those of this report. */
  appliedTo(index: LogIndex, entries: readonly Entry[]): void {
    if (index < this.#applied || index > this.#committed) {
      invariant(false, 'R2: applied rises up to committed', {
        index,
        applied: this.#applied,
        committed: this.#committed,
      });
    }
    this.#applied = index;
    if (this.#applying < index) this.#applying = index;
    this.#applyingBytes = Math.max(0, this.#applyingBytes - entriesSize(entries));
    this.#applyingPaused = this.#applyingBytes >= this.#applyingBytesMax;
  }

  /** A snapshot of the leader's replaces the log. */
  restore(snapshot: Snapshot): void {
    const { index, term } = snapshot.meta;
    this.#observe({
      type: 'snapshotRestoring',
      snapshot: { index, term },
      commit: this.#committed,
      applied: this.#applied,
      applying: this.#applying,
      unstableOffset: this.unstable.offset,
      unstableInProgress: this.unstable.inProgress,
      unstableCount: this.unstable.entryCount,
    });
    this.#committed = index;
    this.unstable.restore(snapshot);
  }

  /** Entries from `from` on, up to `bytesMax` but at least one; undefined when they were released. */
  entriesFrom(from: LogIndex, bytesMax: number): readonly Entry[] | undefined {
    if (from > this.lastIndex()) return [];
    if (from < this.firstIndex()) return undefined;
    return this.slice(from, toIndex(this.lastIndex() + 1), bytesMax);
  }

  /** Entries from `from` (inclusive) to `to` (exclusive), which the log has: up to `bytesMax`, but at least one. */
  slice(from: LogIndex, to: LogIndex, bytesMax: number): readonly Entry[] {
    const { offset } = this.unstable;
    if (from >= offset) return this.unstable.slice(from, to, bytesMax);
    const cut = to < offset ? to : offset;
    const stable = this.#storage.entries(from, cut, bytesMax);
    if (stable.length === 0) {
      throw new RaftError('storage', `storage has no entries ${from} to ${cut - 1}`);
    }
    if (to <= offset || stable.length < cut - from) return stable;
    return this.#extend(stable, to, bytesMax);
  }

  /** Goes on in the unstable part, if there is room. */
  #extend(stable: readonly Entry[], to: LogIndex, bytesMax: number): readonly Entry[] {
    const room = bytesMax - entriesSize(stable);
    const next = this.unstable.at(this.unstable.offset);
    if (next === undefined || entrySize(next) > room) return stable;
    return stable.concat(this.unstable.slice(this.unstable.offset, to, room));
  }
}
