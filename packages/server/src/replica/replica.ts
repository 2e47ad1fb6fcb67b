/**
 * The consensus side of a member, put together: Raft node, loop, and the two ways in (proposals and linearizable reads). Knows
 * nothing of services.
 */
import type { Backend } from '@kv/mvcc';
import { RawNode, toIndex, toTerm } from '@kv/raft';
import type {
  ConfChange,
  ConfState,
  Entry,
  LogIndex,
  ProgressStatus,
  Snapshot,
  SoftState,
  Term,
} from '@kv/raft';
import type { FileSystem } from '@kv/wal';
import { AppliedIndex } from '../apply/applied-index.js';
import type { ApplyObserver } from '../apply/apply-observer.js';
import { Applier, type AppliedBatch, type ReplicatedState } from '../apply/applier.js';
import type { Quota } from '../apply/quota.js';
import type { Clock } from '../clock.js';
import { removedError } from '../errors.js';
import type { MemberRecord } from '../cluster/member-record.js';
import type { MemberId } from '../ids.js';
import type { Logger } from '../logger.js';
import type { MemberConfig } from '../member-config.js';
import type { Metrics } from '../metrics.js';
import type { LocalMember, PeerTransport } from '../peer/transport.js';
import type { Random } from '../random.js';
import { electionTicksOf } from '../replicated-state.js';
import { Linearizable } from '../request/linearizable.js';
import { Pending } from '../request/pending.js';
import { Proposer } from '../request/proposer.js';
import type { RequestMetrics } from '../request/request-metrics.js';
import { RequestIds } from '../request/request-id.js';
import type { Storage } from '../storage.js';
import { HeadStart } from './head-start.js';
import { HeartbeatWatch } from './heartbeat-watch.js';
import { Inbox } from './inbox.js';
import { Leadership } from './leadership.js';
import { Laggards } from './laggards.js';
import { LeftBehind } from './left-behind.js';
import { LogTrimmer } from './log-trimmer.js';
import { ReplicaLoop, type LoopListener } from './loop.js';
import { LostLeader } from './lost-leader.js';
import { raftConfigOf } from './raft-config.js';
import { Reach } from './reach.js';
import { ReplicaMetrics } from './replica-metrics.js';
import { SnapshotExchange } from './snapshot-exchange.js';
import type { SnapshotMark } from './snapshot-marks.js';
import { snapshotMetrics } from './snapshot-metrics.js';

const NO_BYTES: Uint8Array = new Uint8Array(0);

/**
 * Request ids begin up to this much later than the wall clock says. A clock that says the same at two starts would give them twice, and
 * an answer to a read of the former life would do for one of this life.
 */
const START_SHIFT_MS: number = 2 ** 20;

export interface ReplicaPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly random: Random;
  readonly fileSystem: FileSystem;
  readonly openImage: (path: string) => Backend | Promise<Backend>;
  readonly peers: PeerTransport;
  readonly observer: ApplyObserver;
  readonly requests: RequestMetrics;
}

export interface ReplicaListener {
  /** A batch was applied and its transaction has ended; callers are answered right after. */
  readonly applied: (batch: AppliedBatch, entries: readonly Entry[]) => void;
  /** A snapshot of the leader has replaced log and store, and the state in memory was read anew. */
  readonly restored: () => void;
  /** Runs this while this member makes no snapshot of its own. */
  readonly exclusively: (work: () => Promise<SnapshotMark>) => Promise<void>;
  /** This member stopped leading. */
  readonly deposed: () => void;
  /** The member can not go on. Told once. */
  readonly failed: (error: Error) => void;
}

