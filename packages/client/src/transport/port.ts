/**
 * What the client needs from a transport: connections that carry gRPC calls, bytes in and bytes out.
 *
 * The contract (the suite in `testing/transport-contract.ts` states it):
 *
 * 1. A channel opens no socket before it is first needed, and leaves none after `close`.
 * 2. `whenReady` keeps trying, with backoff, until it succeeds, the signal aborts or the channel closes.
 * 3. A call is made on a ready channel only. Whatever goes wrong after that, the request may have left.
 * 4. A call that fails rejects with `StatusError`; one whose signal aborts rejects with the signal's reason and
 *    is cancelled at the server.
 * 5. Messages of a stream arrive in order; while nobody reads, the transport stops reading from the peer.
 */

/** Where a member listens for clients. */
export interface Endpoint {
  /** As the caller wrote it. */
  readonly text: string;
  /** Whether the connection is encrypted. */
  readonly secure: boolean;
  readonly address: TcpAddress | UnixAddress;
  /** The `:authority` of requests, and the name that a certificate must have unless options say otherwise. */
  readonly authority: string;
}
export interface TcpAddress {
  readonly kind: 'tcp';
  readonly host: string;
  readonly port: number;
}
export interface UnixAddress {
  readonly kind: 'unix';
  readonly path: string;
}

/** PEM texts, read by the caller. */
export interface TlsOptions {
  readonly ca?: Uint8Array;
  readonly cert?: Uint8Array;
  readonly key?: Uint8Array;
  /** Name that the server's certificate must carry, when it is not the endpoint's host. */
  readonly serverName?: string;
  /** True accepts any certificate: for tests only. */
  readonly insecureSkipVerify?: boolean;
}

export interface ChannelOptions {
  readonly tls: TlsOptions;
  /** Idle time before a ping while calls are open, and the wait for its answer; milliseconds. */
  readonly keepAliveMs: number;
  readonly keepAliveTimeoutMs: number;
  /** In [0, 1), for pauses that should differ between clients. Default `Math.random`. */
  readonly random?: () => number;
  /** Largest message taken from the server, bytes. */
  readonly receiveBytesMax: number;
  /** Told when the connection changes; `failed` comes with each attempt that did not succeed. */
  readonly onState?: (state: ChannelState) => void;
}

export type ChannelState =
  | { readonly kind: 'connected' }
  | { readonly kind: 'disconnected'; readonly error: Error }
  | { readonly kind: 'failed'; readonly error: Error };

/** Makes connections. */
export interface Transport {
  channel(endpoint: Endpoint, options: ChannelOptions): Channel;
}

export interface CallOptions {
  /** Request metadata: lower-case names, ASCII values. Never changed: calls that say the same may give the same list. */
  readonly metadata: readonly (readonly [name: string, value: string])[];
  readonly signal: AbortSignal;
  /** Told to the server as `grpc-timeout`; the signal is what ends the call here. */
  readonly timeoutMs?: number;
}

/** One connection to one endpoint, made again when it breaks. */
export interface Channel {
  readonly endpoint: Endpoint;
  readonly isReady: boolean;
  /**
   * Why the last attempt to connect failed, as a `ConnectionError` where that can be said; undefined while ready or before the first attempt.
   */
  readonly lastError: Error | undefined;
  whenReady(signal: AbortSignal): Promise<void>;
  /** `request` is given: the caller does not change it afterwards. The answer is the caller's own, a view of what was received. */
  unary(method: string, request: Uint8Array, options: CallOptions): Promise<Uint8Array>;
  stream(method: string, options: CallOptions): StreamCall;
  /** Ends every call with a `StatusError` of code cancelled. */
  close(): void;
}

/** An open stream. Reading it to its end, or `cancel`, frees it. One reader only. */
export interface StreamCall extends AsyncIterable<Uint8Array> {
  send(message: Uint8Array): void;
  /** No more messages from this side. */
  finish(): void;
  cancel(): void;
}
