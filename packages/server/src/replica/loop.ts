/**
 * The sole owner of the Raft node and of writing to the log: drains the inbox, takes one `Ready`, makes it durable, applies what
 * is committed, answers; again and again.
 *
 * ```
 *   turn:   inbox ──▶ node.propose, node.step ──▶ ready
 *           messages ──▶ peers         entries ──▶ wal.append, wal.sync ─┐ the disk works; what is already durable and
 *           committed before ──▶ applier.apply ──▶ answers               │ committed is applied meanwhile, and requests
 *   synced: ◀────────────────────────────────────────────────────────────┘ gather in the inbox
 *           messages that promise ──▶ peers     committed now ──▶ applier.apply ──▶ answers     node.advance ──▶ turn
 * ```
 *
 * A lone entry on a quick disk is synced in the turn itself, and its caller answered in it (`inline-sync.ts`). That a change of
 * membership is committed is durable before it is applied; of other entries a restarted member hears from the others.
 *
 * At most one `Ready` is under way. Everything between two waits happens in one turn of the event loop, so nothing here
 * needs a lock, and a batch is whatever arrived during the last wait.
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
import type { Inbox } from './inbox.js';
import { InlineSyncs } from './inline-sync.js';
import type { Laggards } from './laggards.js';
import type { LogTrimmer } from './log-trimmer.js';
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
 * - `idle`: between turns; the next one may run.
 * - `waiting`: for a sync, or for the store's gate; what completes it goes on.
 * - `ended`: closed or failed; nothing happens any more.
 */
type State = 'idle' | 'waiting' | 'ended';

interface ProposedConfChange {
  readonly change: ConfChange;
  readonly dropped: () => void;
}

export class ReplicaLoop {
  readonly #parts: LoopParts;
  readonly #listener: LoopListener;
  #state: State = 'idle';
  #scheduled = false;
  #tickDue = false;
  readonly #inlineSyncs = new InlineSyncs();
  /** The last `Ready` was synced without a wait. */
  #syncedInTurn = false;
  /** A snapshot was given to Raft in this turn. */
  #snapshotStepped = false;
  /** Changes of configuration that wait for a turn, and for a leader. */
  #confChanges: ProposedConfChange[] = [];
  /** Called once nothing is under way any more. */
  #whenEnded: (() => void)[] = [];
  /** A wait is under way though the loop has ended: what it waits for still uses the log. */
  #draining = false;

  /** What the log had committed at the start. Before it is applied, nothing is taken in: who the others are is in there. */
  readonly #replayTo: LogIndex;

  constructor(parts: LoopParts, listener: LoopListener) {
    this.#parts = parts;
    this.#listener = listener;
    this.#replayTo = parts.node.commit;
  }

