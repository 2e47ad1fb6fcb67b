/**
 * What the leader believes of one member's log, as a state machine that owns all its transitions.
 *
 *            accepted                       behind the log's start
 *   probe ------------> replicate      any ------------------------> snapshot
 *     ^                     |                                            |
 *     +---------------------+--------------------------------------------+
 *       rejected, unreachable                   reported, or accepted
 *
 * R8: match < next, and everything in between may be in flight.
 */
import { invariant } from '../invariant.js';
import type { ProgressState, ProgressStatus } from '../status.js';
import { toIndex, type LogIndex } from '../types.js';
import { Inflights } from './inflights.js';

/** Bounds of what may be under way to one member. */
export interface FlowLimits {
  readonly inflightMessagesMax: number;
  readonly inflightBytesMax: number;
}

export class Progress {
  #learner: boolean;
  #state: ProgressState = 'probe';
  #match: LogIndex;
  #next: LogIndex;
  /** The highest commit index under way. Falls when what was sent may be lost. */
  #sentCommit: LogIndex = toIndex(0);
  /** Index of the snapshot under way in state `snapshot`; 0 otherwise. */
  #pendingSnapshot: LogIndex = toIndex(0);
  #recentActive: boolean;
  /** One message is out, or the window is full: wait for an answer, or for a heartbeat's. */
  #flowPaused = false;
  readonly #inflights: Inflights;

  constructor(
    at: { readonly match: LogIndex; readonly next: LogIndex },
    options: { readonly learner: boolean; readonly recentActive: boolean },
    limits: FlowLimits,
  ) {
    this.#match = at.match;
    this.#next = at.next;
    this.#learner = options.learner;
    this.#recentActive = options.recentActive;
    this.#inflights = new Inflights(limits.inflightMessagesMax, limits.inflightBytesMax);
    this.#check();
  }

  get state(): ProgressState {
    return this.#state;
  }

  get learner(): boolean {
    return this.#learner;
  }

  get match(): LogIndex {
    return this.#match;
  }

  get next(): LogIndex {
    return this.#next;
  }

  /** Whether it was heard of in the current check-quorum period. */
  get recentActive(): boolean {
    return this.#recentActive;
  }

  /** Whether no append may go out at all. */
  get paused(): boolean {
    return this.#state === 'snapshot' || this.#flowPaused;
  }

  /** Whether an append may carry entries. An empty one may go out when the window is full, to get it moving again. */
  get mayCarryEntries(): boolean {
    return this.#state !== 'replicate' || !this.#inflights.full;
  }

  /** It was promoted or demoted: what is known of its log stays. */
  becomeLearner(learner: boolean): void {
    this.#learner = learner;
  }

  /** A new leader's own log needs no probing. */
  startAsLeader(): void {
    this.#enter('replicate');
    this.#recentActive = true;
  }

  /** Any answer shows that the member is there. */
  heard(): void {
    this.#recentActive = true;
  }

  /** A check-quorum period begins. */
  forgetActivity(): void {
    this.#recentActive = false;
  }

  /** It answered a heartbeat, so another append may be tried. */
  heartbeatAnswered(): void {
    this.#recentActive = true;
    this.#flowPaused = false;
  }

