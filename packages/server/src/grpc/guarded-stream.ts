/**
 * A stream that the member itself may end: by this, both the handler and whoever guards the stream hear of its end, where the
 * transport tells one callback only.
 */
import type { Metadata, Peer, RpcError, StreamCall } from '@kv/rpc';

export class GuardedStream implements StreamCall {
  readonly #inner: StreamCall;
  readonly #onEnd: (stream: GuardedStream) => void;
  #handlerCancel: () => void = () => undefined;
  #ended = false;

  /** `onEnd` is called once, however the call ends. */
  constructor(inner: StreamCall, onEnd: (stream: GuardedStream) => void) {
    this.#inner = inner;
    this.#onEnd = onEnd;
    inner.onCancel(() => {
      if (!this.#finish()) return;
      this.#handlerCancel();
    });
  }

  /** Ends the call from outside: the handler hears a cancellation, the client this error. */
  abort(error: RpcError): void {
    if (!this.#finish()) return;
    this.#handlerCancel();
    this.#inner.fail(error);
  }

  get metadata(): Metadata {
    return this.#inner.metadata;
  }

  get peer(): Peer {
    return this.#inner.peer;
  }

  get deadlineMs(): number | undefined {
    return this.#inner.deadlineMs;
  }

  get cancelled(): boolean {
    return this.#ended || this.#inner.cancelled;
  }

  get bufferedBytes(): number {
    return this.#inner.bufferedBytes;
  }

  onCancel(callback: () => void): void {
    this.#handlerCancel = callback;
  }

  onMessage(callback: (message: Uint8Array) => void): void {
    this.#inner.onMessage((message) => {
      if (!this.#ended) callback(message);
    });
  }

  onHalfClose(callback: () => void): void {
    this.#inner.onHalfClose(() => {
      if (!this.#ended) callback();
    });
  }

  onDrain(callback: () => void): void {
    this.#inner.onDrain(() => {
      if (!this.#ended) callback();
    });
  }

  pause(): void {
    this.#inner.pause();
  }

  resume(): void {
    this.#inner.resume();
  }

  write(message: Uint8Array): boolean {
    return this.#inner.write(message);
  }

  end(): void {
    if (this.#finish()) this.#inner.end();
  }

  fail(error: RpcError): void {
    if (this.#finish()) this.#inner.fail(error);
  }

  /** False when it had ended already. */
  #finish(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    this.#onEnd(this);
    return true;
  }
}
