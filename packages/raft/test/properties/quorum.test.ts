/** The fast decisions of a quorum against the definition, by brute force. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isVoter, jointCommitted, jointVote } from '../../src/quorum/joint.js';
import { majorityCommitted, majorityOf, majorityVote } from '../../src/quorum/majority.js';
import { toIndex, toNodeId, type NodeId } from '../../src/types.js';

const ids = fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { maxLength: 7 });
const toSet = (numbers: readonly number[]): Set<NodeId> =>
  new Set(numbers.map((number) => toNodeId(BigInt(number))));
const acks = fc.dictionary(
  fc.constantFrom('1', '2', '3', '4', '5', '6', '7', '8', '9'),
  fc.nat(12),
);

/** The largest index that more than half have, tried one by one from above. */
function naiveCommitted(voters: ReadonlySet<NodeId>, acked: Record<string, number>): number {
  if (voters.size === 0) return Infinity;
  for (let index = 12; index > 0; index -= 1) {
    const having = [...voters].filter((id) => (acked[id.toString()] ?? 0) >= index).length;
    if (having * 2 > voters.size) return index;
  }
  return 0;
}

/** Tries every way in which the votes that are missing could fall. */
function naiveVote(voters: ReadonlySet<NodeId>, votes: ReadonlyMap<NodeId, boolean>): string {
  if (voters.size === 0) return 'won';
  const missing = [...voters].filter((id) => !votes.has(id));
  const granted = [...voters].filter((id) => votes.get(id) === true).length;
  const outcomes = new Set<boolean>();
  for (let more = 0; more <= missing.length; more += 1) {
    outcomes.add((granted + more) * 2 > voters.size);
  }
  if (outcomes.size === 2) return 'pending';
  return outcomes.has(true) ? 'won' : 'lost';
}

describe('quorum', () => {
  it('two majorities of the same set always meet', () => {
    for (let count = 1; count < 50; count += 1) {
      expect(2 * majorityOf(count)).toBeGreaterThan(count);
      expect(2 * (majorityOf(count) - 1)).toBeLessThanOrEqual(count);
    }
  });

  it('committed index, of one set and of two', () => {
    fc.assert(
      fc.property(ids, ids, acks, (one, two, acked) => {
        const voters = { incoming: toSet(one), outgoing: toSet(two) };
        const lookUp = (id: NodeId) => {
          const index = acked[id.toString()];
          return index === undefined ? undefined : toIndex(index);
        };
        const incoming = naiveCommitted(voters.incoming, acked);
        const outgoing = naiveCommitted(voters.outgoing, acked);
        expect(majorityCommitted(voters.incoming, lookUp)).toBe(incoming);
        expect(jointCommitted(voters, lookUp)).toBe(Math.min(incoming, outgoing));
      }),
      { numRuns: 3000 },
    );
  });

  it('votes, of one set and of two', () => {
    const votes = fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.boolean()));
    fc.assert(
      fc.property(ids, ids, votes, (one, two, cast) => {
        const voters = { incoming: toSet(one), outgoing: toSet(two) };
        const byId = new Map(cast.map(([id, vote]) => [toNodeId(BigInt(id)), vote]));
        const voteOf = (id: NodeId) => byId.get(id);
        const incoming = naiveVote(voters.incoming, byId);
        const outgoing = naiveVote(voters.outgoing, byId);
        expect(majorityVote(voters.incoming, voteOf)).toBe(incoming);
        const both = [incoming, outgoing];
        const expected = both.includes('lost')
          ? 'lost'
          : both.includes('pending')
            ? 'pending'
            : 'won';
        expect(jointVote(voters, voteOf)).toBe(expected);
      }),
      { numRuns: 3000 },
    );
  });

  it('a voter of either half is a voter', () => {
    const voters = { incoming: toSet([1, 2]), outgoing: toSet([2, 3]) };
    expect([1, 2, 3, 4].map((id) => isVoter(voters, toNodeId(BigInt(id))))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });
});
