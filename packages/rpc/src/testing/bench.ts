/** What one check works with: a transport on a socket, and three kinds of clients, all ended after the check. */
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect } from 'node:http2';
import type { ClientHttp2Session, ClientSessionOptions } from 'node:http2';
import { createServer as createTlsServer } from 'node:tls';
import { Client, credentials } from '@grpc/grpc-js';
import type { Method, StreamHandler, UnaryHandler } from '../handler.js';
import type { Transport, TransportLimits, TransportOptions } from '../transport.js';
import { FrameSocket } from './frame-socket.js';
import type { SelfSigned } from './self-signed.js';

export type OpenTransport = (options: TransportOptions) => Transport;

/** The service of every check. */
export const testService: string = 'contract.Test';
export const unaryPath: string = `/${testService}/Unary`;
export const serverStreamPath: string = `/${testService}/ServerStream`;
export const bidiPath: string = `/${testService}/Bidi`;

export interface BenchOptions {
  readonly unary?: UnaryHandler;
  readonly serverStream?: StreamHandler;
  readonly bidi?: StreamHandler;
  readonly limits?: Partial<TransportLimits>;
  readonly observe?: TransportOptions['observe'];
  /** The first bytes of each connection are read and put back, as a listener does that looks at them. */
  readonly putBack?: boolean;
}

const defaultLimits: TransportLimits = {
  receiveMessageBytesMax: 2 * 1024 * 1024,
  concurrentStreamsMax: 4_294_967_295,
  bufferedBytesPerCallMax: 64 * 1024,
  keepaliveIntervalMs: 0,
  keepaliveTimeoutMs: 20_000,
  keepaliveMinTimeMs: 0,
};

export class TransportBench {
  /** What handlers threw, in order. */
  readonly handlerErrors: unknown[] = [];
  readonly #open: OpenTransport;
  readonly #tls: SelfSigned | undefined;
  readonly #closers: (() => void)[] = [];
  #server: Server | undefined;
  #transport: Transport | undefined;

  /** With a certificate all connections are TLS. */
  constructor(open: OpenTransport, tls?: SelfSigned) {
    this.#open = open;
    this.#tls = tls;
  }

  get transport(): Transport {
    if (this.#transport === undefined) throw new Error('serve() comes first');
    return this.#transport;
  }

  get port(): number {
    return addressOf(this.#server).port;
  }

  /** Starts the transport on a free port of 127.0.0.1. */
  async serve(options: BenchOptions): Promise<void> {
    const methods: Record<string, Method> = {};
    if (options.unary) methods['Unary'] = { type: 'unary', handler: options.unary };
    if (options.serverStream) {
      const handler = options.serverStream;
      methods['ServerStream'] = { type: 'stream', requestStream: false, handler };
    }
    if (options.bidi) {
      methods['Bidi'] = { type: 'stream', requestStream: true, handler: options.bidi };
    }
    const transport = this.#open({
      services: [{ name: testService, methods }],
      limits: { ...defaultLimits, ...options.limits },
      ...(options.observe === undefined ? {} : { observe: options.observe }),
      onHandlerError: (_path, error) => this.handlerErrors.push(error),
    });
    const accept = (socket: Socket): void => {
      if (options.putBack !== true) {
        transport.accept(socket);
        return;
      }
      socket.once('readable', () => {
        const first: unknown = socket.read();
        if (Buffer.isBuffer(first)) socket.unshift(first);
        transport.accept(socket);
      });
    };
    const server =
      this.#tls === undefined
        ? createServer({ noDelay: true }, accept)
        : createTlsServer({ ...this.#tls, ALPNProtocols: ['h2'], noDelay: true }, accept);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.#server = server;
    this.#transport = transport;
  }

  grpcClient(): Client {
    const tls = this.#tls;
    const secrets =
      tls === undefined
        ? credentials.createInsecure()
        : credentials.createSsl(Buffer.from(tls.cert));
    const client = new Client(`127.0.0.1:${this.port}`, secrets, {
      'grpc.use_local_subchannel_pool': 1,
      // Node refuses an address as the name that TLS asks for.
      ...(tls === undefined ? {} : { 'grpc.ssl_target_name_override': 'localhost' }),
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
    });
    this.#closers.push(() => {
      client.close();
    });
    return client;
  }

  http2(options: ClientSessionOptions = {}): ClientHttp2Session {
    const tls = this.#tls;
    const session =
      tls === undefined
        ? connect(`http://127.0.0.1:${this.port}`, options)
        : connect(`https://127.0.0.1:${this.port}`, { ...options, ca: tls.cert });
    session.on('error', () => undefined);
    this.#closers.push(() => {
      session.destroy();
    });
    return session;
  }

  /** A connection on which every frame is written by hand. */
  async frames(): Promise<FrameSocket> {
    const socket = await FrameSocket.connect(this.port, this.#tls?.cert);
    this.#closers.push(() => {
      socket.destroy();
    });
    return socket;
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0)) close();
    await this.#transport?.stop(0);
    const server = this.#server;
    if (server !== undefined) await new Promise((resolve) => server.close(resolve));
  }
}

function addressOf(server: Server | undefined): AddressInfo {
  const address = server?.address();
  if (typeof address !== 'object' || address === null) throw new Error('serve() comes first');
  return address;
}
