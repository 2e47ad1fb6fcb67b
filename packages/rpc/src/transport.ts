/**
 * What a transport is: it takes connected sockets that speak HTTP/2 and runs the handlers of services for the calls on them.
 *
 * Two exist: the one of this package on plain sockets, and the server's adapter for grpc-js. Neither accepts connections:
 * whoever listens decides by the first bytes whom a socket belongs to.
 */
import type { Duplex } from 'node:stream';
import type { RpcCode } from './errors.js';
import type { Service } from './handler.js';

/** Bounds of a transport. Each is per connection or per call; what a whole server bears is the listener's business. */
export interface TransportLimits {
  /** A request message longer than this ends its call with RESOURCE_EXHAUSTED. */
  readonly receiveMessageBytesMax: number;
  /** Calls of one connection at a time; announced in SETTINGS, the rest is refused. */
  readonly concurrentStreamsMax: number;
  /** `StreamCall.write` returns false while more than this waits for the peer. */
  readonly bufferedBytesPerCallMax: number;
  /** A connection from which nothing came for this long is pinged; 0 turns it off. */
  readonly keepaliveIntervalMs: number;
  /** A ping that is unanswered for this long ends the connection. */
  readonly keepaliveTimeoutMs: number;
  /** Pings of a client that come more often are answered by ENHANCE_YOUR_CALM; 0 turns it off. */
  readonly keepaliveMinTimeMs: number;
}

/** Counts the calls of one method. Nothing here may throw or wait. */
export interface MethodObserver {
  started(): void;
  /** A request message of this many bytes, without its gRPC prefix. */
  received(bytes: number): void;
  /** A response message of this many bytes, without its gRPC prefix. */
  sent(bytes: number): void;
  handled(code: RpcCode): void;
}

/** The kinds of calls by the names that metrics use. */
export type CallType = 'unary' | 'client_stream' | 'server_stream' | 'bidi_stream';

export interface TransportOptions {
  readonly services: readonly Service[];
  readonly limits: TransportLimits;
  /** Called once for each method when the transport is made. */
  readonly observe?: (
    service: string,
    method: string,
    type: CallType,
  ) => MethodObserver | undefined;
  /** A handler threw: the call has been answered with INTERNAL, and this is the only trace of why. */
  readonly onHandlerError: (path: string, error: unknown) => void;
}

export interface Transport {
  /**
   * Takes over a socket whose first bytes are (or will be) the HTTP/2 connection preface. Bytes that were read to decide that
   * have been put back with `unshift`. The transport ends or destroys the socket; its errors are handled here.
   */
  accept(socket: Duplex): void;
  /**
   * Tells every peer to go away and lets calls end. Resolves when all connections are closed; after `graceMs` those that are
   * left are cut and their calls cancelled. New connections are destroyed at once. Idempotent; a shorter grace wins.
   */
  stop(graceMs: number): Promise<void>;
}
