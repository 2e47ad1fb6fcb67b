/** One signal for a call out of the caller's signal, a time limit, and the closing of the client. */
import { nowMs } from './clock.js';

/** The reason with which a call's signal aborts at its time limit. */
export class DeadlineReached extends Error {
  override readonly name: string = 'DeadlineReached';
}

/** The reason with which every signal aborts when the client closes. */
export class ClientClosing extends Error {
  override readonly name: string = 'ClientClosing';
}

/** Largest delay of `setTimeout` (J-3); longer limits wait in slices of it. */
const timerMsMax = 2 ** 31 - 1;

/** Signal of one call. `dispose` must follow, else the timer and listeners stay. */
export class CallScope implements Disposable {
  readonly #controller = new AbortController();
  readonly #sources: readonly AbortSignal[];
  readonly #endsAtMs: number;
  #timer: NodeJS.Timeout | undefined;
  readonly #onAbort = (event: Event): void => {
    this.#controller.abort((event.target as AbortSignal).reason);
  };

  /** `timeoutMs` may be Infinity: no limit. */
  constructor(timeoutMs: number, ...sources: readonly (AbortSignal | undefined)[]) {
    this.#sources = sources.filter((source) => source !== undefined);
    this.#endsAtMs = nowMs() + timeoutMs;
    for (const source of this.#sources) {
      if (source.aborted) this.#controller.abort(source.reason);
      else source.addEventListener('abort', this.#onAbort, { once: true });
    }
    if (timeoutMs !== Infinity) this.#arm();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Milliseconds left; Infinity without a limit, never negative. */
  get remainingMs(): number {
    return Math.max(0, this.#endsAtMs - nowMs());
  }

  #arm(): void {
    const remainingMs = this.remainingMs;
    this.#timer = setTimeout(
      () => {
        if (this.remainingMs > 0) this.#arm();
        else this.#controller.abort(new DeadlineReached('deadline reached'));
      },
      Math.min(timerMsMax, Math.ceil(remainingMs)),
    );
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    for (const source of this.#sources) source.removeEventListener('abort', this.#onAbort);
  }
}
