/** Scenarios of quorums: which index is committed, and how a vote ends. */
import { allVoters, jointCommitted, jointVote } from '../quorum/joint.js';
import { majorityCommitted, majorityVote, type VoteResult } from '../quorum/majority.js';
import { toIndex, toNodeId, type LogIndex, type NodeId } from '../types.js';
import { hex } from './describe.js';
import type { Directive } from './script.js';

const resultNames: Readonly<Record<VoteResult, string>> = {
  pending: 'VotePending',
  lost: 'VoteLost',
  won: 'VoteWon',
};

export function runQuorum({ command, args }: Directive): string {
  const values = (key: string): readonly string[] =>
    args.filter((argument) => argument.key === key).flatMap((argument) => argument.values);
  const ids = (key: string): NodeId[] =>
    values(key)
      .filter((value) => value !== 'zero')
      .map((value) => toNodeId(BigInt(value)));

  const [listed, listedJoint] = [ids('cfg'), ids('cfgj')];
  const voters = { incoming: new Set(listed), outgoing: new Set(listedJoint) };
  const joint = args.some((argument) => argument.key === 'cfgj');
  const inputs = [...values('idx'), ...values('votes')];
  const all = [...new Set([...listed, ...listedJoint])];
  if (all.length !== inputs.length) {
    return `error: mismatched input (explicit or _) for voters ${JSON.stringify(all.map(String))}`;
  }
  // Values are given in the order in which voters first appear; _ stands for a voter of which nothing is known.
  const known = new Map<NodeId, string>();
  all.forEach((id, at) => {
    const input = inputs[at];
    if (input !== undefined && input !== '_') known.set(id, input);
  });

  if (command === 'vote') {
    const voteOf = (id: NodeId): boolean | undefined => {
      const vote = known.get(id);
      return vote === undefined ? undefined : vote === 'y';
    };
    const result = joint ? jointVote(voters, voteOf) : majorityVote(voters.incoming, voteOf);
    return resultNames[result];
  }
  const acked = (id: NodeId): LogIndex | undefined => {
    const index = known.get(id);
    return index === undefined ? undefined : toIndex(Number(index));
  };
  const index = joint ? jointCommitted(voters, acked) : majorityCommitted(voters.incoming, acked);
  const described = describeAcked(allVoters(voters), acked);
  return `${described}${index === Infinity ? '∞' : index}`;
}

/** One line per voter, with a bar as long as the number of voters that acknowledged less. */
function describeAcked(
  voters: readonly NodeId[],
  acked: (id: NodeId) => LogIndex | undefined,
): string {
  if (voters.length === 0) return '<empty majority quorum>';
  const width = voters.length;
  const lines = voters.map((id) => {
    const index = acked(id);
    const mine = index ?? 0;
    const below = voters.filter((other) => (acked(other) ?? 0) < mine).length;
    const bar =
      index === undefined
        ? `?${' '.repeat(width)}`
        : `${'x'.repeat(below)}>${' '.repeat(width - below)}`;
    return `${bar} ${String(mine).padStart(5)}    (id=${hex(id)})\n`;
  });
  return `${' '.repeat(width)}    idx\n${lines.join('')}`;
}
