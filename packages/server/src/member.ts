/**
 * One member of a cluster, put together: the only place that knows every part, and the order in which they start and stop.
 */
import { SqliteBackend } from '@kv/mvcc';
import type { Service } from '@kv/rpc';
import { nodeFileSystem, SEGMENT_BYTES } from '@kv/wal';
import { ApplyMetrics } from './apply/apply-observer.js';
import type { AppliedBatch, Effect, ReplicatedState } from './apply/applier.js';
import { Quota } from './apply/quota.js';
import { systemClock, type Timer } from './clock.js';
import { describeIdentity } from './cluster/founding.js';
import { findStorageVersion } from './cluster/storage-version.js';
import { VersionMonitor } from './cluster/version-monitor.js';
import { autoCompactor, type AutoCompactor } from './compactor/auto-compactor.js';
import { CompactionDriver } from './compactor/driver.js';
import { errorOf, MemberError } from './errors.js';
import { Admission } from './grpc/admission.js';
import { ResponseHeaders } from './grpc/header.js';
import { rpcErrorOf } from './grpc/status.js';
import { assertNever } from './invariant.js';
import { LeaseEngine } from './lease/lease-engine.js';
import { silentLogger } from './logger.js';
import type { MemberConfig } from './member-config.js';
import type { MemberHandle, MemberPorts, MemberView } from './member-handle.js';
import { MemberMetrics } from './member-metrics.js';
import { memberServices } from './member-services.js';
import { noMetrics } from './metrics.js';
import { noPeers } from './peer/transport.js';
import { Publisher } from './publisher.js';
import { systemRandom } from './random.js';
import { loadReplicatedState } from './replicated-state.js';
import { Replica } from './replica/replica.js';
import { Snapshotter } from './replica/snapshotter.js';
import { RequestMetrics } from './request/request-metrics.js';
import { SpaceAlarm } from './request/space-alarm.js';
import { openStorage, type Storage } from './storage.js';
import { FEATURE_VERSION } from './version.js';
import { WatchEngine } from './watch/watch-engine.js';

export type { MemberHandle, MemberPorts, MemberView } from './member-handle.js';

/** gRPC's share of a message beside the request in it (etcd's grpcOverheadBytes). */
const GRPC_OVERHEAD_BYTES: number = 512 * 1024;

type ResolvedPorts = Required<MemberPorts>;

export class Member implements MemberHandle {
  readonly services: readonly Service[];
  readonly ready: Promise<void>;
  readonly failed: Promise<Error>;

  readonly #config: MemberConfig;
  readonly #ports: ResolvedPorts;
  readonly #storage: Storage;
  readonly #state: ReplicatedState;
  readonly #quota: Quota;
  readonly #replica: Replica;
  readonly #watch: WatchEngine;
  readonly #leases: LeaseEngine;
  readonly #compaction: CompactionDriver;
  readonly #autoCompactor: AutoCompactor;
  readonly #snapshotter: Snapshotter;
  readonly #versions: VersionMonitor;
  readonly #publisher: Publisher;
  readonly #spaceAlarm: SpaceAlarm;
  readonly #admission: Admission;
  readonly #metrics: MemberMetrics;
  readonly #stopping: AbortController = new AbortController();
  #ticker: Timer | undefined;
  #expectedTickMs = 0;
  #closing: Promise<void> | undefined;
  #published: () => void = () => undefined;
  #tellFailure: (error: Error) => void = () => undefined;

  /**
   * Opens what is on disk (or founds a cluster there), replays the log, and starts. Throws MemberError, WalError or
   * MvccError, with everything closed again.
   */
  static async open(config: MemberConfig, ports: MemberPorts = {}): Promise<Member> {
    const resolved = withDefaults(ports);
    const storage = await openStorage(config, resolved);
    try {
      const member = new Member(config, resolved, storage);
      member.#start();
      return member;
    } catch (error) {
      await storage.wal.close();
      await storage.store.close();
      throw error;
    }
  }

