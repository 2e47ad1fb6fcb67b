/**
 * The sole owner of the Raft node: drains the inbox, takes one `Ready`, has it written, applies what is committed, answers; again
 * and again.
 *
 * ```
 *   turn:   inbox ──▶ node.propose, node.step ──▶ ready
 *           messages ──▶ peers        entries ──▶ writer.write, writer.sync ─┐ the disk works; messages are taken in and
 *           committed, durable ──▶ applier.apply ──▶ answers                 │ what they commit is applied meanwhile, and
 *   synced: ◀────────────────────────────────────────────────────────────────┘ proposals gather in the inbox
 *           promises ──▶ peers, node.step ──▶ turn
 * ```
 *
 * A lone entry on a quick disk is synced in the turn itself, and its caller answered in it (`inline-sync.ts`). That a change of
 * membership is committed is durable before it is applied; of other entries a restarted member hears from the others.
 *
 * Everything between two waits happens in one turn of the event loop, so nothing here needs a lock. Proposals wait for the sync
 * under way, so a batch is whatever arrived during it; acknowledgements of others do not, for they may commit the batch before.
 */
import { RaftError } from '@kv/raft';
import type {
  ConfChange,
  Entry,
  LogIndex,
  Message,
  RawNode,
  Ready,
  Snapshot,
  SoftState,
  StorageAppend,
  StorageApply,
} from '@kv/raft';
import type { StableLog, Wal } from '@kv/wal';
import type { AppliedBatch, Applier } from '../apply/applier.js';
import type { AppliedIndex } from '../apply/applied-index.js';
import type { Clock } from '../clock.js';
import { errorOf } from '../errors.js';
import type { Logger } from '../logger.js';
import type { PeerTransport } from '../peer/transport.js';
import type { Linearizable } from '../request/linearizable.js';
import type { Pending } from '../request/pending.js';
import type { Proposal } from '../request/proposal.js';
import type { RequestMetrics } from '../request/request-metrics.js';
import { CommitNews } from './commit-news.js';
import type { Inbox } from './inbox.js';
import type { Laggards } from './laggards.js';
import type { LogTrimmer } from './log-trimmer.js';
import { deliver, LogWriter } from './log-writer.js';
import type { LostLeader } from './lost-leader.js';
import type { ReplicaMetrics } from './replica-metrics.js';
import type { SnapshotExchange } from './snapshot-exchange.js';

export interface LoopParts {
  readonly node: RawNode;
  readonly wal: Pick<Wal, 'append' | 'sync' | 'syncNow'>;
  readonly log: StableLog;
  readonly inbox: Inbox;
  readonly pending: Pending;
  readonly linearizable: Linearizable;
  readonly applier: Applier;
  readonly appliedIndex: AppliedIndex;
  readonly trimmer: LogTrimmer;
  readonly laggards: Pick<Laggards, 'neededFrom'>;
  readonly peers: Pick<PeerTransport, 'send'>;
  readonly lostLeader: Pick<LostLeader, 'turn' | 'otherStands'>;
  readonly snapshots: Pick<SnapshotExchange, 'install' | 'inbox'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ReplicaMetrics;
  readonly requests: RequestMetrics;
  /** While it returns a promise, the store takes no transaction. */
  readonly gate: () => Promise<void> | undefined;
}

/** What the loop tells. Called in its turns; must not throw, and must not call back into the loop but by its inbox. */
export interface LoopListener {
  /** A batch was applied and its transaction has ended; callers are answered right after. */
  readonly applied: (batch: AppliedBatch, entries: readonly Entry[]) => void;
  /** A snapshot of the leader has replaced log and store. */
  readonly restored: () => void;
  /** Leader or role changed. */
  readonly leadership: (state: SoftState) => void;
  /** The member can not go on. Told once. */
  readonly failed: (error: Error) => void;
}

/**
 * - `running`: the next turn may run, also while the log is synced.
 * - `waiting`: for the store, its gate or its replacement; no turn runs.
 * - `ended`: closed or failed; nothing happens any more.
 */
type State = 'running' | 'waiting' | 'ended';

/** What is written where nothing but a sync is needed. */
const NO_WORK: StorageAppend = {
  hardState: undefined,
  entries: [],
  snapshot: undefined,
  responses: [],
};

