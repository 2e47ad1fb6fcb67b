/** Makes calls of the header blocks of one connection, or the answers that refuse them. */
import type { DecodedBlock } from '../hpack/decoder.js';
import { RpcCode } from '../errors.js';
import type { Connection, RequestSink } from '../http2/connection.js';
import { ErrorCode } from '../http2/frame.js';
import type { Http2Stream } from '../http2/stream.js';
import { checkFields, parseRequestHead } from './request-head.js';
import type { RequestHead } from './request-head.js';
import type { Routes } from './routes.js';
import { RefusedStream, deadlineExceeded } from './server-call.js';
import type { CallContext } from './server-call.js';
import { StreamServerCall } from './stream-server-call.js';
import { UnaryServerCall } from './unary-server-call.js';

/** What header blocks ask for; all connections of a transport may share it. */
export class RequestHeads {
  readonly #routes: Routes;
  /** By the decoded block, which is the same array for a client that repeats itself. */
  readonly #known = new WeakMap<NonNullable<DecodedBlock>, RequestHead>();

  constructor(routes: Routes) {
    this.#routes = routes;
  }

  of(fields: NonNullable<DecodedBlock>): RequestHead {
    const known = this.#known.get(fields);
    if (known !== undefined) return known;
    const head = parseRequestHead(fields, this.#routes);
    this.#known.set(fields, head);
    return head;
  }
}

export class Dispatcher implements RequestSink {
  readonly #heads: RequestHeads;
  readonly #context: CallContext;

  constructor(heads: RequestHeads, context: CallContext) {
    this.#heads = heads;
    this.#context = context;
  }

  openStream(connection: Connection, id: number, fields: DecodedBlock): Http2Stream | undefined {
    if (fields === undefined) {
      // grpc-go answers a header list over its limit in the same way.
      connection.resetForPeer(id, ErrorCode.frameSizeError);
      return undefined;
    }
    const head = this.#heads.of(fields);
    switch (head.type) {
      case 'malformed':
        connection.resetForPeer(id, ErrorCode.protocolError);
        return undefined;
      case 'refused':
        return refuse(connection, id, head.httpStatus, head.code, head.message);
      case 'call':
        return this.#call(connection, id, head);
    }
  }

  checkTrailers(fields: DecodedBlock): string | undefined {
    return fields === undefined ? 'trailers over the limit' : checkFields(fields, true);
  }

  #call(connection: Connection, id: number, head: RequestHead & { type: 'call' }): Http2Stream {
    const { timeoutMs, route } = head;
    if (timeoutMs !== undefined && timeoutMs <= 0) {
      return refuse(connection, id, 200, RpcCode.deadlineExceeded, deadlineExceeded);
    }
    const deadlineMs = timeoutMs === undefined ? undefined : connection.nowMs + timeoutMs;
    const { method } = route;
    return method.type === 'unary'
      ? new UnaryServerCall(connection, id, this.#context, head, deadlineMs, method.handler)
      : new StreamServerCall(connection, id, this.#context, head, deadlineMs, method);
  }
}

function refuse(
  connection: Connection,
  id: number,
  httpStatus: number,
  code: RpcCode,
  message: string,
): Http2Stream {
  const stream = new RefusedStream(connection, id);
  connection.sender.refuse(stream, httpStatus, { code, message });
  return stream;
}
