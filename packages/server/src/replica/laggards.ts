/**
 * Which entries of the log other members may still need. One that takes snapshots of ours needs none: it comes back by a snapshot,
 * and after that by the entries since. For members of etcd, which can use no snapshot of ours, entries are kept, up to a bound.
 */
import { toIndex, type LogIndex, type ProgressStatus } from '@kv/raft';
import type { MemberId } from '../ids.js';

/** Nobody needs anything. */
const NOTHING: LogIndex = toIndex(Number.MAX_SAFE_INTEGER);
const EVERYTHING: LogIndex = toIndex(0);

export interface LaggardParts {
  /** Ids of the members but this one. */
  readonly others: () => readonly MemberId[];
  readonly isConnected: (id: MemberId) => boolean;
  /** Undefined until the member was heard. */
  readonly takesSnapshots: (id: MemberId) => boolean | undefined;
  /** Of all members while this one leads, else empty. */
  readonly progress: () => ReadonlyMap<MemberId, ProgressStatus>;
  /** The first entry behind the snapshots that are on their way; undefined when none is. */
  readonly heldFrom: () => LogIndex | undefined;
}

export class Laggards {
  readonly #parts: LaggardParts;
  #neededFrom: LogIndex = NOTHING;

  constructor(parts: LaggardParts) {
    this.#parts = parts;
  }

  /** The oldest entry that another member may lack, as of the last tick, and as of now for snapshots. */
  get neededFrom(): LogIndex {
    const heldFrom = this.#parts.heldFrom();
    return heldFrom === undefined || this.#neededFrom < heldFrom ? this.#neededFrom : heldFrom;
  }

  tick(): void {
    const { others, takesSnapshots } = this.#parts;
    const progress = this.#parts.progress();
    let neededFrom = NOTHING;
    for (const id of others()) {
      if (takesSnapshots(id) === true) continue;
      const known = progress.get(id);
      const from = known === undefined ? this.#unknown(id) : toIndex(known.match + 1);
      if (from < neededFrom) neededFrom = from;
    }
    this.#neededFrom = neededFrom;
  }

  /** Only a leader knows how far others are: whoever is out of reach may lack anything. */
  #unknown(id: MemberId): LogIndex {
    return this.#parts.isConnected(id) ? NOTHING : EVERYTHING;
  }
}
