/** One gRPC call on one HTTP/2 stream: request headers, messages, and how response headers and trailers become a status. */
import type { CallOptions } from '../port.js';
import { GrpcCode, StatusError } from '../status-error.js';
import type { Http2Connection } from './connection.js';
import { ErrorCode } from './frame.js';
import { encodeHeaders, type HeaderField } from './hpack.js';
import { MessageReader, frameMessage } from './message.js';
import type { Stream, StreamEvents } from './stream.js';

/** What becomes of a call; the implementation is a unary call or a stream. */
export interface CallSink {
  message(bytes: Uint8Array): void;
  /** The last thing: `undefined` is status OK. */
  end(error: StatusError | undefined): void;
}

/** Where a call goes, and what all calls that go there have in common. */
export interface CallTarget {
  readonly connection: Http2Connection;
  readonly authority: string;
  readonly secure: boolean;
  readonly receiveBytesMax: number;
  /** As many as the API has methods. */
  readonly heads: Map<string, RequestHead>;
}

/** Encoded headers: those that all calls of a method share, and all those of its last call, which often are those of the next. */
export interface RequestHead {
  readonly shared: Uint8Array;
  readonly timeout: string | undefined;
  readonly metadata: CallOptions['metadata'];
  readonly block: Uint8Array;
}

const userAgent = 'grpc-node-kv/0.1.0';

/** HTTP/2 errors as gRPC codes (grpc PROTOCOL-HTTP2, "Errors"). */
const codeOfReset: ReadonlyMap<number, number> = new Map([
  [ErrorCode.refusedStream, GrpcCode.unavailable],
  [ErrorCode.cancel, GrpcCode.cancelled],
  [ErrorCode.enhanceYourCalm, GrpcCode.resourceExhausted],
  [ErrorCode.inadequateSecurity, GrpcCode.permissionDenied],
]);
/** HTTP statuses of answers without a gRPC status, from proxies mostly (grpc http-grpc-status-mapping). */
const codeOfHttp: ReadonlyMap<string, number> = new Map([
  ['400', GrpcCode.internal],
  ['401', GrpcCode.unauthenticated],
  ['403', GrpcCode.permissionDenied],
  ['404', GrpcCode.unimplemented],
  ['429', GrpcCode.unavailable],
  ['502', GrpcCode.unavailable],
  ['503', GrpcCode.unavailable],
  ['504', GrpcCode.unavailable],
]);

/** A call in progress. The sink hears `end` exactly once; after `cancel` it hears nothing. */
export class Call implements StreamEvents {
  readonly #sink: CallSink;
  readonly #reader: MessageReader;
  readonly #stream: Stream;
  readonly #autoCredit: boolean;
  #httpStatus = '';
  #isEnded = false;

  /** `autoCredit` false: the window of a message is given back by `credit`, when somebody has read it. */
  constructor(
    target: CallTarget,
    method: string,
    options: CallOptions,
    request: Uint8Array | undefined,
    autoCredit: boolean,
    sink: CallSink,
  ) {
    this.#sink = sink;
    this.#autoCredit = autoCredit;
    this.#reader = new MessageReader(target.receiveBytesMax);
    const body = request === undefined ? undefined : frameMessage(request);
    const block = requestBlock(target, method, options);
    this.#stream = target.connection.open(block, body, body !== undefined, this);
  }

