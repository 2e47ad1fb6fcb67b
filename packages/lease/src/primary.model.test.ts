/**
 * G-9 on virtual time: a cluster of three members that share one log, a leader that changes, entries that are delayed or
 * lost, and a clock that jumps forward. The clients keep a ledger of what they were promised; nobody may break it.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { leaseId } from './lease.js';
import type { Key, LeaseId } from './lease.js';
import { Lessor } from './lessor.js';
import { Primary } from './primary.js';

const ELECTION_MS = 1_000;
const RETRY_MS = 7_000;
const MEMBERS = 3;
const INTERVAL_MS = 20_000;

type Entry =
  | { readonly type: 'grant'; readonly id: LeaseId; readonly ttlSeconds: number }
  | { readonly type: 'attach'; readonly id: LeaseId; readonly key: Key }
  | { readonly type: 'expire'; readonly id: LeaseId }
  | { readonly type: 'revoke'; readonly id: LeaseId }
  | { readonly type: 'checkpoint'; readonly id: LeaseId; readonly remainingTtlSeconds: number };

interface Member {
  readonly lessor: Lessor;
  readonly primary: Primary;
}

/** What the holders of a lease were told. */
interface Promised {
  /** Not to be revoked by expiry before this. */
  untilMs: number;
  /** If nothing more happens it must have been offered by then, while there is a leader. */
  readonly ttlMs: number;
}

function newMember(checkpoints: boolean): Member {
  const lessor = new Lessor({ minTtlSeconds: 2 });
  const options = { checkpoints, checkpointIntervalMs: INTERVAL_MS, revokeRetryMs: RETRY_MS };
  return { lessor, primary: new Primary(lessor, options) };
}

class Cluster {
  readonly #members: readonly Member[];
  readonly #promised = new Map<LeaseId, Promised>();
  readonly #pending: Entry[] = [];
  /** Renewals that wait for a record to be cleared. */
  readonly #renewing = new Set<LeaseId>();
  #leader = 0;
  #nowMs = 0;
  #lastId = 0;
  expired = 0;