  /** There is something in the inbox, or somebody wants to read: a turn comes soon. */
  wake(): void {
    if (this.#scheduled || this.#state !== 'idle') return;
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
  close(): Promise<void> {
    if (this.#state === 'waiting') this.#draining = true;
    this.#state = 'ended';
    if (!this.#draining) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenEnded.push(resolve);
    });
  }

  #turn(): void {
    if (this.#state !== 'idle') return;
    this.#guarded(() => {
      const gate = this.#parts.gate();
      if (gate !== undefined) {
        this.#wait(gate, () => undefined);
        return;
      }
      this.#takeInput();
      this.#processNext();
      // What a lone member has synced it has committed: its caller hears in the same turn.
      if (this.#syncedInTurn) this.#processNext();
      if (this.#snapshotStepped) this.#settleSnapshot();
      if (this.#hasWork()) this.wake();
    });
  }

  #hasWork(): boolean {
    const { node, inbox, linearizable } = this.#parts;
    if (this.#state !== 'idle') return false;
    if (node.hasReady() || linearizable.wantsRound) return true;
    // Proposals without a leader wait for one: taking them would only spin.
    return !inbox.isEmpty && (node.leader !== 0n || !inbox.hasProposals);
  }

  #takeInput(): void {
    const { node, inbox, linearizable, clock } = this.#parts;
    if (node.applied < this.#replayTo) return;
    for (const message of inbox.takeMessages()) this.#step(message);
    if (this.#tickDue) {
      this.#tickDue = false;
      node.tick();
    }
    if (node.leader !== 0n) {
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
      for (const proposal of proposals) proposal.state = 'proposed';
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

  #processNext(): void {
    this.#syncedInTurn = false;
    const { node } = this.#parts;
    if (this.#state === 'idle' && node.hasReady()) this.#process(node.ready());
  }

  #process(ready: Ready): void {
    const { wal, log, peers, clock, linearizable } = this.#parts;
    if (ready.softState !== undefined) this.#listener.leadership(ready.softState);
    if (ready.messages.length > 0) peers.send(ready.messages);
    for (const { context, index } of ready.readStates) linearizable.confirmed(context, index);
    if (ready.snapshot !== undefined) {
      this.#install(ready, ready.snapshot);
      return;
    }

    const { entries, hardState } = ready;
    wal.append({ entries, hardState });
    const reconfigures = ready.committedEntries.some(({ type }) => type !== 'normal');
    if (!ready.mustSync && !reconfigures) {
      if (hardState !== undefined) log.setHardState(hardState);
      this.#finish(ready, ready.committedEntries);
      return;
    }
    const startedMs = clock.monotonicMs();
    // What goes to others leaves when this turn ends: their disks must not wait for ours.
    const isAlone = ready.messages.length === 0;
    if (isAlone && this.#inlineSyncs.allow(entries) && wal.syncNow()) {
      this.#syncedInTurn = true;
      this.#synced(ready, startedMs);
      this.#finish(ready, ready.committedEntries);
      return;
    }
    // A change of membership is not forgotten once it was applied: who it removed ends, and can not vote for it any more.
    const [durable, rest] = reconfigures
      ? [[], ready.committedEntries]
      : splitAt(ready.committedEntries, entries[0]?.index);
    this.#wait(wal.sync(), () => {
      this.#synced(ready, startedMs);
      this.#finish(ready, rest);
    });
    // The disk works; these were durable before.
    this.#apply(durable);
  }

  /** What was appended is on stable storage. */
  #synced({ entries, hardState }: Ready, startedMs: number): void {
    const { clock, metrics, log } = this.#parts;
    const tookMs = clock.monotonicMs() - startedMs;
    metrics.synced(tookMs);
    this.#inlineSyncs.observe(tookMs);
    log.append(entries);
    if (hardState !== undefined) log.setHardState(hardState);
  }

  /** A snapshot replaces log and store; it never comes with committed entries. */
  #install(ready: Ready, snapshot: Snapshot): void {
    const { snapshots, log, applier, appliedIndex, node, peers, metrics } = this.#parts;
    const { entries, hardState } = ready;
    const { index, term } = snapshot.meta;
    this.#wait(snapshots.install(snapshot, { entries, hardState }), () => {
      log.applySnapshot(snapshot);
      log.append(entries);
      if (hardState !== undefined) {
        log.setHardState(hardState);
        metrics.committed(hardState.commit);
      }
      applier.restored(index);
      this.#listener.restored();
      appliedIndex.advance(index, term);
      if (ready.messagesAfterAppend.length > 0) peers.send(ready.messagesAfterAppend);
      node.advance();
    });
  }

  #finish(ready: Ready, committed: readonly Entry[]): void {
    const gate = committed.length === 0 ? undefined : this.#parts.gate();
    if (gate !== undefined) {
      this.#wait(gate, () => {
        this.#finish(ready, committed);
      });
      return;
    }
    const { peers, node, metrics } = this.#parts;
    if (ready.messagesAfterAppend.length > 0) peers.send(ready.messagesAfterAppend);
    if (ready.hardState !== undefined) metrics.committed(ready.hardState.commit);
    this.#apply(committed);
    node.advance();
  }

  /** Applies, then tells the world, then answers: in this order (invariant I1). */
  #apply(entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    const { applier, appliedIndex, pending, metrics, requests, clock } = this.#parts;
    const startedMs = clock.monotonicMs();
    const batch = applier.apply(entries);
    if (batch === undefined) return;
    metrics.applied(batch, clock.monotonicMs() - startedMs);
    this.#listener.applied(batch, entries);
    appliedIndex.advance(batch.last.index, batch.last.term);
    const nowMs = clock.monotonicMs();
    for (const { proposal, outcome } of batch.answers) {
      requests.answered(proposal, outcome, nowMs);
      pending.resolve(proposal, outcome);
    }
    this.#trim(batch.last.index, entries);
  }

  #trim(lastIndex: LogIndex, entries: readonly Entry[]): void {
    let bytes = 0;
    for (const entry of entries) bytes += entry.data.length;
    const { trimmer, laggards } = this.#parts;
    const forget = trimmer.applied(lastIndex, entries.length, bytes, laggards.neededFrom);
    if (forget !== undefined && forget <= this.#parts.node.applied) this.#parts.log.compact(forget);
  }

  /** The one kind of pause. `proceed` runs when the promise resolves, unless the loop has ended meanwhile. */
  #wait(promise: Promise<void>, proceed: () => void): void {
    this.#state = 'waiting';
    promise.then(
      () => {
        if (this.#state === 'ended') this.#drained();
        else {
          this.#state = 'idle';
          this.#guarded(proceed);
          this.#guarded(() => {
            this.#turn();
          });
        }
      },
      (error: unknown) => {
        if (this.#state === 'ended') this.#drained();
        else this.#fail(errorOf(error));
      },
    );
  }

  #drained(): void {
    this.#draining = false;
    for (const resolve of this.#whenEnded.splice(0)) resolve();
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
    this.#state = 'ended';
    this.#listener.failed(error);
    this.#drained();
  }
}

/** Splits consecutive entries before the one with this index; without an index all are in the first part. */
function splitAt(
  entries: readonly Entry[],
  index: LogIndex | undefined,
): readonly [readonly Entry[], readonly Entry[]] {
  const first = entries[0];
  if (first === undefined || index === undefined) return [entries, []];
  const count = Math.max(0, Math.min(entries.length, index - first.index));
  return [entries.slice(0, count), entries.slice(count)];
}
