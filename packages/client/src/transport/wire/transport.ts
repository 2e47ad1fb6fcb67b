/**
 * gRPC over HTTP/2 written on plain sockets: the default transport, for programs that run for milliseconds or make many calls.
 *
 * Loading `node:http2` takes about 20 ms and grpc-js 40, longer than a whole put. This loads in two. It speaks plaintext over TCP and
 * Unix sockets, and TLS through `node:tls`, which it imports only then. What it leaves to grpc-js: proxies, compression,
 * load balancing, channelz.
 */
import type { Socket } from 'node:net';
import type {
  CallOptions,
  Channel,
  ChannelOptions,
  Endpoint,
  StreamCall,
  Transport,
} from '../port.js';
import { connectionError } from '../connection-error.js';
import { GrpcCode, StatusError } from '../status-error.js';
import { Call, type RequestHead } from './call.js';
import { Http2Connection } from './connection.js';
import { KeepAlive } from './keep-alive.js';
import { Outbox } from './outbox.js';
import { PulledStream } from '../pulled-stream.js';

/** Pause before connecting again: doubles from the first to the last, give or take a fifth (gRPC's connection-backoff has 1 s to 120 s; a command has 5 s). */
const backoffFirstMs = 100;
const backoffLastMs = 5_000;
/** Longest wait for TCP, TLS and the server's SETTINGS together. */
const connectMsMax = 20_000;

export const wireTransport: Transport = {
  channel: (endpoint, options) => new WireChannel(endpoint, options),
};

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'connecting'; readonly socket: Socket | undefined }
  | { readonly kind: 'waiting'; readonly timer: NodeJS.Timeout }
  | { readonly kind: 'ready'; readonly connection: Http2Connection; readonly socket: Socket }
  | { readonly kind: 'closed' };

interface Waiter {
  resolve(): void;
  reject(reason: unknown): void;
}

class WireChannel implements Channel {
  readonly endpoint: Endpoint;
  readonly #options: ChannelOptions;
  #state: State = { kind: 'idle' };
  #lastError: Error | undefined;
  #failures = 0;
  readonly #waiters = new Set<Waiter>();
  /** Of every socket that is open, also of servers that are going away while their last calls finish. */
  readonly #connections = new Map<Socket, Http2Connection>();
  readonly #heads = new Map<string, RequestHead>();

  constructor(endpoint: Endpoint, options: ChannelOptions) {
    this.endpoint = endpoint;
    this.#options = options;
  }

  get isReady(): boolean {
    return this.#state.kind === 'ready' && this.#state.connection.isOpen;
  }

  get lastError(): Error | undefined {
    return this.#lastError;
  }

