/**
 * `LogStorage` over what was recovered and what was appended since: the part of the log that Raft may still read.
 *
 * The owner changes it after the change is durable, between calls into Raft. Memory is bounded by `compact`: the
 * owner keeps a number of entries for followers that lag, and older ones are served by a snapshot.
 */
import type { ConfState, Entry, HardState, LogIndex, LogStorage, Snapshot, Term } from '@kv/raft';
import { EMPTY_CONF_STATE, EMPTY_HARD_STATE, RaftError, toIndex, toTerm } from '@kv/raft';
import { entrySize } from '@kv/raft/codec';
import { invariant } from './invariant.js';
import type { Recovered, SnapshotId } from './options.js';

/** Compacted places at the head of the array are given back once there are this many, and more than live ones. */
const DEAD_MIN = 1024;

export class StableLog implements LogStorage {
  #hardState: HardState;
  #confState: ConfState;
  /** What stands before the first entry: a compaction point or a snapshot. */
  #before: SnapshotId;
  /** Entry of index i is at `#head + i - #before.index - 1`; places below `#head` are compacted. */
  #entries: (Entry | undefined)[];
  #head = 0;
  #snapshot: Snapshot | undefined;

  private constructor(
    hardState: HardState,
    confState: ConfState,
    before: SnapshotId,
    entries: readonly Entry[],
  ) {
    this.#hardState = hardState;
    this.#confState = confState;
    this.#before = before;
    this.#entries = [...entries];
  }

  /**
   * The log that was recovered. `confState` is the configuration as of the applied index; that of the snapshot if the
   * application keeps none of its own.
   */
  static fromRecovered(
    recovered: Recovered,
    confState: ConfState = recovered.snapshot.confState,
  ): StableLog {
    const { hardState, snapshot, entries } = recovered;
    return new StableLog(hardState ?? EMPTY_HARD_STATE, confState, snapshot, entries);
  }

  /** A new member's. */
  static empty(confState: ConfState = EMPTY_CONF_STATE): StableLog {
    return new StableLog(EMPTY_HARD_STATE, confState, { index: toIndex(0), term: toTerm(0) }, []);
  }

  initialState(): { readonly hardState: HardState; readonly confState: ConfState } {
    return { hardState: this.#hardState, confState: this.#confState };
  }

  firstIndex(): LogIndex {
    return toIndex(this.#before.index + 1);
  }

  lastIndex(): LogIndex {
    return toIndex(this.#before.index + this.#entries.length - this.#head);
  }

  term(index: LogIndex): Term | undefined {
    return index === this.#before.index ? this.#before.term : this.#entryAt(index)?.term;
  }

  entries(from: LogIndex, to: LogIndex, bytesMax: number): readonly Entry[] {
    if (from < this.firstIndex() || from >= to || to > this.lastIndex() + 1) {
      throw new RaftError(
        'storage',
        `entries ${from} to ${to} are not within ${this.firstIndex()} to ${this.lastIndex()}`,
      );
    }
    const found: Entry[] = [];
    let bytes = 0;
    for (let index = from; index < to; index = toIndex(index + 1)) {
      const entry = this.#entryAt(index);
      invariant(entry !== undefined, 'the log has no holes', { index });
      bytes += entrySize(entry);
      if (bytes > bytesMax && found.length > 0) break;
      found.push(entry);
    }
    return found;
  }

  snapshot(): Snapshot | undefined {
    return this.#snapshot;
  }

  /** After the entries are durable. The first one replaces the entry of its index and all that follow it. */
  append(entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    invariant(
      first.index > this.#before.index && first.index <= this.lastIndex() + 1,
      'entries continue the log',
      {
        first: first.index,
        last: this.lastIndex(),
      },
    );
    this.#entries.length = this.#head + first.index - this.#before.index - 1;
    for (const entry of entries) this.#entries.push(entry);
  }

  /** After it is durable, or for the commit index alone at once. */
  setHardState(hardState: HardState): void {
    this.#hardState = hardState;
  }

  /** The snapshot to offer to followers; `undefined` while none is at hand. Does not touch entries. */
  setSnapshot(snapshot: Snapshot | undefined): void {
    this.#snapshot = snapshot;
    if (snapshot !== undefined) this.#confState = snapshot.meta.confState;
  }

  /** A snapshot of the leader replaces the whole log, after it is durable. */
  applySnapshot(snapshot: Snapshot): void {
    invariant(snapshot.meta.index > this.#before.index, 'a snapshot moves the log forward', {
      snapshot: snapshot.meta.index,
      before: this.#before.index,
    });
    this.#before = { index: snapshot.meta.index, term: snapshot.meta.term };
    this.#entries = [];
    this.#head = 0;
    this.setSnapshot(snapshot);
  }

  /** Forgets entries up to and including `index`, which must be applied. No effect if they are forgotten already. */
  compact(index: LogIndex): void {
    if (index <= this.#before.index) return;
    const term = this.term(index);
    invariant(term !== undefined, 'only what the log has is compacted', {
      index,
      last: this.lastIndex(),
    });
    const head = this.#head + index - this.#before.index;
    this.#entries.fill(undefined, this.#head, head);
    this.#head = head;
    this.#before = { index, term };
    if (this.#head >= DEAD_MIN && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
  }

  #entryAt(index: LogIndex): Entry | undefined {
    const offset = index - this.#before.index - 1;
    return offset < 0 ? undefined : this.#entries[this.#head + offset];
  }
}
