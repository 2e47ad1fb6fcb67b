/** Decisions by two sets of voters at once: both majorities have to agree (Raft §6, joint consensus). */
import type { LogIndex, NodeId } from '../types.js';
import {
  majorityCommitted,
  majorityVote,
  type AckedIndex,
  type VoteOf,
  type VoteResult,
} from './majority.js';

/** The voters of a configuration. `outgoing` is empty unless the configuration is joint. */
export interface JointVoters {
  readonly incoming: ReadonlySet<NodeId>;
  readonly outgoing: ReadonlySet<NodeId>;
}

/** An index is committed when it is so in both halves. */
export function jointCommitted(voters: JointVoters, acked: AckedIndex): LogIndex {
  const incoming = majorityCommitted(voters.incoming, acked);
  const outgoing = majorityCommitted(voters.outgoing, acked);
  return incoming < outgoing ? incoming : outgoing;
}

/** Lost when either half is lost, won when both are won. */
export function jointVote(voters: JointVoters, voteOf: VoteOf): VoteResult {
  const incoming = majorityVote(voters.incoming, voteOf);
  const outgoing = majorityVote(voters.outgoing, voteOf);
  if (incoming === outgoing) return incoming;
  return incoming === 'lost' || outgoing === 'lost' ? 'lost' : 'pending';
}

/** Whether the node has a vote in either half. */
export function isVoter(voters: JointVoters, id: NodeId): boolean {
  return voters.incoming.has(id) || voters.outgoing.has(id);
}

/** All voters of both halves, ascending. */
export function allVoters(voters: JointVoters): NodeId[] {
  return ascending(new Set([...voters.incoming, ...voters.outgoing]));
}

/** The identifiers in ascending order: what must be the same on every member never depends on a set's order. */
export function ascending(ids: Iterable<NodeId>): NodeId[] {
  return [...ids].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}
