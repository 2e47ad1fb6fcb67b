/** The read port to the stable part of the log. The application writes; Raft only reads. */
import type { ConfState, Entry, HardState, LogIndex, Snapshot, Term } from './types.js';

/**
 * The stable log: entries `firstIndex` to `lastIndex`, and the snapshot that stands for everything before.
 *
 * What it returns must include all that was made durable on behalf of a `Ready` before `RawNode.advance` (or the
 * storage response) told so, and nothing may be taken away above the applied index. Calls are synchronous and see one
 * state: the owner of the node changes the storage between calls into the node, never during one.
 *
 * A storage that cannot read throws `RaftError('storage')`, after which the node must not be used again.
 * `logStorageContract` in `./testing` is the executable form of this contract.
 */
export interface LogStorage {
  /** What to start from: the last durable hard state, and the configuration as of the applied index. */
  initialState(): { readonly hardState: HardState; readonly confState: ConfState };

  /** Index of the oldest entry that `entries` can return: the snapshot's index + 1. An empty, new log answers 1. */
  firstIndex(): LogIndex;

  /** Index of the newest entry, or that of the snapshot when there is none after it. */
  lastIndex(): LogIndex;

  /** The term of an entry in [`firstIndex` - 1, `lastIndex`]; undefined outside. Index 0 has term 0. */
  term(index: LogIndex): Term | undefined;

  /**
   * Entries from `from` (inclusive) to `to` (exclusive), with `firstIndex` <= `from` < `to` <= `lastIndex` + 1:
   * the longest prefix whose encoded size does not exceed `bytesMax`, but at least one. The array is the caller's;
   * the entries are shared and never change.
   */
  entries(from: LogIndex, to: LogIndex, bytesMax: number): readonly Entry[];

  /**
   * A snapshot for a follower that needs what the log no longer has; undefined while none is at hand. Should be of the
   * state as applied now: a member refuses a snapshot whose configuration does not name it, and asks for another.
   */
  snapshot(): Snapshot | undefined;
}
