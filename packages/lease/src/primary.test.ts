import { describe, expect, test } from 'vitest';
import { leaseId } from './lease.js';
import type { LeaseId } from './lease.js';
import { Lessor } from './lessor.js';
import { Primary } from './primary.js';
import type { GoneOutcome, PrimaryOptions } from './primary.js';

const ELECTION_MS = 1_000;
const id = (value: number): LeaseId => leaseId(BigInt(value));

interface Member {
  readonly lessor: Lessor;
  readonly primary: Primary;
}

/** A member that leads since 0 ms. */
function leader(options: PrimaryOptions = {}): Member {
  const lessor = new Lessor({ minTtlSeconds: 2 });
  const primary = new Primary(lessor, options);
  primary.promote(0, ELECTION_MS);
  return { lessor, primary };
}

function grantAt(member: Member, lease: number, ttlSeconds: number, nowMs: number): void {
  member.lessor.grant(id(lease), ttlSeconds);
  member.primary.settle(nowMs);
}

describe('expiry', () => {
  test('G-9 (a): a lease is offered at its ttl, not a millisecond before', () => {
    const member = leader();
    grantAt(member, 1, 5, 10);
    expect(member.primary.due(5_009)).toEqual([]);
    expect(member.primary.nextDueMs).toBe(5_010);
    expect(member.primary.due(5_010)).toEqual([1n]);
  });

  test('a grant without settle counts from the next call that carries a time: later, never earlier', () => {
    const { lessor, primary } = leader();
    lessor.grant(id(1), 5);
    expect(primary.timeToLive(id(1), 100)).toMatchObject({ remainingTtlSeconds: 5 });
    expect(primary.due(5_099)).toEqual([]);
    expect(primary.due(5_100)).toEqual([1n]);
  });

  test('H-L8: a lease that was offered and is still there is offered again after 7 s, not before', () => {
    const member = leader();
    grantAt(member, 1, 2, 0);
    expect(member.primary.due(2_000)).toEqual([1n]);
    expect(member.primary.due(8_999)).toEqual([]);
    expect(member.primary.due(9_000)).toEqual([1n]);
    member.lessor.revoke(id(1));
    expect(member.primary.due(100_000)).toEqual([]);
    expect(member.primary.nextDueMs).toBeUndefined();
  });

  test('H-L9, F-30: a round offers at most 500, soonest first; the rest comes in the next ones', () => {
    const member = leader();
    for (let i = 1; i <= 1_200; i++) grantAt(member, i, 2_000 - i, 0);
    const rounds = [1, 2, 3, 4].map(() => member.primary.due(3_000_000));
    expect(rounds.map((round) => round.length)).toEqual([500, 500, 200, 0]);
    expect(rounds.flat()).toEqual(Array.from({ length: 1_200 }, (_, i) => id(1_200 - i)));
  });

  test('B-62, J-3: 25 days, 2^31 ms and the longest ttl end exactly then', () => {
    const ttls = [2_160_000, 2_147_483, 2_147_484, 31_536_000, 9_000_000_000];
    for (const ttl of ttls) {
      const member = leader();
      grantAt(member, 1, ttl, 3);
      expect(member.primary.due(ttl * 1_000 + 2)).toEqual([]);
      expect(member.primary.due(ttl * 1_000 + 3)).toEqual([1n]);
    }
  });

  test('G-9 (f), F-23: a clock value older than an earlier one moves nothing back', () => {
    const member = leader();
    member.primary.settle(10_000);
    grantAt(member, 1, 5, 0);
    expect(member.primary.due(14_999)).toEqual([]);
    expect(member.primary.due(15_000)).toEqual([1n]);
    expect(member.primary.renew(id(1), 0)).toEqual({ type: 'expired' });
  });

  test('a clock that gives no number is our bug', () => {
    expect(() => leader().primary.due(NaN)).toThrow('the clock gives a number');
  });

  test('a revoked identifier that is granted again in the same batch counts once, from then', () => {
    const member = leader();
    grantAt(member, 1, 5, 0);
    member.lessor.revoke(id(1));
    member.lessor.grant(id(1), 9);
    member.lessor.revoke(id(1));
    member.lessor.grant(id(1), 7);
    member.primary.settle(1_000);
    expect(member.primary.due(7_999)).toEqual([]);
    expect(member.primary.due(8_000)).toEqual([1n]);
  });
});

