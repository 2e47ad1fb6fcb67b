/** Tells owners what they have to do, once everything is consistent: never in the middle of matching. */

export class Signals {
  readonly #onCatchUpNeeded: () => void;
  readonly #ready: (() => void)[] = [];
  /** Those before it were called. */
  #readyHead = 0;
  #isFlushing = false;
  #catchUpWanted = false;
  /** The owner knows of catch-up work and has not been told that it ended. */
  #catchUpRuns = false;

  constructor(onCatchUpNeeded: () => void) {
    this.#onCatchUpNeeded = onCatchUpNeeded;
  }

  /** A stream has something to take. Called once until its owner took everything. */
  ready(signal: () => void): void {
    this.#ready.push(signal);
  }

  catchUpNeeded(): void {
    this.#catchUpWanted = true;
  }

  catchUpEnded(): void {
    this.#catchUpWanted = false;
    this.#catchUpRuns = false;
  }

  /** Calls the owners. What they do may make more ready; then it goes on. */
  flush(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    try {
      for (let next = this.#next(); next !== undefined; next = this.#next()) next();
    } finally {
      this.#isFlushing = false;
    }
  }

  #next(): (() => void) | undefined {
    if (this.#catchUpWanted && !this.#catchUpRuns) {
      this.#catchUpRuns = true;
      return this.#onCatchUpNeeded;
    }
    const signal = this.#ready[this.#readyHead++];
    if (signal === undefined) {
      this.#ready.length = 0;
      this.#readyHead = 0;
    }
    return signal;
  }
}
