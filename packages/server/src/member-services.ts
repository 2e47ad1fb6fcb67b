/** The services of one member, made from its parts, each behind the checks that hold for every call. */
import type { Service } from '@kv/rpc';
import { findStorageVersion } from './cluster/storage-version.js';
import { ClusterService } from './grpc/cluster-service.js';
import { healthService } from './grpc/health-service.js';
import { KvService } from './grpc/kv-service.js';
import { LeaseService } from './grpc/lease-service.js';
import { MaintenanceMetrics } from './grpc/maintenance-metrics.js';
import { MaintenanceService } from './grpc/maintenance-service.js';
import { watchService } from './grpc/watch-service.js';
import type { Ground, MemberParts } from './member-parts.js';
import { transferLeadership } from './replica/leader-transfer.js';

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
      metrics: ground.ports.metrics,
      progressIntervalMs: ground.config.watchProgressNotifyIntervalMs,
    }),
    leaseService(ground, parts),
    new ClusterService({
      membership: state.membership,
      reconfiguration: parts.reconfiguration,
      promotion: parts.promotion,
      strictView: parts.strictView,
      linearizable: replica.linearizable,
      headers,
      clock: ground.ports.clock,
      logger: ground.ports.logger,
      wake: replica.wake,
    }).service,
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
  const { replica, headers } = parts;
  const { store } = ground.storage;
  return new LeaseService({
    store,
    engine: parts.leases,
    questions: parts.leaseQuestions,
    proposer: replica.proposer,
    ids: replica.ids,
    quota: parts.quota,
    headers,
    currentRevision: () => store.revision,
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
    transferLeadership: (target, done) => {
      const { heartbeatIntervalMs } = ground.config;
      return transferLeadership(replica, target, ground.ports.clock, heartbeatIntervalMs, done);
    },
  }).service;
}
