/** Watches over one connection: after a silence with calls open a ping, and without an answer the end. */
import { delayMsMax } from '../../clock.js';

export interface KeepAliveOptions {
  /** Silence before a ping, and the wait for its answer; milliseconds, Infinity for never. */
  readonly keepAliveMs: number;
  readonly keepAliveTimeoutMs: number;
}

/** What it looks after. */
export interface PingedConnection {
  readonly streamCount: number;
  ping(onAnswer: () => void): void;
}

/** Its timers do not keep the process alive; `stop` must follow all the same. */
export class KeepAlive {
  readonly #options: KeepAliveOptions;
  readonly #connection: PingedConnection;
  readonly #onSilent: (error: Error) => void;
  readonly #silence: NodeJS.Timeout;
  #answer: NodeJS.Timeout | undefined;

  constructor(
    options: KeepAliveOptions,
    connection: PingedConnection,
    onSilent: (error: Error) => void,
  ) {
    this.#options = options;
    this.#connection = connection;
    this.#onSilent = onSilent;
    this.#silence = timer(options.keepAliveMs, () => {
      this.#ask();
    });
  }

  /** Something came from the peer. */
  heard(): void {
    if (this.#answer !== undefined) {
      clearTimeout(this.#answer);
      this.#answer = undefined;
    }
    this.#silence.refresh();
  }

  stop(): void {
    clearTimeout(this.#silence);
    clearTimeout(this.#answer);
  }

  #ask(): void {
    if (this.#connection.streamCount === 0) {
      this.#silence.refresh(); // The server forbids pings without calls (`too_many_pings`).
      return;
    }
    const { keepAliveTimeoutMs } = this.#options;
    this.#answer = timer(keepAliveTimeoutMs, () => {
      this.#onSilent(new Error(`no answer to a ping within ${keepAliveTimeoutMs} ms`));
    });
    this.#connection.ping(() => {
      this.heard();
    });
  }
}

function timer(delayMs: number, callback: () => void): NodeJS.Timeout {
  return setTimeout(callback, Math.min(delayMsMax, delayMs)).unref();
}
