/** When to log how much time a lease has left, so that a new leader need not begin with its full TTL; and when to clear it. */
import { Deadline, DeadlineHeap } from './deadline-heap.js';
import type { LeaseCheckpoint, LeaseId, LeaseRecord } from './lease.js';

/** What the schedule needs to know of a lease when its time comes. */
interface Running {
  readonly lease: LeaseRecord;
  readonly expiryMs: number;
}

/**
 * What may still come through the log for a lease. An offered checkpoint counts as recorded before it is applied: else a
 * renewal in between would be acknowledged, and a new leader would begin with the older, shorter time.
 * ```
 *   offer 30 s     renew: no record yet → acknowledged for 100 s     30 s applied     leader falls → 30 s left
 * ```
 */
interface InFlight {
  /** A checkpoint was offered, and no clearing that came after it was applied. */
  readonly isOffered: boolean;
  /** Clearings that were asked for and not seen applied. May be too high if some were lost, which only costs entries. */
  readonly clearings: number;
  /** How many of them came before the offer, and so say nothing about it. Entries are applied in order of proposal. */
  readonly clearingsBefore: number;
}

const NOTHING_IN_FLIGHT: InFlight = { isOffered: false, clearings: 0, clearingsBefore: 0 };

/** Each lease with more time left than one interval has one plan; a renewal puts it off by an interval. */
export class CheckpointSchedule {
  readonly #enabled: boolean;
  readonly #intervalMs: number;
  readonly #plans = new Map<LeaseId, Deadline>();
  readonly #heap = new DeadlineHeap();
  readonly #inFlight = new Map<LeaseId, InFlight>();

  constructor(enabled: boolean, intervalMs: number) {
    this.#enabled = enabled;
    this.#intervalMs = intervalMs;
  }

  /** The next plan's time, or Infinity. */
  get nextMs(): number {
    return this.#heap.peek()?.atMs ?? Infinity;
  }

  /** Plans the next checkpoint of a lease one interval from now, or none if it ends before that. */
  plan(id: LeaseId, remainingSeconds: number, nowMs: number): void {
    if (!this.#enabled) return;
    if (remainingSeconds * 1000 <= this.#intervalMs) {
      this.#unplan(id);
      return;
    }
    const atMs = nowMs + this.#intervalMs;
    const planned = this.#plans.get(id);
    if (planned !== undefined) {
      this.#heap.move(planned, atMs);
      return;
    }
    const plan = new Deadline(id, atMs);
    this.#plans.set(id, plan);
    this.#heap.add(plan);
  }

  /**
   * Checkpoints whose time has come, at most `max`. Each is planned again at once: if the entry that should log it is
   * lost, the next one comes an interval later. A lease that has run out, or has its full time, needs none.
   */
  due(
    nowMs: number,
    max: number,
    running: (id: LeaseId) => Running | undefined,
  ): readonly LeaseCheckpoint[] {
    const checkpoints: LeaseCheckpoint[] = [];
    while (checkpoints.length < max) {
      const plan = this.#heap.peek();
      if (plan === undefined || plan.atMs > nowMs) break;
      const countdown = running(plan.id);
      if (countdown === undefined || countdown.expiryMs <= nowMs) {
        this.#unplan(plan.id);
        continue;
      }
      const remainingTtlSeconds = Math.ceil((countdown.expiryMs - nowMs) / 1000);
      if (remainingTtlSeconds < countdown.lease.ttlSeconds) {
        checkpoints.push({ id: plan.id, remainingTtlSeconds });
        this.#offered(plan.id);
      }
      this.plan(plan.id, remainingTtlSeconds, nowMs);
    }
    return checkpoints;
  }

  /** The clearing that a renewal of this lease needs, if it does; it counts as asked for. */
  clearing(lease: LeaseRecord): LeaseCheckpoint | undefined {
    const inFlight = this.#inFlightOf(lease.id);
    if (lease.remainingTtlSeconds === 0 && !inFlight.isOffered) return undefined;
    this.#inFlight.set(lease.id, { ...inFlight, clearings: inFlight.clearings + 1 });
    return { id: lease.id, remainingTtlSeconds: 0 };
  }

  /** A clearing was applied. */
  cleared(id: LeaseId): void {
    const { isOffered, clearings, clearingsBefore } = this.#inFlightOf(id);
    const left = {
      isOffered: isOffered && clearingsBefore > 0,
      clearings: Math.max(0, clearings - 1),
      clearingsBefore: Math.max(0, clearingsBefore - 1),
    };
    if (left.isOffered || left.clearings > 0) this.#inFlight.set(id, left);
    else this.#inFlight.delete(id);
  }

  forget(id: LeaseId): void {
    this.#unplan(id);
    this.#inFlight.delete(id);
  }

  clear(): void {
    this.#heap.clear();
    this.#plans.clear();
    this.#inFlight.clear();
  }

  #offered(id: LeaseId): void {
    const { clearings } = this.#inFlightOf(id);
    this.#inFlight.set(id, { isOffered: true, clearings, clearingsBefore: clearings });
  }

  #inFlightOf(id: LeaseId): InFlight {
    return this.#inFlight.get(id) ?? NOTHING_IN_FLIGHT;
  }

  #unplan(id: LeaseId): void {
    const plan = this.#plans.get(id);
    if (plan === undefined) return;
    this.#heap.remove(plan);
    this.#plans.delete(id);
  }
}
