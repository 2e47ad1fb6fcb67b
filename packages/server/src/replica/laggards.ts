/**
 * Which entries of the log other members may still need. A member that is too far behind can not be rebuilt by a snapshot yet, so
 * entries are kept for it, up to a bound; once they are gone, it is said who can not catch up any more.
 */
import { toIndex, type LogIndex, type ProgressStatus } from '@kv/raft';
import type { MemberId } from '../ids.js';
import type { Logger } from '../logger.js';

/** Nobody needs anything. */
const NOTHING: LogIndex = toIndex(Number.MAX_SAFE_INTEGER);
const EVERYTHING: LogIndex = toIndex(0);

export interface LaggardParts {
  readonly logger: Logger;
  /** Ids of the members but this one. */
  readonly others: () => readonly MemberId[];
  readonly isConnected: (id: MemberId) => boolean;
  /** Of all members while this one leads, else empty. */
  readonly progress: () => ReadonlyMap<MemberId, ProgressStatus>;
  /** The oldest entry that there is in memory. */
  readonly firstIndex: () => LogIndex;
}

export class Laggards {
  readonly #parts: LaggardParts;
  readonly #reported = new Set<MemberId>();
  #neededFrom: LogIndex = NOTHING;

  constructor(parts: LaggardParts) {
    this.#parts = parts;
  }

  /** The oldest entry that another member may lack, as of the last tick. */
  get neededFrom(): LogIndex {
    return this.#neededFrom;
  }

  tick(): void {
    const progress = this.#parts.progress();
    let neededFrom = NOTHING;
    for (const id of this.#parts.others()) {
      const known = progress.get(id);
      const from = known === undefined ? this.#unknown(id) : toIndex(known.match + 1);
      if (from < neededFrom) neededFrom = from;
      if (known !== undefined) this.#report(id, known);
    }
    this.#neededFrom = neededFrom;
  }

  /** Only a leader knows how far others are: whoever is out of reach may lack anything. */
  #unknown(id: MemberId): LogIndex {
    return this.#parts.isConnected(id) ? NOTHING : EVERYTHING;
  }

  /** Said once, and again when it happens again. The match of a member that was not heard yet is 0 and means nothing. */
  #report(id: MemberId, { match, next, recentActive }: ProgressStatus): void {
    const { logger, firstIndex } = this.#parts;
    const first = firstIndex();
    const isLost = recentActive && match + 1 < first && next <= first;
    if (!isLost) {
      if (match + 1 >= first) this.#reported.delete(id);
      return;
    }
    if (this.#reported.has(id)) return;
    this.#reported.add(id);
    logger.log(
      'error',
      'a member is too far behind: the entries that it lacks are not kept any more, and it can not be rebuilt by a snapshot yet',
      { 'remote-peer-id': id, match, 'first-index': first },
    );
  }
}
