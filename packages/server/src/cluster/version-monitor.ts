/**
 * Decides the cluster's version, as leader: the lowest version of its members, never lower than before unless a downgrade
 * was enabled (semantics.md §18.1).
 * A member that is alone knows its own; others are asked, each time. As long as one does not answer, the version does not rise.
 */
import { RequestField } from '../apply/entry-codec.js';
import { encodeClusterVersionSet } from '../apply/state-codec.js';
import type { Clock, Timer } from '../clock.js';
import type { MemberId } from '../ids.js';
import type { Proposer } from '../request/proposer.js';
import type { Membership } from './membership.js';
import { downgradeTargetOf, isBelow } from './version-text.js';

const CHECK_INTERVAL_MS = 4000;

export interface VersionMonitorParts {
  readonly membership: Membership;
  readonly proposer: Proposer;
  readonly clock: Clock;
  /** Feature level of this program: `3.7.0`. */
  readonly ownVersion: string;
  readonly isLeader: () => boolean;
  /** Members but this one. */
  readonly others: () => readonly MemberId[];
  /** Feature level of another member; undefined while it does not answer. Never rejects. */
  readonly versionOf: (id: MemberId) => Promise<string | undefined>;
}

/** What a cluster is said to be before all of its members were heard: the lowest that there is. */
const UNDECIDED = '3.0.0';

export class VersionMonitor {
  readonly #parts: VersionMonitorParts;
  #timer: Timer | undefined;
  #proposed = false;
  #asking = false;
  #closed = false;

  constructor(parts: VersionMonitorParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = this.#parts.clock.every(CHECK_INTERVAL_MS, () => {
      this.check();
    });
  }

  /** Also called right after the first entry of a term of this member. */
  check(): void {
    const { isLeader, ownVersion, others, versionOf } = this.#parts;
    if (!isLeader() || this.#proposed || this.#asking) return;
    const ids = others();
    if (ids.length === 0) {
      this.#propose(ownVersion);
      return;
    }
    this.#asking = true;
    void Promise.all(ids.map(versionOf)).then((versions) => {
      this.#asking = false;
      if (!this.#closed && isLeader()) this.#propose(lowestOf([ownVersion, ...versions]));
    });
  }

  /** `lowest`: of all members; undefined when one is not known. */
  #propose(lowest: string | undefined): void {
    const { membership, proposer } = this.#parts;
    const version = this.#decide(lowest);
    if (version === undefined || version === membership.clusterVersion) return;
    this.#proposed = true;
    const again = (): void => {
      this.#proposed = false;
    };
    proposer.propose(
      proposer.draft(RequestField.clusterVersionSet, encodeClusterVersionSet(version)),
      { applied: again, failed: again },
    );
  }

  /** What the version should be; undefined to leave it. */
  #decide(lowest: string | undefined): string | undefined {
    const { clusterVersion, downgrade } = this.#parts.membership;
    if (clusterVersion === undefined) return lowest ?? UNDECIDED;
    if (downgrade.enabled) {
      return downgrade.targetVersion === downgradeTargetOf(clusterVersion)
        ? downgrade.targetVersion
        : undefined;
    }
    return lowest !== undefined && isBelow(clusterVersion, lowest) ? lowest : undefined;
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }
}

/** Undefined when one of them is. */
function lowestOf(versions: readonly (string | undefined)[]): string | undefined {
  let lowest: string | undefined;
  for (const version of versions) {
    if (version === undefined) return undefined;
    if (lowest === undefined || isBelow(version, lowest)) lowest = version;
  }
  return lowest;
}