describe('renew', () => {
  test('begins the countdown anew, with the full ttl', () => {
    const member = leader();
    grantAt(member, 1, 5, 0);
    expect(member.primary.renew(id(1), 4_999)).toEqual({
      type: 'renewed',
      ttlSeconds: 5,
      clear: undefined,
    });
    expect(member.primary.due(9_998)).toEqual([]);
    expect(member.primary.due(9_999)).toEqual([1n]);
  });

  test('B-66: an unknown lease is not found', () => {
    expect(leader().primary.renew(id(1), 0)).toEqual({ type: 'not_found' });
  });

  test('G-9 (b), H-L2: once run out it cannot be renewed, offered or not, and whoever waits learns of the end', () => {
    const member = leader();
    grantAt(member, 1, 5, 0);
    expect(member.primary.renew(id(1), 5_000)).toEqual({ type: 'expired' });
    const heard: GoneOutcome[] = [];
    member.primary.onceGone(id(1), (outcome) => heard.push(outcome));
    member.primary.due(5_000);
    expect(member.primary.renew(id(1), 5_001)).toEqual({ type: 'expired' });
    expect(heard).toEqual([]);
    member.lessor.revoke(id(1));
    expect(heard).toEqual(['not_found']);
    expect(member.primary.renew(id(1), 5_002)).toEqual({ type: 'not_found' });
  });

  test('who waits is told when leadership is lost, once; who stopped waiting is not', () => {
    const member = leader();
    grantAt(member, 1, 5, 0);
    const heard: string[] = [];
    member.primary.onceGone(id(1), (outcome) => heard.push(`first ${outcome}`));
    const stop = member.primary.onceGone(id(1), (outcome) => heard.push(`second ${outcome}`));
    stop();
    stop();
    member.primary.demote();
    member.lessor.revoke(id(1));
    expect(heard).toEqual(['first not_primary']);
  });

  test('waiting for what is gone already, or without leading, ends at once', () => {
    const member = leader();
    const heard: GoneOutcome[] = [];
    member.primary.onceGone(id(1), (outcome) => heard.push(outcome))();
    member.primary.demote();
    member.primary.onceGone(id(1), (outcome) => heard.push(outcome))();
    expect(heard).toEqual(['not_found', 'not_primary']);
  });
});

