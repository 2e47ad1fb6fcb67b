/** The strict check row by row (rpc.md §8.1, §8.2, §8.5). Method: members that have started or not, connected since when. */
import { describe, expect, it } from 'vitest';
import type { MemberId } from '../ids.js';
import type { MemberRecord } from './member-record.js';
import { HEALTHY_MS, mayAdd, mayPromote, mayRemove, type StrictView } from './strict-check.js';

const NOW_MS = 100_000;
const self = 1n as MemberId;

type Kind = 'healthy' | 'new link' | 'away' | 'not started' | 'learner';

/** Members 1, 2, 3 ... of these kinds; the first is the one that is asked. */
function viewOf(...kinds: readonly Kind[]): StrictView {
  const members = kinds.map((kind, n): MemberRecord => ({
    id: BigInt(n + 1) as MemberId,
    peerUrls: [`http://m${n + 1}:1`],
    isLearner: kind === 'learner',
    name: kind === 'not started' ? '' : `m${n + 1}`,
    clientUrls: [],
  }));
  return {
    self,
    nowMs: NOW_MS,
    membership: { members: () => members, find: (id) => members.find((one) => one.id === id) },
    connectedSinceMs: (id) => {
      const kind = kinds[Number(id) - 1];
      if (kind === 'healthy' || kind === 'learner') return NOW_MS - HEALTHY_MS - 1;
      return kind === 'new link' ? NOW_MS - HEALTHY_MS : undefined;
    },
  };
}

const id = (n: number): MemberId => BigInt(n) as MemberId;

describe('adding a voter', () => {
  it.each([
    [['healthy'], undefined],
    [['healthy', 'healthy'], undefined],
    [['healthy', 'not started'], 'notEnoughStarted'],
    [['healthy', 'away'], 'unhealthy'],
    [['healthy', 'new link'], 'unhealthy'],
    [['healthy', 'healthy', 'away'], 'unhealthy'],
    [['healthy', 'healthy', 'healthy'], undefined],
    [['healthy', 'healthy', 'not started'], 'notEnoughStarted'],
    [['not started'], 'notEnoughStarted'],
    [['healthy', 'learner'], undefined],
  ] as const)('to %j: %s', (kinds, problem) => {
    expect(mayAdd(viewOf(...kinds), false)).toBe(problem);
  });
});

describe('adding a learner', () => {
  it.each([
    [['healthy'], undefined],
    [['healthy', 'not started'], 'unhealthy'],
    [['healthy', 'healthy'], undefined],
    [['healthy', 'away'], 'unhealthy'],
    [['healthy', 'healthy', 'away'], 'unhealthy'],
  ] as const)('to %j: %s', (kinds, problem) => {
    expect(mayAdd(viewOf(...kinds), true)).toBe(problem);
  });
});

describe('removing', () => {
  it.each([
    ['the last member', ['healthy'], 1, 'notEnoughStarted'],
    ['a learner', ['healthy', 'learner'], 2, undefined],
    ['one that never started', ['healthy', 'not started'], 2, undefined],
    ['the only one that started', ['healthy', 'not started'], 1, 'notEnoughStarted'],
    ['one of three', ['healthy', 'healthy', 'healthy'], 3, undefined],
    ['itself of three', ['healthy', 'healthy', 'healthy'], 1, undefined],
    ['one out of reach', ['healthy', 'healthy', 'away'], 3, undefined],
    ['one that is needed', ['healthy', 'healthy', 'away'], 2, 'unhealthy'],
    ['itself where it is needed', ['healthy', 'healthy', 'away'], 1, 'unhealthy'],
    ['one while another is just back', ['healthy', 'healthy', 'new link'], 2, 'unhealthy'],
    ['one of two', ['healthy', 'healthy'], 2, undefined],
    ['one that is not there', ['healthy'], 9, undefined],
  ] as const)('%s', (_, kinds, target, problem) => {
    expect(mayRemove(viewOf(...kinds), id(target))).toBe(problem);
  });
});

describe('promoting', () => {
  it.each([
    [['healthy', 'learner'], undefined],
    [['healthy', 'not started', 'learner'], undefined],
    [['healthy', 'not started', 'not started', 'learner'], 'notEnoughStarted'],
    [['healthy', 'away', 'away', 'learner'], undefined],
  ] as const)('in %j: %s', (kinds, problem) => {
    expect(mayPromote(viewOf(...kinds))).toBe(problem);
  });
});
