/**
 * One member of a cluster: the order in which its parts start, follow each applied batch, and stop.
 */
import { defaultMvccLimits, SqliteBackend } from '@kv/mvcc';
import type { Service } from '@kv/rpc';
import { nodeFileSystem, SEGMENT_BYTES } from '@kv/wal';
import type { AppliedBatch, Effect } from './apply/applier.js';
import { systemClock, type Timer } from './clock.js';
import { describeIdentity } from './cluster/founding.js';
import { findStorageVersion } from './cluster/storage-version.js';
import { noNetwork } from './cluster/bootstrap-network.js';
import { REMOVED_LINGER_MS } from './cluster/limits.js';
import { tellChange } from './cluster/change-log.js';
import { initialCheck } from './corruption/initial-check.js';
import { errorOf, MemberError, removedError } from './errors.js';
import { rpcErrorOf } from './grpc/status.js';
import { assertNever, invariant } from './invariant.js';
import { silentLogger } from './logger.js';
import type { MemberConfig } from './member-config.js';
import { noWitness } from './member-handle.js';
import type { MemberHandle, MemberPorts, MemberView } from './member-handle.js';
import { makeParts, type MemberParts, type ResolvedPorts } from './member-parts.js';
import { memberServices } from './member-services.js';
import { noMetrics } from './metrics.js';
import type { PeerApi } from './peer/cluster-routes.js';
import { noPeers } from './peer/transport.js';
import { systemRandom } from './random.js';
import { findSuccessor, transferLeadership } from './replica/leader-transfer.js';
import { openStorage, type Storage } from './storage.js';

export type { MemberHandle, MemberPorts, MemberView } from './member-handle.js';

/** How often it is looked whether leadership has moved. */
const HAND_OVER_POLL_MS = 10;

export class Member implements MemberHandle {
  readonly services: readonly Service[];
  readonly peerApi: PeerApi;
  readonly ready: Promise<void>;
  readonly failed: Promise<Error>;

  readonly #config: MemberConfig;
  readonly #ports: ResolvedPorts;
  readonly #storage: Storage;
  readonly #parts: MemberParts;
  readonly #stopping: AbortController = new AbortController();
  #started = false;
  #ticker: Timer | undefined;
  /** Runs from this member's removal to its end. */
  #lingering: Timer | undefined;
  #expectedTickMs = 0;
  #closing: Promise<void> | undefined;
  #published: () => void = () => undefined;
  #tellFailure: (error: Error) => void = () => undefined;

  /**
   * Opens what is on disk (or founds a cluster there), replays the log, and starts. Throws MemberError, WalError or
   * MvccError, with everything closed again.
   */
  static async open(config: MemberConfig, ports: MemberPorts = {}): Promise<Member> {
    const member = await Member.load(config, ports);
    await member.start();
    return member;
  }

  /** As `open`, but for the start: `start` or `close` comes next. */
  static async load(config: MemberConfig, ports: MemberPorts = {}): Promise<Member> {
    const resolved = withDefaults(ports);
    const storage = await openStorage(config, resolved);
    try {
      return new Member(config, resolved, storage);
    } catch (error) {
      await storage.wal.close();
      await storage.store.close();
      throw error;
    }
  }

