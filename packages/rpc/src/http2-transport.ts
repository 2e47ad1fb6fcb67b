/**
 * The transport of gRPC on plain sockets: it joins sockets, connections and handlers, and is the only file that touches a socket, a
 * clock or a timer. All output of one turn of the event loop leaves each socket in one write.
 */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { Peer } from './handler.js';
import { Deadlines } from './grpc/deadlines.js';
import { checkFields, parseRequestHead } from './grpc/request-head.js';
import type { RequestHead } from './grpc/request-head.js';
import { Routes } from './grpc/routes.js';
import { RefusedStream } from './grpc/server-call.js';
import type { CallContext } from './grpc/server-call.js';
import { StreamServerCall } from './grpc/stream-server-call.js';
import { UnaryServerCall } from './grpc/unary-server-call.js';
import { RpcCode } from './errors.js';
import type { DecodedBlock } from './hpack/decoder.js';
import { Connection } from './http2/connection.js';
import type { ConnectionHost } from './http2/connection.js';
import { ErrorCode } from './http2/frame.js';
import type { ConnectionError } from './http2/frame.js';
import type { Http2Stream } from './http2/stream.js';
import { defaultConnectionLimits } from './limits.js';
import type { ConnectionLimits } from './limits.js';
import type { Transport, TransportOptions } from './transport.js';

export interface Http2TransportOptions extends TransportOptions {
  readonly connectionLimits?: Partial<ConnectionLimits>;
  /** A peer broke the protocol or a limit; the connection has been ended. For one log line. */
  onConnectionError?(peer: Peer, message: string): void;
}

const tickMs = 1000;
/** How long a peer may take to close its side after we have closed ours. */
const closeMs = 1000;

/** A connection with its socket. */
interface Session {
  readonly socket: Duplex;
  readonly connection: Connection;
  readonly context: CallContext;
}

function peerOf(socket: Duplex): Peer {
  const { remoteAddress, remotePort, remoteFamily } = socket as Partial<Socket>;
  const host = remoteFamily === 'IPv6' ? `[${remoteAddress ?? ''}]` : remoteAddress;
  const address = host === undefined ? 'unix' : `${host}:${String(remotePort)}`;
  if (!(socket instanceof TLSSocket) || !socket.authorized) return { address };
  const name: unknown = socket.getPeerCertificate().subject.CN;
  return typeof name === 'string' ? { address, commonName: name } : { address };
}

export class Http2Transport implements Transport, ConnectionHost {
  readonly #options: Http2TransportOptions;
  readonly #limits: ConnectionLimits;
  readonly #routes: Routes;
  readonly #deadlines = new Deadlines();
  readonly #sessions = new Map<Connection, Session>();
  /** What a request head derives from its decoded block, which is the same array for a client that repeats itself. */
  readonly #heads = new WeakMap<NonNullable<DecodedBlock>, RequestHead>();
  readonly #ticker: NodeJS.Timeout;
  #deadlineTimer: NodeJS.Timeout | undefined;
  #deadlineTimerMs = Infinity;
  readonly #dirty = new Set<Connection>();
  #stopping: Promise<void> | undefined;
  #allClosed: (() => void) | undefined;

