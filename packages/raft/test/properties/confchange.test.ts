/** Changes of membership against a naive model: roles of single members, changed one after the other. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConfChangeSingle } from '../../src/conf-change.js';
import { applyChange, enterJoint, leaveJoint, simple } from '../../src/confchange/changer.js';
import {
  EMPTY_CONFIGURATION,
  findFlaw,
  fromConfState,
  toConfState,
  type Configuration,
} from '../../src/confchange/configuration.js';
import { majorityOf } from '../../src/quorum/majority.js';
import { NO_DATA, toNodeId } from '../../src/types.js';

const change = fc
  .record({
    type: fc.constantFrom(
      'addNode' as const,
      'removeNode' as const,
      'addLearnerNode' as const,
      'updateNode' as const,
    ),
    id: fc.integer({ min: 0, max: 6 }),
  })
  .map(({ type, id }): ConfChangeSingle => ({ type, nodeId: toNodeId(BigInt(id)) }));
const changes = fc.array(change, { minLength: 1, maxLength: 5 });

/** What everybody is in the end, if the changes are made one by one to a plain table. */
function naive(
  start: ReadonlyMap<bigint, string>,
  list: readonly ConfChangeSingle[],
): Map<bigint, string> {
  const roles = new Map(start);
  for (const { type, nodeId } of list) {
    if (nodeId === 0n) continue;
    if (type === 'addNode') roles.set(nodeId, 'voter');
    if (type === 'removeNode') roles.delete(nodeId);
    if (type === 'addLearnerNode') roles.set(nodeId, 'learner');
  }
  return roles;
}

function rolesOf({ incoming, learners }: Configuration): Map<bigint, string> {
  const roles = new Map<bigint, string>();
  for (const id of incoming) roles.set(id, 'voter');
  for (const id of learners) roles.set(id, 'learner');
  return roles;
}

/** Any sound configuration that is not joint. */
const plain = fc
  .tuple(fc.uniqueArray(fc.integer({ min: 1, max: 6 }), { minLength: 1 }), fc.nat(3))
  .map(([ids, learnerCount]): Configuration => {
    const learners = ids.slice(1, 1 + learnerCount).map((id) => toNodeId(BigInt(id)));
    const voters = ids.filter((id) => !learners.includes(toNodeId(BigInt(id))));
    return {
      ...EMPTY_CONFIGURATION,
      incoming: new Set(voters.map((id) => toNodeId(BigInt(id)))),
      learners: new Set(learners),
    };
  });

describe('configuration changes', () => {
  it('entering and leaving a joint configuration makes all changes, whatever they are', () => {
    fc.assert(
      fc.property(plain, changes, fc.boolean(), (start, list, autoLeave) => {
        const joint = enterJoint(start, autoLeave, list);
        const expected = naive(rolesOf(start), list);
        if (typeof joint === 'string') {
          expect(joint).toBe('allVotersRemoved');
          expect([...expected.values()]).not.toContain('voter');
          return;
        }
        expect(findFlaw(joint)).toBeUndefined();
        expect(joint.outgoing).toEqual(start.incoming);
        expect(joint.autoLeave).toBe(autoLeave);
        const left = leaveJoint(joint);
        if (typeof left === 'string') throw new Error(left);
        expect(findFlaw(left)).toBeUndefined();
        expect(rolesOf(left)).toEqual(expected);
      }),
      { numRuns: 3000 },
    );
  });

  it('a simple change keeps a majority in common with what was before, or is refused', () => {
    fc.assert(
      fc.property(plain, changes, (start, list) => {
        const result = simple(start, list);
        if (typeof result === 'string') return;
        expect(rolesOf(result)).toEqual(naive(rolesOf(start), list));
        const common = [...start.incoming].filter((id) => result.incoming.has(id)).length;
        const [before, after] = [start.incoming.size, result.incoming.size];
        // Any majority of one meets any majority of the other.
        const all = before + after - common;
        expect(majorityOf(before) + majorityOf(after)).toBeGreaterThan(all);
      }),
      { numRuns: 3000 },
    );
  });

  it('a stored configuration comes back as it was', () => {
    fc.assert(
      fc.property(plain, changes, (start, list) => {
        for (const config of [start, enterJoint(start, true, list)]) {
          if (typeof config !== 'string')
            expect(fromConfState(toConfState(config))).toEqual(config);
        }
      }),
    );
  });

  it('one change is made simply, several jointly, and none leaves', () => {
    const start = { ...EMPTY_CONFIGURATION, incoming: new Set([toNodeId(1n)]) };
    const add = (id: bigint): ConfChangeSingle => ({ type: 'addNode', nodeId: toNodeId(id) });
    const apply = (...list: ConfChangeSingle[]) =>
      applyChange(start, { transition: 'auto', changes: list, context: NO_DATA });
    expect(apply(add(2n))).toMatchObject({ outgoing: new Set() });
    expect(apply(add(2n), add(3n))).toMatchObject({ outgoing: start.incoming, autoLeave: true });
    expect(apply()).toBe('notJoint');
  });

  it.each([
    [
      'a learner that votes',
      { voters: [1n], learners: [1n], votersOutgoing: [], learnersNext: [], autoLeave: false },
    ],
    [
      'a staged learner that is no leaving voter',
      { voters: [1n], learners: [], votersOutgoing: [1n], learnersNext: [2n], autoLeave: false },
    ],
    [
      'a staged learner that stays a voter',
      { voters: [1n], learners: [], votersOutgoing: [1n], learnersNext: [1n], autoLeave: false },
    ],
    [
      'something to leave that is not joint',
      { voters: [1n], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: true },
    ],
    [
      'learners without voters',
      { voters: [], learners: [1n], votersOutgoing: [], learnersNext: [], autoLeave: false },
    ],
    [
      'member 0',
      { voters: [0n], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false },
    ],
  ])('R9: %s is unsound', (_name, state) => {
    const ids = (list: readonly bigint[]) => list.map(toNodeId);
    const { voters, learners, votersOutgoing, learnersNext, autoLeave } = state;
    const confState = {
      voters: ids(voters),
      learners: ids(learners),
      votersOutgoing: ids(votersOutgoing),
      learnersNext: ids(learnersNext),
      autoLeave,
    };
    expect(typeof fromConfState(confState)).toBe('string');
  });
});
