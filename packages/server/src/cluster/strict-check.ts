/**
 * What `--strict-reconfig-check` refuses, on the view of the member that was asked, before anything is proposed (rpc.md §8;
 * etcd v3.7.1 server/etcdserver/server.go `mayAddMember`, `mayRemoveMember`, `mayPromoteMember`): a change must leave a
 * quorum of members that have started, and of members that are in touch with this one.
 */
import type { MemberId } from '../ids.js';
import type { MemberRecord } from './member-record.js';
import type { Membership } from './membership.js';

/** A member counts as connected once it has been for this long without a break (etcd's HealthInterval). */
export const HEALTHY_MS = 5000;

export type StrictProblem = 'notEnoughStarted' | 'unhealthy';

/** What the check looks at. */
export interface StrictView {
  readonly membership: Pick<Membership, 'members' | 'find'>;
  readonly self: MemberId;
  readonly nowMs: number;
  /** Monotonic; undefined while the member is not connected. */
  readonly connectedSinceMs: (id: MemberId) => number | undefined;
}

/** A member that is added may never start. */
export function mayAdd(view: StrictView, isLearner: boolean): StrictProblem | undefined {
  const voters = votersOf(view);
  const isFirstAddition = voters.length === 1 && startedCount(voters) === 1;
  const needed = quorumOf(voters.length + 1);
  if (!isLearner && !isFirstAddition && startedCount(voters) < needed) return 'notEnoughStarted';
  if (voters.length === 1) return undefined;
  return connectedCount(view, voters) < needed ? 'unhealthy' : undefined;
}

export function mayRemove(view: StrictView, id: MemberId): StrictProblem | undefined {
  if (view.membership.find(id)?.isLearner === true) return undefined;
  const voters = votersOf(view);
  const left = voters.filter((voter) => voter.id !== id);
  if (startedCount(left) < quorumOf(left.length)) return 'notEnoughStarted';
  // Whoever is out of reach is no part of the quorum that works now.
  if (id !== view.self && view.connectedSinceMs(id) === undefined) return undefined;
  const needed = 1 + Math.floor((voters.length - 1) / 2);
  return connectedCount(view, voters) - 1 < needed ? 'unhealthy' : undefined;
}

/** The learner has been heard, or it would not be in sync: it counts as started. */
export function mayPromote(view: Pick<StrictView, 'membership'>): StrictProblem | undefined {
  const voters = votersOf(view);
  return startedCount(voters) + 1 < quorumOf(voters.length + 1) ? 'notEnoughStarted' : undefined;
}

const quorumOf = (voters: number): number => Math.floor(voters / 2) + 1;

const votersOf = ({ membership }: Pick<StrictView, 'membership'>): readonly MemberRecord[] =>
  membership.members().filter((member) => !member.isLearner);

/** A member without a name has not started yet. */
const startedCount = (members: readonly MemberRecord[]): number =>
  members.filter(({ name }) => name !== '').length;

function connectedCount(view: StrictView, members: readonly MemberRecord[]): number {
  const before = view.nowMs - HEALTHY_MS;
  return members.filter(({ id }) => {
    if (id === view.self) return true;
    const sinceMs = view.connectedSinceMs(id);
    return sinceMs !== undefined && sinceMs < before;
  }).length;
}
