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
import { PackedEntries } from './packed-entries.js';

export class StableLog implements LogStorage {
  #hardState: HardState;
  #confState: ConfState;
  /** What stands before the first entry: a compaction point or a snapshot. */
  #before: SnapshotId;
  /** The entries before `#newest`, and some that are compacted. */
  #packed: PackedEntries;
  /** What was appended last, as it came: it is applied next, and need not be unpacked for that. */
  #newest: readonly Entry[] = [];
  #snapshot: Snapshot | undefined;
  #source: (() => Snapshot | undefined) | undefined;

  private constructor(
    hardState: HardState,
    confState: ConfState,
    before: SnapshotId,
    entries: readonly Entry[],
  ) {
    this.#hardState = hardState;
    this.#confState = confState;
    this.#before = before;
    this.#packed = new PackedEntries(this.firstIndex());
    for (const entry of entries) this.#packed.push(entry);
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
    return toIndex(this.#packed.next + this.#newest.length - 1);
  }

  term(index: LogIndex): Term | undefined {
    if (index === this.#before.index) return this.#before.term;
    if (index < this.#before.index) return undefined;
    const { next } = this.#packed;
    return index < next ? this.#packed.term(index) : this.#newest[index - next]?.term;
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
    return this.#source === undefined ? this.#snapshot : this.#source();
  }

  /** Snapshots for followers are made when Raft asks for one, and not kept. */
  snapshotFrom(source: () => Snapshot | undefined): void {
    this.#source = source;
  }

  /** After the entries are durable; they must not change any more. The first one replaces the entry of its index and all that follow it. */
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
    const kept = first.index - this.#packed.next;
    for (const entry of this.#newest.slice(0, Math.max(0, kept))) this.#packed.push(entry);
    this.#packed.truncate(first.index);
    this.#newest = entries;
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
    this.#packed = new PackedEntries(this.firstIndex());
    this.#newest = [];
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
    this.#before = { index, term };
    this.#packed.releaseThrough(index);
  }

  #entryAt(index: LogIndex): Entry | undefined {
    if (index <= this.#before.index) return undefined;
    const { next } = this.#packed;
    return index < next ? this.#packed.get(index) : this.#newest[index - next];
  }
}
