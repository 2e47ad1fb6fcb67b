/**
 * One connection on its socket, and the only file that touches one: bytes in, the output of each turn of the event loop out in one
 * write, back pressure, and how it closes.
 *
 * What the peer does not take is bounded twice. Bytes that the *socket* does not take stop the reading: a peer that reads frees
 * them. Bytes that the peer's *windows* do not let out must not, since its WINDOW_UPDATE comes in by the same socket; new
 * calls are refused instead (`ServerCall.overloaded`).
 */
import type { Duplex } from 'node:stream';
import { Connection } from './http2/connection.js';
import type { ConnectionHost, ConnectionOptions, RequestSink } from './http2/connection.js';
import type { ConnectionError } from './http2/frame.js';

export interface SessionEvents {
  /** The peer broke the protocol or a limit; the connection ends. */
  onProblem(session: SocketSession, message: string): void;
  /** The socket is closed; nothing follows. */
  onClose(session: SocketSession): void;
}

/** How long a peer may take to close its side after we have closed ours. */
const closeMs = 1000;

export class SocketSession implements ConnectionHost {
  readonly connection: Connection;
  readonly #socket: Duplex;
  readonly #events: SessionEvents;
  #flushDue = false;
  /** Since when the socket has not taken all that it was given. */
  #stalledSinceMs: number | undefined;
  readonly #flush = (): void => {
    this.connection.beforeFlush();
    this.#write();
    this.#flushDue = false;
    this.#throttle();
  };

  /** Takes the socket over: it is ended or destroyed here, and its errors are handled. */
  constructor(
    socket: Duplex,
    requests: RequestSink,
    options: ConnectionOptions,
    events: SessionEvents,
  ) {
    this.#socket = socket;
    this.#events = events;
    this.connection = new Connection(this, requests, options);
    this.#listen();
  }

  tick(nowMs: number): void {
    this.connection.tick(nowMs);
    if (this.#stalledSinceMs === undefined) return;
    if (nowMs - this.#stalledSinceMs < this.connection.limits.stalledMs) return;
    this.#events.onProblem(this, 'the peer takes nothing of what it was sent');
    this.cut();
  }

  /** Closes without waiting for anybody. */
  cut(): void {
    this.connection.end(undefined);
    this.#socket.destroy();
  }

  onOutput(): void {
    if (this.#flushDue) return;
    this.#flushDue = true;
    queueMicrotask(this.#flush);
  }

  onEnd(reason: ConnectionError | undefined): void {
    const socket = this.#socket;
    if (reason !== undefined) this.#events.onProblem(this, reason.message);
    this.#write();
    // Read on, so that the peer gets our last words instead of a TCP reset; but not for long.
    socket.end();
    socket.resume();
    const timer = setTimeout(() => socket.destroy(), closeMs).unref();
    socket.once('close', () => {
      clearTimeout(timer);
    });
  }

  #listen(): void {
    const socket = this.#socket;
    const { connection } = this;
    socket.on('data', (chunk: Buffer) => {
      connection.receive(chunk, performance.now());
    });
    socket.on('drain', () => {
      this.#stalledSinceMs = undefined;
      connection.sender.setSocketTakes(true);
      this.#throttle();
    });
    socket.on('end', () => {
      connection.end(undefined);
    });
    // What a socket reports as an error is the loss of its peer; 'close' follows.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      connection.end(undefined);
      this.#events.onClose(this);
    });
  }

  #write(): void {
    const socket = this.#socket;
    if (!socket.writable) return;
    const { sender } = this.connection;
    // What waited for room in the output follows in the same turn, as long as the socket takes it.
    for (let pieces = sender.output.take(); pieces.length > 0; pieces = sender.output.take()) {
      let takes = true;
      if (pieces.length > 1) socket.cork();
      for (const piece of pieces) takes = socket.write(piece);
      if (pieces.length > 1) socket.uncork();
      sender.setSocketTakes(takes);
      if (!takes) {
        this.#stalledSinceMs ??= performance.now();
        return;
      }
    }
  }

  /** Stops reading a peer that does not read: every frame may cost an answer, and answers would pile up. */
  #throttle(): void {
    const socket = this.#socket;
    if (this.connection.ended) return;
    if (socket.writableLength > this.connection.limits.outputBytesMax) socket.pause();
    else if (socket.isPaused()) socket.resume();
  }
}
