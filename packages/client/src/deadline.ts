/** One signal for a call out of the caller's signal, a time limit, and the closing of the client. */
import type { Clock, Timer } from './clock.js';

/** The reason with which a call's signal aborts at its time limit. */
export class DeadlineReached extends Error {
  override readonly name: string = 'DeadlineReached';
}

/** The reason with which every signal aborts when the client closes. */
export class ClientClosing extends Error {
  override readonly name: string = 'ClientClosing';
}

/** Signal of one call. `dispose` must follow, else the timer and listeners stay. */
export class CallScope implements Disposable {
  readonly #controller = new AbortController();
  readonly #sources: readonly (AbortSignal | undefined)[];
  readonly #endsAtMs: number;
  readonly #clock: Clock;
  #timer: Timer | undefined;
  readonly #onAbort = (event: Event): void => {
    this.#controller.abort((event.target as AbortSignal).reason);
  };

  /** `timeoutMs` may be Infinity: no limit. */
  constructor(clock: Clock, timeoutMs: number, ...sources: readonly (AbortSignal | undefined)[]) {
    this.#sources = sources;
    this.#clock = clock;
    this.#endsAtMs = clock.monotonicMs() + timeoutMs;
    for (const source of sources) {
      if (source?.aborted === true) this.#controller.abort(source.reason);
      else source?.addEventListener('abort', this.#onAbort, { once: true });
    }
    if (timeoutMs !== Infinity) this.#arm();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Milliseconds left; Infinity without a limit, never negative. */
  get remainingMs(): number {
    return Math.max(0, this.#endsAtMs - this.#clock.monotonicMs());
  }

  #arm(): void {
    // A timer may end early: it has a longest delay (J-3).
    this.#timer = this.#clock.after(this.remainingMs, () => {
      if (this.remainingMs > 0) this.#arm();
      else this.#controller.abort(new DeadlineReached('deadline reached'));
    });
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
    for (const source of this.#sources) source?.removeEventListener('abort', this.#onAbort);
  }
}
