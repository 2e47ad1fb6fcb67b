/** Calls of gRPC methods over `node:http2`: what the measurements ask and set up beside the load. */
import { connect, constants } from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import type { BidiMethod, ServerStreamMethod, UnaryMethod } from '@kv/proto';

const headBytes = 5;
const windowBytes = 16 * 1024 * 1024;

/** A message with the five bytes before it that gRPC puts there: not compressed, length. */
export function framed(message: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(headBytes + message.length);
  bytes.writeUInt8(0, 0);
  bytes.writeUInt32BE(message.length, 1);
  bytes.set(message, headBytes);
  return bytes;
}

/** Cuts what arrives on a stream into messages. */
class MessageCutter {
  #chunks: Buffer[] = [];
  #length = 0;
  #wanted = headBytes;

  take(chunk: Buffer, onMessage: (message: Buffer) => void): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#length < this.#wanted) return;
    let bytes = Buffer.concat(this.#chunks);
    for (;;) {
      this.#wanted = bytes.length < headBytes ? headBytes : headBytes + bytes.readUInt32BE(1);
      if (bytes.length < this.#wanted) break;
      onMessage(bytes.subarray(headBytes, this.#wanted));
      bytes = bytes.subarray(this.#wanted);
    }
    this.#chunks = [bytes];
    this.#length = bytes.length;
  }
}

/** One call under way: messages go in by `send` and come out by the callback; `ended` settles with the status. */
export interface Call {
  send(message: Uint8Array): void;
  /** No more messages from this side. */
  finish(): void;
  readonly ended: Promise<void>;
}

export class RpcClient {
  readonly #session: ClientHttp2Session;
  #failure: Error | undefined;

  /** `endpoint` is host:port; the connection is made at once. */
  constructor(endpoint: string) {
    this.#session = connect(`http://${endpoint}`, {
      settings: { initialWindowSize: windowBytes },
    });
    this.#session.on('error', (error: Error) => {
      this.#failure = error;
    });
    this.#session.once('connect', () => {
      this.#session.setLocalWindowSize(windowBytes * 4);
    });
  }

  /** Rejects when the status is not OK. */
  async unary<Request, Response>(
    method: UnaryMethod<Request, Response>,
    request: Request,
  ): Promise<Response> {
    return method.response.decode(await this.unaryBytes(method, request));
  }

  /** The bytes of the response, for callers that need no object of it. */
  async unaryBytes<Request>(
    method: UnaryMethod<Request, unknown>,
    request: Request,
  ): Promise<Buffer> {
    let response: Buffer | undefined;
    const call = this.open(method.path, (message) => {
      response = message;
    });
    call.send(method.request.encode(request));
    call.finish();
    await call.ended;
    if (response === undefined) throw new Error(`${method.path}: a status, but no response`);
    return response;
  }

  async serverStream<Request>(
    method: ServerStreamMethod<Request, unknown>,
    request: Request,
    onMessage: (message: Buffer) => void,
  ): Promise<void> {
    const call = this.open(method.path, onMessage);
    call.send(method.request.encode(request));
    call.finish();
    await call.ended;
  }

  bidi<Request, Response>(
    method: BidiMethod<Request, Response>,
    onResponse: (response: Response) => void,
  ): { send(request: Request): void; readonly ended: Promise<void> } {
    const call = this.open(method.path, (message) => {
      onResponse(method.response.decode(message));
    });
    return {
      send: (request) => {
        call.send(method.request.encode(request));
      },
      ended: call.ended,
    };
  }

  open(path: string, onMessage: (message: Buffer) => void): Call {
    if (this.#failure !== undefined) throw this.#failure;
    const stream = this.#session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const cutter = new MessageCutter();
    stream.on('data', (chunk: Buffer) => {
      cutter.take(chunk, onMessage);
    });
    return {
      send: (message) => stream.write(framed(message)),
      finish: () => stream.end(),
      ended: ending(stream, path),
    };
  }

  /** Ends the connection and every call on it. */
  close(): void {
    this.#session.destroy();
  }
}

function ending(stream: ClientHttp2Stream, path: string): Promise<void> {
  let status: unknown;
  let message: unknown;
  const read = (headers: Readonly<Record<string, unknown>>): void => {
    status = headers['grpc-status'] ?? status;
    message = headers['grpc-message'] ?? message;
  };
  stream.on('response', read);
  stream.on('trailers', read);
  const ended = new Promise<void>((resolve, reject) => {
    stream.once('error', reject);
    stream.once('close', () => {
      if (status === '0') resolve();
      else reject(new Error(`${path}: status ${String(status)}, ${String(message)}`));
    });
  });
  // Whoever opened the call awaits it; one that ends with its connection is nobody's surprise.
  ended.catch(() => undefined);
  return ended;
}
