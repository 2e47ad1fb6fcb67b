/** When to log how much time a lease has left, so that a new leader need not begin with its full TTL. */
import { Deadline, DeadlineHeap } from './deadline-heap.js';
import type { LeaseCheckpoint, LeaseId, LeaseRecord } from './lease.js';

/** What the schedule needs to know of a lease when its time comes. */
interface Running {
  readonly lease: LeaseRecord;
  readonly expiryMs: number;
}

/** Each lease with more time left than one interval has one plan; a renewal puts it off by an interval. */
export class CheckpointSchedule {
  readonly #enabled: boolean;
  readonly #intervalMs: number;
  readonly #plans = new Map<LeaseId, Deadline>();
  readonly #heap = new DeadlineHeap();

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
      this.forget(id);
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
        this.forget(plan.id);
        continue;
      }
      const remainingTtlSeconds = Math.ceil((countdown.expiryMs - nowMs) / 1000);
      const isShorter = remainingTtlSeconds < countdown.lease.ttlSeconds;
      if (isShorter) checkpoints.push({ id: plan.id, remainingTtlSeconds });
      this.plan(plan.id, remainingTtlSeconds, nowMs);
    }
    return checkpoints;
  }

  forget(id: LeaseId): void {
    const plan = this.#plans.get(id);
    if (plan === undefined) return;
    this.#heap.remove(plan);
    this.#plans.delete(id);
  }

  clear(): void {
    this.#heap.clear();
    this.#plans.clear();
  }
}