  private constructor(config: MemberConfig, ports: ResolvedPorts, storage: Storage) {
    const { clock, logger, metrics, random } = ports;
    const { store, identity } = storage;
    this.#config = config;
    this.#ports = ports;
    this.#storage = storage;
    this.ready = new Promise((resolve) => {
      this.#published = resolve;
    });
    this.failed = new Promise((resolve) => {
      this.#tellFailure = resolve;
    });
    const fail = (error: unknown): void => {
      this.#fail(errorOf(error));
    };

    this.#state = loadReplicatedState(store, config);
    const quota = new Quota(config.quotaBackendBytes, () => store.size().bytes);
    this.#quota = quota;
    const observer = new ApplyMetrics(clock, logger, metrics, config.warningApplyDurationMs);
    const slowMs = config.warningUnaryRequestDurationMs;
    const requests = new RequestMetrics(clock, logger, metrics, slowMs);
    const replicaPorts = { ...ports, observer, requests };
    this.#replica = new Replica(config, storage, this.#state, quota, replicaPorts, {
      applied: (batch) => {
        this.#applied(batch);
      },
      deposed: () => {
        this.#deposed();
      },
      failed: fail,
    });
    const { proposer, linearizable, leadership, appliedIndex, pending, wake } = this.#replica;
    const headers = new ResponseHeaders(identity.clusterId, identity.memberId, appliedIndex);
    const isLeader = (): boolean => leadership.isLeader;

    this.#watch = new WatchEngine(store, headers, clock, {
      fragmentBytesMax: config.maxRequestBytes + GRPC_OVERHEAD_BYTES,
      onError: fail,
    });
    this.#leases = new LeaseEngine({
      lessor: this.#state.lessor,
      proposer,
      linearizable,
      clock,
      metrics,
      heartbeatIntervalMs: config.heartbeatIntervalMs,
      electionTimeoutMs: config.electionTimeoutMs,
      checkpoint: config.leaseCheckpoint,
      checkpointIntervalMs: config.leaseCheckpointIntervalMs,
      lastTickMs: () => this.#replica.lastTickMs,
      wake,
    });
    this.#compaction = new CompactionDriver(store, clock, {
      pauseMs: config.compactionSleepIntervalMs,
      onError: fail,
    });
    this.#autoCompactor = autoCompactor(config.autoCompaction, {
      clock,
      logger,
      proposer,
      currentRevision: () => store.revision,
      isLeader,
    });
    this.#snapshotter = new Snapshotter(
      {
        store,
        wal: storage.wal,
        fileSystem: ports.fileSystem,
        snapDir: storage.dirs.snapDir,
        snapshotCount: config.snapshotCount,
        maxSnapshots: config.maxSnapshots,
        maxWals: config.maxWals,
        clock,
        logger,
        confState: () => this.#replica.confState(),
        onError: fail,
      },
      storage.recovered.snapshot.index,
      storage.recovered.snapshot.term,
    );
    const { membership } = this.#state;
    this.#versions = new VersionMonitor({
      membership,
      proposer,
      clock,
      ownVersion: FEATURE_VERSION,
      isLeader,
    });
    const { memberId } = identity;
    this.#publisher = new Publisher(
      {
        proposer,
        clock,
        logger,
        memberId,
        name: config.name,
        clientUrls: config.advertiseClientUrls,
      },
      () => {
        this.#published();
      },
    );
    this.#spaceAlarm = new SpaceAlarm(memberId, proposer, logger);
    this.#admission = new Admission({
      clock,
      metrics,
      electionTimeoutMs: config.electionTimeoutMs,
      hasLeader: () => leadership.leaderId !== 0n,
      isLearner: () => membership.find(memberId)?.isLearner ?? false,
      stopped: () => this.#stopping.signal.aborted,
    });
    this.#metrics = new MemberMetrics(metrics, {
      memberId,
      store,
      membership,
      quota,
      pending,
      watch: this.#watch,
      wal: storage.wal,
    });
    this.services = memberServices({
      config,
      clock,
      random,
      store,
      state: this.#state,
      replica: this.#replica,
      quota,
      headers,
      compaction: this.#compaction,
      leases: this.#leases,
      watch: this.#watch,
      requests,
      spaceAlarm: this.#spaceAlarm,
      admission: this.#admission,
      signal: this.#stopping.signal,
      onError: fail,
    });
  }

  view(): MemberView {
    const { identity, store } = this.#storage;
    const { membership, alarms } = this.#state;
    return {
      memberId: identity.memberId,
      clusterId: identity.clusterId,
      leaderId: this.#replica.leadership.leaderId,
      isLearner: membership.find(identity.memberId)?.isLearner ?? false,
      alarms: alarms.list(),
      clusterVersion: membership.clusterVersion,
      storageVersion: findStorageVersion((name) => store.bucket(name)),
    };
  }

  linearizableRead(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        reject(errorOf(signal.reason));
      };
      if (signal.aborted) {
        abort();
        return;
      }
      signal.addEventListener('abort', abort, { once: true });
      const ended = (): void => {
        signal.removeEventListener('abort', abort);
      };
      this.#replica.linearizable.join({
        ready: () => {
          ended();
          resolve();
        },
        failed: (failure) => {
          ended();
          reject(rpcErrorOf(failure));
        },
      });
      this.#replica.wake();
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Everything exists; now time begins to pass. The first turn of the loop replays the log. */
  #start(): void {
    const { clock, logger } = this.#ports;
    const { identity, recovered, store } = this.#storage;
    logger.log('info', 'opened the data directory', {
      identity: describeIdentity(identity),
      'snapshot-index': recovered.snapshot.index,
      entries: recovered.entries.length,
      'consistent-index': store.consistentIndex.index,
      revision: store.revision,
    });
    this.#metrics.clusterVersion(this.#state.membership.clusterVersion);
    this.#metrics.alarms(this.#state.alarms.list());
    this.#replica.start();
    const period = this.#config.heartbeatIntervalMs;
    this.#expectedTickMs = clock.monotonicMs() + period;
    this.#ticker = clock.every(period, () => {
      this.#tick(period);
    });
    this.#leases.start();
    this.#versions.start();
    this.#autoCompactor.start();
    this.#admission.start();
    this.#publisher.start();
    // A compaction may have been under way when the member stopped.
    this.#compaction.start();
  }

  #tick(periodMs: number): void {
    const nowMs = this.#ports.clock.monotonicMs();
    this.#metrics.late(Math.max(0, nowMs - this.#expectedTickMs));
    this.#expectedTickMs = nowMs + periodMs;
    this.#quota.tick();
    this.#snapshotter.tick();
    this.#replica.tick();
  }

  /** The store's transaction has ended: watchers hear of it first, then whoever follows the state, then the callers. */
  #applied(batch: AppliedBatch): void {
    this.#quota.batchApplied();
    this.#watch.notify(batch.changes);
    this.#leases.settle();
    for (const effect of batch.effects) this.#follow(effect);
    for (const { proposal, outcome } of batch.overQuota) {
      this.#spaceAlarm.raise(() => {
        this.#replica.pending.resolve(proposal, outcome);
      });
    }
    this.#snapshotter.applied(batch.last.index, batch.last.term);
  }

  #follow(effect: Effect): void {
    switch (effect.type) {
      case 'termBegan':
        if (this.#replica.leadership.isLeader) {
          this.#leases.promote(effect.term);
          this.#versions.check();
        }
        return;
      case 'compacted':
        this.#compaction.start();
        return;
      case 'clusterVersionSet':
        this.#metrics.clusterVersion(effect.version);
        this.#ports.logger.log('info', 'set cluster version', {
          'cluster-version': effect.version,
        });
        return;
      case 'overQuota':
        if (!this.#state.alarms.inForce('nospace')) this.#spaceAlarm.raise();
        return;
      case 'alarmsChanged':
        this.#metrics.alarms(this.#state.alarms.list());
        return;
      case 'membershipChanged':
        return;
      default:
        assertNever(effect, 'an effect has a known type');
    }
  }

  #deposed(): void {
    this.#leases.demote();
  }

  /** The member can not go on: nobody is told that anything worked, and whoever holds this member is told to end it. */
  #fail(error: Error): void {
    this.#ports.logger.log('fatal', 'the member can not go on', { error });
    this.#tellFailure(error);
    // Whoever calls close hears how that went; what matters was told just now.
    this.close().catch(() => undefined);
  }

  /** First nobody gets in, then those inside are told, then what they used is closed: log before store. */
  async #close(): Promise<void> {
    this.#stopping.abort(new MemberError('closed', 'the member is closing'));
    this.#ticker?.cancel();
    this.#publisher.close();
    this.#versions.close();
    this.#autoCompactor.close();
    this.#leases.close();
    this.#compaction.close();
    this.#admission.close();
    this.#watch.close();
    const failures: unknown[] = [];
    for (const step of [
      () => this.#replica.close(),
      () => this.#snapshotter.close(),
      () => this.#storage.wal.close(),
      () => this.#storage.store.close(),
    ]) {
      await step().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw new AggregateError(failures, 'the member did not close cleanly');
  }
}

function withDefaults(ports: MemberPorts): ResolvedPorts {
  return {
    clock: ports.clock ?? systemClock,
    logger: ports.logger ?? silentLogger,
    metrics: ports.metrics ?? noMetrics,
    random: ports.random ?? systemRandom,
    fileSystem: ports.fileSystem ?? nodeFileSystem,
    walSegmentBytes: ports.walSegmentBytes ?? SEGMENT_BYTES,
    openBackend: ports.openBackend ?? ((path) => SqliteBackend.open(path)),
    peers: ports.peers ?? noPeers,
  };
}