  /** An append with `count` entries of `bytes` payload, and the commit index, went out. */
  sentEntries(count: number, bytes: number, commit: LogIndex): void {
    invariant(this.#state !== 'snapshot', 'no append goes out while a snapshot does');
    if (this.#state === 'replicate') {
      if (count > 0) {
        this.#next = toIndex(this.#next + count);
        this.#inflights.add(toIndex(this.#next - 1), bytes);
      }
      this.#flowPaused = this.#inflights.full;
    } else if (count > 0) {
      this.#flowPaused = true;
    }
    this.#sentCommit = commit;
  }

  /** A heartbeat with this commit index went out. */
  sentCommit(commit: LogIndex): void {
    this.#sentCommit = commit;
  }

  /** A snapshot went out. */
  sentSnapshot(index: LogIndex): void {
    this.#enter('snapshot');
    this.#pendingSnapshot = index;
    this.#next = toIndex(index + 1);
    this.#sentCommit = index;
  }

  /** Whether sending this commit index could move the member's, as far as it goes with what it has. */
  canBumpCommit(commit: LogIndex): boolean {
    return commit > this.#sentCommit && this.#sentCommit < this.#next - 1;
  }

  /**
   * The member's log matches up to `index`. Returns whether that is news: either the match rises, or a probe that went
   * out again after a loss is answered.
   */
  acknowledged(index: LogIndex): boolean {
    if (index > this.#match) {
      this.#match = index;
      if (this.#next <= index) this.#next = toIndex(index + 1);
      this.#flowPaused = false;
      return true;
    }
    return index === this.#match && this.#state === 'probe';
  }

  /** After {@link acknowledged}: goes on with what the news allow. `firstIndex` is that of the leader's log. */
  resume(index: LogIndex, firstIndex: LogIndex): void {
    switch (this.#state) {
      case 'probe':
        this.#becomeReplicate();
        return;
      case 'replicate':
        this.#inflights.freeUpTo(index);
        return;
      case 'snapshot':
        // Whatever snapshot it installed, and from wherever: it is good when the log can take it from there.
        if (!this.catchesUpFrom(firstIndex)) return;
        this.#becomeProbe();
        this.#becomeReplicate();
        return;
    }
  }

  /** Whether the leader's log reaches back to what the member has. */
  catchesUpFrom(firstIndex: LogIndex): boolean {
    return this.#match + 1 >= firstIndex;
  }

  /**
   * The member refused an append after `index`; its log may match at `hint`. Returns false when the answer is stale:
   * below what is known to match, or not an answer to the last probe.
   */
  rejected(index: LogIndex, hint: LogIndex): boolean {
    if (this.#state === 'replicate') {
      if (index <= this.#match) return false;
      this.#becomeProbe();
      return true;
    }
    if (this.#next - 1 !== index) return false;
    this.#next = toIndex(Math.max(Math.min(index, hint + 1), this.#match + 1));
    this.#regressCommit();
    this.#flowPaused = false;
    return true;
  }

  /** Sending failed: what was streamed is probably lost. */
  unreachable(): void {
    if (this.#state === 'replicate') this.#becomeProbe();
  }

  /** The snapshot arrived, or did not. Waits for the member's own word, or for a heartbeat, before the next append. */
  snapshotReported(arrived: boolean): void {
    invariant(this.#state === 'snapshot', 'a snapshot is under way');
    if (!arrived) this.#pendingSnapshot = toIndex(0);
    this.#becomeProbe();
    this.#flowPaused = true;
  }

  status(): ProgressStatus {
    return {
      match: this.#match,
      next: this.#next,
      state: this.#state,
      learner: this.#learner,
      recentActive: this.#recentActive,
      paused: this.paused,
      pendingSnapshot: this.#pendingSnapshot,
      inflightMessages: this.#inflights.count,
      inflightFull: this.#inflights.full,
    };
  }

  /** After a snapshot, goes on behind it; otherwise from what is known. */
  #becomeProbe(): void {
    const next = Math.max(this.#match, this.#pendingSnapshot) + 1;
    this.#enter('probe');
    this.#next = toIndex(next);
    this.#regressCommit();
  }

  #becomeReplicate(): void {
    this.#enter('replicate');
    this.#next = toIndex(this.#match + 1);
  }

  #enter(state: ProgressState): void {
    this.#state = state;
    this.#flowPaused = false;
    this.#pendingSnapshot = toIndex(0);
    this.#inflights.clear();
    this.#check();
  }

  #regressCommit(): void {
    if (this.#sentCommit >= this.#next) this.#sentCommit = toIndex(this.#next - 1);
  }

  #check(): void {
    invariant(this.#match < this.#next, 'R8: match is below next', {
      match: this.#match,
      next: this.#next,
    });
  }
}
