/**
 * The state of one member (Raft figure 2), and the two outboxes. The protocols are functions over it, one file each.
 *
 * R1: terms never fall, and within a term a vote is never changed. R5: what promises durable state goes to the second
 * outbox, which leaves the node only once that state is on disk.
 */
import type { Configuration } from './confchange/configuration.js';
import type { Random, ResolvedConfig } from './config.js';
import type { Observer } from './events.js';
import { invariant } from './invariant.js';
import { RaftLog } from './log/raft-log.js';
import type { Message } from './message.js';
import { ReadQueue } from './read-queue.js';
import type { ReadState, Role } from './ready.js';
import type { LogStorage } from './storage.js';
import { Tracker } from './tracker/tracker.js';
import { NONE, toIndex, type HardState, type LogIndex, type NodeId, type Term } from './types.js';

export class Core {
  readonly config: ResolvedConfig;
  readonly observe: Observer;
  readonly id: NodeId;
  readonly log: RaftLog;
  readonly tracker: Tracker;
  readonly #random: Random;

  #term: Term;
  #vote: NodeId;
  /** Written by `roles.ts` only, but for a follower that learns of its leader, or forgets it. */
  role: Role = 'follower';
  leader: NodeId = NONE;

  /** Ticks since the leader was heard of, the election began, or (on the leader) the check-quorum period began. */
  electionElapsed = 0;
  /** On the leader: ticks since the last heartbeat. */
  heartbeatElapsed = 0;
  /** Drawn when first needed after a change of role (Raft §5.2). */
  #electionTimeout: number | undefined;

  /** On the leader: who is to take over; 0n when nobody is (thesis §3.10). */
  transferee: NodeId = NONE;
  /**
   * On the leader: no configuration change is accepted before this index is applied (R7). At least the index of the
   * last change in the log.
   */
  pendingConfIndex: LogIndex = toIndex(0);
  /** On the leader: payload bytes proposed in this term and not applied. May be too low, never too high. */
  uncommittedBytes = 0;
  readonly reads: ReadQueue = new ReadQueue();
  /**
   * The configuration of a snapshot that waits for entries of before, which are being applied: they may change the
   * configuration that was active until then. Takes effect when the snapshot is installed.
   */
  deferredConfig: Configuration | undefined;

  /** To be sent at any time. */
  messages: Message[] = [];
  /** To be sent, or (when addressed to this member) stepped, when all that is unstable now is durable. */
  messagesAfterAppend: Message[] = [];
  readStates: ReadState[] = [];

  constructor(config: ResolvedConfig, storage: LogStorage, random: Random, hardState: HardState) {
    this.config = config;
    this.observe = config.observer;
    this.id = config.id;
    this.log = new RaftLog(storage, config.applyingBytesMax, config.observer);
    this.tracker = new Tracker(config);
    this.#random = random;
    this.#term = hardState.term;
    this.#vote = hardState.vote;
  }

  get term(): Term {
    return this.#term;
  }

  get vote(): NodeId {
    return this.#vote;
  }

  get hardState(): HardState {
    return { term: this.#term, vote: this.#vote, commit: this.log.committed };
  }

  /** Enters a later term, in which nobody has been voted for. */
  enterTerm(term: Term): void {
    if (term === this.#term) return;
    invariant(term > this.#term, 'R1: terms never fall', { from: this.#term, to: term });
    this.#term = term;
    this.#vote = NONE;
  }

  /** Records the vote of this term. It is durable before anybody hears of it, by R5. */
  recordVote(candidate: NodeId): void {
    invariant(
      this.#vote === NONE || this.#vote === candidate,
      'R1: a vote is never changed within a term',
      { term: this.#term, vote: this.#vote, candidate },
    );
    this.#vote = candidate;
  }

  /** Ticks until an election: from `electionTicks` to twice as many minus one. */
  electionTimeout(): number {
    const { electionTicks } = this.config;
    this.#electionTimeout ??= electionTicks + this.#random(electionTicks);
    return this.#electionTimeout;
  }

  /** Split votes are resolved by chance: the next election takes another timeout. */
  forgetElectionTimeout(): void {
    this.#electionTimeout = undefined;
  }

  /** Whether this member may become the leader: a voter, with no snapshot waiting to be installed. */
  get promotable(): boolean {
    const progress = this.tracker.get(this.id);
    return progress !== undefined && !progress.learner && this.log.unstable.snapshot === undefined;
  }

  /** Whether an entry of this term is committed: before that, a leader does not know all that is (R6). */
  hasCommittedInTerm(): boolean {
    return this.log.term(this.log.committed) === this.#term;
  }

  /** Whether entries or a snapshot are not known to be durable. */
  get logIsUnstable(): boolean {
    const { unstable } = this.log;
    return unstable.entryCount > 0 || unstable.snapshot !== undefined;
  }

  /** Queues a message for where it belongs. */
  send(message: Message): void {
    if (this.#promisesDurableState(message)) {
      this.messagesAfterAppend.push(message);
      return;
    }
    invariant(message.to !== this.id, 'only acknowledgements and votes go to oneself', {
      type: message.type,
    });
    this.messages.push(message);
  }

  #promisesDurableState(message: Message): boolean {
    switch (message.type) {
      case 'MsgAppResp':
      case 'MsgVoteResp':
      case 'MsgPreVoteResp':
        return true;
      case 'MsgVote':
        // It attests the end of our log. If that were lost in a crash, a vote given for it could still arrive and elect
        // us in the same term with the shorter log that we came back with.
        return this.logIsUnstable;
      case 'MsgPreVote':
      case 'MsgProp':
      case 'MsgApp':
      case 'MsgSnap':
      case 'MsgHeartbeat':
      case 'MsgHeartbeatResp':
      case 'MsgTransferLeader':
      case 'MsgTimeoutNow':
      case 'MsgReadIndex':
      case 'MsgReadIndexResp':
        return false;
    }
  }
}