  private constructor(config: MemberConfig, ports: ResolvedPorts, storage: Storage) {
    this.#config = config;
    this.#ports = ports;
    this.#storage = storage;
    this.ready = new Promise((resolve) => {
      this.#published = resolve;
    });
    this.failed = new Promise((resolve) => {
      this.#tellFailure = resolve;
    });
    const failed = (error: unknown): void => {
      this.#fail(errorOf(error));
    };
    const { signal } = this.#stopping;
    const ground = { config, ports, storage, signal };
    this.#parts = makeParts(ground, {
      applied: (batch, entries) => {
        ports.witness.applied(entries, batch.changes);
        this.#applied(batch);
      },
      restored: () => {
        this.#restored();
      },
      deposed: () => {
        this.#parts.leases.demote();
      },
      published: () => {
        this.#published();
      },
      failed,
    });
    this.services = memberServices(ground, this.#parts, failed);
    const { membership } = this.#parts.state;
    this.peerApi = {
      clusterId: storage.identity.clusterId,
      isStarted: () => this.#started,
      leases: this.#parts.leaseAnswers,
      promotion: this.#parts.promotion,
      hasher: this.#parts.hasher,
      members: () => membership.members(),
      downgradeEnabled: async () => {
        await this.linearizableRead(signal);
        return membership.downgrade.enabled;
      },
    };
  }

  view(): MemberView {
    const { identity, store } = this.#storage;
    const { membership, alarms } = this.#parts.state;
    return {
      memberId: identity.memberId,
      clusterId: identity.clusterId,
      leaderId: this.#parts.replica.leadership.leaderId,
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
      this.#parts.replica.linearizable.join({
        ready: () => {
          ended();
          resolve();
        },
        failed: (failure) => {
          ended();
          reject(rpcErrorOf(failure));
        },
      });
      this.#parts.replica.wake();
    });
  }

  async start(): Promise<void> {
    invariant(!this.#started, 'a member starts once');
    try {
      await this.#check();
      this.#stopping.signal.throwIfAborted();
      this.#started = true;
      this.#begin();
    } catch (error) {
      // Why it did not start is what counts.
      await this.close().catch(() => undefined);
      throw error;
    }
  }

  handOver(timeoutMs: number): Promise<void> {
    const { clock, logger, peers } = this.#ports;
    const { replica, state } = this.#parts;
    const { memberId } = this.#storage.identity;
    const voters = state.membership.others(memberId).filter((member) => !member.isLearner);
    const target = findSuccessor(voters, (id) => peers.connectedSinceMs(id));
    if (!replica.leadership.isLeader || target === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const ended = (outcome: string): void => {
        timer.cancel();
        stop();
        logger.log('info', outcome, {
          'local-member-id': memberId,
          'transferee-member-id': target,
        });
        resolve();
      };
      const timer = clock.after(timeoutMs, () => {
        ended('leadership transfer took too long');
      });
      const stop = transferLeadership(replica, target, clock, HAND_OVER_POLL_MS, () => {
        ended('leadership transferred');
      });
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Whether this member may take part. A store to which nothing was applied has nothing to compare. */
  async #check(): Promise<void> {
    const { identity, store } = this.#storage;
    const { state, hasher } = this.#parts;
    if (!this.#config.initialCorruptCheck || store.consistentIndex.index === 0) return;
    await initialCheck({
      self: identity.memberId,
      clusterId: identity.clusterId,
      others: state.membership.others(identity.memberId),
      hasher,
      network: this.#ports.bootstrap,
      logger: this.#ports.logger,
      timeoutMs: this.#config.requestTimeoutMs,
    });
  }

  /** Everything exists; now time begins to pass. The first turn of the loop replays the log. */
  #begin(): void {
    const { clock, logger } = this.#ports;
    const { identity, recovered, store } = this.#storage;
    if (this.#parts.state.membership.isRemoved(identity.memberId)) {
      this.#tellEnd(removedError());
      throw removedError();
    }
    logger.log('info', 'opened the data directory', {
      identity: describeIdentity(identity),
      'snapshot-index': recovered.snapshot.index,
      entries: recovered.entries.length,
      'consistent-index': store.consistentIndex.index,
      revision: store.revision,
    });
    this.#parts.metrics.clusterVersion(this.#parts.state.membership.clusterVersion);
    this.#parts.metrics.alarms(this.#parts.state.alarms.list());
    this.#parts.replica.start();
    const period = this.#config.heartbeatIntervalMs;
    this.#expectedTickMs = clock.monotonicMs() + period;
    this.#ticker = clock.every(period, () => {
      this.#tick(period);
    });
    this.#parts.leases.start();
    this.#parts.versions.start();
    this.#parts.autoCompactor.start();
    this.#parts.admission.start();
    this.#parts.publisher.start();
    this.#parts.corruption.start();
    // A compaction may have been under way when the member stopped.
    this.#parts.compaction.start();
  }

  #tick(periodMs: number): void {
    const nowMs = this.#ports.clock.monotonicMs();
    this.#parts.metrics.late(Math.max(0, nowMs - this.#expectedTickMs));
    this.#expectedTickMs = nowMs + periodMs;
    this.#parts.quota.tick();
    this.#parts.snapshotter.tick();
    this.#parts.replica.tick();
  }

  /** The store's transaction has ended: whoever follows the state hears of it, then the callers; watchers in the next turn. */
  #applied(batch: AppliedBatch): void {
    this.#parts.quota.batchApplied();
    this.#parts.watch.notify(batch.changes);
    this.#parts.leases.settle();
    for (const effect of batch.effects) this.#follow(effect);
    for (const { proposal, outcome } of batch.overQuota) {
      this.#parts.spaceAlarm.raise(() => {
        this.#parts.replica.pending.resolve(proposal, outcome);
      });
    }
    this.#parts.snapshotter.applied(batch.last.index, batch.last.term);
  }

  /** A snapshot of the leader has replaced the state: whoever follows it goes on from there. */
  #restored(): void {
    const { quota, watch, leases, metrics, compaction, state } = this.#parts;
    const { store } = this.#storage;
    this.#ports.logger.log('info', 'applied snapshot', {
      'applied-index': store.consistentIndex.index,
      revision: store.revision,
    });
    quota.batchApplied();
    watch.restore(store.revision);
    leases.settle();
    metrics.clusterVersion(state.membership.clusterVersion);
    metrics.alarms(state.alarms.list());
    // The removal of a compaction may have been under way where the store came from.
    compaction.start();
  }

  #follow(effect: Effect): void {
    switch (effect.type) {
      case 'termBegan':
        if (this.#parts.replica.leads(effect.term)) {
          this.#parts.leases.promote(effect.term);
          this.#parts.versions.check();
        }
        return;
      case 'compacted':
        this.#parts.compaction.start();
        return;
      case 'clusterVersionSet':
        this.#parts.metrics.clusterVersion(effect.version);
        this.#ports.logger.log('info', 'set cluster version', {
          'cluster-version': effect.version,
        });
        return;
      case 'overQuota':
        if (!this.#parts.state.alarms.inForce('nospace')) this.#parts.spaceAlarm.raise();
        return;
      case 'alarmsChanged':
        this.#parts.metrics.alarms(this.#parts.state.alarms.list());
        return;
      case 'membershipChanged':
        this.#membershipChanged(effect);
        return;
      default:
        assertNever(effect, 'an effect has a known type');
    }
  }

  #membershipChanged(effect: Extract<Effect, { readonly type: 'membershipChanged' }>): void {
    const { reconfiguration, state } = this.#parts;
    const { clock, logger } = this.#ports;
    const self = this.#storage.identity.memberId;
    tellChange(logger, self, effect, state.membership.find(effect.memberId));
    reconfiguration.settled(effect.changeId, effect.problem);
    if (effect.change !== 'removed' || effect.memberId !== self || effect.problem !== undefined) {
      return;
    }
    // The others are told first: a leader's last messages say that its removal is committed.
    this.#lingering = clock.after(REMOVED_LINGER_MS, () => {
      this.#fail(removedError());
    });
  }

  /** The member can not go on: nobody is told that anything worked, and whoever holds this member is told to end it. */
  #fail(error: Error): void {
    this.#tellEnd(error);
    this.#tellFailure(error);
    // Whoever calls close hears how that went; what matters was told just now.
    this.close().catch(() => undefined);
  }

  #tellEnd(error: Error): void {
    const { logger } = this.#ports;
    if (error instanceof MemberError && error.code === 'removed') {
      logger.log('warn', 'server error', { error });
      logger.log('warn', 'data-dir used by this member must be removed', {
        'data-dir': this.#config.dataDir,
      });
    } else logger.log('fatal', 'the member can not go on', { error });
  }

  /** First nobody gets in, then those inside are told, then what they used is closed: log before store. */
  async #close(): Promise<void> {
    this.#stopping.abort(new MemberError('closed', 'the member is closing'));
    this.#ticker?.cancel();
    this.#lingering?.cancel();
    this.#parts.reconfiguration.stop();
    this.#parts.publisher.close();
    this.#parts.corruption.close();
    this.#parts.versions.close();
    this.#parts.autoCompactor.close();
    this.#parts.leases.close();
    this.#parts.compaction.close();
    this.#parts.admission.close();
    this.#parts.watch.close();
    const failures: unknown[] = [];
    for (const step of [
      () => this.#parts.replica.close(),
      () => this.#parts.snapshotter.close(),
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
    commitBatchesMax: ports.commitBatchesMax ?? defaultMvccLimits.commitBatchesMax,
    openBackend: ports.openBackend ?? ((path) => SqliteBackend.open(path)),
    openImage: ports.openImage ?? ((path) => SqliteBackend.open(path, { locked: false })),
    peers: ports.peers ?? noPeers,
    bootstrap: ports.bootstrap ?? noNetwork,
    witness: ports.witness ?? noWitness,
  };
}
