/** Makes the parts of a member and joins them. Nothing runs yet: starting and stopping them is the member's. */
import type { Entry } from '@kv/raft';
import { ApplyMetrics } from './apply/apply-observer.js';
import type { AppliedBatch, ReplicatedState } from './apply/applier.js';
import { Quota } from './apply/quota.js';
import { askVersion } from './cluster/peer-version.js';
import { Promotion } from './cluster/promotion.js';
import { promotionMetrics } from './cluster/promotion-metrics.js';
import { Reconfiguration } from './cluster/reconfiguration.js';
import { mayPromote, type StrictView } from './cluster/strict-check.js';
import { VersionMonitor } from './cluster/version-monitor.js';
import { autoCompactor, type AutoCompactor } from './compactor/auto-compactor.js';
import { CompactionDriver } from './compactor/driver.js';
import { CorruptionChecker } from './corruption/corruption-checker.js';
import { askHash } from './corruption/peer-hash.js';
import { storeHasher, type StoreHasher } from './corruption/store-hash.js';
import { Admission } from './grpc/admission.js';
import { ResponseHeaders } from './grpc/header.js';
import { rpcErrorOf } from './grpc/status.js';
import type { Clock } from './clock.js';
import { LeaseEngine } from './lease/lease-engine.js';
import { LeaseQuestions } from './lease/lease-questions.js';
import { PrimaryAnswers } from './lease/primary-answers.js';
import type { MemberConfig } from './member-config.js';
import type { MemberPorts } from './member-handle.js';
import { MemberMetrics } from './member-metrics.js';
import { Publisher } from './publisher.js';
import { loadReplicatedState } from './replicated-state.js';
import { Replica, type ReplicaListener } from './replica/replica.js';
import { Snapshotter } from './replica/snapshotter.js';
import type { ReadFailure } from './request/linearizable.js';
import { APPLY_WAIT_MS } from './request/limits.js';
import { RequestMetrics } from './request/request-metrics.js';
import { SpaceAlarm } from './request/space-alarm.js';
import type { Storage } from './storage.js';
import { FEATURE_VERSION } from './version.js';
import { WatchEngine } from './watch/watch-engine.js';

export type ResolvedPorts = Required<MemberPorts>;

/** What all parts are made from. */
export interface Ground {
  readonly config: MemberConfig;
  readonly ports: ResolvedPorts;
  readonly storage: Storage;
  /** Ends with the member. */
  readonly signal: AbortSignal;
}

/** What the parts tell the member. */
export interface PartsListener {
  readonly applied: (batch: AppliedBatch, entries: readonly Entry[]) => void;
  /** A snapshot of the leader has replaced the state. */
  readonly restored: () => void;
  readonly deposed: () => void;
  readonly published: () => void;
  /** The member can not go on. */
  readonly failed: (error: unknown) => void;
}

/** Consensus, and what it works on. */
export interface Core {
  readonly state: ReplicatedState;
  readonly quota: Quota;
  readonly replica: Replica;
  readonly headers: ResponseHeaders;
  readonly requests: RequestMetrics;
}

/** What follows the replicated state, each at its own pace. */
export interface Engines {
  readonly watch: WatchEngine;
  readonly leases: LeaseEngine;
  readonly leaseAnswers: PrimaryAnswers;
  readonly leaseQuestions: LeaseQuestions;
  readonly compaction: CompactionDriver;
  readonly autoCompactor: AutoCompactor;
  readonly snapshotter: Snapshotter;
  readonly versions: VersionMonitor;
  readonly publisher: Publisher;
  readonly spaceAlarm: SpaceAlarm;
  readonly hasher: StoreHasher;
  readonly corruption: CorruptionChecker;
}

/** How the membership is changed. */
export interface Changes {
  readonly reconfiguration: Reconfiguration;
  readonly promotion: Promotion;
  /** What the strict check looks at, as of now; undefined when it is off. */
  readonly strictView: () => StrictView | undefined;
}

/** What stands before the services, and what is told about the whole. */
export interface Edge {
  readonly admission: Admission;
  readonly metrics: MemberMetrics;
}

export type MemberParts = Core & Engines & Changes & Edge;

/** gRPC's share of a message beside the request in it (etcd's grpcOverheadBytes). */
const GRPC_OVERHEAD_BYTES: number = 512 * 1024;

