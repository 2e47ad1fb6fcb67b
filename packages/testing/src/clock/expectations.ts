/** The answers that somebody waits for, for whose sake time passes by itself. */
import type { VirtualClock } from './virtual-clock.js';

/** Nothing that a call waits for takes longer; so a call without a time limit does not let time pass for ever. */
const EXPECTED_MS_MAX = 60_000;

export class Expectations {
  readonly #clock: VirtualClock;
  readonly #open = new Set<{ readonly untilMs: number }>();

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  /** An answer is expected, until the returned function is called. */
  expect(): () => void {
    const expectation = { untilMs: this.#clock.nowMs + EXPECTED_MS_MAX };
    this.#open.add(expectation);
    this.#clock.wake();
    return () => {
      this.#open.delete(expectation);
    };
  }

  wantsTime(): boolean {
    for (const { untilMs } of this.#open) {
      if (untilMs > this.#clock.nowMs) return true;
    }
    return false;
  }
}