export class Replica {
  readonly ids: RequestIds;
  readonly pending: Pending = new Pending();
  readonly appliedIndex: AppliedIndex;
  readonly leadership: Leadership;
  readonly proposer: Proposer;
  readonly linearizable: Linearizable;
  readonly #node: RawNode;
  readonly #loop: ReplicaLoop;
  readonly #laggards: Laggards;
  readonly #leftBehind: LeftBehind;
  readonly #snapshots: SnapshotExchange;
  readonly #headStart: HeadStart;
  readonly #lostLeader: LostLeader;
  readonly #reach: Reach;
  readonly #catchupEntries: number;
  readonly #memberId: MemberId;
  readonly #local: LocalMember;
  readonly #fail: (error: Error) => void;
  readonly #membership: ReplicatedState['membership'];
  readonly #introduced: readonly MemberRecord[];
  readonly #peers: PeerTransport;
  readonly #clock: Clock;
  #lastTickMs: number;

  constructor(
    config: MemberConfig,
    storage: Storage,
    state: ReplicatedState,
    quota: Quota,
    ports: ReplicaPorts,
    listener: ReplicaListener,
  ) {
    const { clock, logger, random, requests } = ports;
    const { memberId } = storage.identity;
    this.#memberId = memberId;
    this.#local = { ...storage.identity, peerUrls: config.initialAdvertisePeerUrls };
    this.#fail = listener.failed;
    this.#membership = state.membership;
    this.#introduced = storage.introduced;
    this.#peers = ports.peers;
    this.#clock = clock;
    this.#lastTickMs = clock.monotonicMs();
    this.ids = new RequestIds(memberId, Math.floor(clock.wallMs()) + random(START_SHIFT_MS));
    const { index, term } = state.store.consistentIndex;
    this.appliedIndex = new AppliedIndex(toIndex(index), toTerm(term));
    this.#node = new RawNode(raftConfigOf(config, storage, logger), storage.log, random);

    const metrics = new ReplicaMetrics(ports.metrics);
    const inbox = new Inbox();
    const heartbeats = new HeartbeatWatch(config.heartbeatIntervalMs, { clock, logger, metrics });
    this.linearizable = this.#makeLinearizable(config, ports);
    this.leadership = this.#makeLeadership(ports, metrics, listener);
    this.#reach = new Reach(memberId, state.membership, ports.peers);
    this.#headStart = this.#makeHeadStart(config);
    this.#lostLeader = new LostLeader({ ...config, clock, logger, wake: this.wake });
    this.#catchupEntries = config.snapshotCatchupEntries;
    this.#snapshots = this.#makeSnapshots(storage, state, ports, listener);
    this.#laggards = this.#makeLaggards();
    this.#leftBehind = new LeftBehind(ports, () => this.progress());
    storage.log.snapshotFrom(() => this.#snapshot());
    this.#loop = new ReplicaLoop(
      {
        node: this.#node,
        wal: storage.wal,
        log: storage.log,
        inbox,
        pending: this.pending,
        linearizable: this.linearizable,
        applier: this.#makeApplier(state, quota, ports),
        appliedIndex: this.appliedIndex,
        trimmer: new LogTrimmer(config.snapshotCatchupEntries),
        laggards: this.#laggards,
        peers: heartbeats.before(this.#snapshots),
        lostLeader: this.#lostLeader,
        snapshots: this.#snapshots,
        clock,
        logger,
        metrics,
        requests,
        gate: () => state.store.gate(),
      },
      this.#loopListener(listener, heartbeats),
    );
    this.proposer = this.#makeProposer(config, ports, inbox);
  }

  #loopListener(
    listener: ReplicaListener,
    heartbeats: Pick<HeartbeatWatch, 'reset'>,
  ): LoopListener {
    return {
      applied: (batch, entries) => {
        this.#afterBatch(batch);
        listener.applied(batch, entries);
      },
      restored: () => {
        this.#setPeers();
        listener.restored();
      },
      leadership: (soft: SoftState) => {
        this.leadership.update(soft);
        heartbeats.reset();
      },
      failed: listener.failed,
    };
  }

