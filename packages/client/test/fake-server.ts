/** A gRPC server in this process whose methods the test writes; and sockets that misbehave. */
import * as grpc from '@grpc/grpc-js';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export type UnaryHandler = (
  request: Uint8Array,
  metadata: ReadonlyMap<string, string>,
) => Promise<Uint8Array> | Uint8Array;
export type StreamHandler = (call: grpc.ServerDuplexStream<Uint8Array, Uint8Array>) => void;

export interface FakeServer extends AsyncDisposable {
  readonly endpoint: string;
}

const identity = (bytes: Uint8Array): Buffer => Buffer.from(bytes);

/** Paths to handlers. A handler throws `{ code, details }` to fail. `address` as grpc-js takes it: `[::1]:0`, `unix:/path`. */
export async function fakeServer(
  unary: Readonly<Record<string, UnaryHandler>>,
  streams: Readonly<Record<string, StreamHandler>> = {},
  credentials: grpc.ServerCredentials = grpc.ServerCredentials.createInsecure(),
  address = '127.0.0.1:0',
): Promise<FakeServer> {
  const server = new grpc.Server({ 'grpc.max_receive_message_length': -1 });
  const base = {
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  };
  for (const [path, handler] of Object.entries(unary)) {
    const definition = { [path]: { path, requestStream: false, responseStream: false, ...base } };
    server.addService(definition, {
      [path]: (
        call: grpc.ServerUnaryCall<Uint8Array, Uint8Array>,
        done: grpc.sendUnaryData<Uint8Array>,
      ) => {
        const metadata = new Map(
          Object.entries(call.metadata.getMap()).map(([name, value]) => [name, value.toString()]),
        );
        Promise.resolve()
          .then(() => handler(call.request, metadata))
          .then(
            (answer) => {
              done(null, answer);
            },
            (error: unknown) => {
              done(error as grpc.ServiceError);
            },
          );
      },
    });
  }
  for (const [path, handler] of Object.entries(streams)) {
    const definition = { [path]: { path, requestStream: true, responseStream: true, ...base } };
    server.addService(definition, { [path]: handler });
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, credentials, (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return {
    endpoint: address.replace(/:0$/, `:${port}`),
    [Symbol.asyncDispose]: () => {
      server.forceShutdown();
      return Promise.resolve();
    },
  };
}

/** What gRPC calls fail with in a handler. */
export class Failure extends Error {
  readonly code: number;
  readonly details: string;

  constructor(code: number, details: string) {
    super(details);
    this.code = code;
    this.details = details;
  }
}

/** A TCP server that does with each connection what the test says. */
export async function socketServer(onConnection: (socket: Socket) => void): Promise<FakeServer> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
