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
  const alarms = new Alarms();
  alarms.load(store.bucket('alarm'));
  const membership = new Membership(config.maxLearners);
  membership.load((name) => store.bucket(name));
  return { store, alarms, membership, lessor: loadLessor(store, config) };
}

function loadLessor(store: MvccStore, config: MemberConfig): Lessor {
  const lessor = new Lessor({
    minTtlSeconds: minTtlSeconds({
      electionTicks: electionTicksOf(config),
      heartbeatMs: config.heartbeatIntervalMs,
    }),
  });
  const records = [...store.bucket('lease').entries()].map(([, value]) => decodeLeaseRecord(value));
  lessor.restore(records);
  for (const [key, lease] of store.takeRecoveredLeases()) {
    // A key whose lease is gone stays, without an owner (semantics.md §6.3).
    if (lessor.has(lease)) lessor.attach(lease, key);
  }
  return lessor;
}
