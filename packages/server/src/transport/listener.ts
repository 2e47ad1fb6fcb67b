/** A listening socket, plain or TLS, whose connections go to gRPC or to HTTP/1.1 by their first bytes; it owns them until they close. */
import { lstatSync, unlinkSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import type { RequestListener, Server as HttpServer } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, ListenOptions, Server, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Transport } from '@kv/rpc';
import { invariant } from '../invariant.js';
import type { Logger } from '../logger.js';
import { sniff } from './sniff.js';
import { TlsAcceptor } from './tls/tls-acceptor.js';
import type { TlsSettings } from './tls/tls-settings.js';

/** Bounds of a listener. */
export const listenerLimits: {
  /**
   * How long a connection may wait for a whole request head: etcd's limit. Node's own timeouts count from `listen`, which its
   * HTTP server here never does, and bytes that trickle in reset the timeout of the socket.
   */
  readonly requestHeadTimeoutMs: number;
  readonly http1HeaderBytesMax: number;
  /** Lines about clients that were sent away; what is above is counted in the next line (row B-132). */
  readonly refusalLinesPerSecondMax: number;
} = Object.freeze({
  requestHeadTimeoutMs: 5 * 60_000,
  http1HeaderBytesMax: 1 << 20,
  refusalLinesPerSecondMax: 20,
});

/** Sweeps for connections that have waited too long, per timeout. */
const SWEEPS_PER_TIMEOUT = 10;

/** Who serves the connections. */
export interface ListenerServices {
  /** gRPC; absent on listeners that serve HTTP only. */
  readonly transport?: Transport;
  /** HTTP/1.1; absent on listeners that serve gRPC only. */
  readonly http?: RequestListener;
}

export interface ListenerOptions {
  /** Where to listen: a host and port (0 takes a free one), or a path of the file system. */
  readonly address: { readonly host: string; readonly port: number } | { readonly path: string };
  readonly logger: Logger;
  /** More connections than this are closed at once. */
  readonly connectionsMax: number;
  readonly reusePort?: boolean;
  /** Default: {@link listenerLimits}. */
  readonly requestHeadTimeoutMs?: number;
  /** Absent: plain. `open` throws a `TlsError` when the files are not good. */
  readonly tls?: TlsSettings;
  /** Who connects here, for the log. Default: clients. */
  readonly endpoint?: 'client' | 'peer';
  /** Default: etcd's. */
  readonly handshakeTimeoutMs?: number;
}

export class Listener implements AsyncDisposable {
  readonly #server: Server;
  readonly #options: ListenerOptions;
  readonly #sockets = new Set<Socket>();
  /** Connections that wait for their first or their next request, and since when. */
  readonly #waitingSince = new Map<Socket, number>();
  readonly #sweeper: NodeJS.Timeout;
  readonly #tls: TlsAcceptor | undefined;
  #transport: Transport | undefined;
  #http: HttpServer | undefined;
  #serving = false;
  /** Lines about refusals in the second that began then. */
  #refusalLines = { sinceMs: 0, count: 0, suppressed: 0 };
  #closed: Promise<void> | undefined;

