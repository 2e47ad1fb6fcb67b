/**
 * The leader's half: when each lease runs out. It offers leases to revoke and remaining times to log; what it offers
 * becomes true when the server's entry for it is applied to the `Lessor`. Source: etcd server/lease/lessor.go.
 *
 * All times are milliseconds of one monotonic clock, given by the caller. A value older than an earlier one counts as that.
 */
import { CheckpointSchedule } from './checkpoint-schedule.js';
import { Deadline, DeadlineHeap } from './deadline-heap.js';
import { invariant } from './invariant.js';
import type { Lease, LeaseCheckpoint, LeaseId } from './lease.js';
import type { Lessor } from './lessor.js';
import {
  CHECKPOINTS_PER_ENTRY_MAX,
  CHECKPOINT_INTERVAL_MS,
  REVOKES_PER_ROUND_MAX,
  REVOKE_RETRY_MS,
  SPREAD_EXPIRIES_PER_SECOND_MAX,
  SPREAD_LEASES_MIN,
} from './limits.js';
import { spreadExpiries } from './spread.js';

export interface PrimaryOptions {
  /** Log remaining times (etcd's feature LeaseCheckpoint). Default false. */
  readonly checkpoints?: boolean;
  /** Default 5 minutes. */
  readonly checkpointIntervalMs?: number;
  /** After this an offered lease that is still there is offered again. Default 7 s, the request timeout. */
  readonly revokeRetryMs?: number;
}

/** The answer to a keep-alive. */
export type RenewOutcome =
  /**
   * The countdown began anew, with the full TTL. If there is a checkpoint to `clear`, this is no answer yet: log it, and
   * when it is applied renew again. Otherwise a new leader could begin with the remainder that is recorded.
   */
  | {
      readonly type: 'renewed';
      readonly ttlSeconds: number;
      readonly clear: LeaseCheckpoint | undefined;
    }
  /** Run out, but not revoked yet. Wait with `onceGone`: it is gone only when its revocation is applied. */
  | { readonly type: 'expired' }
  | { readonly type: 'not_found' }
  /** Another member has the answer. */
  | { readonly type: 'not_primary' };

export type TimeToLiveOutcome =
  | {
      readonly type: 'known';
      /** Whole seconds left, toward zero; 0 or below for a lease that awaits its revocation. */
      readonly remainingTtlSeconds: number;
      readonly grantedTtlSeconds: number;
    }
  | { readonly type: 'not_found' }
  | { readonly type: 'not_primary' };

/** How a wait for an expired lease ended. */
export type GoneOutcome = 'not_found' | 'not_primary';

/** The countdown of one lease: when it runs out, and when to offer it (again). */
interface Countdown {
  readonly lease: Lease;
  expiryMs: number;
  readonly offer: Deadline;
}

const NOT_FOUND = { type: 'not_found' } as const;
const NOT_PRIMARY = { type: 'not_primary' } as const;
const EXPIRED = { type: 'expired' } as const;

export class Primary {
  readonly #lessor: Lessor;
  readonly #revokeRetryMs: number;
  readonly #checkpoints: CheckpointSchedule;
  readonly #offers = new DeadlineHeap();
  readonly #countdowns = new Map<LeaseId, Countdown>();
  readonly #waiters = new Map<LeaseId, Set<(outcome: GoneOutcome) => void>>();
  /** Granted since the last call that carried a time; started by the next one. */
  #unstarted: LeaseId[] = [];
  /** Checkpoints applied since then, whose next one is to be planned. */
  #checkpointed: LeaseId[] = [];
  #isPrimary = false;
  #nowMs = -Infinity;

