/**
 * Decides the cluster's version, as leader: the lowest version of its members, never lower than before unless a downgrade
 * was enabled (semantics.md §18.1).
 * A member that is alone knows its own. Where there are others, nothing is decided until their versions can be asked for.
 */
import { RequestField } from '../apply/entry-codec.js';
import { encodeClusterVersionSet } from '../apply/state-codec.js';
import type { Clock, Timer } from '../clock.js';
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
}

export class VersionMonitor {
  readonly #parts: VersionMonitorParts;
  #timer: Timer | undefined;
  #proposed = false;

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
    const { membership, proposer, isLeader } = this.#parts;
    if (!isLeader() || this.#proposed || membership.members().length !== 1) return;
    const version = this.#decide();
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
  #decide(): string | undefined {
    const { membership, ownVersion } = this.#parts;
    const { clusterVersion, downgrade } = membership;
    if (clusterVersion === undefined) return ownVersion;
    if (downgrade.enabled) {
      return downgrade.targetVersion === downgradeTargetOf(clusterVersion)
        ? downgrade.targetVersion
        : undefined;
    }
    return isBelow(clusterVersion, ownVersion) ? ownVersion : undefined;
  }

  close(): void {
    this.#timer?.cancel();
  }
}
