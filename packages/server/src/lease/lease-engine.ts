/**
 * The leader's clockwork of leases: says what has run out, proposes its revocation, and answers renewals (semantics.md §13).
 * Expiry lives in memory here and nowhere else; what it proposes becomes true when it is applied.
 */
import { Primary } from '@kv/lease';
import type { LeaseCheckpoint, LeaseId, Lessor, RenewOutcome } from '@kv/lease';
import type { Term } from '@kv/raft';
import { RequestField } from '../apply/entry-codec.js';
import { encodeLeaseCheckpoint, encodeLeaseRevoke } from '../apply/state-codec.js';
import type { Clock, Timer } from '../clock.js';
import type { Counter, Metrics } from '../metrics.js';
import type { Linearizable } from '../request/linearizable.js';
import type { Proposer } from '../request/proposer.js';
import type { Waiter } from '../request/proposal.js';

/** How often expiry is looked at. With 500 leases per look, 1000 end per second at most. */
const SCAN_INTERVAL_MS = 500;
/** Revocations under way at a time (etcd's maxPendingRevokes). */
const PENDING_REVOKES_MAX = 16;
/** Without a tick for this many heartbeats, leadership is confirmed with a quorum before anything depends on it. */
const CONFIRM_AFTER_HEARTBEATS = 3;

export interface LeaseEngineParts {
  readonly lessor: Lessor;
  readonly proposer: Proposer;
  readonly linearizable: Linearizable;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly heartbeatIntervalMs: number;
  readonly electionTimeoutMs: number;
  readonly checkpoint: boolean;
  readonly checkpointIntervalMs: number;
  /** Monotonic time of the last tick of Raft. */
  readonly lastTickMs: () => number;
  readonly wake: () => void;
}

export class LeaseEngine {
  readonly #parts: LeaseEngineParts;
  readonly #primary: Primary;
  readonly #expired: Counter;
  readonly #renewed: Counter;
  #timer: Timer | undefined;
  /** Handed out by the primary and not proposed yet. */
  #due: LeaseId[] = [];
  #pendingRevokes = 0;
  #checkpointPending = false;
  /** The term in which this member is primary: what it offers is proposed in it, or not at all (H-L1). */
  #term: Term | undefined;

  constructor(parts: LeaseEngineParts) {
    this.#parts = parts;
    this.#primary = new Primary(parts.lessor, {
      checkpoints: parts.checkpoint,
      checkpointIntervalMs: parts.checkpointIntervalMs,
    });
    this.#expired = parts.metrics.counter(
      'etcd_debugging_server_lease_expired_total',
      'Leases that ran out and were revoked by this member as leader.',
    );
    this.#renewed = parts.metrics.counter(
      'etcd_debugging_lease_renewed_total',
      'Renewals of leases handled by this member as leader.',
    );
  }

  get isPrimary(): boolean {
    return this.#primary.isPrimary;
  }

  start(): void {
    this.#timer = this.#parts.clock.every(SCAN_INTERVAL_MS, () => {
      this.#scan();
    });
  }

  /** The first entry of this member's term as leader was applied. */
  promote(term: Term): void {
    this.#term = term;
    this.#primary.promote(this.#now(), this.#parts.electionTimeoutMs);
  }

  /** Leadership is lost: nothing runs out any more, and whoever waits for an end is woken. */
  demote(): void {
    this.#due = [];
    this.#term = undefined;
    this.#primary.demote();
  }

  /** A batch was applied: what it granted starts to run. */
  settle(): void {
    if (this.#primary.isPrimary) this.#primary.settle(this.#now());
  }

  renew(id: LeaseId): RenewOutcome {
    const outcome = this.#primary.renew(id, this.#now());
    if (outcome.type === 'renewed') this.#renewed.inc();
    return outcome;
  }

  /** Clears a recorded remainder through the log, then calls back: the renewal must not be forgotten by the next leader. */
  clearCheckpoint(checkpoint: LeaseCheckpoint, done: (applied: boolean) => void): void {
    this.#propose([checkpoint], done);
  }

  onceGone(id: LeaseId, gone: () => void): () => void {
    return this.#primary.onceGone(id, gone);
  }

  timeToLive(id: LeaseId): ReturnType<Primary['timeToLive']> {
    return this.#primary.timeToLive(id, this.#now());
  }

  list(): readonly LeaseId[] {
    return this.#primary.list();
  }

  /**
   * Calls back once a quorum has said, after this call, that this member leads. Ticks that go on are not enough: a leader that is
   * cut off ticks until check quorum deposes it, while its successor ends leases (G-9 b). One round serves all who wait.
   */
  confirmLeadership(then: (leads: boolean) => void): void {
    const { linearizable, wake } = this.#parts;
    linearizable.join({
      ready: () => {
        then(this.isPrimary);
      },
      failed: () => {
        then(false);
      },
    });
    wake();
  }

  close(): void {
    this.#timer?.cancel();
    this.#due = [];
  }

  #scan(): void {
    if (!this.#primary.isPrimary) return;
    const due = this.#primary.due(this.#now());
    if (due.length > 0) {
      this.#confirmAfterPause((leads) => {
        if (!leads) return;
        this.#due.push(...due);
        this.#revokeNext();
      });
    }
    this.#checkpointDue();
  }

  /** At once where ticks go on: what is proposed counts in this term only. After a pause, by a round with the quorum. */
  #confirmAfterPause(then: (leads: boolean) => void): void {
    const { lastTickMs, heartbeatIntervalMs } = this.#parts;
    const ticks = this.#now() - lastTickMs() <= CONFIRM_AFTER_HEARTBEATS * heartbeatIntervalMs;
    if (ticks) then(this.isPrimary);
    else this.confirmLeadership(then);
  }

  #revokeNext(): void {
    const { proposer } = this.#parts;
    while (this.#pendingRevokes < PENDING_REVOKES_MAX) {
      const id = this.#due.shift();
      if (id === undefined) return;
      this.#pendingRevokes += 1;
      const ended = (): void => {
        this.#pendingRevokes -= 1;
        this.#revokeNext();
      };
      const draft = proposer.draft(RequestField.leaseRevoke, encodeLeaseRevoke(id));
      const waiter: Waiter = {
        applied: (outcome) => {
          if (outcome.type === 'leaseRevoke') this.#expired.inc();
          ended();
        },
        // What was not revoked is offered again by the primary.
        failed: ended,
      };
      proposer.propose(draft, waiter, this.#term);
    }
  }

  #checkpointDue(): void {
    if (!this.#parts.checkpoint || this.#checkpointPending) return;
    const checkpoints = this.#primary.dueCheckpoints(this.#now());
    if (checkpoints.length === 0) return;
    this.#checkpointPending = true;
    this.#propose(checkpoints, () => {
      this.#checkpointPending = false;
    });
  }

  #propose(checkpoints: readonly LeaseCheckpoint[], done: (applied: boolean) => void): void {
    const { proposer } = this.#parts;
    const request = encodeLeaseCheckpoint(checkpoints);
    const waiter: Waiter = {
      applied: () => {
        done(true);
      },
      failed: () => {
        done(false);
      },
    };
    proposer.propose(proposer.draft(RequestField.leaseCheckpoint, request), waiter, this.#term);
  }

  #now(): number {
    return this.#parts.clock.monotonicMs();
  }
}