  whenReady(signal: AbortSignal): Promise<void> {
    if (this.isReady) return Promise.resolve();
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    if (this.#state.kind === 'closed') return Promise.reject(closedError());
    return new Promise((resolve, reject) => {
      const settle = (action: () => void): void => {
        this.#waiters.delete(waiter);
        signal.removeEventListener('abort', onAbort);
        action();
      };
      const waiter: Waiter = {
        resolve: () => {
          settle(resolve);
        },
        reject: (reason) => {
          settle(() => {
            reject(asError(reason));
          });
        },
      };
      const onAbort = (): void => {
        waiter.reject(signal.reason);
        this.#stopWaiting();
      };
      signal.addEventListener('abort', onAbort);
      this.#waiters.add(waiter);
      if (this.#state.kind === 'idle') this.#connect();
    });
  }

  /** Nobody waits any more: no further attempts. */
  #stopWaiting(): void {
    if (this.#waiters.size > 0 || this.#state.kind !== 'waiting') return;
    clearTimeout(this.#state.timer);
    this.#state = { kind: 'idle' };
  }

  #connect(): void {
    this.#state = { kind: 'connecting', socket: undefined };
    openSocket(this.endpoint, this.#options).then(
      (socket) => {
        if (this.#state.kind !== 'connecting') socket.destroy();
        else this.#attach(socket);
      },
      (error: unknown) => {
        if (this.#state.kind === 'connecting') this.#failed(asError(error));
      },
    );
  }

  /** The socket exists (and may still be connecting). */
  #attach(socket: Socket): void {
    this.#state = { kind: 'connecting', socket };
    socket.setNoDelay(true);
    socket.setTimeout(connectMsMax, () => {
      socket.destroy(new Error(`no HTTP/2 settings within ${connectMsMax} ms`));
    });
    let keepAlive: KeepAlive | undefined;
    const outbox = new Outbox((bytes) => {
      if (socket.writable) socket.write(bytes);
    });
    const connection = new Http2Connection(
      (bytes) => {
        outbox.push(bytes);
      },
      {
        ready: () => {
          socket.setTimeout(0);
          keepAlive = new KeepAlive(this.#options, connection, (error) => socket.destroy(error));
          this.#ready(connection, socket);
        },
        draining: () => {
          this.#forget(connection);
        },
        drained: () => {
          socket.destroySoon();
        },
        failed: (reason) => {
          outbox.flush(); // GOAWAY
          socket.destroy(reason);
        },
      },
    );
    this.#connections.set(socket, connection);
    let reason: Error | undefined;
    socket.on('data', (chunk: Buffer) => {
      keepAlive?.heard();
      connection.receive(chunk);
    });
    socket.on('error', (error: Error) => {
      reason ??= error;
    });
    socket.on('close', () => {
      reason ??= new Error('connection closed by the server');
      keepAlive?.stop();
      this.#connections.delete(socket);
      connection.end(reason);
      this.#lost(connection, socket, reason);
    });
    connection.start();
  }

  #ready(connection: Http2Connection, socket: Socket): void {
    this.#state = { kind: 'ready', connection, socket };
    this.#failures = 0;
    this.#lastError = undefined;
    this.#options.onState?.({ kind: 'connected' });
    for (const waiter of [...this.#waiters]) waiter.resolve();
  }

  /** Takes no new streams: those that are open finish on the old connection, new calls need another. */
  #forget(connection: Http2Connection): void {
    if (this.#state.kind !== 'ready' || this.#state.connection !== connection) return;
    this.#state = { kind: 'idle' };
    if (this.#waiters.size > 0) this.#connect();
  }

  #lost(connection: Http2Connection, socket: Socket, reason: Error): void {
    if (this.#state.kind === 'ready' && this.#state.connection === connection) {
      this.#lastError = connectionError(reason);
      this.#state = { kind: 'idle' };
      this.#options.onState?.({ kind: 'disconnected', error: this.#lastError });
      if (this.#waiters.size > 0) this.#connect();
    } else if (this.#state.kind === 'connecting' && this.#state.socket === socket) {
      this.#failed(reason);
    }
  }

  #failed(error: Error): void {
    const reason = connectionError(error);
    this.#lastError = reason;
    this.#options.onState?.({ kind: 'failed', error: reason });
    // Somebody listens and hangs up before HTTP/2 begins: does he want TLS, or not know it?
    if (reason.code === undefined) this.#explain(reason);
    if (this.#waiters.size === 0) {
      this.#state = { kind: 'idle' };
      return;
    }
    const { random = Math.random } = this.#options;
    const pauseMs = Math.min(backoffLastMs, backoffFirstMs * 2 ** this.#failures);
    this.#failures += 1;
    const timer = setTimeout(
      () => {
        this.#connect();
      },
      pauseMs * (0.8 + 0.4 * random()),
    );
    this.#state = { kind: 'waiting', timer };
  }

  /** Replaces the reason by a better one, if there is one and it still matters. */
  #explain(reason: Error): void {
    const explain = async (): Promise<void> => {
      const { probe } = await import('../probe.js');
      const better = await probe(this.endpoint, this.#options.tls);
      if (better?.code === undefined || this.#lastError !== reason) return;
      this.#lastError = better;
      this.#options.onState?.({ kind: 'failed', error: better });
    };
    explain().catch(() => undefined);
  }

  unary(method: string, request: Uint8Array, options: CallOptions): Promise<Uint8Array> {
    const connection = this.#open();
    if (connection === undefined) return Promise.reject(notReady(this.endpoint));
    if (options.signal.aborted) return Promise.reject(options.signal.reason as Error);
    return new Promise((resolve, reject) => {
      let answer: Uint8Array | undefined;
      const call = new Call(this.#target(connection), method, options, request, true, {
        message: (bytes) => {
          answer ??= bytes;
        },
        end: (error) => {
          options.signal.removeEventListener('abort', onAbort);
          if (error !== undefined) reject(error);
          else if (answer !== undefined) resolve(answer);
          else reject(new StatusError(GrpcCode.internal, 'server answered without a message'));
        },
      });
      const onAbort = (): void => {
        call.cancel();
        reject(options.signal.reason as Error);
      };
      options.signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  stream(method: string, options: CallOptions): StreamCall {
    const connection = this.#open();
    if (connection === undefined) throw notReady(this.endpoint);
    if (options.signal.aborted) throw options.signal.reason as Error;
    const pulled = new PulledStream(options.signal, {
      send: (message) => {
        call.send(message);
      },
      finish: () => {
        call.finish();
      },
      cancel: () => {
        call.cancel();
      },
      consumed: (message) => {
        call.consumed(message);
      },
    });
    const call = new Call(this.#target(connection), method, options, undefined, false, pulled);
    return pulled;
  }

  #open(): Http2Connection | undefined {
    return this.#state.kind === 'ready' && this.#state.connection.isOpen
      ? this.#state.connection
      : undefined;
  }

  #target(connection: Http2Connection): ConstructorParameters<typeof Call>[0] {
    return {
      connection,
      authority: this.endpoint.authority,
      secure: this.endpoint.secure,
      receiveBytesMax: this.#options.receiveBytesMax,
      heads: this.#heads,
    };
  }

  close(): void {
    const state = this.#state;
    if (state.kind === 'closed') return;
    this.#state = { kind: 'closed' };
    for (const waiter of [...this.#waiters]) waiter.reject(closedError());
    if (state.kind === 'waiting') clearTimeout(state.timer);
    for (const [socket, connection] of this.#connections) {
      connection.end(closedError());
      // What was written may still arrive; what the peer does not take would hold the process.
      const isReady = state.kind === 'ready' && state.socket === socket;
      if (isReady && socket.writableLength === 0) socket.destroySoon();
      else socket.destroy();
    }
  }
}

async function openSocket(endpoint: Endpoint, options: ChannelOptions): Promise<Socket> {
  const where =
    endpoint.address.kind === 'unix'
      ? { path: endpoint.address.path }
      : { host: endpoint.address.host, port: endpoint.address.port };
  if (!endpoint.secure) return process.getBuiltinModule('node:net').connect(where);
  const { connectTls } = await import('./tls.js');
  return connectTls(where, endpoint, options.tls);
}

function notReady(endpoint: Endpoint): StatusError {
  return new StatusError(GrpcCode.unavailable, `no connection to ${endpoint.text}`, {
    unprocessed: true,
  });
}

function closedError(): StatusError {
  return new StatusError(GrpcCode.cancelled, 'the client is closed');
}

function asError(value: unknown): Error {
  return value instanceof Error ? value : new Error(String(value));
}
