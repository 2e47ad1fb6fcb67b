/**
 * Decides the cluster's version, as leader: the lowest version of its members, never lower than before (semantics.md §18.1).
 * A member that is alone knows its own. Where there are others, nothing is decided until their versions can be asked for.
 */
import { RequestField } from '../apply/entry-codec.js';
import { encodeClusterVersionSet } from '../apply/state-codec.js';
import type { Clock, Timer } from '../clock.js';
import type { Proposer } from '../request/proposer.js';
import type { Membership } from './membership.js';

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
    const { membership, proposer, ownVersion, isLeader } = this.#parts;
    if (!isLeader() || this.#proposed || membership.members().length !== 1) return;
    if (
      membership.clusterVersion !== undefined &&
      !isBelow(membership.clusterVersion, ownVersion)
    ) {
      return;
    }
    this.#proposed = true;
    const again = (): void => {
      this.#proposed = false;
    };
    proposer.propose(
      proposer.draft(RequestField.clusterVersionSet, encodeClusterVersionSet(ownVersion)),
      { applied: again, failed: again },
    );
  }

  close(): void {
    this.#timer?.cancel();
  }
}

/** `3.6.0` is below `3.7.0`; the major version never changes by itself. */
export function isBelow(version: string, other: string): boolean {
  const [major, minor] = numbers(version);
  const [otherMajor, otherMinor] = numbers(other);
  return major === otherMajor && minor < otherMinor;
}

function numbers(version: string): readonly [number, number] {
  const [major = '', minor = ''] = version.split('.');
  return [Number(major), Number(minor)];
}
