/** One member of a scenario: a node, its storage, and a state machine that appends what it applies. */
import { decodeConfChange, decodeConfChangeV2 } from '../codec/conf.js';
import type { RaftConfig } from '../config.js';
import type { Observer } from '../events.js';
import { MemoryStorage } from '../memory-storage.js';
import { RawNode } from '../raw-node.js';
import type { StorageAppend, StorageApply } from '../ready.js';
import type { ConfState, Entry, HardState, LogIndex, NodeId, Snapshot } from '../types.js';

/** Takes each applied entry as a new snapshot, and hands out the newest one: scenarios send snapshots without more ado. */
class SnapshottingStorage extends MemoryStorage {
  newest: Snapshot | undefined;

  override snapshot(): Snapshot {
    return this.newest ?? super.snapshot();
  }
}

/** The settings of a scenario's members, which a directive may change. */
export type MemberConfig = Omit<RaftConfig, 'id' | 'observer'>;

export class InteractionMember {
  readonly id: NodeId;
  readonly node: RawNode;
  readonly config: Required<Pick<RaftConfig, 'electionTicks' | 'heartbeatTicks'>> & MemberConfig;
  readonly storage: MemoryStorage;
  readonly appendWork: StorageAppend[] = [];
  readonly applyWork: StorageApply[] = [];
  readonly #storage = new SnapshottingStorage();
  #snapshot: Snapshot;
  #electionTimeout: number | undefined;

  constructor(
    id: NodeId,
    config: InteractionMember['config'],
    start: Snapshot,
    observer: Observer,
  ) {
    this.id = id;
    this.config = config;
    this.storage = this.#storage;
    this.#snapshot = start;
    this.#storage.newest = start;
    if (start.meta.index > 0) this.#storage.applySnapshot(start);
    this.node = new RawNode({ ...config, id, observer }, this.#storage, (bound) =>
      this.#random(bound),
    );
  }

  /** The newest snapshot, of the state as applied. */
  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /** The next election timeout that the node draws, in ticks. */
  setElectionTimeout(ticks: number): void {
    this.#electionTimeout = ticks;
  }

  #random(bound: number): number {
    const chosen = this.#electionTimeout;
    this.#electionTimeout = undefined;
    return chosen === undefined ? bound - 1 : chosen - this.config.electionTicks;
  }

  append(
    hardState: HardState | undefined,
    entries: readonly Entry[],
    snapshot: Snapshot | undefined,
  ): void {
    if (hardState !== undefined) this.#storage.setHardState(hardState);
    if (snapshot === undefined) this.#storage.append(entries);
    else this.#storage.applySnapshot(snapshot);
  }

  apply(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const { update, confState } = this.#applyEntry(entry);
      const { data, meta } = this.#snapshot;
      this.#take(entry, confState ?? meta.confState, concat(data, update));
    }
  }

  #take({ index, term }: Entry, confState: ConfState, data: Uint8Array): void {
    this.#snapshot = { meta: { index, term, confState }, data };
    this.#storage.newest = this.#snapshot;
  }

  #applyEntry(entry: Entry): { readonly update: Uint8Array; readonly confState?: ConfState } {
    switch (entry.type) {
      case 'normal':
        return { update: entry.data };
      case 'confChange': {
        const change = decodeConfChange(entry.data);
        return { update: change.context, confState: this.node.applyConfChange(change) };
      }
      case 'confChangeV2': {
        const change = decodeConfChangeV2(entry.data);
        return { update: change.context, confState: this.node.applyConfChange(change) };
      }
    }
  }

  compact(index: LogIndex): void {
    this.#storage.releaseUpTo(index);
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (b.length === 0) return a;
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
