/** One request and its answer between a client and a member of the same process. Bytes are copied: neither sees the other's memory. */
import type { Metadata, Peer, RpcError, UnaryCall } from '@kv/rpc';

/** What becomes of the call, told once. */
export interface UnaryListener {
  answered(response: Uint8Array): void;
  failed(error: RpcError): void;
}

export interface CallStart {
  readonly metadata: Metadata;
  readonly peer: Peer;
  readonly deadlineMs: number | undefined;
}

/** The member's end. */
export class InProcessUnary implements UnaryCall {
  readonly metadata: Metadata;
  readonly peer: Peer;
  readonly deadlineMs: number | undefined;
  readonly request: Uint8Array;
  cancelled = false;
  #onCancel: () => void = () => undefined;
  #listener: UnaryListener | undefined;

  constructor(request: Uint8Array, start: CallStart, listener: UnaryListener) {
    this.request = request.slice();
    this.metadata = start.metadata;
    this.peer = start.peer;
    this.deadlineMs = start.deadlineMs;
    this.#listener = listener;
  }

  /** The client gives up, or is gone. */
  cancel(): void {
    if (this.#end() === undefined) return;
    this.cancelled = true;
    this.#onCancel();
  }

  reply(response: Uint8Array): void {
    this.#end()?.answered(response.slice());
  }

  fail(error: RpcError): void {
    this.#end()?.failed(error);
  }

  onCancel(callback: () => void): void {
    this.#onCancel = callback;
  }

  #end(): UnaryListener | undefined {
    const listener = this.#listener;
    this.#listener = undefined;
    return listener;
  }
}
