/** Moves leadership to another member, and waits until this member sees it there (semantics.md §19). */
import type { Clock } from '../clock.js';
import type { MemberId } from '../ids.js';
import type { MemberRecord } from '../cluster/member-record.js';
import type { Replica } from './replica.js';

export type TransferringReplica = Pick<Replica, 'transferLeader' | 'leadership'>;

/** Asks Raft for the transfer and looks every `pollMs` whether it has happened. Returns how to stop looking. */
export function transferLeadership(
  replica: TransferringReplica,
  target: MemberId,
  clock: Clock,
  pollMs: number,
  done: () => void,
): () => void {
  replica.transferLeader(target);
  const timer = clock.every(pollMs, () => {
    if (replica.leadership.leaderId !== target) return;
    timer.cancel();
    done();
  });
  return () => {
    timer.cancel();
  };
}

/** The voter that has been connected for longest; undefined when none is. */
export function findSuccessor(
  voters: readonly MemberRecord[],
  connectedSinceMs: (id: MemberId) => number | undefined,
): MemberId | undefined {
  let found: MemberId | undefined;
  let foundSinceMs = Infinity;
  for (const { id } of voters) {
    const sinceMs = connectedSinceMs(id);
    if (sinceMs === undefined || sinceMs >= foundSinceMs) continue;
    found = id;
    foundSinceMs = sinceMs;
  }
  return found;
}
