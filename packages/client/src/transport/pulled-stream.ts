/** Turns a transport's pushed messages into an iterable that one reader pulls; shared by the transports. */
import type { StreamCall } from './port.js';
import type { StatusError } from './status-error.js';

/** The transport's half of the stream. */
export interface StreamControl {
  send(message: Uint8Array): void;
  finish(): void;
  cancel(): void;
  /** The reader took this message: its room may be given to the server again. */
  consumed(message: Uint8Array): void;
}

type End = { readonly error: unknown } | { readonly error?: undefined };

/** Holds unread messages; the transport bounds them by the window that it gives. */
export class PulledStream implements StreamCall {
  readonly #control: StreamControl;
  readonly #signal: AbortSignal;
  readonly #unread: Uint8Array[] = [];
  #end: End | undefined;
  #wake: (() => void) | undefined;
  #isRead = false;
  readonly #onAbort = (): void => {
    this.#control.cancel();
    this.#finishWith({ error: this.#signal.reason });
  };

  constructor(signal: AbortSignal, control: StreamControl) {
    this.#control = control;
    this.#signal = signal;
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  // From the transport.

  message(bytes: Uint8Array): void {
    if (this.#end !== undefined) return;
    this.#unread.push(bytes);
    this.#wakeUp();
  }

  end(error: StatusError | undefined): void {
    this.#finishWith(error === undefined ? {} : { error });
  }

  #finishWith(end: End): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#wakeUp();
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  // From the caller.

  send(message: Uint8Array): void {
    if (this.#end === undefined) this.#control.send(message);
  }

  finish(): void {
    if (this.#end === undefined) this.#control.finish();
  }

  cancel(): void {
    if (this.#end !== undefined) return;
    this.#control.cancel();
    this.#finishWith({});
    this.#unread.length = 0;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.#isRead)
      throw new TypeError('a stream has one reader; this one is being read already');
    this.#isRead = true;
    try {
      for (;;) {
        const message = this.#unread.shift();
        if (message !== undefined) {
          this.#control.consumed(message);
          yield message;
        } else if (this.#end !== undefined) {
          if (this.#end.error !== undefined) throw this.#end.error as Error;
          return;
        } else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
    } finally {
      this.cancel();
    }
  }
}
