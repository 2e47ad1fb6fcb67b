/** One call over `node:http2`: any headers, any body, and everything that came back. */
import type { ClientHttp2Session, ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';
import { grpcMessage } from './frame-socket.js';

export interface CallResult {
  readonly httpStatus: number | undefined;
  /** From the trailers, or from the headers when there is nothing else. */
  readonly grpcStatus: number | undefined;
  /** Percent-decoded. */
  readonly grpcMessage: string | undefined;
  readonly contentType: string | undefined;
  readonly messages: readonly Uint8Array[];
  readonly resetCode: number;
}

export class Http2Call {
  readonly stream: ClientHttp2Stream;
  /** Resolves when the server has ended the stream, or when it was reset. */
  readonly result: Promise<CallResult>;

  constructor(session: ClientHttp2Session, path: string, headers: OutgoingHttpHeaders = {}) {
    this.stream = session.request(
      {
        ':method': 'POST',
        ':path': path,
        'content-type': 'application/grpc',
        te: 'trailers',
        ...headers,
      },
      { endStream: false },
    );
    this.result = resultOf(this.stream);
  }

  /** Writes bytes as they are. */
  write(bytes: Uint8Array): this {
    this.stream.write(bytes);
    return this;
  }

  message(message: Uint8Array): this {
    return this.write(grpcMessage(message));
  }

  end(): this {
    this.stream.end();
    return this;
  }
}

function resultOf(stream: ClientHttp2Stream): Promise<CallResult> {
  let headers: Readonly<Record<string, unknown>> = {};
  let trailers: Readonly<Record<string, unknown>> = {};
  const chunks: Buffer[] = [];
  stream.on('response', (received) => {
    headers = { ...received };
  });
  stream.on('trailers', (received) => {
    trailers = { ...received };
  });
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('error', () => undefined);
  return new Promise((resolve) => {
    const finish = (): void => {
      const status = trailers['grpc-status'] ?? headers['grpc-status'];
      const message = trailers['grpc-message'] ?? headers['grpc-message'];
      const contentType = headers['content-type'];
      const httpStatus = headers[':status'];
      resolve({
        httpStatus: typeof httpStatus === 'number' ? httpStatus : undefined,
        grpcStatus: typeof status === 'string' ? Number(status) : undefined,
        grpcMessage: typeof message === 'string' ? decodeURIComponent(message) : undefined,
        contentType: typeof contentType === 'string' ? contentType : undefined,
        messages: messagesOf(Buffer.concat(chunks)),
        resetCode: stream.rstCode,
      });
    };
    stream.on('end', finish);
    stream.on('close', finish);
  });
}

function messagesOf(body: Buffer): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (let at = 0; at + 5 <= body.length;) {
    const length = body.readUInt32BE(at + 1);
    messages.push(body.subarray(at + 5, at + 5 + length));
    at += 5 + length;
  }
  return messages;
}
