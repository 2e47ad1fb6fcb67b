/** A log in memory: the reference implementation of {@link LogStorage}, and the part of a real one that is kept in RAM. */
import { sliceWithin } from './log/limit-size.js';
import { RaftError } from './errors.js';
import { invariant } from './invariant.js';
import type { LogStorage } from './storage.js';
import {
  EMPTY_CONF_STATE,
  EMPTY_HARD_STATE,
  NO_DATA,
  toIndex,
  toTerm,
  type ConfState,
  type Entry,
  type HardState,
  type LogIndex,
  type Snapshot,
  type SnapshotMeta,
  type Term,
} from './types.js';

const emptySnapshot: Snapshot = {
  meta: { index: toIndex(0), term: toTerm(0), confState: EMPTY_CONF_STATE },
  data: NO_DATA,
};

/**
 * Keeps entries by reference: what is appended must not change. Arrays that it returns are copies of references.
 * Releasing entries costs their number, amortised: the array is cut when half of it is released.
 */
export class MemoryStorage implements LogStorage {
  #hardState: HardState = EMPTY_HARD_STATE;
  #confState: ConfState | undefined;
  #snapshot: Snapshot = emptySnapshot;
  /** The entry before the first one: released, or covered by the snapshot. */
  #before: { readonly index: LogIndex; readonly term: Term } = emptySnapshot.meta;
  /** `#entries[#released + i]` has index `#before.index + 1 + i`. */
  #entries: Entry[] = [];
  #released = 0;

  initialState(): { readonly hardState: HardState; readonly confState: ConfState } {
    return {
      hardState: this.#hardState,
      confState: this.#confState ?? this.#snapshot.meta.confState,
    };
  }

  firstIndex(): LogIndex {
    return toIndex(this.#before.index + 1);
  }

  lastIndex(): LogIndex {
    return toIndex(this.#before.index + this.#entries.length - this.#released);
  }

  term(index: LogIndex): Term | undefined {
    if (index === this.#before.index) return this.#before.term;
    return index > this.#before.index ? this.#entries[this.#at(index)]?.term : undefined;
  }

  entries(from: LogIndex, to: LogIndex, bytesMax: number): readonly Entry[] {
    if (from <= this.#before.index || to > this.lastIndex() + 1) {
      throw new RaftError(
        'storage',
        `entries ${from} to ${to - 1} are not within ${this.firstIndex()} to ${this.lastIndex()}`,
      );
    }
    return sliceWithin(this.#entries, this.#at(from), this.#at(to), bytesMax);
  }

  snapshot(): Snapshot {
    return this.#snapshot;
  }

  setHardState(state: HardState): void {
    this.#hardState = state;
  }

  /** The configuration as of the applied index, for a node that starts with more applied than the snapshot has. */
  setConfState(confState: ConfState): void {
    this.#confState = confState;
  }

  /** Appends entries, replacing the log from the first one's index on. What is released already is skipped. */
  append(entries: readonly Entry[]): void {
    const skipped = entries.findIndex((entry) => entry.index > this.#before.index);
    const first = entries[skipped];
    if (first === undefined) return;
    invariant(first.index <= this.lastIndex() + 1, 'the log has no gaps', {
      first: first.index,
      last: this.lastIndex(),
    });
    this.#entries.length = this.#at(first.index);
    for (let at = skipped; at < entries.length; at += 1) {
      const entry = entries[at];
      if (entry !== undefined) this.#entries.push(entry);
    }
  }

  /** Replaces the log by a snapshot. Returns false, and does nothing, when a newer one is here already. */
  applySnapshot(snapshot: Snapshot): boolean {
    const { index, term } = snapshot.meta;
    if (this.#snapshot.meta.index !== 0 && this.#snapshot.meta.index >= index) return false;
    this.#snapshot = snapshot;
    this.#before = { index, term };
    this.#entries = [];
    this.#released = 0;
    return true;
  }

  /** Makes the snapshot that `snapshot()` returns, of the state as of `index`, which must be in the log. */
  createSnapshot(index: LogIndex, confState: ConfState, data: Uint8Array): Snapshot {
    const term = this.term(index);
    invariant(term !== undefined, 'a snapshot is of an entry in the log', { index });
    invariant(index >= this.#snapshot.meta.index, 'snapshots go forward', { index });
    const meta: SnapshotMeta = { index, term, confState };
    this.#snapshot = { meta, data };
    return this.#snapshot;
  }

  /** Forgets all entries up to `index` (inclusive), but for the term of the last. Does nothing when they are gone. */
  releaseUpTo(index: LogIndex): void {
    if (index <= this.#before.index) return;
    const term = this.term(index);
    invariant(term !== undefined, 'only what is in the log can be released', {
      index,
      last: this.lastIndex(),
    });
    this.#released = this.#at(index) + 1;
    this.#before = { index, term };
    if (this.#released * 2 < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#released);
    this.#released = 0;
  }

  #at(index: LogIndex): number {
    return this.#released + index - this.#before.index - 1;
  }
}
