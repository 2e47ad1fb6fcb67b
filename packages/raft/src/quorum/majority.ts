/** Decisions by the majority of one set of voters. */
import { toIndex, type LogIndex, type NodeId } from '../types.js';

/** Whether an election is decided: `pending` votes may still turn it. */
export type VoteResult = 'pending' | 'lost' | 'won';

/** Tells what a voter acknowledged; undefined when it did not report. */
export type AckedIndex = (voter: NodeId) => LogIndex | undefined;

/** Tells how a voter voted; undefined when it did not. */
export type VoteOf = (voter: NodeId) => boolean | undefined;

/** How many of `count` voters are a majority. */
export function majorityOf(count: number): number {
  return Math.floor(count / 2) + 1;
}

/**
 * The largest index that a majority acknowledged. The empty set has acknowledged everything (Infinity), so that half
 * of a joint configuration may be empty.
 */
export function majorityCommitted(voters: ReadonlySet<NodeId>, acked: AckedIndex): LogIndex {
  if (voters.size === 0) return toIndex(Infinity);
  const indexes: number[] = [];
  for (const voter of voters) indexes.push(acked(voter) ?? 0);
  // In ascending order, the voters from this position on are exactly a majority.
  indexes.sort((a, b) => a - b);
  return toIndex(indexes[indexes.length - majorityOf(indexes.length)] ?? 0);
}

/** The outcome of an election among `voters`. By convention the empty set votes yes. */
export function majorityVote(voters: ReadonlySet<NodeId>, voteOf: VoteOf): VoteResult {
  if (voters.size === 0) return 'won';
  let granted = 0;
  let missing = 0;
  for (const voter of voters) {
    const vote = voteOf(voter);
    if (vote === undefined) missing += 1;
    else if (vote) granted += 1;
  }
  const needed = majorityOf(voters.size);
  if (granted >= needed) return 'won';
  return granted + missing >= needed ? 'pending' : 'lost';
}