export function makeParts(ground: Ground, listener: PartsListener): MemberParts {
  // The snapshotter follows the replica, which needs it only once it runs.
  const late: { snapshotter?: Snapshotter } = {};
  const core = makeCore(ground, {
    ...listener,
    exclusively: async (work) => {
      await late.snapshotter?.exclusively(work);
    },
  });
  const engines = makeEngines(ground, core, listener);
  late.snapshotter = engines.snapshotter;
  const changes = makeChanges(ground, core);
  return { ...core, ...engines, ...changes, ...makeEdge(ground, core, engines.watch) };
}

function makeCore({ config, ports, storage }: Ground, listener: ReplicaListener): Core {
  const { clock, logger, metrics } = ports;
  const { store, identity } = storage;
  const state = loadReplicatedState(store, config);
  const quota = new Quota(config.quotaBackendBytes, () => store.size().bytes);
  const observer = new ApplyMetrics(clock, logger, metrics, config.warningApplyDurationMs);
  const slowMs = config.warningUnaryRequestDurationMs;
  const requests = new RequestMetrics(clock, logger, metrics, slowMs);
  const replicaPorts = { ...ports, observer, requests };
  const replica = new Replica(config, storage, state, quota, replicaPorts, listener);
  const { clusterId, memberId } = identity;
  const headers = new ResponseHeaders(clusterId, memberId, replica.appliedIndex);
  return { state, quota, replica, headers, requests };
}

function makeEngines(ground: Ground, core: Core, listener: PartsListener): Engines {
  const { config, ports, storage } = ground;
  const leases = makeLeases(ground, core);
  const leaseAnswers = new PrimaryAnswers({
    engine: leases,
    lessor: core.state.lessor,
    whenCaughtUp: (then) => {
      whenCaughtUp(ports.clock, core.replica, then);
    },
  });
  const { store, identity } = storage;
  const { clock, logger } = ports;
  const { proposer, leadership } = core.replica;
  const isLeader = (): boolean => leadership.isLeader;
  const { membership } = core.state;
  const { memberId } = identity;
  return {
    watch: new WatchEngine(store, core.headers, clock, {
      fragmentBytesMax: config.maxRequestBytes + GRPC_OVERHEAD_BYTES,
      restMsMax: config.watchRestMsMax,
      onError: listener.failed,
    }),
    leases,
    leaseAnswers,
    leaseQuestions: new LeaseQuestions({
      primary: leaseAnswers,
      clock,
      requestTimeoutMs: config.requestTimeoutMs,
      self: memberId,
      leaderId: () => leadership.leaderId,
      call: (id, request) => ports.peers.call(id, request),
    }),
    compaction: new CompactionDriver(store, clock, {
      pauseMs: config.compactionSleepIntervalMs,
      metrics: ports.metrics,
      onError: listener.failed,
    }),
    autoCompactor: autoCompactor(config.autoCompaction, {
      clock,
      logger,
      proposer,
      currentRevision: () => store.revision,
      isLeader,
    }),
    snapshotter: makeSnapshotter(ground, core, listener),
    versions: new VersionMonitor({
      membership,
      proposer,
      clock,
      ownVersion: FEATURE_VERSION,
      isLeader,
      others: () => membership.others(memberId).map(({ id }) => id),
      versionOf: (id) => askVersion(ports.peers, id),
    }),
    publisher: new Publisher(
      {
        proposer,
        clock,
        logger,
        ...identity,
        name: config.name,
        clientUrls: config.advertiseClientUrls,
        requestTimeoutMs: config.requestTimeoutMs,
      },
      listener.published,
    ),
    spaceAlarm: new SpaceAlarm(memberId, proposer, logger),
    ...makeCorruptionChecks(ground, core),
  };
}