  private constructor(options: ListenerOptions) {
    this.#options = options;
    this.#tls = this.#tlsAcceptor();
    this.#server = createServer({ noDelay: true, allowHalfOpen: false }, (socket) => {
      this.#accept(socket);
    });
    const timeoutMs = options.requestHeadTimeoutMs ?? listenerLimits.requestHeadTimeoutMs;
    this.#sweeper = setInterval(() => {
      this.#sweep(performance.now() - timeoutMs);
    }, timeoutMs / SWEEPS_PER_TIMEOUT);
    this.#sweeper.unref();
    this.#server.maxConnections = options.connectionsMax;
    this.#server.on('drop', () => {
      options.logger.log('warn', 'closed a connection: too many are open', {
        'connections-max': options.connectionsMax,
      });
    });
  }

  /** Takes the address: from now on clients connect, and wait until `serve`. Rejects with the error of the system. */
  static async open(options: ListenerOptions): Promise<Listener> {
    const listener = new Listener(options);
    const { address } = options;
    // A socket file that a killed process left behind is no reason not to start (daemon.md §15.1).
    if ('path' in address) removeStale(address.path);
    const where: ListenOptions =
      'path' in address ? address : { ...address, reusePort: options.reusePort === true };
    await new Promise<void>((resolve, reject) => {
      listener.#server.once('error', (error) => {
        clearInterval(listener.#sweeper);
        reject(error);
      });
      listener.#server.listen(where, () => {
        listener.#server.removeAllListeners('error');
        resolve();
      });
    });
    return listener;
  }

  /** Serves the connections that wait, and those that come. Once. */
  serve(services: ListenerServices): void {
    invariant(!this.#serving, 'a listener is given its services once');
    this.#serving = true;
    this.#transport = services.transport;
    if (services.http !== undefined) this.#http = this.#http1Server(services.http);
    this.#tls?.offer({
      http2: services.transport !== undefined,
      http1: services.http !== undefined,
    });
    for (const socket of this.#sockets) this.#begin(socket);
  }

  /** `127.0.0.1:2379`, `[::1]:2379`, or the path. */
  get address(): string {
    const address: AddressInfo | string | null = this.#server.address();
    if (address === null) return 'closed';
    if (typeof address === 'string') return address;
    const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
    return `${host}:${address.port.toString()}`;
  }

  /** Whether connections are encrypted. */
  get secure(): boolean {
    return this.#tls !== undefined;
  }

  /** The port that was taken; 0 for paths. */
  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /**
   * Accepts no more, lets answers that are under way end, and cuts what is left after `graceMs`. Connections that belong to the
   * transport are its own to stop; they are cut here if it has not. Idempotent.
   */
  close(graceMs = 0): Promise<void> {
    this.#closed ??= this.#close(graceMs);
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    clearInterval(this.#sweeper);
    // Connections between two requests would keep the listener open for minutes.
    this.#sweep(Infinity);
    const cut = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, graceMs);
    await closed;
    clearTimeout(cut);
  }

  /** Ends connections that have been waiting since before a moment. */
  #sweep(beforeMs: number): void {
    for (const [socket, since] of this.#waitingSince) if (since < beforeMs) socket.destroy();
  }

  #accept(socket: Socket): void {
    this.#own(socket);
    if (this.#serving) this.#begin(socket);
  }

  #own(socket: Socket): void {
    this.#sockets.add(socket);
    this.#waitingSince.set(socket, performance.now());
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#waitingSince.delete(socket);
    });
  }

  #begin(socket: Socket): void {
    if (this.#tls === undefined) {
      this.#route(socket);
      return;
    }
    // From here on the acceptor's shorter timeout counts, and then the encrypted socket instead of this one.
    this.#waitingSince.delete(socket);
    this.#tls.accept(socket);
  }

  #tlsAcceptor(): TlsAcceptor | undefined {
    const { tls: settings, handshakeTimeoutMs, logger } = this.#options;
    if (settings === undefined) return undefined;
    return new TlsAcceptor({
      settings,
      logger,
      ...(handshakeTimeoutMs === undefined ? {} : { handshakeTimeoutMs }),
      onSecure: (socket) => {
        this.#own(socket);
        // Between the end of listening and this moment nobody counted it among those that wait.
        if (this.#closed === undefined) this.#route(socket);
        else socket.destroy();
      },
      onRefused: (socket, reason) => {
        this.#logRefusal(socket, reason);
      },
    });
  }

  #route(socket: Socket): void {
    sniff(socket, (protocol) => {
      const transport = this.#transport;
      if (protocol === 'http2' && transport !== undefined) {
        this.#waitingSince.delete(socket);
        transport.accept(socket);
      } else if (protocol === 'http1' && this.#http !== undefined) {
        this.#http.emit('connection', socket);
      } else {
        this.#refuse(socket, protocol);
      }
    });
  }

  /** Never listens itself: connections are handed to it. */
  #http1Server(handler: RequestListener): HttpServer {
    const server = createHttpServer(
      { maxHeaderSize: listenerLimits.http1HeaderBytesMax, keepAlive: true },
      (request, response) => {
        const { socket } = request;
        this.#waitingSince.delete(socket);
        response.once('close', () => {
          if (this.#closed !== undefined) socket.destroySoon();
          else if (!socket.destroyed) this.#waitingSince.set(socket, performance.now());
        });
        handler(request, response);
      },
    );
    return server;
  }

  /** Row B-132: whoever speaks another protocol is told so by the end of the connection, and the operator by one line. */
  #refuse(socket: Socket, protocol: string): void {
    const what = protocol === 'tls' ? 'TLS' : protocol;
    this.#logRefusal(socket, `the client speaks ${what}; this listener does not`);
    socket.destroy();
  }

  #logRefusal(socket: Socket, error: string): void {
    const nowMs = performance.now();
    const { sinceMs, count, suppressed } = this.#refusalLines;
    if (nowMs - sinceMs >= 1000) {
      this.#refusalLines = { sinceMs: nowMs, count: 1, suppressed: 0 };
    } else if (count >= listenerLimits.refusalLinesPerSecondMax) {
      this.#refusalLines.suppressed += 1;
      return;
    } else {
      this.#refusalLines.count += 1;
    }
    const left = this.#refusalLines.count === 1 && suppressed > 0 ? { suppressed } : {};
    const name = socket instanceof TLSSocket ? socket.servername : undefined;
    // Whoever only looks whether the port is open deserves no warning, as in etcd.
    this.#options.logger.log(
      error === 'EOF' ? 'debug' : 'warn',
      `rejected connection on ${this.#options.endpoint ?? 'client'} endpoint`,
      {
        'remote-addr': this.#remoteOf(socket),
        ...(this.#tls === undefined ? {} : { 'server-name': typeof name === 'string' ? name : '' }),
        error,
        ...left,
      },
    );
  }

  /** A connection that is closed already does not tell any more. */
  #remoteOf({ remoteAddress, remotePort }: Socket): string {
    if (remoteAddress !== undefined) return `${remoteAddress}:${String(remotePort)}`;
    return 'path' in this.#options.address ? 'unix' : 'unknown';
  }
}

/** Only a socket is removed: a path that names anything else by mistake keeps what it has. */
function removeStale(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true) unlinkSync(path);
}
