/**
 * The clock of one process of the cluster, a member or a client: the virtual clock, as seen by somebody who can be paused (its
 * timers and turns wait) and killed (they never come).
 */
import type { VirtualClock } from './virtual-clock.js';

export interface Timer {
  cancel(): void;
}

/** 2026-01-01T00:00:00Z: wall time begins there, so that what depends on it repeats. */
export const WALL_START_MS = 1_767_225_600_000;

export class ProcessClock {
  readonly #clock: VirtualClock;
  #state: 'running' | 'paused' | 'ended' = 'running';
  /** What became due during a pause, in order. */
  #held: (() => void)[] = [];
  #pendingTimers = 0;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  get isPaused(): boolean {
    return this.#state === 'paused';
  }

  /** Timers that were started once and did not run yet. */
  get pendingTimers(): number {
    return this.#pendingTimers;
  }

  monotonicMs(): number {
    return this.#clock.nowMs;
  }

  wallMs(): number {
    return WALL_START_MS + this.#clock.nowMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    let pending = true;
    this.#pendingTimers++;
    const over = (): boolean => {
      if (!pending) return false;
      pending = false;
      this.#pendingTimers--;
      return true;
    };
    const stop = this.#clock.schedule(delayMs, () => {
      // Whoever waited goes on by promises, maybe.
      this.#clock.noteActivity();
      this.#run(() => {
        if (over()) callback();
      });
    });
    return {
      cancel: () => {
        if (over()) stop();
      },
    };
  }

  /** As an interval of Node does after a pause, it catches up once, not once for each period. */
  every(periodMs: number, callback: () => void): Timer {
    let cancelled = false;
    let stop: () => void = () => undefined;
    let held = false;
    const arm = (): void => {
      stop = this.#clock.schedule(periodMs, fire);
    };
    const fire = (): void => {
      if (cancelled || this.#state === 'ended') return;
      arm();
      if (held) return;
      held = true;
      this.#run(() => {
        held = false;
        if (!cancelled) callback();
      });
    };
    arm();
    return {
      cancel: () => {
        cancelled = true;
        stop();
      },
    };
  }

  soon(callback: () => void): void {
    this.#clock.soon(() => {
      this.#run(callback);
    });
  }

  pause(): void {
    if (this.#state === 'running') this.#state = 'paused';
  }

  /** What waited happens now, in order. */
  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'running';
    const held = this.#held;
    this.#held = [];
    for (const callback of held) this.soon(callback);
  }

  /** The process is gone: nothing of it runs any more. */
  end(): void {
    this.#state = 'ended';
    this.#held = [];
  }

  #run(callback: () => void): void {
    if (this.#state === 'running') callback();
    else if (this.#state === 'paused') this.#held.push(callback);
  }
}
