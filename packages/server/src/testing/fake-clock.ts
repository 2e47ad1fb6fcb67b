/** Time that passes when the test says so: timers, and turns of the loop. */
import type { Clock, Timer } from '../clock.js';

interface FakeTimer {
  dueMs: number;
  readonly periodMs: number | undefined;
  readonly callback: () => void;
  /** Order of creation: timers that are due together run in it. */
  readonly order: number;
}

/** A turn of the real loop: what the disk and promises still have to say is said. */
function realTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Turns without work after which everything has come to rest. */
const QUIET_TURNS = 3;

export class FakeClock implements Clock {
  #nowMs = 1_000_000;
  readonly #wallStartMs: number;
  #timers: FakeTimer[] = [];
  #soon: (() => void)[] = [];
  #order = 0;

  constructor(wallStartMs = 1_700_000_000_000) {
    this.#wallStartMs = wallStartMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#wallStartMs + this.#nowMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    return this.#add(delayMs, undefined, callback);
  }

  every(periodMs: number, callback: () => void): Timer {
    return this.#add(periodMs, periodMs, callback);
  }

  soon(callback: () => void): void {
    this.#soon.push(callback);
  }

  /** Lets turns pass, but no time, until nothing happens any more. */
  async settle(): Promise<void> {
    let quiet = 0;
    while (quiet < QUIET_TURNS) {
      const due = this.#soon;
      this.#soon = [];
      for (const callback of due) callback();
      await realTurn();
      quiet = due.length === 0 && this.#soon.length === 0 ? quiet + 1 : 0;
    }
  }

  /** Lets so many turns pass, and stops in the midst of what goes on. */
  async turns(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      for (const callback of this.#soon.splice(0)) callback();
      await realTurn();
    }
  }

  /** Lets time pass, timer by timer, with everything coming to rest in between. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await this.settle();
    for (;;) {
      const next = this.#nextDue(endMs);
      if (next === undefined) break;
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      if (next.periodMs === undefined) this.#timers = this.#timers.filter((t) => t !== next);
      else next.dueMs += next.periodMs;
      next.callback();
      await this.settle();
    }
    this.#nowMs = endMs;
  }

  /** Time jumps, as after a pause of the whole process: each timer that became due runs once. */
  async pause(ms: number): Promise<void> {
    this.#nowMs += ms;
    for (const timer of this.#timers) {
      if (timer.dueMs < this.#nowMs) timer.dueMs = this.#nowMs;
    }
    await this.advance(0);
  }

  #add(delayMs: number, periodMs: number | undefined, callback: () => void): Timer {
    const timer: FakeTimer = {
      dueMs: this.#nowMs + delayMs,
      periodMs,
      callback,
      order: this.#order++,
    };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }

  #nextDue(untilMs: number): FakeTimer | undefined {
    let next: FakeTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs > untilMs) continue;
      if (next === undefined || timer.dueMs < next.dueMs) next = timer;
      else if (timer.dueMs === next.dueMs && timer.order < next.order) next = timer;
    }
    return next;
  }
}