  send(message: Uint8Array): void {
    if (!this.#isEnded) this.#stream.send(frameMessage(message), false);
  }

  finish(): void {
    if (!this.#isEnded) this.#stream.send(new Uint8Array(0), true);
  }

  credit(bytes: number): void {
    if (!this.#isEnded) this.#stream.credit(bytes);
  }

  cancel(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#stream.reset(ErrorCode.cancel);
  }

  #end(error: StatusError | undefined): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#sink.end(error);
  }

  headers(fields: readonly HeaderField[], endStream: boolean): void {
    for (const [name, value] of fields) if (name === ':status') this.#httpStatus = value;
    // 1xx are announcements; the answer is still to come.
    if (!endStream && (this.#httpStatus === '200' || this.#httpStatus.startsWith('1'))) return;
    if (!endStream) this.#stream.reset(ErrorCode.cancel);
    this.#end(this.#status(fields));
  }

  #status(fields: readonly HeaderField[]): StatusError | undefined {
    const status = fields.find(([name]) => name === 'grpc-status')?.[1];
    const message = fields.find(([name]) => name === 'grpc-message')?.[1] ?? '';
    if (status === undefined) {
      const code = codeOfHttp.get(this.#httpStatus) ?? GrpcCode.unknown;
      return new StatusError(
        code,
        `unexpected HTTP status code received from server: ${this.#httpStatus}`,
      );
    }
    if (status === '0') {
      return this.#reader.isInside
        ? new StatusError(GrpcCode.internal, 'stream ended inside a message')
        : undefined;
    }
    const code = /^[0-9]{1,9}$/.test(status) ? Number(status) : GrpcCode.unknown;
    return new StatusError(code, decodeMessage(message));
  }

  data(bytes: Uint8Array, endStream: boolean): void {
    if (this.#isEnded) return;
    try {
      const messages = this.#reader.push(bytes);
      // A message in pieces must not starve for window: its bytes are credited at once, whole ones when they are read.
      if (!endStream && (this.#autoCredit || messages.length === 0))
        this.#stream.credit(bytes.length);
      else if (!endStream) this.#creditDifference(bytes.length, messages);
      for (const message of messages) this.#sink.message(message);
    } catch (error) {
      this.#stream.reset(ErrorCode.cancel);
      this.#end(
        error instanceof StatusError ? error : new StatusError(GrpcCode.internal, String(error)),
      );
      return;
    }
    if (endStream)
      this.#end(
        new StatusError(GrpcCode.internal, 'server closed the stream without sending trailers'),
      );
  }

  /** Of a chunk that completed messages, everything but those messages is credited now (at least nothing). */
  #creditDifference(received: number, messages: readonly Uint8Array[]): void {
    let held = 0;
    for (const message of messages) held += message.length;
    if (received > held) this.#stream.credit(received - held);
    else if (held > received) this.#overCredited += held - received;
  }

  /** Bytes of messages whose window went back before they were whole; not to be given twice. */
  #overCredited = 0;

  /** A message was read by the caller. */
  consumed(message: Uint8Array): void {
    const due = message.length - this.#overCredited;
    this.#overCredited = Math.max(0, -due);
    if (due > 0) this.credit(due);
  }

  reset(errorCode: number): void {
    const code = codeOfReset.get(errorCode) ?? GrpcCode.internal;
    this.#end(
      new StatusError(code, `stream terminated by RST_STREAM with error code: ${errorCode}`, {
        unprocessed: errorCode === ErrorCode.refusedStream,
        isLocal: true,
      }),
    );
  }

  closed(reason: Error, unprocessed: boolean): void {
    if (reason instanceof StatusError) {
      this.#end(reason);
      return;
    }
    this.#end(
      new StatusError(GrpcCode.unavailable, reason.message, { cause: reason, unprocessed }),
    );
  }
}

function requestBlock(target: CallTarget, method: string, options: CallOptions): Uint8Array {
  const timeout = options.timeoutMs === undefined ? undefined : grpcTimeout(options.timeoutMs);
  const { metadata } = options;
  const known = target.heads.get(method);
  if (known?.timeout === timeout && known?.metadata === metadata) return known.block;
  const shared = known?.shared ?? encodeHeaders(sharedFields(target, method));
  const own: HeaderField[] = timeout === undefined ? [] : [['grpc-timeout', timeout]];
  own.push(...metadata);
  const block = Buffer.concat([shared, encodeHeaders(own)]);
  target.heads.set(method, { shared, timeout, metadata, block });
  return block;
}

function sharedFields(target: CallTarget, method: string): readonly HeaderField[] {
  return [
    [':method', 'POST'],
    [':scheme', target.secure ? 'https' : 'http'],
    [':path', method],
    [':authority', target.authority],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
    ['user-agent', userAgent],
  ];
}

/** At most eight digits and a unit. */
export function grpcTimeout(milliseconds: number): string {
  const whole = Math.max(0, Math.ceil(milliseconds));
  if (whole < 100_000_000) return `${whole}m`;
  return `${Math.min(99_999_999, Math.ceil(whole / 1000))}S`;
}

/** Percent-decoding of `grpc-message`; a bad sequence stays as it is. */
export function decodeMessage(text: string): string {
  if (!text.includes('%')) return text;
  const bytes = text.replace(/%([0-9a-fA-F]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
