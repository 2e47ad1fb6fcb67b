/** How much a simulation has seen: what says whether it tested anything. */
import { LOST_LEADER } from '../replica/lost-leader.js';
import type { LogChecker } from './checkers/log-checker.js';
import type { MembershipChangeKind } from './checkers/membership-model.js';
import type { History } from './history.js';
import type { FaultKind } from './options.js';

export class Statistics {
  readonly faults: Map<FaultKind, number> = new Map<FaultKind, number>();
  operations = 0;
  acknowledged = 0;
  unknown = 0;
  entries = 0;
  revisions = 0;
  leaders = 0;
  /** Followers that were told that their leader is gone. */
  leadersLost = 0;
  watchEvents = 0;
  /** Changes of membership, the founding of the cluster aside; refused ones are those that were refused at apply. */
  membersAdded = 0;
  membersPromoted = 0;
  membersRemoved = 0;
  membersMoved = 0;
  changesRefused = 0;
  /** Refused by the strict check, before they were proposed. */
  changesRejected = 0;
  disksLost = 0;
  /** Clusters that elected nobody any more, as nobody who is left had applied the last change of membership. */
  quorumsLost = 0;
  /** Members that ended as they had been removed. */
  endedAsRemoved = 0;
  /** Recorded by members on their own disks. */
  snapshots = 0;
  /** Copies of stores that members got from others. */
  transfers = 0;
  transfersDamaged = 0;
  /** Ends of logs that were found torn, and cut off. */
  tornWrites = 0;
  /** Processes that ended as their disk had failed. */
  diskFailures = 0;

  logged(message: string): void {
    if (message === 'recorded a snapshot') this.snapshots += 1;
    if (message === LOST_LEADER) this.leadersLost += 1;
    if (message.startsWith('cut off a torn end')) this.tornWrites += 1;
  }

  finish(
    log: LogChecker,
    history: History,
    faults: ReadonlyMap<FaultKind, number>,
    founders: number,
  ): void {
    for (const [kind, count] of faults) this.faults.set(kind, count);
    this.operations = history.operations.length;
    for (const { outcome } of history.operations) {
      if (outcome?.type === 'ok') this.acknowledged += 1;
      if (outcome === undefined || outcome.type === 'unknown') this.unknown += 1;
    }
    this.entries = log.entries.length;
    this.revisions = log.model.revision;
    this.leaders = log.leaderTerms;
    const changes = (kind: MembershipChangeKind): number => log.membership.counts.get(kind) ?? 0;
    this.membersAdded = changes('added') - founders;
    this.membersPromoted = changes('promoted');
    this.membersRemoved = changes('removed');
    this.membersMoved = changes('updated');
    this.changesRefused = changes('refused');
    for (const { watches } of history.watchers) {
      for (const { arrivals } of watches) {
        for (const { response } of arrivals) this.watchEvents += response.events.length;
      }
    }
  }

  /** Adds what another simulation has seen. */
  add(other: Statistics): void {
    for (const [kind, count] of other.faults) {
      this.faults.set(kind, (this.faults.get(kind) ?? 0) + count);
    }
    this.operations += other.operations;
    this.acknowledged += other.acknowledged;
    this.unknown += other.unknown;
    this.entries += other.entries;
    this.revisions += other.revisions;
    this.leaders += other.leaders;
    this.leadersLost += other.leadersLost;
    this.watchEvents += other.watchEvents;
    this.membersAdded += other.membersAdded;
    this.membersPromoted += other.membersPromoted;
    this.membersRemoved += other.membersRemoved;
    this.membersMoved += other.membersMoved;
    this.changesRefused += other.changesRefused;
    this.changesRejected += other.changesRejected;
    this.disksLost += other.disksLost;
    this.quorumsLost += other.quorumsLost;
    this.endedAsRemoved += other.endedAsRemoved;
    this.snapshots += other.snapshots;
    this.transfers += other.transfers;
    this.transfersDamaged += other.transfersDamaged;
    this.tornWrites += other.tornWrites;
    this.diskFailures += other.diskFailures;
  }

  toString(): string {
    const { faults, ...counts } = this;
    const parts = [...Object.entries(counts), ...[...faults].sort()] as (readonly [
      string,
      number,
    ])[];
    return parts.map(([name, count]) => `${name} ${count}`).join(', ');
  }
}
