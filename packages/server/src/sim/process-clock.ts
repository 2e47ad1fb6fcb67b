/** The clocks of one machine, and time as a process on it sees it: clocks run too fast or too slow, and the wall clock jumps. */
import type { Clock, Timer } from '../clock.js';
import type { Actor, Timeline } from './timeline.js';

/** 2023-11-14, in milliseconds since 1970. */
const WALL_START_MS = 1_700_000_000_000;

export class MachineClock {
  readonly #timeline: Timeline;
  /** Local milliseconds for one of simulated time: 1.2 is a clock that runs ahead. */
  readonly rate: number;
  readonly #originMs: number;
  #wallShiftMs = 0;
  #frozenWallMs: number | undefined;

  constructor(timeline: Timeline, rate: number, originMs: number) {
    this.#timeline = timeline;
    this.rate = rate;
    this.#originMs = originMs;
  }

  monotonicMs(): number {
    return this.#originMs + this.#timeline.nowMs * this.rate;
  }

  wallMs(): number {
    return this.#frozenWallMs ?? WALL_START_MS + this.#wallShiftMs + this.#timeline.nowMs;
  }

  /** Somebody sets the wall clock. */
  jump(byMs: number): void {
    this.#wallShiftMs += byMs;
  }

  /** A machine without a battery: its wall clock says the same at each start, and goes no further here. */
  freezeWall(): void {
    this.#frozenWallMs ??= this.wallMs();
  }
}

/** For one process: what it started ends with it. */
export class ProcessClock implements Clock {
  readonly #timeline: Timeline;
  readonly #machine: MachineClock;
  readonly #actor: Actor;

  constructor(timeline: Timeline, machine: MachineClock, actor: Actor) {
    this.#timeline = timeline;
    this.#machine = machine;
    this.#actor = actor;
  }

  monotonicMs(): number {
    return this.#machine.monotonicMs();
  }

  wallMs(): number {
    return this.#machine.wallMs();
  }

  after(delayMs: number, callback: () => void): Timer {
    return this.#timeline.after(delayMs / this.#machine.rate, this.#actor, callback);
  }

  every(periodMs: number, callback: () => void): Timer {
    let timer: Timer;
    let dueMs = this.monotonicMs() + periodMs;
    const fire = (): void => {
      // After a pause there is one call, not one for each period that has passed.
      dueMs = Math.max(dueMs + periodMs, this.monotonicMs());
      timer = this.after(dueMs - this.monotonicMs(), fire);
      callback();
    };
    timer = this.after(periodMs, fire);
    return {
      cancel: () => {
        timer.cancel();
      },
    };
  }

  soon(callback: () => void): void {
    this.#timeline.after(0, this.#actor, callback);
  }
}
