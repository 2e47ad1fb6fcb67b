/** The member's end of a stream between a client and a member of the same process. */
import type { Metadata, Peer, RpcError, StreamCall } from '@kv/rpc';
import type { CallStart } from './unary.js';

/** What the client's end hears, in order; `ended` once, last. */
export interface StreamListener {
  message(bytes: Uint8Array): void;
  ended(error: RpcError | undefined): void;
}

/** Bytes that the client has not read before `write` says to stop. */
const UNREAD_BYTES_MAX = 64 * 1024;

export class InProcessStream implements StreamCall {
  readonly metadata: Metadata;
  readonly peer: Peer;
  readonly deadlineMs: number | undefined;
  cancelled = false;
  bufferedBytes = 0;
  /** From the client and not handed over, while the handler has paused. */
  #waiting: (Uint8Array | 'halfClose')[] = [];
  #paused = false;
  #wantsDrain = false;
  #listener: StreamListener | undefined;
  readonly #later: (callback: () => void) => void;
  #onMessage: (message: Uint8Array) => void = () => undefined;
  #onHalfClose: () => void = () => undefined;
  #onDrain: () => void = () => undefined;
  #onCancel: () => void = () => undefined;

  /** `later` runs a callback in a turn of the member. */
  constructor(start: CallStart, listener: StreamListener, later: (callback: () => void) => void) {
    this.metadata = start.metadata;
    this.peer = start.peer;
    this.deadlineMs = start.deadlineMs;
    this.#listener = listener;
    this.#later = later;
  }

  // From the client, in turns of the member.

  receive(message: Uint8Array | 'halfClose'): void {
    this.#waiting.push(message);
    this.#handOver();
  }

  /** The client gives up, or is gone. */
  cancel(): void {
    if (this.#finish() === undefined) return;
    this.cancelled = true;
    this.#onCancel();
  }

  /** The client has read so many bytes. */
  consumed(bytes: number): void {
    this.bufferedBytes -= bytes;
    if (!this.#wantsDrain || this.bufferedBytes > UNREAD_BYTES_MAX) return;
    this.#wantsDrain = false;
    if (this.#listener !== undefined) this.#onDrain();
  }

  // From the handler.

  onMessage(callback: (message: Uint8Array) => void): void {
    this.#onMessage = callback;
  }

  onHalfClose(callback: () => void): void {
    this.#onHalfClose = callback;
  }

  onDrain(callback: () => void): void {
    this.#onDrain = callback;
  }

  onCancel(callback: () => void): void {
    this.#onCancel = callback;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#later(() => {
      this.#handOver();
    });
  }

  write(message: Uint8Array): boolean {
    // As on a socket: a handler that writes as long as it may stops when nobody is there.
    if (this.#listener === undefined) return false;
    this.bufferedBytes += message.length;
    this.#listener.message(message.slice());
    this.#wantsDrain ||= this.bufferedBytes > UNREAD_BYTES_MAX;
    return !this.#wantsDrain;
  }

  end(): void {
    this.#finish()?.ended(undefined);
  }

  fail(error: RpcError): void {
    this.#finish()?.ended(error);
  }

  #handOver(): void {
    while (!this.#paused && this.#listener !== undefined) {
      const message = this.#waiting.shift();
      if (message === undefined) return;
      if (message === 'halfClose') this.#onHalfClose();
      else this.#onMessage(message);
    }
  }

  #finish(): StreamListener | undefined {
    const listener = this.#listener;
    this.#listener = undefined;
    this.#waiting = [];
    return listener;
  }
}