describe('leadership', () => {
  test('a member that does not lead knows no expiry', () => {
    const lessor = new Lessor({ minTtlSeconds: 2 });
    const primary = new Primary(lessor);
    lessor.grant(id(1), 2);
    expect(primary.due(1_000_000)).toEqual([]);
    expect(primary.renew(id(1), 1_000_000)).toEqual({ type: 'not_primary' });
    expect(primary.timeToLive(id(1), 1_000_000)).toEqual({ type: 'not_primary' });
    expect([primary.isPrimary, primary.nextDueMs]).toEqual([false, undefined]);
  });

  test('G-9 (e): a new leader gives every lease its full ttl and an election timeout more', () => {
    const lessor = new Lessor({ minTtlSeconds: 2 });
    const primary = new Primary(lessor);
    lessor.grant(id(1), 5);
    primary.promote(50_000, ELECTION_MS);
    expect(primary.due(55_999)).toEqual([]);
    expect(primary.due(56_000)).toEqual([1n]);
  });

  test('H-L5: with a checkpoint it begins with the remainder', () => {
    const lessor = new Lessor({ minTtlSeconds: 2 });
    const primary = new Primary(lessor);
    lessor.grant(id(1), 600);
    lessor.checkpoint({ id: id(1), remainingTtlSeconds: 300 });
    primary.promote(0, ELECTION_MS);
    expect(primary.due(300_999)).toEqual([]);
    expect(primary.due(301_000)).toEqual([1n]);
  });

  test('H-L4: after step-down nothing is offered, planned or renewed', () => {
    const member = leader({ checkpoints: true });
    grantAt(member, 1, 1_000, 0);
    grantAt(member, 2, 2, 0);
    member.lessor.grant(id(3), 2);
    member.primary.demote();
    expect(member.primary.due(10_000_000)).toEqual([]);
    expect(member.primary.dueCheckpoints(10_000_000)).toEqual([]);
    expect(member.primary.nextDueMs).toBeUndefined();
  });

  test('leading again forgets the countdowns of the first time', () => {
    const member = leader();
    grantAt(member, 1, 5, 0);
    member.primary.due(5_000);
    member.primary.demote();
    member.primary.promote(6_000, ELECTION_MS);
    expect(member.primary.due(11_999)).toEqual([]);
    expect(member.primary.due(12_000)).toEqual([1n]);
  });

  test('promotion twice, without a demotion between, is like one', () => {
    const member = leader();
    grantAt(member, 1, 5, 0);
    member.primary.promote(1_000, ELECTION_MS);
    expect(member.primary.due(6_999)).toEqual([]);
    expect(member.primary.due(7_000)).toEqual([1n]);
    expect(member.primary.due(7_000)).toEqual([]);
  });

  test('a store replaced under a leader ends its leading', () => {
    const member = leader();
    grantAt(member, 1, 5, 0);
    member.lessor.restore([]);
    expect(member.primary.isPrimary).toBe(false);
    expect(member.primary.due(10_000)).toEqual([]);
  });

  test.each([
    [999, 999],
    [1_000, 750],
    [3_000, 750],
  ])('of %d leases with one expiry, %d fall due within a second of it', (count, within) => {
    const lessor = new Lessor({ minTtlSeconds: 2 });
    const primary = new Primary(lessor);
    for (let i = 1; i <= count; i++) lessor.grant(id(i), 10);
    primary.promote(0, ELECTION_MS);
    expect(primary.due(10_999, count)).toHaveLength(0);
    expect(primary.due(11_999, count)).toHaveLength(within);
    const rounds = Math.ceil(count / 750) - 1;
    const rest = primary.due(11_000 + rounds * 1_000, count);
    expect(rest).toHaveLength(count - within);
  });

  test('spreading delays no lease that others were granted before, but for those that run out with it', () => {
    const lessor = new Lessor({ minTtlSeconds: 2 });
    const primary = new Primary(lessor);
    for (let i = 1; i <= 2_000; i++) lessor.grant(id(i), 1_000);
    for (let i = 2_001; i <= 2_500; i++) lessor.grant(id(i), 10);
    primary.promote(0, ELECTION_MS);
    expect(primary.due(10_000 + ELECTION_MS, 5_000)).toHaveLength(500);
    expect(
      primary
        .list()
        .slice(0, 500)
        .every((lease) => lease > 2_000n),
    ).toBe(true);
  });
});

describe('time to live and list', () => {
  test.each([
    [0, 5],
    [1, 4],
    [1_000, 4],
    [4_001, 0],
    [5_000, 0],
    [5_999, 0],
    [6_000, -1],
  ])('at %d ms, %d whole seconds of 5 are left', (nowMs, seconds) => {
    const member = leader();
    grantAt(member, 1, 5, 0);
    expect(member.primary.timeToLive(id(1), nowMs)).toEqual({
      type: 'known',
      remainingTtlSeconds: seconds,
      grantedTtlSeconds: 5,
    });
  });

  test('B-68: an unknown lease is not found', () => {
    expect(leader().primary.timeToLive(id(1), 0)).toEqual({ type: 'not_found' });
  });

  test('the leader lists the soonest first, one just granted last; others list all', () => {
    const member = leader();
    grantAt(member, 1, 30, 0);
    grantAt(member, 2, 10, 0);
    grantAt(member, 3, 20, 0);
    member.primary.renew(id(2), 5_000);
    member.lessor.grant(id(4), 2);
    expect(member.primary.list()).toEqual([2n, 3n, 1n, 4n]);
    member.primary.demote();
    expect(new Set(member.primary.list())).toEqual(new Set([1n, 2n, 3n, 4n]));
  });
});