  constructor(options: Http2TransportOptions) {
    this.#options = options;
    this.#limits = { ...defaultConnectionLimits, ...options.connectionLimits };
    this.#routes = new Routes(options.services, options.observe);
    this.#ticker = setInterval(() => {
      const nowMs = performance.now();
      for (const connection of this.#sessions.keys()) connection.tick(nowMs);
    }, tickMs).unref();
  }

  accept(socket: Duplex): void {
    if (this.#stopping !== undefined) {
      socket.destroy();
      return;
    }
    const { limits, onHandlerError } = this.#options;
    const connection = new Connection(this, {
      limits: this.#limits,
      keepalive: limits,
      concurrentStreamsMax: limits.concurrentStreamsMax,
      nowMs: performance.now(),
    });
    const context: CallContext = {
      peer: peerOf(socket),
      deadlines: this.#deadlines,
      receiveMessageBytesMax: limits.receiveMessageBytesMax,
      bufferedBytesMax: limits.bufferedBytesPerCallMax,
      onHandlerError,
    };
    const session: Session = { socket, connection, context };
    this.#sessions.set(connection, session);
    this.#listen(session);
  }

  stop(graceMs: number): Promise<void> {
    if (this.#stopping === undefined) {
      this.#stopping = new Promise((resolve) => {
        this.#allClosed = resolve;
      });
      for (const connection of [...this.#sessions.keys()]) connection.drain();
      this.#settle();
    }
    if (this.#sessions.size > 0) {
      const cut = (): void => {
        for (const { connection, socket } of [...this.#sessions.values()]) {
          connection.end(undefined);
          socket.destroy();
        }
      };
      if (graceMs <= 0) cut();
      else {
        const timer = setTimeout(cut, graceMs).unref();
        void this.#stopping.then(() => {
          clearTimeout(timer);
        });
      }
    }
    return this.#stopping;
  }

  openStream(connection: Connection, id: number, fields: DecodedBlock): Http2Stream | undefined {
    const session = this.#sessions.get(connection);
    if (session === undefined) return undefined;
    if (fields === undefined) {
      // grpc-go answers a header list over its limit in the same way.
      connection.reset(id, ErrorCode.frameSizeError);
      return undefined;
    }
    let head = this.#heads.get(fields);
    if (head === undefined) {
      head = parseRequestHead(fields, this.#routes);
      this.#heads.set(fields, head);
    }
    switch (head.type) {
      case 'malformed':
        connection.reset(id, ErrorCode.protocolError);
        return undefined;
      case 'refused':
        return this.#refuse(connection, id, head.httpStatus, head.code, head.message);
      case 'call':
        return this.#call(session, id, head);
    }
  }

  checkTrailers(fields: DecodedBlock): string | undefined {
    return fields === undefined ? 'trailers over the limit' : checkFields(fields, true);
  }

  onOutput(connection: Connection): void {
    if (this.#dirty.size === 0) {
      queueMicrotask(() => {
        this.#flush();
      });
    }
    this.#dirty.add(connection);
  }

  onEnd(connection: Connection, reason: ConnectionError | undefined): void {
    const session = this.#sessions.get(connection);
    if (session === undefined) return;
    const { socket, context } = session;
    if (reason !== undefined) this.#options.onConnectionError?.(context.peer, reason.message);
    this.#write(session);
    // Read on, so that the peer gets our last words instead of a TCP reset; but not for long.
    socket.end();
    socket.resume();
    const timer = setTimeout(() => socket.destroy(), closeMs).unref();
    socket.once('close', () => {
      clearTimeout(timer);
    });
  }

  #listen(session: Session): void {
    const { socket, connection } = session;
    socket.on('data', (chunk: Buffer) => {
      connection.receive(chunk, performance.now());
      this.#throttle(session);
    });
    socket.on('drain', () => {
      connection.sender.setSocketTakes(true);
      this.#throttle(session);
    });
    socket.on('end', () => {
      connection.end(undefined);
    });
    // What a socket reports as an error is the loss of its peer; 'close' follows.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      connection.end(undefined);
      this.#sessions.delete(connection);
      this.#settle();
    });
  }

  /** Stops reading a client that asks and does not take the answers. */
  #throttle({ socket, connection }: Session): void {
    const full = connection.sender.waitingBytes > this.#limits.waitingBytesMax;
    if (full) socket.pause();
    else if (socket.isPaused()) socket.resume();
  }

  #refuse(
    connection: Connection,
    id: number,
    httpStatus: number,
    code: RpcCode,
    message: string,
  ): Http2Stream {
    const stream = new RefusedStream(connection, id);
    connection.sender.refuse(stream, httpStatus, { code, message });
    return stream;
  }

  #call(session: Session, id: number, head: RequestHead & { type: 'call' }): Http2Stream {
    const { connection, context } = session;
    const { timeoutMs, route } = head;
    if (timeoutMs !== undefined && timeoutMs <= 0) {
      const message = 'context deadline exceeded';
      return this.#refuse(connection, id, 200, RpcCode.deadlineExceeded, message);
    }
    const deadlineMs = timeoutMs === undefined ? undefined : performance.now() + timeoutMs;
    const { method } = route;
    const call =
      method.type === 'unary'
        ? new UnaryServerCall(connection, id, context, head, deadlineMs, method.handler)
        : new StreamServerCall(connection, id, context, head, deadlineMs, method);
    if (deadlineMs !== undefined) this.#armDeadlines();
    return call;
  }

  #armDeadlines(): void {
    const { nextMs } = this.#deadlines;
    if (nextMs >= this.#deadlineTimerMs) return;
    clearTimeout(this.#deadlineTimer);
    this.#deadlineTimerMs = nextMs;
    // A longer wait would overflow the timer; it is armed again when it fires.
    const waitMs = Math.min(Math.max(0, nextMs - performance.now()), 2 ** 31 - 1);
    this.#deadlineTimer = setTimeout(() => {
      this.#deadlineTimerMs = Infinity;
      this.#deadlines.expire(performance.now());
      if (this.#deadlines.nextMs < Infinity) this.#armDeadlines();
    }, waitMs).unref();
  }

  #flush(): void {
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    for (const connection of dirty) {
      const session = this.#sessions.get(connection);
      if (session === undefined) continue;
      connection.beforeFlush();
      this.#write(session);
    }
  }

  #write({ socket, connection }: Session): void {
    if (!socket.writable) return;
    const { sender } = connection;
    // What waited for room in the output follows in the same write, as long as the socket takes it.
    for (let pieces = sender.output.take(); pieces.length > 0; pieces = sender.output.take()) {
      let takes = true;
      socket.cork();
      for (const piece of pieces) takes = socket.write(piece);
      socket.uncork();
      sender.setSocketTakes(takes);
      if (!takes) return;
    }
  }

  #settle(): void {
    if (this.#stopping === undefined || this.#sessions.size > 0) return;
    clearInterval(this.#ticker);
    clearTimeout(this.#deadlineTimer);
    this.#allClosed?.();
  }
}
