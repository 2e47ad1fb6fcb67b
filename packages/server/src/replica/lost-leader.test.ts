/**
 * Who forgets a leader whose process is gone, and who stands for election when. Method: a node that only keeps count, and a clock
 * that the test turns.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { toTerm } from '@kv/raft';
import type { MemberId } from '../ids.js';
import type { LogFields } from '../logger.js';
import { FakeClock } from '../testing/index.js';
import { LOST_LEADER, LostLeader, REMOVED_LEADER, type ForgettingNode } from './lost-leader.js';

const HEARTBEAT_MS = 100;
const [A, B, C, D] = [1n, 2n, 3n, 4n] as readonly bigint[] as readonly [
  MemberId,
  MemberId,
  MemberId,
  MemberId,
];

type Changing<T> = { -readonly [K in keyof T]: T[K] };

let clock: FakeClock;
let lines: LogFields[];
let campaigns: number;
let forgotten: number;

beforeEach(() => {
  clock = new FakeClock();
  lines = [];
  campaigns = 0;
  forgotten = 0;
});

function follower(id: MemberId, leader: MemberId): Changing<ForgettingNode> {
  const config = {
    ...{ voters: [C, A, B], votersOutgoing: [], learners: [D] },
    ...{ learnersNext: [], autoLeave: false },
  };
  const node: Changing<ForgettingNode> = {
    ...{ id, leader, term: toTerm(5), role: 'follower' },
    status: () => ({ config }) as unknown as ReturnType<ForgettingNode['status']>,
    forgetLeader: () => {
      forgotten += 1;
      node.leader = 0n as MemberId;
    },
    campaign: () => {
      campaigns += 1;
    },
  };
  return node;
}

function lostLeader(node: ForgettingNode, preVote = true): LostLeader {
  const lost: LostLeader = new LostLeader({
    preVote,
    heartbeatIntervalMs: HEARTBEAT_MS,
    clock,
    logger: {
      enabled: () => true,
      log: (level, message, fields = {}) => {
        lines.push({ level, message, ...fields });
      },
    },
    wake: () => {
      clock.soon(() => {
        lost.turn(node);
      });
    },
  });
  return lost;
}

/** How long after the refusal it campaigns; undefined if it does not. */
async function campaignMs(node: ForgettingNode, refused: MemberId): Promise<number | undefined> {
  lostLeader(node).peerRefused(refused);
  await clock.settle();
  for (let ms = 0; ms <= 1000; ms += 10) {
    if (campaigns > 0) return ms;
    await clock.advance(10);
  }
  return undefined;
}

describe('F-1 a follower whose leader refuses', () => {
  it.each([
    ['the first of the others', A, B, 0],
    ['the first, though the leader comes before it', B, A, 0],
    ['the second', B, C, HEARTBEAT_MS],
    ['the second, the leader left out', C, B, HEARTBEAT_MS],
  ])('%s campaigns in its turn', async (_, id, leader, ms) => {
    const node = follower(id, leader);
    expect(await campaignMs(node, leader)).toBe(ms);
    expect(campaigns).toBe(1);
    // Once more, for those who had not heard of it; then it is left to the election timeout.
    await clock.advance(HEARTBEAT_MS / 2);
    expect(campaigns).toBe(2);
    await clock.advance(5000);
    expect([forgotten, campaigns]).toEqual([1, 2]);
    expect(lines).toMatchObject([
      {
        ...{ level: 'info', message: LOST_LEADER, term: 5 },
        ...{ 'local-member-id': id, 'lost-leader-id': leader, 'campaigns-after': `${ms}ms` },
      },
    ]);
  });

  it('a voter of the outgoing half of a change has a place, too', async () => {
    const node = follower(C, A);
    const config = { voters: [A, C], votersOutgoing: [A, B, C] };
    node.status = () => ({ config }) as unknown as ReturnType<ForgettingNode['status']>;
    expect(await campaignMs(node, A)).toBe(HEARTBEAT_MS);
  });

  it('a learner forgets, and does not campaign', async () => {
    expect(await campaignMs(follower(D, A), A)).toBeUndefined();
    expect(forgotten).toBe(1);
  });

  it('without pre-votes nothing changes', async () => {
    const node = follower(A, B);
    lostLeader(node, false).peerRefused(B);
    await clock.advance(1000);
    expect([forgotten, campaigns, lines]).toEqual([0, 0, []]);
  });

  it.each([
    ['another member refuses', { leader: B }],
    ['it knows of no leader', { leader: 0n as MemberId }],
    ['it leads itself', { leader: A, role: 'leader' as const }],
  ])('nothing changes when %s', async (_, state) => {
    const node = Object.assign(follower(A, C), state);
    expect(await campaignMs(node, C)).toBeUndefined();
    expect([forgotten, lines]).toEqual([0, []]);
  });
});