describe('checkpoints', () => {
  const options = { checkpoints: true, checkpointIntervalMs: 300_000 };

  test('the remaining time of a lease longer than the interval is due each interval', () => {
    const member = leader(options);
    grantAt(member, 1, 700, 0);
    grantAt(member, 2, 300, 0);
    expect(member.primary.dueCheckpoints(299_999)).toEqual([]);
    expect(member.primary.nextDueMs).toBe(300_000);
    const first = { id: 1n, remainingTtlSeconds: 400 };
    expect(member.primary.dueCheckpoints(300_000)).toEqual([first]);
    expect(member.primary.dueCheckpoints(300_000)).toEqual([]);
    // The entry was lost: the next one comes an interval later all the same.
    const second = { id: 1n, remainingTtlSeconds: 100 };
    expect(member.primary.dueCheckpoints(600_000)).toEqual([second]);
    expect(member.primary.dueCheckpoints(900_000)).toEqual([]);
  });

  test('remaining time is rounded up: a checkpoint never shortens a lease', () => {
    const member = leader(options);
    grantAt(member, 1, 700, 0);
    expect(member.primary.dueCheckpoints(300_001)).toEqual([{ id: 1n, remainingTtlSeconds: 400 }]);
  });

  test('a lease that is kept alive needs none', () => {
    const member = leader(options);
    grantAt(member, 1, 700, 0);
    for (let nowMs = 200_000; nowMs <= 2_000_000; nowMs += 200_000) {
      expect(member.primary.dueCheckpoints(nowMs)).toEqual([]);
      member.primary.renew(id(1), nowMs);
    }
  });

  test('a renewal asks to clear what is recorded, with the feature on or off', () => {
    for (const checkpoints of [true, false]) {
      const member = leader({ checkpoints });
      grantAt(member, 1, 700, 0);
      member.lessor.checkpoint({ id: id(1), remainingTtlSeconds: 100 });
      const clear = { id: 1n, remainingTtlSeconds: 0 };
      expect(member.primary.renew(id(1), 1_000)).toMatchObject({ type: 'renewed', clear });
      expect(member.primary.due(700_999)).toEqual([]);
      member.lessor.checkpoint({ id: id(1), remainingTtlSeconds: 0 });
      expect(member.primary.renew(id(1), 2_000)).toMatchObject({ clear: undefined });
    }
  });

  test('one that is in flight counts as recorded: no renewal overtakes it', () => {
    const member = leader(options);
    const clear = { id: 1n, remainingTtlSeconds: 0 };
    const none = { clear: undefined };
    grantAt(member, 1, 700, 0);
    const offer = member.primary.dueCheckpoints(300_000);
    expect(member.primary.renew(id(1), 300_000)).toMatchObject({ clear });
    expect(member.primary.renew(id(1), 300_001)).toMatchObject({ clear });
    for (const checkpoint of [...offer, clear])
      member.lessor.checkpoint({ ...checkpoint, id: id(1) });
    expect(member.primary.renew(id(1), 300_002)).toMatchObject(none);
    // Another is offered while the second clearing is still on its way, which says nothing about it.
    expect(member.primary.dueCheckpoints(600_002)).toHaveLength(1);
    member.lessor.checkpoint({ ...clear, id: id(1) });
    expect(member.primary.renew(id(1), 600_003)).toMatchObject({ clear });
    member.lessor.checkpoint({ ...clear, id: id(1) });
    expect(member.primary.renew(id(1), 600_004)).toMatchObject(none);
  });

  test('an applied checkpoint plans the next one from then', () => {
    const member = leader(options);
    grantAt(member, 1, 1_000, 0);
    member.lessor.checkpoint({ id: id(1), remainingTtlSeconds: 900 });
    member.primary.settle(100_000);
    expect(member.primary.dueCheckpoints(399_999)).toEqual([]);
    expect(member.primary.dueCheckpoints(400_000)).toHaveLength(1);
  });

  test('at most so many in one entry; none for a lease that has run out or is gone', () => {
    const member = leader(options);
    for (let i = 1; i <= 5; i++) grantAt(member, i, 700, 0);
    grantAt(member, 6, 301, 0);
    member.lessor.revoke(id(5));
    expect(member.primary.dueCheckpoints(301_000, 3)).toHaveLength(3);
    expect(member.primary.dueCheckpoints(301_000, 3)).toHaveLength(1);
    expect(member.primary.dueCheckpoints(301_000, 3)).toHaveLength(0);
  });

  test('off: none', () => {
    const member = leader();
    grantAt(member, 1, 1_000_000, 0);
    expect(member.primary.dueCheckpoints(900_000_000)).toEqual([]);
  });
});