  constructor(checkpoints: boolean) {
    this.#members = Array.from({ length: MEMBERS }, () => newMember(checkpoints));
    this.leader.primary.promote(this.#nowMs, ELECTION_MS);
  }

  get leader(): Member {
    const leader = this.#members[this.#leader];
    if (leader === undefined) throw new Error('no leader');
    return leader;
  }

  get leaseCount(): number {
    return this.#promised.size;
  }

  /** Never used before, like those that servers choose: DESIGN.md says what reuse can lead to. */
  newId(): LeaseId {
    return leaseId(BigInt(++this.#lastId));
  }

  recentId(back: number): LeaseId {
    return leaseId(BigInt(Math.max(1, this.#lastId - back)));
  }

  propose(entry: Entry): void {
    this.#pending.push(entry);
  }

  /** The oldest entries are committed and applied everywhere. */
  commit(count: number): void {
    for (const entry of this.#pending.splice(0, count)) {
      for (const { lessor } of this.#members) this.#apply(lessor, entry);
      this.#onApplied(entry);
    }
    this.leader.primary.settle(this.#nowMs);
    this.#checkReplicas();
  }

  /** The newest are lost, as when a leader falls. */
  lose(count: number): void {
    this.#pending.splice(Math.max(0, this.#pending.length - count));
  }

  advance(ms: number): void {
    this.#nowMs += ms;
  }

  round(max: number): void {
    const { primary } = this.leader;
    for (const id of primary.due(this.#nowMs, max)) {
      const promise = this.#promised.get(id);
      // (a), (e): never before the time that was promised last.
      if (promise !== undefined) expect(this.#nowMs).toBeGreaterThanOrEqual(promise.untilMs);
      this.propose({ type: 'expire', id });
    }
    for (const checkpoint of primary.dueCheckpoints(this.#nowMs, max)) {
      const lease = this.leader.lessor.find(checkpoint.id);
      expect(checkpoint.remainingTtlSeconds).toBeLessThan(lease?.ttlSeconds ?? 0);
      this.propose({ type: 'checkpoint', ...checkpoint });
    }
  }

  renew(id: LeaseId): void {
    const outcome = this.leader.primary.renew(id, this.#nowMs);
    const promise = this.#promised.get(id);
    switch (outcome.type) {
      case 'renewed':
        expect(promise).toBeDefined();
        // With a record to clear, nothing is promised before that is applied; then the renewal is repeated.
        if (outcome.clear !== undefined) {
          this.propose({ type: 'checkpoint', ...outcome.clear });
          this.#renewing.add(id);
        } else if (promise !== undefined) promise.untilMs = this.#nowMs + promise.ttlMs;
        return;
      case 'expired':
        expect(promise?.untilMs ?? -1).toBeLessThanOrEqual(this.#nowMs);
        return;
      case 'not_found':
        expect(promise).toBeUndefined();
        return;
      case 'not_primary':
        throw new Error('the leader is primary');
    }
  }

  elect(member: number): void {
    this.leader.primary.demote();
    this.#renewing.clear();
    // What is left of the old term comes before the first entry of the new one, and none of it later (H-L1).
    this.commit(Infinity);
    this.#leader = member;
    this.leader.primary.promote(this.#nowMs, ELECTION_MS);
  }

  /** (c): with a leader that works, everything that is not renewed ends. */
  drain(): void {
    for (let round = 0; this.leaseCount > 0 || this.#pending.length > 0; round++) {
      expect(round, 'rounds until all leases have ended').toBeLessThan(2_000);
      this.advance(500);
      this.round(500);
      this.commit(Infinity);
    }
    for (const { lessor, primary } of this.#members) {
      expect([lessor.size, lessor.attachedKeyCount]).toEqual([0, 0]);
      expect(primary.nextDueMs).toBeUndefined();
    }
  }

  #apply(lessor: Lessor, entry: Entry): void {
    switch (entry.type) {
      case 'grant':
        if (!lessor.has(entry.id)) lessor.grant(entry.id, entry.ttlSeconds);
        return;
      case 'attach':
        if (lessor.has(entry.id)) lessor.attach(entry.id, entry.key);
        return;
      case 'expire':
      case 'revoke':
        if (lessor.has(entry.id)) lessor.revoke(entry.id);
        return;
      case 'checkpoint':
        lessor.checkpoint(entry);
    }
  }

  #onApplied(entry: Entry): void {
    const lease = this.leader.lessor.find(entry.id);
    if (lease === undefined) {
      const promise = this.#promised.get(entry.id);
      this.#promised.delete(entry.id);
      if (entry.type !== 'expire' || promise === undefined) return;
      expect(this.#nowMs).toBeGreaterThanOrEqual(promise.untilMs);
      this.expired++;
    } else if (entry.type === 'checkpoint' && entry.remainingTtlSeconds === 0) {
      if (this.#renewing.delete(entry.id)) this.renew(entry.id);
    } else if (entry.type === 'grant' && !this.#promised.has(entry.id)) {
      const ttlMs = lease.ttlSeconds * 1_000;
      this.#promised.set(entry.id, { untilMs: this.#nowMs + ttlMs, ttlMs });
    }
  }

  #checkReplicas(): void {
    const [first, ...others] = this.#members.map(({ lessor }) =>
      [...lessor.leases()].map((lease) => [
        lease.id,
        lease.remainingTtlSeconds,
        ...lessor.keys(lease.id),
      ]),
    );
    for (const other of others) expect(other).toEqual(first);
  }
}

/** One of the last leases that were granted, counted back. */
const backArb = fc.nat(6);
const ttlArb = fc.constantFrom(0, 2, 3, 10, 60, 100);
const actionArb = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('grant' as const),
      back: backArb,
      ttlSeconds: ttlArb,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('attach' as const),
      back: backArb,
      key: fc.constantFrom('a', 'b', 'c').map((name) => name as Key),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('revoke' as const), back: backArb }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant('renew' as const), back: backArb }) },
  {
    weight: 6,
    // A pause of the process is one large step.
    arbitrary: fc.record({
      type: fc.constant('advance' as const),
      ms: fc.oneof(fc.nat(3_000), fc.constantFrom(1, 999, 1_000, 2_000, 10_000, 70_000)),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant('round' as const),
      max: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('commit' as const), count: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('lose' as const), count: fc.nat(3) }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('elect' as const), member: fc.nat(MEMBERS - 1) }),
  },
);
type Action = typeof actionArb extends fc.Arbitrary<infer T> ? T : never;

function act(cluster: Cluster, action: Action): void {
  switch (action.type) {
    case 'grant':
      cluster.propose({ ...action, id: cluster.newId() });
      return;
    case 'attach':
      cluster.propose({ type: 'attach', id: cluster.recentId(action.back), key: action.key });
      return;
    case 'revoke':
      cluster.propose({ type: 'revoke', id: cluster.recentId(action.back) });
      return;
    case 'renew':
      cluster.renew(cluster.recentId(action.back));
      return;
    case 'advance':
      cluster.advance(action.ms);
      return;
    case 'round':
      cluster.round(action.max);
      return;
    case 'commit':
      cluster.commit(action.count);
      return;
    case 'lose':
      cluster.lose(action.count);
      return;
    case 'elect':
      cluster.elect(action.member);
  }
}

test('G-9 (a, b, c, e): promised time is kept and everything ends, in any order of events', () => {
  let expired = 0;
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.array(actionArb, { maxLength: 250, size: 'max' }),
      (checkpoints, actions) => {
        const cluster = new Cluster(checkpoints);
        for (const action of actions) act(cluster, action);
        cluster.drain();
        expired += cluster.expired;
      },
    ),
    { numRuns: Number(process.env['RUNS'] ?? 400) },
  );
  expect(expired, 'leases that ended by expiry').toBeGreaterThan(100);
});
