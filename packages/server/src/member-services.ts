/** The services of one member, made from its parts, each behind the checks that hold for every call. */
import type { Service } from '@kv/rpc';
import { findStorageVersion } from './cluster/storage-version.js';
import { clusterService } from './grpc/cluster-service.js';
import { healthService } from './grpc/health-service.js';
import { KvService } from './grpc/kv-service.js';
import { LeaseService } from './grpc/lease-service.js';
import { MaintenanceMetrics } from './grpc/maintenance-metrics.js';
import { MaintenanceService } from './grpc/maintenance-service.js';
import { watchService } from './grpc/watch-service.js';
import type { Ground, MemberParts } from './member-parts.js';
import type { Replica } from './replica/replica.js';
import { APPLY_WAIT_MS } from './request/limits.js';

type OnError = (error: unknown) => void;

/** `onError`: the member can not go on. */
export function memberServices(
  ground: Ground,
  parts: MemberParts,
  onError: OnError,
): readonly Service[] {
  const { replica, headers, state } = parts;
  const services: readonly Service[] = [
    kvService(ground, parts, onError),
    watchService({
      engine: parts.watch,
      headers,
      clock: ground.ports.clock,
      random: ground.ports.random,
      progressIntervalMs: ground.config.watchProgressNotifyIntervalMs,
    }),
    leaseService(ground, parts),
    clusterService({
      membership: state.membership,
      linearizable: replica.linearizable,
      headers,
      wake: replica.wake,
    }),
    maintenanceService(ground, parts, onError),
    healthService,
  ];
  return services.map((service) => parts.admission.guard(service));
}

function kvService(
  { config, ports, storage }: Ground,
  parts: MemberParts,
  onError: OnError,
): Service {
  const { replica, headers, state } = parts;
  return new KvService({
    store: storage.store,
    proposer: replica.proposer,
    linearizable: replica.linearizable,
    headers,
    clock: ports.clock,
    quota: parts.quota,
    metrics: parts.requests,
    compaction: parts.compaction,
    maxTxnOps: config.maxTxnOps,
    maxRequestBytes: config.maxRequestBytes,
    isLearner: () => state.membership.find(headers.memberId)?.isLearner ?? false,
    onError,
    raiseNoSpace: () => {
      parts.spaceAlarm.raise();
    },
    wake: replica.wake,
  }).service;
}

function leaseService(ground: Ground, parts: MemberParts): Service {
  const { replica, headers, state } = parts;
  const { store } = ground.storage;
  return new LeaseService({
    store,
    lessor: state.lessor,
    engine: parts.leases,
    proposer: replica.proposer,
    ids: replica.ids,
    quota: parts.quota,
    headers,
    clock: ground.ports.clock,
    requestTimeoutMs: ground.config.requestTimeoutMs,
    currentRevision: () => store.revision,
    hasLeader: () => replica.leadership.leaderId !== 0n,
    whenCaughtUp: (then) => {
      whenCaughtUp(ground, replica, then);
    },
    raiseNoSpace: () => {
      parts.spaceAlarm.raise();
    },
  }).service;
}

function maintenanceService(ground: Ground, parts: MemberParts, onError: OnError): Service {
  const { replica, headers, state } = parts;
  const { store } = ground.storage;
  const { leadership, appliedIndex } = replica;
  return new MaintenanceService({
    store,
    alarms: state.alarms,
    membership: state.membership,
    proposer: replica.proposer,
    linearizable: replica.linearizable,
    wake: replica.wake,
    headers,
    quota: parts.quota,
    metrics: new MaintenanceMetrics(ground.ports.clock, ground.ports.metrics),
    clock: ground.ports.clock,
    memberId: headers.memberId,
    signal: ground.signal,
    onError,
    raft: () => ({
      leaderId: leadership.leaderId,
      isLeader: leadership.isLeader,
      commitIndex: replica.commitIndex,
      appliedIndex: appliedIndex.index,
      appliedTerm: appliedIndex.term,
    }),
    storageVersion: () => findStorageVersion((name) => store.bucket(name)),
    transferLeadership: (target, done) => transferLeadership(ground, replica, target, done),
  }).service;
}

/** Calls back with true once what is committed now is applied; with false after {@link APPLY_WAIT_MS}. */
function whenCaughtUp(
  { ports }: Ground,
  replica: Replica,
  then: (caughtUp: boolean) => void,
): void {
  const { appliedIndex, commitIndex } = replica;
  if (appliedIndex.index >= commitIndex) {
    then(true);
    return;
  }
  const timer = ports.clock.after(APPLY_WAIT_MS, () => {
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
  { config, ports }: Ground,
  replica: Replica,
  target: Parameters<Replica['transferLeader']>[0],
  done: () => void,
): () => void {
  replica.transferLeader(target);
  const timer = ports.clock.every(config.heartbeatIntervalMs, () => {
    if (replica.leadership.leaderId !== target) return;
    timer.cancel();
    done();
  });
  return () => {
    timer.cancel();
  };
}
