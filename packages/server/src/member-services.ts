/** The services of one member, made from its parts, each behind the checks that hold for every call. */
import type { MvccStore } from '@kv/mvcc';
import type { Service } from '@kv/rpc';
import type { ReplicatedState } from './apply/applier.js';
import type { Quota } from './apply/quota.js';
import type { Clock } from './clock.js';
import { findStorageVersion } from './cluster/storage-version.js';
import type { CompactionDriver } from './compactor/driver.js';
import type { Admission } from './grpc/admission.js';
import { clusterService } from './grpc/cluster-service.js';
import type { ResponseHeaders } from './grpc/header.js';
import { healthService } from './grpc/health-service.js';
import { KvService } from './grpc/kv-service.js';
import { LeaseService } from './grpc/lease-service.js';
import { MaintenanceService } from './grpc/maintenance-service.js';
import { watchService } from './grpc/watch-service.js';
import type { LeaseEngine } from './lease/lease-engine.js';
import type { MemberConfig } from './member-config.js';
import type { Random } from './random.js';
import type { Replica } from './replica/replica.js';
import { APPLY_WAIT_MS } from './request/limits.js';
import type { RequestMetrics } from './request/request-metrics.js';
import type { SpaceAlarm } from './request/space-alarm.js';
import type { WatchEngine } from './watch/watch-engine.js';

export interface ServiceParts {
  readonly config: MemberConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly store: MvccStore;
  readonly state: ReplicatedState;
  readonly replica: Replica;
  readonly quota: Quota;
  readonly headers: ResponseHeaders;
  readonly compaction: CompactionDriver;
  readonly leases: LeaseEngine;
  readonly watch: WatchEngine;
  readonly requests: RequestMetrics;
  readonly spaceAlarm: SpaceAlarm;
  readonly admission: Admission;
  /** Ends with the member. */
  readonly signal: AbortSignal;
  /** The member can not go on. */
  readonly onError: (error: unknown) => void;
}

export function memberServices(parts: ServiceParts): readonly Service[] {
  const { config, clock, random, store, state, replica, quota, headers, watch, leases } = parts;
  const { proposer, linearizable, leadership, ids, wake } = replica;
  const { memberId } = headers;
  const raiseNoSpace = (): void => {
    parts.spaceAlarm.raise();
  };
  const services: readonly Service[] = [
    new KvService({
      store,
      proposer,
      linearizable,
      headers,
      clock,
      quota,
      compaction: parts.compaction,
      metrics: parts.requests,
      onError: parts.onError,
      maxTxnOps: config.maxTxnOps,
      maxRequestBytes: config.maxRequestBytes,
      isLearner: () => state.membership.find(memberId)?.isLearner ?? false,
      raiseNoSpace,
      wake,
    }).service,
    watchService({
      engine: watch,
      headers,
      clock,
      random,
      progressIntervalMs: config.watchProgressNotifyIntervalMs,
    }),
    new LeaseService({
      store,
      lessor: state.lessor,
      engine: leases,
      proposer,
      ids,
      quota,
      headers,
      clock,
      requestTimeoutMs: config.requestTimeoutMs,
      currentRevision: () => store.revision,
      hasLeader: () => leadership.leaderId !== 0n,
      whenCaughtUp: (then) => {
        whenCaughtUp(parts, then);
      },
      raiseNoSpace,
    }).service,
    clusterService({ membership: state.membership, linearizable, headers, wake }),
    new MaintenanceService({
      store,
      alarms: state.alarms,
      membership: state.membership,
      proposer,
      linearizable,
      wake,
      headers,
      quota,
      clock,
      memberId,
      signal: parts.signal,
      onError: parts.onError,
      raft: () => ({
        leaderId: leadership.leaderId,
        isLeader: leadership.isLeader,
        commitIndex: replica.commitIndex,
        appliedIndex: replica.appliedIndex.index,
        appliedTerm: replica.appliedIndex.term,
      }),
      storageVersion: () => findStorageVersion((name) => store.bucket(name)),
      transferLeadership: (target, done) => transferLeadership(parts, target, done),
    }).service,
    healthService,
  ];
  return services.map((service) => parts.admission.guard(service));
}

/** Calls back with true once what is committed now is applied; with false after {@link APPLY_WAIT_MS}. */
function whenCaughtUp(parts: ServiceParts, then: (caughtUp: boolean) => void): void {
  const { replica, clock } = parts;
  const { appliedIndex, commitIndex } = replica;
  if (appliedIndex.index >= commitIndex) {
    then(true);
    return;
  }
  const timer = clock.after(APPLY_WAIT_MS, () => {
    stop();
    then(false);
  });
  const stop = appliedIndex.whenReached(commitIndex, () => {
    timer.cancel();
    then(true);
  });
}

/** Asks Raft for the transfer and looks once per heartbeat whether it has happened. Returns how to stop looking. */
function transferLeadership(
  parts: ServiceParts,
  target: Parameters<Replica['transferLeader']>[0],
  done: () => void,
): () => void {
  const { replica, clock, config } = parts;
  replica.transferLeader(target);
  const timer = clock.every(config.heartbeatIntervalMs, () => {
    if (replica.leadership.leaderId !== target) return;
    timer.cancel();
    done();
  });
  return () => {
    timer.cancel();
  };
}
