/**
 * What a server implements, free of any transport: a method is a function of a call, a call has bytes and answers by bytes.
 *
 * The contract that every transport keeps (the suite in `./testing` states it):
 *
 * 1. A handler runs to its first `await` in the turn in which its message was complete. Unary handlers of one connection start in
 *    the order in which their messages were complete.
 * 2. Exactly one of `reply` / `fail` / `end` ends a call. A second one is ignored, and so is any after cancellation: a handler
 *    need not race against the client.
 * 3. There is no signal, on purpose: a call is cancelled by `onCancel`, once, for whatever reason (reset, deadline, closing), and a
 *    unary handler that never looks at it costs nothing.
 * 4. Request bytes are *borrowed* until the handler returns: what is kept longer is copied. Reply bytes are *given*: the
 *    transport owns them from the call on, and the handler does not change them.
 * 5. A handler (or a callback that it set) that throws answers `INTERNAL` and is reported to the transport's owner; it never ends
 *    the process. An asynchronous handler catches its own rejections.
 * 6. A unary handler starts with the first message and does not wait for the client's half-close (what follows is ignored, as
 *    grpc-go does). A stream whose client sends one message starts when that message *and* the half-close have arrived, since
 *    two messages are an error. A stream whose client sends many starts with the headers.
 * 7. `onMessage`, `onHalfClose` and `onDrain` are called in turns of the transport, never from inside `resume` or `write`. After
 *    the call has ended or was cancelled none of them is called.
 */
import type { RpcError } from './errors.js';

/** Request metadata. Keys are lower case. Only the first value of a key counts (etcd reads no other). */
export interface Metadata {
  /** First value of an ASCII key, or undefined. */
  get(key: string): string | undefined;
  /** First value of a key ending in `-bin`, decoded. */
  getBinary(key: string): Uint8Array | undefined;
}

/** What is known of the caller. */
export interface Peer {
  /** Remote address for logs, such as `127.0.0.1:51234` or `unix`. */
  readonly address: string;
  /** Common name of a verified client certificate. */
  readonly commonName?: string;
}

interface CallBase {
  readonly metadata: Metadata;
  readonly peer: Peer;
  /** Milliseconds on the transport's monotonic clock (`performance.now()`); undefined when the client set no timeout. */
  readonly deadlineMs: number | undefined;
  readonly cancelled: boolean;
  /** At most one callback; called at most once, never after the call has ended. */
  onCancel(callback: () => void): void;
}

/** One request message, one response message. */
export interface UnaryCall extends CallBase {
  /** The encoded request message. Borrowed (rule 4). */
  readonly request: Uint8Array;
  /** Ends the call with OK and this encoded response message. */
  reply(response: Uint8Array): void;
  fail(error: RpcError): void;
}

/** A call whose client, server or both send any number of messages. Server streaming is a stream with one request. */
export interface StreamCall extends CallBase {
  /** Each request message, in order. Borrowed (rule 4). Set it before the handler returns. */
  onMessage(callback: (message: Uint8Array) => void): void;
  /** The client has sent its last message. */
  onHalfClose(callback: () => void): void;
  /** Stops reading from the client: its flow-control window closes. */
  pause(): void;
  resume(): void;
  /** Queues one encoded response message. False: the peer does not keep up; write no more until `onDrain`. */
  write(message: Uint8Array): boolean;
  onDrain(callback: () => void): void;
  /** Bytes queued and not yet accepted by the peer's flow control. */
  readonly bufferedBytes: number;
  /** Ends the call with OK after what was written. */
  end(): void;
  /** Ends the call with an error after what was written. */
  fail(error: RpcError): void;
}

export type UnaryHandler = (call: UnaryCall) => void;
export type StreamHandler = (call: StreamCall) => void;

export type Method =
  | { readonly type: 'unary'; readonly handler: UnaryHandler }
  /** `requestStream`: whether the client may send more than one message. */
  | {
      readonly type: 'stream';
      readonly requestStream: boolean;
      readonly handler: StreamHandler;
    };

/** A gRPC service: its full name (`etcdserverpb.KV`) and its methods by short name (`Put`). */
export interface Service {
  readonly name: string;
  readonly methods: Readonly<Record<string, Method>>;
}
