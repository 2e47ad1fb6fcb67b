/** Loads what entries have made of the member so far, from the store: leases, alarms, membership. */
import { decodeLeaseRecord, Lessor, minTtlSeconds } from '@kv/lease';
import type { MvccStore } from '@kv/mvcc';
import { Alarms } from './apply/alarms.js';
import type { ReplicatedState } from './apply/applier.js';
import { Membership } from './cluster/membership.js';
import type { MemberConfig } from './member-config.js';

/** Ticks of an election; etcd computes them the same way. */
export function electionTicksOf(config: MemberConfig): number {
  return Math.floor(config.electionTimeoutMs / config.heartbeatIntervalMs);
}

export function loadReplicatedState(store: MvccStore, config: MemberConfig): ReplicatedState {
  const lessor = new Lessor({
    minTtlSeconds: minTtlSeconds({
      electionTicks: electionTicksOf(config),
      heartbeatMs: config.heartbeatIntervalMs,
    }),
  });
  const membership = new Membership(config.maxLearners);
  const state = { store, lessor, membership, alarms: new Alarms() };
  reloadReplicatedState(state);
  return state;
}

/** Replaces what is in memory by what the store holds: at the start, and after the store was replaced. */
export function reloadReplicatedState({
  store,
  lessor,
  alarms,
  membership,
}: ReplicatedState): void {
  loadLeases(store, lessor);
  alarms.load(store.bucket('alarm'));
  membership.load((name) => store.bucket(name));
}

function loadLeases(store: MvccStore, lessor: Lessor): void {
  const records = [...store.bucket('lease').entries()].map(([, value]) => decodeLeaseRecord(value));
  lessor.restore(records);
  for (const [key, lease] of store.takeRecoveredLeases()) {
    // A key whose lease is gone stays, without an owner (semantics.md §6.3).
    if (lessor.has(lease)) lessor.attach(lease, key);
  }
}
