/** `Transport` by way of `@grpc/grpc-js`: the second transport, which keeps ours honest. DESIGN.md says how it is attached. */
import type { Duplex } from 'node:stream';
import { Server, ServerCredentials, ServerInterceptingCall } from '@grpc/grpc-js';
import type { ConnectionInjector, ServerInterceptor } from '@grpc/grpc-js';
import type { CallType, Method, Transport, TransportOptions } from '@kv/rpc';
import { invariant } from '../invariant.js';
import { GrpcJsStreamCall, GrpcJsUnaryCall } from './grpc-js-call.js';
import type { MethodContext } from './grpc-js-call.js';
import { unimplementedStatus } from './grpc-js-status.js';

interface Registered {
  readonly method: Method;
  readonly context: MethodContext;
}

/** grpc-js copies messages with methods of Buffer; handlers give plain arrays. */
const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const asBytes = (bytes: Buffer): Uint8Array => bytes;

/** The interceptor answers every call, so what grpc-js has registered never runs. */
const neverCalled = (): void => undefined;

/** Which of its kinds metrics call a method. We have no method whose client alone streams; it would be reported as both. */
function callType(method: Method): CallType {
  if (method.type === 'unary') return 'unary';
  return method.requestStream ? 'bidi_stream' : 'server_stream';
}

function registerAll(options: TransportOptions): Map<string, Registered> {
  const table = new Map<string, Registered>();
  for (const service of options.services) {
    for (const [name, method] of Object.entries(service.methods)) {
      const path = `/${service.name}/${name}`;
      const context: MethodContext = {
        path,
        observer: options.observe?.(service.name, name, callType(method)),
        bufferedBytesMax: options.limits.bufferedBytesPerCallMax,
        onHandlerError: options.onHandlerError,
      };
      table.set(path, { method, context });
    }
  }
  return table;
}

function takeOver(options: TransportOptions): ServerInterceptor {
  const table = registerAll(options);
  const serviceNames = new Set(options.services.map((service) => service.name));
  return (definition, wire) =>
    new ServerInterceptingCall(wire, {
      // `next` would hand the call to grpc-js's own streams; it is not called.
      start() {
        const found = table.get(definition.path);
        if (found === undefined) {
          wire.sendStatus(unimplementedStatus(definition.path, (name) => serviceNames.has(name)));
          return;
        }
        const { method, context } = found;
        if (method.type === 'unary') {
          new GrpcJsUnaryCall(wire, context, method.handler).serve();
        } else {
          new GrpcJsStreamCall(wire, context, method.handler, method.requestStream).serve();
        }
      },
    });
}

function serverOf(options: TransportOptions): Server {
  const { limits } = options;
  const server = new Server({
    'grpc.enable_channelz': 0,
    'grpc.max_receive_message_length': limits.receiveMessageBytesMax,
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': limits.concurrentStreamsMax,
    'grpc.keepalive_time_ms': limits.keepaliveIntervalMs,
    'grpc.keepalive_timeout_ms': limits.keepaliveTimeoutMs,
    interceptors: [takeOver(options)],
  });
  for (const service of options.services) {
    for (const name of Object.keys(service.methods)) {
      server.register(`/${service.name}/${name}`, neverCalled, asBuffer, asBytes, 'bidi');
    }
  }
  // An unknown path gets a handler too, so that the interceptor can answer it in etcd's words.
  answerUnknownPaths(server);
  return server;
}

function answerUnknownPaths(server: Server): void {
  const handlers: unknown = Reflect.get(server, 'handlers');
  invariant(handlers instanceof Map, 'grpc-js keeps its handlers in a map');
  const find: (path: string) => unknown = handlers.get.bind(handlers);
  handlers.get = (path: string): unknown =>
    find(path) ?? {
      func: neverCalled,
      serialize: asBuffer,
      deserialize: asBytes,
      type: 'bidi',
      path,
    };
}

class GrpcJsTransport implements Transport {
  readonly #injector: ConnectionInjector;
  readonly #sockets = new Set<Duplex>();
  readonly #whenEmpty: (() => void)[] = [];
  #stopping = false;

  constructor(options: TransportOptions) {
    this.#injector = serverOf(options).createConnectionInjector(ServerCredentials.createInsecure());
  }

  accept(socket: Duplex): void {
    if (this.#stopping) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    // A reset connection ends its session; there is nobody left to tell.
    socket.on('error', neverCalled);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      if (this.#sockets.size === 0) for (const resolve of this.#whenEmpty.splice(0)) resolve();
    });
    this.#injector.injectConnection(socket);
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    if (this.#sockets.size === 0) return;
    const empty = new Promise<void>((resolve) => this.#whenEmpty.push(resolve));
    this.#injector.drain(graceMs);
    const cut = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, graceMs);
    await empty;
    clearTimeout(cut);
  }
}

/** A transport that serves these services through grpc-js. */
export function grpcJsTransport(options: TransportOptions): Transport {
  return new GrpcJsTransport(options);
}