  #makeLinearizable(config: MemberConfig, { requests }: ReplicaPorts): Linearizable {
    return new Linearizable(
      {
        requestIndex: (context) => {
          this.#node.readIndex(context);
        },
        whenApplied: (at, reached) => {
          this.appliedIndex.whenReached(at, reached);
        },
        requestTimeoutMs: config.requestTimeoutMs,
        roundFailed: (failure) => {
          requests.roundFailed(failure);
        },
      },
      this.ids.next(),
      this.ids.prefix,
    );
  }

  #makeHeadStart(config: MemberConfig): HeadStart {
    return new HeadStart({
      enabled: config.initialElectionTickAdvance,
      startedMs: this.#lastTickMs,
      connectedCount: () => this.#reach.connectedCount(),
      advance: () => {
        this.#advanceElection(electionTicksOf(config) - 2);
      },
    });
  }

  #makeSnapshots(
    { store, wal, dirs }: Storage,
    state: ReplicatedState,
    ports: ReplicaPorts,
    { exclusively }: ReplicaListener,
  ): SnapshotExchange {
    const { clock } = ports;
    return new SnapshotExchange({
      ...{ store, state, wal, exclusively },
      ...{ fileSystem: ports.fileSystem, snapDir: dirs.snapDir },
      ...{ peers: ports.peers, clock, logger: ports.logger },
      metrics: snapshotMetrics(ports.metrics, () => clock.monotonicMs()),
      appliedIndex: () => this.appliedIndex.index,
      report: (id, outcome) => {
        this.#loop.withNode((node) => {
          node.reportSnapshot(id, outcome);
        });
      },
      unusable: (id) => {
        this.#leftBehind.add(id);
      },
      prepare: async (path) => store.prepare(path, await ports.openImage(path)),
      deliver: (message) => {
        this.#loop.receive(message);
      },
    });
  }

  #makeLaggards(): Laggards {
    return new Laggards({
      others: () => this.#membership.others(this.#memberId).map(({ id }) => id),
      isConnected: (id) => this.#peers.connectedSinceMs(id) !== undefined,
      takesSnapshots: (id) => this.#peers.takesSnapshots(id),
      progress: () => this.progress(),
      heldFrom: () => this.#snapshots.sender.heldFrom,
    });
  }

  #makeLeadership(
    { clock, logger }: ReplicaPorts,
    metrics: ReplicaMetrics,
    { deposed }: ReplicaListener,
  ): Leadership {
    const leaderChanged = (): void => {
      this.linearizable.leaderChanged();
    };
    return new Leadership(this.#memberId, { clock, logger, metrics }, { leaderChanged, deposed });
  }

  #makeApplier(state: ReplicatedState, quota: Quota, { observer }: ReplicaPorts): Applier {
    return new Applier(
      state,
      {
        ids: this.ids,
        pending: this.pending,
        quota,
        observer,
        applyConfChange: (change) => {
          this.#campaignIfAlone();
          return this.#node.applyConfChange(change);
        },
      },
      this.appliedIndex.index,
    );
  }

  #makeProposer(config: MemberConfig, ports: ReplicaPorts, inbox: Inbox): Proposer {
    return new Proposer({
      ids: this.ids,
      pending: this.pending,
      inbox,
      node: this.#node,
      appliedIndex: this.appliedIndex,
      clock: ports.clock,
      metrics: ports.requests,
      maxRequestBytes: config.maxRequestBytes,
      requestTimeoutMs: config.requestTimeoutMs,
      electionTimeoutMs: config.electionTimeoutMs,
      wake: this.wake,
      leaderSinceMs: () => this.leadership.leaderSinceMs,
      connectedSince: (startedMs) => this.#reach.connectedSince(startedMs, this.leadership),
    });
  }

  /** There is something to propose or to read: a turn of the loop comes soon. */
  readonly wake = (): void => {
    this.#loop.wake();
  };

  get commitIndex(): LogIndex {
    return this.#node.commit;
  }

  /** Whether this member leads, and in this term. */
  leads(term: Term): boolean {
    return this.leadership.isLeader && this.#node.term === term;
  }

  /** Monotonic time of the last tick. */
  get lastTickMs(): number {
    return this.#lastTickMs;
  }

  /** The configuration as of now. */
  confState(): ConfState {
    return this.#node.status().config;
  }

  /** The first entry that others may need, or a little before what was applied; undefined when there are no others. */
  keepFrom(): LogIndex | undefined {
    if (this.#membership.isAlone) return undefined;
    const recent = Math.max(0, this.appliedIndex.index - this.#catchupEntries);
    return toIndex(Math.min(recent, this.#laggards.neededFrom));
  }

  /** Starts to listen to others, and the first turn, which applies what the log has committed. */
  start(): void {
    this.#peers.start(this.#local, {
      receive: (message) => {
        // A snapshot without its store is none.
        if (message.type !== 'MsgSnap') this.#loop.receive(message);
      },
      receiveSnapshot: (message, chunks) => this.#snapshots.inbox.receive(message, chunks),
      unreachable: (id) => {
        this.#loop.withNode((node) => {
          node.reportUnreachable(id);
        });
      },
      peerRefused: (id) => {
        this.#lostLeader.peerRefused(id);
      },
      isRemoved: (id) => this.#membership.isRemoved(id),
      removed: () => {
        this.#fail(removedError());
      },
    });
    this.#setPeers();
    this.#campaignIfAlone();
    this.wake();
  }

  /** A heartbeat interval has passed. */
  tick(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#lastTickMs = nowMs;
    this.#headStart.tick(nowMs);
    if (!this.#membership.isAlone) this.#laggards.tick();
    this.#leftBehind.tick();
    this.#loop.tick();
    this.proposer.tick(nowMs);
    this.linearizable.tick(nowMs);
  }

  /** Proposed once there is a leader; `dropped` when Raft does not take it. */
  proposeConfChange(change: ConfChange, dropped: () => void): void {
    this.#loop.proposeConfChange(change, dropped);
  }

  /** On the leader: how far each member is. Empty elsewhere. */
  progress(): ReadonlyMap<MemberId, ProgressStatus> {
    return this.#node.status().progress;
  }

  transferLeader(target: MemberId): void {
    this.#loop.withNode((node) => {
      node.transferLeader(target);
    });
  }

  /** Fails everybody who waits, and stops the loop. Resolves once the log is no longer used. */
  async close(): Promise<void> {
    this.proposer.stop();
    this.linearizable.stop();
    this.#lostLeader.close();
    await this.#loop.close();
    const sending = this.#snapshots.close();
    await this.#peers.close();
    await sending;
  }

  #afterBatch(batch: AppliedBatch): void {
    for (const effect of batch.effects) {
      if (effect.type === 'membershipChanged') {
        this.#setPeers();
        if (this.#membership.isRemoved(effect.memberId))
          this.#lostLeader.peerRemoved(effect.memberId);
      } else if (effect.type === 'termBegan') {
        this.linearizable.termBegan(this.#clock.monotonicMs());
      }
    }
  }

  /** What Raft offers to members that are too far behind: the state as applied now. Its store follows when it is sent. */
  #snapshot(): Snapshot {
    const { index, term } = this.appliedIndex;
    return { meta: { index, term, confState: this.confState() }, data: NO_BYTES };
  }

  /** Until a member that joins has read in the log that it is one, it listens to those that it was told of, too. */
  #setPeers(): void {
    const membership = this.#membership;
    const known = membership.others(this.#memberId);
    const isKnown = membership.find(this.#memberId) !== undefined;
    const introduced = this.#introduced.filter(
      ({ id }) => !isKnown && membership.find(id) === undefined && !membership.isRemoved(id),
    );
    this.#peers.setPeers([...known, ...introduced]);
  }

  #advanceElection(ticks: number): void {
    this.#loop.withNode((node) => {
      for (let n = 0; n < ticks && node.leader === 0n; n++) node.tick();
    });
  }

  /** In a later turn: nobody else can lead, and waiting for an election timeout would only cost time. */
  #campaignIfAlone(): void {
    this.#loop.withNode((node) => {
      const { voters } = node.status().config;
      if (node.leader === 0n && voters.length === 1 && voters[0] === this.#memberId) {
        node.campaign();
      }
    });
  }
}
