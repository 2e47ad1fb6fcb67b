/** The transport of gRPC on plain sockets: it makes sessions of sockets, keeps their time, and stops them. */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { Peer } from './handler.js';
import { Deadlines } from './grpc/deadlines.js';
import { Dispatcher, RequestHeads } from './grpc/dispatcher.js';
import { Routes } from './grpc/routes.js';
import { defaultConnectionLimits } from './limits.js';
import type { ConnectionLimits } from './limits.js';
import { SocketSession } from './socket-session.js';
import type { Transport, TransportOptions } from './transport.js';

export interface Http2TransportOptions extends TransportOptions {
  readonly connectionLimits?: Partial<ConnectionLimits>;
  /** A peer broke the protocol or a limit; the connection has been ended. For one log line. */
  onConnectionError?(peer: Peer, message: string): void;
}

const tickMs = 1000;
/** Longer waits overflow the timer (Node fires them at once); it is armed again when it fires. */
const timerMsMax = 2 ** 31 - 1;

export class Http2Transport implements Transport {
  readonly #options: Http2TransportOptions;
  readonly #limits: ConnectionLimits;
  readonly #heads: RequestHeads;
  readonly #deadlines = new Deadlines(() => {
    this.#armDeadlines();
  });
  readonly #sessions = new Set<SocketSession>();
  /** Of all sessions: answers that wait for the windows of their clients. */
  readonly #waiting = { bytes: 0 };
  readonly #ticker: NodeJS.Timeout;
  #deadlineTimer: NodeJS.Timeout | undefined;
  #stopping: Promise<void> | undefined;
  #allClosed: (() => void) | undefined;

  constructor(options: Http2TransportOptions) {
    this.#options = options;
    this.#limits = { ...defaultConnectionLimits, ...options.connectionLimits };
    this.#heads = new RequestHeads(new Routes(options.services, options.observe));
    this.#ticker = setInterval(() => {
      const nowMs = performance.now();
      for (const session of this.#sessions) session.tick(nowMs);
    }, tickMs).unref();
  }

  accept(socket: Duplex): void {
    if (this.#stopping !== undefined) {
      socket.destroy();
      return;
    }
    const { limits, onHandlerError } = this.#options;
    const peer = peerOf(socket);
    const dispatcher = new Dispatcher(this.#heads, {
      peer,
      deadlines: this.#deadlines,
      receiveMessageBytesMax: limits.receiveMessageBytesMax,
      bufferedBytesMax: limits.bufferedBytesPerCallMax,
      onHandlerError,
    });
    const connectionOptions = {
      limits: this.#limits,
      keepalive: limits,
      concurrentStreamsMax: limits.concurrentStreamsMax,
      waitingTotal: this.#waiting,
      nowMs: performance.now(),
    };
    const session = new SocketSession(socket, dispatcher, connectionOptions, {
      onProblem: (_session, message) => this.#options.onConnectionError?.(peer, message),
      onClose: (closed) => {
        this.#sessions.delete(closed);
        this.#settle();
      },
    });
    this.#sessions.add(session);
  }

  stop(graceMs: number): Promise<void> {
    if (this.#stopping === undefined) {
      this.#stopping = new Promise((resolve) => {
        this.#allClosed = resolve;
      });
      for (const session of [...this.#sessions]) session.connection.drain();
      this.#settle();
    }
    if (this.#sessions.size > 0) {
      const cut = (): void => {
        for (const session of [...this.#sessions]) session.cut();
      };
      if (graceMs <= 0) cut();
      else {
        const timer = setTimeout(cut, Math.min(graceMs, timerMsMax)).unref();
        void this.#stopping.then(() => {
          clearTimeout(timer);
        });
      }
    }
    return this.#stopping;
  }

  #settle(): void {
    if (this.#stopping === undefined || this.#sessions.size > 0) return;
    clearInterval(this.#ticker);
    clearTimeout(this.#deadlineTimer);
    this.#allClosed?.();
  }

  #armDeadlines(): void {
    clearTimeout(this.#deadlineTimer);
    const { nextMs } = this.#deadlines;
    if (nextMs === Infinity) return;
    const waitMs = Math.min(Math.max(0, nextMs - performance.now()), timerMsMax);
    this.#deadlineTimer = setTimeout(() => {
      this.#deadlines.expire(performance.now());
      this.#armDeadlines();
    }, waitMs).unref();
  }
}

function peerOf(socket: Duplex): Peer {
  const { remoteAddress, remotePort, remoteFamily } = socket as Partial<Socket>;
  const host = remoteFamily === 'IPv6' ? `[${remoteAddress ?? ''}]` : remoteAddress;
  const address = host === undefined ? 'unix' : `${host}:${String(remotePort)}`;
  if (!(socket instanceof TLSSocket) || !socket.authorized) return { address };
  const name: unknown = socket.getPeerCertificate().subject.CN;
  return typeof name === 'string' ? { address, commonName: name } : { address };
}