  constructor(lessor: Lessor, options: PrimaryOptions = {}) {
    this.#lessor = lessor;
    this.#revokeRetryMs = options.revokeRetryMs ?? REVOKE_RETRY_MS;
    const intervalMs = options.checkpointIntervalMs ?? CHECKPOINT_INTERVAL_MS;
    this.#checkpoints = new CheckpointSchedule(options.checkpoints === true, intervalMs);
    lessor.observe({
      granted: (id) => {
        if (this.#isPrimary) this.#unstarted.push(id);
      },
      checkpointed: ({ id, remainingTtlSeconds }) => {
        if (!this.#isPrimary) return;
        this.#checkpointed.push(id);
        if (remainingTtlSeconds === 0) this.#checkpoints.cleared(id);
      },
      revoked: (id) => {
        this.#forget(id);
      },
      restored: () => {
        this.demote();
      },
    });
  }

  get isPrimary(): boolean {
    return this.#isPrimary;
  }

  /** When `due` or `dueCheckpoints` will have work; `undefined` if nothing counts down. */
  get nextDueMs(): number | undefined {
    if (this.#unstarted.length > 0) return this.#nowMs;
    const offerMs = this.#offers.peek()?.atMs ?? Infinity;
    const nextMs = Math.min(offerMs, this.#checkpoints.nextMs);
    return nextMs === Infinity ? undefined : nextMs;
  }

  /**
   * This member leads, and has applied the first entry of its term. Every lease gets `now + remaining + extend`, where
   * `extend` is an election timeout: no lease ends early because of the change (G-9 e). 1,000 leases or more are spread.
   */
  promote(nowMs: number, extendMs: number): void {
    const now = this.#advance(nowMs);
    this.#clear();
    this.#isPrimary = true;
    this.#startAll(now + extendMs);
    invariant(
      this.#countdowns.size === this.#lessor.size,
      'every lease counts down on the primary',
    );
  }

  /** Leadership is lost: nothing runs out here any more, and all who wait are told so. */
  demote(): void {
    this.#isPrimary = false;
    this.#clear();
    const waiters = [...this.#waiters.values()];
    this.#waiters.clear();
    for (const callbacks of waiters) for (const callback of callbacks) callback('not_primary');
  }

  /** Starts the countdowns of leases that were granted since. Call after each applied batch; others do it as well. */
  settle(nowMs: number): void {
    const now = this.#advance(nowMs);
    if (this.#unstarted.length > 0) this.#startGranted(now);
    if (this.#checkpointed.length > 0) this.#planCheckpointed(now);
  }

  /**
   * At most `max` leases that have run out, soonest first: propose a revocation for each. One that is still there after
   * 7 s is offered again. Never before its time (G-9 a); nothing if not primary.
   */
  due(nowMs: number, max: number = REVOKES_PER_ROUND_MAX): readonly LeaseId[] {
    this.settle(nowMs);
    const ids: LeaseId[] = [];
    while (ids.length < max) {
      const offer = this.#offers.peek();
      if (offer === undefined || offer.atMs > this.#nowMs) break;
      this.#offers.move(offer, this.#nowMs + this.#revokeRetryMs);
      ids.push(offer.id);
    }
    return ids;
  }

  /** At most `max` remaining times to log in one entry; nothing if not primary or the feature is off. */
  dueCheckpoints(
    nowMs: number,
    max: number = CHECKPOINTS_PER_ENTRY_MAX,
  ): readonly LeaseCheckpoint[] {
    this.settle(nowMs);
    return this.#checkpoints.due(this.#nowMs, max, (id) => this.#countdowns.get(id));
  }

  /** Begins the countdown of a lease anew, unless it has run out. Check leadership before (H-L1, H-L2). */
  renew(id: LeaseId, nowMs: number): RenewOutcome {
    if (!this.#isPrimary) return NOT_PRIMARY;
    this.settle(nowMs);
    const countdown = this.#countdowns.get(id);
    if (countdown === undefined) return NOT_FOUND;
    if (countdown.expiryMs <= this.#nowMs) return EXPIRED;
    const { lease } = countdown;
    countdown.expiryMs = this.#nowMs + lease.ttlSeconds * 1000;
    this.#offers.move(countdown.offer, countdown.expiryMs);
    this.#checkpoints.plan(id, lease.ttlSeconds, this.#nowMs);
    const clear = this.#checkpoints.clearing(lease);
    return { type: 'renewed', ttlSeconds: lease.ttlSeconds, clear };
  }

  /**
   * Calls back once, when the lease is revoked or leadership is lost (at once if that is so already). The result stops
   * waiting. Callbacks run inside the call that ends the wait and must not change leases.
   */
  onceGone(id: LeaseId, callback: (outcome: GoneOutcome) => void): () => void {
    if (!this.#isPrimary || !this.#lessor.has(id)) {
      callback(this.#isPrimary ? 'not_found' : 'not_primary');
      return () => undefined;
    }
    const callbacks = this.#waiters.get(id) ?? new Set();
    this.#waiters.set(id, callbacks);
    // Wrapped: the same function may wait twice.
    const waiter = (outcome: GoneOutcome): void => {
      callback(outcome);
    };
    callbacks.add(waiter);
    return () => {
      callbacks.delete(waiter);
      if (callbacks.size === 0 && this.#waiters.get(id) === callbacks) this.#waiters.delete(id);
    };
  }

  /** Time left of a lease. */
  timeToLive(id: LeaseId, nowMs: number): TimeToLiveOutcome {
    if (!this.#isPrimary) return NOT_PRIMARY;
    this.settle(nowMs);
    const countdown = this.#countdowns.get(id);
    if (countdown === undefined) return NOT_FOUND;
    // `+ 0` because truncating gives -0 for the last second before.
    const remainingTtlSeconds = Math.trunc((countdown.expiryMs - this.#nowMs) / 1000) + 0;
    return { type: 'known', remainingTtlSeconds, grantedTtlSeconds: countdown.lease.ttlSeconds };
  }

  /** All leases: on the primary those that run out soonest first, elsewhere in no order. */
  list(): readonly LeaseId[] {
    if (!this.#isPrimary) return Array.from(this.#lessor.leases(), ({ id }) => id);
    const timed = Array.from(this.#lessor.leases(), ({ id }) => ({
      id,
      expiryMs: this.#countdowns.get(id)?.expiryMs ?? Infinity,
    }));
    timed.sort((a, b) => compare(a.expiryMs, b.expiryMs));
    return timed.map(({ id }) => id);
  }

  #advance(nowMs: number): number {
    invariant(Number.isFinite(nowMs), 'the clock gives a number', { nowMs });
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    return this.#nowMs;
  }

  #start(lease: Lease, expiryMs: number): void {
    const offer = new Deadline(lease.id, expiryMs);
    this.#countdowns.set(lease.id, { lease, expiryMs, offer });
    this.#offers.add(offer);
    this.#checkpoints.plan(lease.id, remainingSeconds(lease), this.#nowMs);
  }

  #startGranted(now: number): void {
    const ids = this.#unstarted;
    this.#unstarted = [];
    for (const id of ids) {
      const lease = this.#lessor.find(id);
      // Revoked since, or granted, revoked and granted again: then the first of the two has started it.
      if (lease === undefined || this.#countdowns.has(id)) continue;
      this.#start(lease, now + lease.ttlSeconds * 1000);
    }
  }

  #planCheckpointed(now: number): void {
    const ids = this.#checkpointed;
    this.#checkpointed = [];
    for (const id of ids) {
      const countdown = this.#countdowns.get(id);
      if (countdown !== undefined)
        this.#checkpoints.plan(id, remainingSeconds(countdown.lease), now);
    }
  }

  /** All leases begin what they have left at `startMs`; soonest first, as the heap then has nothing to move. */
  #startAll(startMs: number): void {
    const leases = [...this.#lessor.leases()];
    leases.sort((a, b) => compare(remainingSeconds(a), remainingSeconds(b)));
    const ownMs = leases.map((lease) => startMs + remainingSeconds(lease) * 1000);
    const expiriesMs =
      leases.length < SPREAD_LEASES_MIN
        ? ownMs
        : spreadExpiries(ownMs, SPREAD_EXPIRIES_PER_SECOND_MAX);
    for (const [i, lease] of leases.entries()) {
      const expiryMs = expiriesMs[i] ?? 0;
      invariant(expiryMs >= (ownMs[i] ?? 0), 'spreading never shortens a lease', { expiryMs });
      this.#start(lease, expiryMs);
    }
  }

  #forget(id: LeaseId): void {
    const countdown = this.#countdowns.get(id);
    if (countdown !== undefined) {
      this.#offers.remove(countdown.offer);
      this.#countdowns.delete(id);
      this.#checkpoints.forget(id);
    }
    const callbacks = this.#waiters.get(id);
    this.#waiters.delete(id);
    for (const callback of callbacks ?? []) callback('not_found');
  }

  #clear(): void {
    this.#offers.clear();
    this.#countdowns.clear();
    this.#checkpoints.clear();
    this.#unstarted = [];
    this.#checkpointed = [];
  }
}

/** What a new leader counts down from. */
function remainingSeconds(lease: Lease): number {
  return lease.remainingTtlSeconds > 0 ? lease.remainingTtlSeconds : lease.ttlSeconds;
}

function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