function makeCorruptionChecks(
  { config, ports, storage, signal }: Ground,
  { replica, state }: Core,
): Pick<Engines, 'hasher' | 'corruption'> {
  const { clock, logger, peers } = ports;
  const { store, identity } = storage;
  const hasher = storeHasher(store, clock, signal);
  const corruption = new CorruptionChecker({
    self: identity.memberId,
    ...{ clock, logger, hasher, proposer: replica.proposer },
    compactionHashes: () => store.compactionHashes,
    askOthers: (revision) => {
      const others = state.membership.others(identity.memberId);
      return Promise.all(
        others.map(({ id }) => askHash(peers, id, revision, config.requestTimeoutMs)),
      );
    },
    linearizableRead: () =>
      new Promise((resolve, reject) => {
        const failed = (failure: ReadFailure): void => {
          reject(rpcErrorOf(failure));
        };
        replica.linearizable.join({ ready: resolve, failed });
        replica.wake();
      }),
    isLeader: () => replica.leadership.isLeader,
    periodMs: config.corruptCheckIntervalMs,
    compactionPeriodMs: config.compactHashCheckIntervalMs,
  });
  return { hasher, corruption };
}

function makeChanges({ config, ports, storage }: Ground, core: Core): Changes {
  const { clock, peers, metrics } = ports;
  const { replica, state } = core;
  const { membership } = state;
  const self = storage.identity.memberId;
  const reconfiguration = new Reconfiguration({
    ids: replica.ids,
    propose: (change, dropped) => {
      replica.proposeConfChange(change, dropped);
    },
  });
  const strictView = (): StrictView | undefined =>
    config.strictReconfigCheck
      ? {
          membership,
          self,
          nowMs: clock.monotonicMs(),
          connectedSinceMs: (id) => peers.connectedSinceMs(id),
        }
      : undefined;
  const promotion = new Promotion({
    reconfiguration,
    members: () => membership.members(),
    check: () => (config.strictReconfigCheck ? mayPromote({ membership }) : undefined),
    progress: () => replica.progress(),
    whenCaughtUp: (then) => {
      whenCaughtUp(clock, replica, then);
    },
    self,
    leaderId: () => replica.leadership.leaderId,
    call: (id, request) => peers.call(id, request),
    clock,
    requestTimeoutMs: config.requestTimeoutMs,
    metrics: promotionMetrics(metrics),
  });
  return { reconfiguration, promotion, strictView };
}

function makeLeases({ config, ports }: Ground, { replica, state }: Core): LeaseEngine {
  return new LeaseEngine({
    lessor: state.lessor,
    proposer: replica.proposer,
    linearizable: replica.linearizable,
    clock: ports.clock,
    metrics: ports.metrics,
    heartbeatIntervalMs: config.heartbeatIntervalMs,
    electionTimeoutMs: config.electionTimeoutMs,
    checkpoint: config.leaseCheckpoint,
    checkpointIntervalMs: config.leaseCheckpointIntervalMs,
    lastTickMs: () => replica.lastTickMs,
    wake: replica.wake,
  });
}

/** Calls back with true once what is committed now is applied; with false after {@link APPLY_WAIT_MS}. */
function whenCaughtUp(clock: Clock, replica: Replica, then: (caughtUp: boolean) => void): void {
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

function makeSnapshotter(ground: Ground, { replica }: Core, listener: PartsListener): Snapshotter {
  const { config, ports, storage } = ground;
  const { index, term } = storage.recovered.snapshot;
  return new Snapshotter(
    {
      store: storage.store,
      wal: storage.wal,
      fileSystem: ports.fileSystem,
      snapDir: storage.dirs.snapDir,
      snapshotCount: config.snapshotCount,
      maxSnapshots: config.maxSnapshots,
      maxWals: config.maxWals,
      clock: ports.clock,
      logger: ports.logger,
      metrics: ports.metrics,
      confState: () => replica.confState(),
      keepFrom: () => replica.keepFrom(),
      onError: listener.failed,
    },
    index,
    term,
  );
}

function makeEdge(
  { config, ports, storage, signal }: Ground,
  core: Core,
  watch: WatchEngine,
): Edge {
  const { leadership, pending } = core.replica;
  const { membership } = core.state;
  const { memberId } = storage.identity;
  const admission = new Admission({
    clock: ports.clock,
    metrics: ports.metrics,
    electionTimeoutMs: config.electionTimeoutMs,
    hasLeader: () => leadership.leaderId !== 0n,
    isLearner: () => membership.find(memberId)?.isLearner ?? false,
    stopped: () => signal.aborted,
  });
  const metrics = new MemberMetrics(ports.metrics, {
    memberId,
    store: storage.store,
    membership,
    quota: core.quota,
    pending,
    watch,
    wal: storage.wal,
  });
  return { admission, metrics };
}