describe('F-26 a follower whose leader was removed', () => {
  it('forgets it and campaigns in its turn, as for one that is gone', async () => {
    const node = follower(C, B);
    lostLeader(node).peerRemoved(B);
    await clock.advance(HEARTBEAT_MS / 2);
    expect([forgotten, campaigns]).toEqual([1, 0]);
    await clock.advance(HEARTBEAT_MS / 2);
    expect(campaigns).toBe(1);
    expect(lines).toMatchObject([{ message: REMOVED_LEADER, 'lost-leader-id': B }]);
  });

  it('does nothing when another member was removed', async () => {
    const node = follower(C, A);
    lostLeader(node).peerRemoved(B);
    await clock.advance(1000);
    expect([forgotten, campaigns]).toEqual([0, 0]);
  });
});

describe('while it waits for its turn', () => {
  it.each([
    ['the leader is heard again', { leader: A }],
    ['another one leads', { leader: B, term: toTerm(6) }],
    ['it has voted', { term: toTerm(6) }],
    ['it is a candidate', { role: 'candidate' as const, term: toTerm(6) }],
  ])('%s: it does nothing', async (_, change) => {
    const node = follower(C, A);
    lostLeader(node).peerRefused(A);
    await clock.advance(HEARTBEAT_MS / 2);
    expect(forgotten).toBe(1);
    Object.assign(node, change);
    await clock.advance(1000);
    expect(campaigns).toBe(0);
  });

  it('another one stands: it waits for a heartbeat interval more, so that they do not split the vote', async () => {
    const lost = lostLeader(follower(C, A));
    lost.peerRefused(A);
    await clock.advance(HEARTBEAT_MS - 10);
    lost.otherStands();
    await clock.advance(HEARTBEAT_MS - 10);
    expect(campaigns).toBe(0);
    await clock.advance(10);
    expect(campaigns).toBe(1);
  });

  it('it has stood, and another one leads: it does not stand again', async () => {
    const node = follower(A, B);
    lostLeader(node).peerRefused(B);
    await clock.settle();
    expect(campaigns).toBe(1);
    Object.assign(node, { leader: C, term: toTerm(6) });
    await clock.advance(1000);
    expect(campaigns).toBe(1);
  });

  it('the next leader is lost, too: it waits anew', async () => {
    const node = follower(C, A);
    const lost = lostLeader(node);
    lost.peerRefused(A);
    await clock.advance(HEARTBEAT_MS - 10);
    node.leader = B;
    node.term = toTerm(6);
    lost.peerRefused(B);
    await clock.advance(HEARTBEAT_MS - 10);
    expect([forgotten, campaigns]).toEqual([2, 0]);
    await clock.advance(20);
    expect(campaigns).toBe(1);
  });

  it('it closes: it does nothing', async () => {
    const lost = lostLeader(follower(C, A));
    lost.peerRefused(A);
    await clock.settle();
    lost.close();
    await clock.advance(1000);
    expect(campaigns).toBe(0);
  });
});
