/** Calls without a transport: a test holds the client's end, a service holds the other. */
import type { Metadata, Peer, RpcError, StreamCall, UnaryCall } from '@kv/rpc';

export type CallEnd =
  | { readonly type: 'ok' }
  | { readonly type: 'failed'; readonly error: RpcError }
  | { readonly type: 'cancelled' };

/** Metadata from a plain object. */
export function metadataOf(entries: Readonly<Record<string, string>> = {}): Metadata {
  return {
    get: (key) => entries[key],
    getBinary: () => undefined,
  };
}

const peer: Peer = { address: 'test' };

/** One request, at most one response. */
export class FakeUnaryCall implements UnaryCall {
  readonly metadata: Metadata;
  readonly peer: Peer = peer;
  readonly deadlineMs: number | undefined = undefined;
  readonly request: Uint8Array;
  cancelled = false;
  response: Uint8Array | undefined;
  end: CallEnd | undefined;
  readonly #ended: (() => void)[] = [];
  #onCancel: () => void = () => undefined;

  constructor(request: Uint8Array, metadata: Metadata = metadataOf()) {
    this.request = request;
    this.metadata = metadata;
  }

  /** Resolves when the call has ended, one way or another. */
  done(): Promise<void> {
    if (this.end !== undefined) return Promise.resolve();
    return new Promise((resolve) => this.#ended.push(resolve));
  }

  /** The client gives up. */
  cancel(): void {
    if (!this.#finish({ type: 'cancelled' })) return;
    this.cancelled = true;
    this.#onCancel();
  }

  reply(response: Uint8Array): void {
    if (this.#finish({ type: 'ok' })) this.response = response;
  }

  fail(error: RpcError): void {
    this.#finish({ type: 'failed', error });
  }

  onCancel(callback: () => void): void {
    this.#onCancel = callback;
  }

  #finish(end: CallEnd): boolean {
    if (this.end !== undefined) return false;
    this.end = end;
    for (const resolve of this.#ended.splice(0)) resolve();
    return true;
  }
}

/** Any number of messages both ways. What the service writes is kept until the test takes it. */
export class FakeStreamCall implements StreamCall {
  readonly metadata: Metadata;
  readonly peer: Peer = peer;
  readonly deadlineMs: number | undefined = undefined;
  cancelled = false;
  finished: CallEnd | undefined;
  /** Written and not taken. */
  received: Uint8Array[] = [];
  /** Whether the service reads on. */
  paused = false;
  /** Responses that wait before `write` says to stop; Infinity for a client that always keeps up. */
  room: number = Infinity;
  #onMessage: (message: Uint8Array) => void = () => undefined;
  #onHalfClose: () => void = () => undefined;
  #onDrain: () => void = () => undefined;
  #onCancel: () => void = () => undefined;

  constructor(metadata: Metadata = metadataOf()) {
    this.metadata = metadata;
  }

  get bufferedBytes(): number {
    return this.received.reduce((sum, message) => sum + message.length, 0);
  }

  // The client's end.

  send(message: Uint8Array): void {
    if (this.finished === undefined) this.#onMessage(message);
  }

  halfClose(): void {
    if (this.finished === undefined) this.#onHalfClose();
  }

  cancel(): void {
    if (!this.#finish({ type: 'cancelled' })) return;
    this.cancelled = true;
    this.#onCancel();
  }

  /** Takes what was written, which makes room again. */
  take(): readonly Uint8Array[] {
    const taken = this.received;
    this.received = [];
    if (taken.length >= this.room && this.finished === undefined) this.#onDrain();
    return taken;
  }

  // The service's end.

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
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  write(message: Uint8Array): boolean {
    if (this.finished === undefined) this.received.push(message);
    return this.received.length < this.room;
  }

  end(): void {
    this.#finish({ type: 'ok' });
  }

  fail(error: RpcError): void {
    this.#finish({ type: 'failed', error });
  }

  #finish(end: CallEnd): boolean {
    if (this.finished !== undefined) return false;
    this.finished = end;
    return true;
  }
}
