/** Two clients of Node that share nothing above the socket: grpc-js, and gRPC written by hand over node:http2. Bytes in, bytes out. */
import { connect } from 'node:http2';
import type { ClientHttp2Stream } from 'node:http2';
import { Client, Metadata, credentials } from '@grpc/grpc-js';

export interface OpenStream {
  write(message: Uint8Array): void;
  cancel(): void;
}

/** One connection. */
export interface NodeClient {
  /** Rejects when the status is not OK. */
  unary(path: string, request: Uint8Array): Promise<Uint8Array>;
  open(path: string, onMessage: (message: Uint8Array) => void): OpenStream;
  close(): void;
}

/** `authority` in PEM; without one the connection is plain. */
export type ConnectNodeClient = (address: string, authority?: Buffer) => NodeClient;

const asTheyAre = (bytes: Uint8Array): Buffer => Buffer.from(bytes);

export const grpcJsClient: ConnectNodeClient = (address, authority) => {
  const secrets =
    authority === undefined ? credentials.createInsecure() : credentials.createSsl(authority);
  const client = new Client(address, secrets, {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
    // Node 26 refuses the address that grpc-js would send as the server's name.
    ...(authority === undefined ? {} : { 'grpc.ssl_target_name_override': 'localhost' }),
  });
  return {
    unary: (path, request) =>
      new Promise((resolve, reject) => {
        const metadata = new Metadata();
        client.makeUnaryRequest(
          path,
          asTheyAre,
          asTheyAre,
          request,
          metadata,
          (error, response) => {
            if (error === null && response !== undefined) resolve(response);
            else reject(error ?? new Error(`${path}: no response`));
          },
        );
      }),
    open(path, onMessage) {
      const call = client.makeBidiStreamRequest(path, asTheyAre, asTheyAre);
      call.on('data', onMessage);
      // A stream ends by being cancelled.
      call.on('error', () => undefined);
      return {
        write: (message) => void call.write(message),
        cancel: () => {
          call.cancel();
        },
      };
    },
    close: () => {
      client.close();
    },
  };
};

function framed(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function onMessages(stream: ClientHttp2Stream, onMessage: (message: Uint8Array) => void): void {
  let chunks: Buffer[] = [];
  let [length, wanted] = [0, 5];
  stream.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
    while (length >= wanted) {
      const bytes = Buffer.concat(chunks);
      wanted = 5 + bytes.readUInt32BE(1);
      if (length < wanted) {
        chunks = [bytes];
        return;
      }
      onMessage(bytes.subarray(5, wanted));
      chunks = [bytes.subarray(wanted)];
      length -= wanted;
      wanted = 5;
    }
  });
}

export const http2Client: ConnectNodeClient = (address, authority) => {
  const session =
    authority === undefined
      ? connect(`http://${address}`)
      : connect(`https://${address}`, { ca: authority, servername: 'localhost' });
  const request = (path: string): ClientHttp2Stream => {
    const headers = { 'content-type': 'application/grpc', te: 'trailers' };
    const stream = session.request({ ':method': 'POST', ':path': path, ...headers });
    stream.on('error', () => undefined);
    return stream;
  };
  return {
    unary: (path, message) =>
      new Promise((resolve, reject) => {
        const stream = request(path);
        let response: Uint8Array | undefined;
        let status: unknown;
        onMessages(stream, (received) => {
          response = received;
        });
        const read = (headers: Readonly<Record<string, unknown>>): void => {
          status = headers['grpc-status'] ?? status;
        };
        stream.on('response', read);
        stream.on('trailers', read);
        stream.on('close', () => {
          if (status === '0' && response !== undefined) resolve(response);
          else reject(new Error(`${path}: status ${String(status)}`));
        });
        stream.end(framed(message));
      }),
    open(path, onMessage) {
      const stream = request(path);
      onMessages(stream, onMessage);
      return {
        write: (message) => void stream.write(framed(message)),
        cancel: () => {
          stream.close();
        },
      };
    },
    close: () => {
      session.destroy();
    },
  };
};