interface ProposedConfChange {
  readonly change: ConfChange;
  readonly dropped: () => void;
}

export class ReplicaLoop {
  readonly #parts: LoopParts;
  readonly #listener: LoopListener;
  readonly #writer: LogWriter;
  readonly #news = new CommitNews();
  #state: State = 'running';
  #scheduled = false;
  #tickDue = false;
  /** A tick has passed since the sync under way began. */
  #tickedInSync = false;
  /** The sync of the log that is under way, with what follows it. Never rejects. */
  #syncing: Promise<void> | undefined;
  /** A snapshot was given to Raft in this turn. */
  #snapshotStepped = false;
  /** Changes of configuration that wait for a turn, and for a leader. */
  #confChanges: ProposedConfChange[] = [];
  /** What the loop waits for in state `waiting`. Never rejects. */
  #waiting: Promise<void> | undefined;

  /** What the log had committed at the start. Before it is applied, nothing is taken in: who the others are is in there. */
  readonly #replayTo: LogIndex;

  constructor(parts: LoopParts, listener: LoopListener) {
    this.#parts = parts;
    this.#listener = listener;
    this.#replayTo = parts.node.commit;
    this.#writer = new LogWriter({
      ...parts,
      send: (messages) => {
        parts.peers.send(messages);
      },
    });
  }

  /** There is something in the inbox, or somebody wants to read: a turn comes soon. */
  wake(): void {
    if (this.#scheduled || this.#state !== 'running') return;
    this.#scheduled = true;
    this.#parts.clock.soon(() => {
      this.#scheduled = false;
      this.#turn();
    });
  }

  /** A heartbeat interval has passed. Ticks missed during a wait count once: a stall must not look like a silent leader. */
  tick(): void {
    this.#tickDue = true;
    this.wake();
  }

  receive(message: Message): void {
    if (!this.#parts.inbox.addMessage(message)) {
      this.#parts.metrics.messageDropped();
      if (message.type === 'MsgSnap') this.#parts.snapshots.inbox.settle();
    }
    this.wake();
  }

  /** `dropped`: Raft does not take it. One that is taken may be lost all the same. */
  proposeConfChange(change: ConfChange, dropped: () => void): void {
    this.#confChanges.push({ change, dropped });
    this.wake();
  }

  /** Runs something on the node in a turn of its own: elections, transfers, reports. */
  withNode(use: (node: RawNode) => void): void {
    this.#parts.clock.soon(() => {
      if (this.#state === 'ended') return;
      use(this.#parts.node);
      this.wake();
    });
  }

  /** Ends without finishing what is under way. Resolves once the log is no longer used. Idempotent. */
  async close(): Promise<void> {
    this.#state = 'ended';
    await Promise.all([this.#syncing, this.#waiting]);
  }

  #turn(): void {
    if (this.#state !== 'running') return;
    this.#guarded(() => {
      const gate = this.#parts.gate();
      if (gate !== undefined) {
        this.#wait(gate, () => undefined);
        return;
      }
      this.#takeInput();
      const isDurable = this.#handleNext();
      // What a lone member has synced it has committed: its caller hears in the same turn.
      if (isDurable) this.#handleNext();
      this.#tellNews();
      if (this.#snapshotStepped) this.#settleSnapshot();
      if (this.#hasWork()) this.wake();
    });
  }

  #hasWork(): boolean {
    const { node, inbox, linearizable } = this.#parts;
    if (this.#state !== 'running') return false;
    if (node.hasReady()) return true;
    if (this.#isStuck) return false;
    if (linearizable.wantsRound) return true;
    if (inbox.hasMessages && !this.#writer.isFull) return true;
    // Proposals without a leader wait for one, and for a sync: taking a turn would only spin.
    return inbox.hasProposals && node.leader !== 0n && !this.#writer.isSyncing;
  }

  /**
   * The sync under way takes longer than a heartbeat interval. Then nothing is taken in: a member whose disk hangs could lead nobody
   * on, so it falls silent, and others elect another (F-11).
   */
  get #isStuck(): boolean {
    return this.#tickDue && this.#tickedInSync;
  }

  #tellNews(): void {
    if (!this.#news.isHeld || this.#entriesFollow) return;
    this.#parts.peers.send(this.#news.release());
  }

  /** Proposals wait for the sync under way: with its end they become entries that go to all. */
  get #entriesFollow(): boolean {
    return this.#writer.isSyncing && this.#parts.inbox.hasProposals;
  }

  #takeInput(): void {
    const { node, inbox, linearizable, clock, lostLeader } = this.#parts;
    if (node.applied < this.#replayTo || this.#isStuck) return;
    if (!this.#writer.isFull) for (const message of inbox.takeMessages()) this.#step(message);
    if (this.#tickDue) {
      this.#tickDue = false;
      this.#tickedInSync = this.#writer.isSyncing;
      node.tick();
    }
    // What a leader that is gone had sent would make it be remembered.
    if (!inbox.hasMessages) lostLeader.turn(node);
    if (node.leader !== 0n && !this.#writer.isSyncing) {
      for (const { change, dropped } of this.#confChanges.splice(0)) {
        if (node.proposeConfChange(change).outcome === 'dropped') dropped();
      }
      this.#propose(inbox.takeProposals());
    }
    if (linearizable.wantsRound) linearizable.begin(clock.monotonicMs());
  }

  /** Raft hands out what it accepts in the turn in which it hears of it. */
  #settleSnapshot(): void {
    this.#snapshotStepped = false;
    this.#parts.snapshots.inbox.settle();
  }

  #step(message: Message): void {
    if (message.type === 'MsgSnap') this.#snapshotStepped = true;
    if (message.type === 'MsgPreVote') this.#parts.lostLeader.otherStands();
    try {
      this.#parts.node.step(message);
    } catch (error) {
      // What a peer sends may be nonsense: it changes nothing here.
      const refused =
        error instanceof RaftError &&
        (error.code === 'invalidMessage' || error.code === 'commitBeyondLog');
      if (!refused) throw error;
      this.#parts.logger.log('warn', 'refused a message of another member', {
        'remote-peer-id': message.from,
        error: error.message,
      });
    }
  }

  #propose(taken: readonly Proposal[]): void {
    const { node, inbox, pending } = this.#parts;
    const proposals = taken.filter((proposal) => this.#isInItsTerm(proposal));
    if (proposals.length === 0) return;
    const result = node.propose(proposals.map((proposal) => proposal.data));
    if (result.outcome !== 'dropped') {
      for (const proposal of proposals) proposal.handedOver(node.term);
    } else if (result.reason === 'noLeader') {
      inbox.putBack(proposals);
    } else {
      for (const proposal of proposals) pending.fail(proposal, 'dropped');
    }
  }

  /** False for one that is bound to a term of this leader that is over: it is dropped. */
  #isInItsTerm(proposal: Proposal): boolean {
    const { node, pending } = this.#parts;
    const { onlyInTerm } = proposal;
    if (onlyInTerm === undefined) return true;
    if (node.role === 'leader' && node.term === onlyInTerm) return true;
    pending.fail(proposal, 'dropped');
    return false;
  }

  /** Takes one `Ready`. True if its entries are durable already. */
  #handleNext(): boolean {
    const { node } = this.#parts;
    return this.#state === 'running' && node.hasReady() && this.#handle(node.ready());
  }

  #handle(ready: Ready): boolean {
    const { peers, linearizable } = this.#parts;
    const { messages, storageAppend: append, storageApply: apply } = ready;
    if (ready.softState !== undefined) this.#listener.leadership(ready.softState);
    if (messages.length > 0) peers.send(this.#news.sift(messages, this.#entriesFollow));
    for (const { context, index } of ready.readStates) linearizable.confirmed(context, index);
    if (append?.snapshot !== undefined) {
      this.#install(append, append.snapshot);
      return false;
    }
    // Who was removed ends, and can not vote for it any more: so a member must not forget that a change was committed.
    const reconfigures = apply?.entries.some(({ type }) => type !== 'normal') === true;
    if (append !== undefined || reconfigures) {
      this.#writer.write(append ?? NO_WORK, ready.mustSync || reconfigures);
    }
    // What goes to others leaves when this turn ends: their disks must not wait for ours.
    const isDurable = messages.length === 0 && this.#writer.syncNow();
    this.#sync();
    if (apply === undefined) return isDurable;
    if (reconfigures) {
      this.#wait(this.#synced(), () => {
        this.#apply(apply);
      });
    } else this.#apply(apply);
    return isDurable;
  }

  /** Begins a sync of what was written, unless there is nothing, or one is under way. */
  #sync(): void {
    const sync = this.#writer.sync();
    if (sync === undefined) return;
    this.#tickedInSync = false;
    this.#syncing = sync.then(
      () => {
        this.#syncing = undefined;
        this.#tickedInSync = false;
        this.#guarded(() => {
          this.#writer.finish();
        });
        this.#turn();
        // What was written meanwhile, with what the turn has added to it.
        this.#guarded(() => {
          this.#sync();
        });
      },
      (error: unknown) => {
        this.#syncing = undefined;
        this.#fail(errorOf(error));
      },
    );
  }

  /** A snapshot replaces log and store, behind all that was written before. It never comes with committed entries. */
  #install({ entries, hardState, responses }: StorageAppend, snapshot: Snapshot): void {
    const { snapshots, log, applier, appliedIndex, node, peers, metrics } = this.#parts;
    const { index, term } = snapshot.meta;
    this.#wait(snapshots.install(snapshot, { entries, hardState }, this.#synced()), () => {
      log.applySnapshot(snapshot);
      log.append(entries);
      if (hardState !== undefined) {
        log.setHardState(hardState);
        metrics.committed(hardState.commit);
      }
      applier.restored(index);
      this.#listener.restored();
      appliedIndex.advance(index, term);
      deliver(responses, node, (messages) => {
        peers.send(messages);
      });
    });
  }

  /** Resolves once nothing that was written waits for the disk; rejects if the loop ends before. */
  async #synced(): Promise<void> {
    while (this.#syncing !== undefined) await this.#syncing;
    if (this.#state === 'ended')
      throw new Error('the member ended before a snapshot was installed');
  }

  /** Applies, then tells the world, then answers: in this order (invariant I1). */
  #apply({ entries, response }: StorageApply): void {
    const { applier, appliedIndex, pending, metrics, requests, clock, node } = this.#parts;
    const startedMs = clock.monotonicMs();
    const batch = applier.apply(entries);
    if (batch !== undefined) {
      metrics.applied(batch, clock.monotonicMs() - startedMs);
      this.#listener.applied(batch, entries);
      const { index, term } = batch.last;
      const isNewTerm = term > appliedIndex.term;
      appliedIndex.advance(index, term);
      const nowMs = clock.monotonicMs();
      for (const { proposal, outcome } of batch.answers) {
        requests.answered(proposal, outcome, nowMs);
        pending.resolve(proposal, outcome);
      }
      if (isNewTerm) pending.termBegan(term);
      this.#trim(index, entries);
    }
    node.step(response);
  }

  #trim(lastIndex: LogIndex, entries: readonly Entry[]): void {
    let bytes = 0;
    for (const entry of entries) bytes += entry.data.length;
    const { trimmer, laggards } = this.#parts;
    const forget = trimmer.applied(lastIndex, entries.length, bytes, laggards.neededFrom);
    if (forget !== undefined && forget <= this.#parts.node.applied) this.#parts.log.compact(forget);
  }

  /** No turn runs until the promise resolves; then `proceed`, unless the loop has ended meanwhile. */
  #wait(promise: Promise<void>, proceed: () => void): void {
    this.#state = 'waiting';
    this.#waiting = promise.then(
      () => {
        this.#waiting = undefined;
        if (this.#state === 'ended') return;
        this.#state = 'running';
        this.#guarded(proceed);
        this.#turn();
      },
      (error: unknown) => {
        this.#waiting = undefined;
        this.#fail(errorOf(error));
      },
    );
  }

  /** Whatever is thrown inside ends the member: nothing is retried (invariant I4). */
  #guarded(run: () => void): void {
    if (this.#state === 'ended') return;
    try {
      run();
    } catch (error) {
      this.#fail(errorOf(error));
    }
  }

  #fail(error: Error): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#listener.failed(error);
  }
}
