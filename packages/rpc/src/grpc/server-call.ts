/** Calls as handlers see them, on a stream of HTTP/2: how a call begins, ends, and is cancelled. */
import { RpcCode, RpcError } from '../errors.js';
import type { Metadata, Peer } from '../handler.js';
import type { Connection } from '../http2/connection.js';
import { ErrorCode } from '../http2/frame.js';
import { Http2Stream } from '../http2/stream.js';
import { decompress } from './decompress.js';
import type { DeadlineNode, Deadlines } from './deadlines.js';
import { MessageReader } from './message-reader.js';
import type { MessageSink } from './message-reader.js';
import type { RequestHead } from './request-head.js';
import type { Route } from './routes.js';

/** What all calls of a connection share. */
export interface CallContext {
  readonly peer: Peer;
  readonly deadlines: Deadlines;
  readonly receiveMessageBytesMax: number;
  readonly bufferedBytesMax: number;
  readonly onHandlerError: (path: string, error: unknown) => void;
}

const ok = { code: RpcCode.ok, message: '' };

/** The text of grpc-go for a deadline that has passed. */
export const deadlineExceeded = 'context deadline exceeded';

/** A stream that has been answered before it became a call. What still comes on it is ignored. */
export class RefusedStream extends Http2Stream {
  override onData(_bytes: Buffer, start: number, end: number): void {
    this.connection.consumed(this, end - start);
  }
  override onRemoteEnd(): void {
    // Answered already.
  }
  override onAbort(): void {
    // Nobody waits.
  }
  override onQueueShorter(): void {
    // Nothing was queued but the end.
  }
}

export abstract class ServerCall extends Http2Stream implements DeadlineNode, MessageSink {
  readonly metadata: Metadata;
  readonly deadlineMs: number | undefined;
  nextInBucket: DeadlineNode | undefined;
  previousInBucket: DeadlineNode | undefined;
  protected readonly context: CallContext;
  protected readonly route: Route;
  protected readonly reader: MessageReader;
  readonly #encoding: string;
  readonly #contentBytes: number | undefined;
  #receivedBytes = 0;
  /** What of {@link heldBytes} is in the sum of the connection. */
  #countedBytes = 0;
  #state: 'open' | 'ended' | 'cancelled' = 'open';
  #headSent = false;
  #onCancel: (() => void) | undefined;

  constructor(
    connection: Connection,
    id: number,
    context: CallContext,
    head: RequestHead & { type: 'call' },
    deadlineMs: number | undefined,
  ) {
    super(connection, id);
    this.context = context;
    this.route = head.route;
    this.metadata = head.metadata;
    this.deadlineMs = deadlineMs;
    this.reader = new MessageReader(context.receiveMessageBytesMax);
    this.#encoding = head.encoding;
    this.#contentBytes = head.contentBytes;
    if (deadlineMs !== undefined) context.deadlines.add(this, deadlineMs);
    this.route.observer?.started();
  }

  get peer(): Peer {
    return this.context.peer;
  }

  get open(): boolean {
    return this.#state === 'open';
  }

  get cancelled(): boolean {
    return this.#state === 'cancelled';
  }

  onCancel(callback: () => void): void {
    if (this.open) this.#onCancel = callback;
    else if (this.cancelled) callback();
  }

  fail(error: RpcError): void {
    this.finish(error.code, error.message);
  }

  onDeadline(): void {
    const callback = this.#cancel(RpcCode.deadlineExceeded);
    // The trailers wait behind nothing: what the peer did not take by now is not worth sending.
    this.connection.sender.drop(this);
    this.#sendStatus(RpcCode.deadlineExceeded, deadlineExceeded);
    this.#run(callback);
  }

  override onAbort(): void {
    this.#run(this.#cancel(RpcCode.cancelled));
  }

  override onData(bytes: Buffer, start: number, end: number): void {
    this.#receivedBytes += end - start;
    if (!this.open) this.connection.consumed(this, end - start);
    else this.takeData(bytes, start, end);
  }

  override onRemoteEnd(): void {
    if (!this.open) return;
    // RFC 9113 §8.1.1: a body of another length than was announced makes the request malformed.
    if (this.#contentBytes !== undefined && this.#contentBytes !== this.#receivedBytes) {
      this.connection.reset(this.id, ErrorCode.protocolError);
    } else {
      this.takeEnd();
    }
  }

  messageRead(compressed: boolean, message: Buffer): boolean {
    const plain = compressed
      ? decompress(message, this.#encoding, this.context.receiveMessageBytesMax)
      : message;
    if (plain instanceof RpcError) {
      this.messageFailed(plain);
      return false;
    }
    this.route.observer?.received(plain.length);
    return this.takeMessage(plain);
  }

  /** The request can not be served: the call is over for its handler, too. */
  messageFailed(problem: RpcError): void {
    const callback = this.#cancel(problem.code);
    this.#sendStatus(problem.code, problem.message);
    this.#run(callback);
  }

  /** Why a call gets no answer although it could: the client does not read those that it has. */
  protected get overload(): RpcError | undefined {
    const { sender } = this.connection;
    if (!sender.overloaded) return undefined;
    const text = `${String(sender.waitingBytes)} bytes of earlier answers wait to be read on this connection`;
    return new RpcError(RpcCode.resourceExhausted, text);
  }

  /** DATA while the call is open; {@link read} it now or later. */
  protected abstract takeData(bytes: Buffer, start: number, end: number): void;
  /** A whole message, borrowed; false stops the reading behind it. */
  protected abstract takeMessage(message: Buffer): boolean;
  /** The client's half-close, while the call is open. */
  protected abstract takeEnd(): void;

  /** Reads messages out of DATA and gives the bytes back to the window of the client. Returns how far it came. */
  protected read(bytes: Buffer, start: number, end: number): number {
    const at = this.reader.read(bytes, start, end, this);
    this.connection.consumed(this, at - start);
    this.countHeld();
    return at;
  }

  /** Memory that this call holds for what it received. */
  protected get heldBytes(): number {
    return this.reader.heldBytes;
  }

  /** Accounts for {@link heldBytes} after it changed. */
  protected countHeld(): void {
    if (!this.open) return;
    const { connection } = this;
    const bytes = this.heldBytes;
    connection.heldBytes += bytes - this.#countedBytes;
    this.#countedBytes = bytes;
    if (bytes > 0 && connection.heldBytes > connection.limits.heldBytesMax) {
      connection.resetForPeer(this.id, ErrorCode.enhanceYourCalm);
    }
  }

  protected send(message: Uint8Array): void {
    this.#sendHead();
    this.route.observer?.sent(message.length);
    this.connection.sender.message(this, message);
  }

  protected succeed(): void {
    this.finish(ok.code, ok.message);
  }

  /** Ends the call by its handler. */
  protected finish(code: RpcCode, message: string): void {
    if (this.#state !== 'open') return;
    this.#state = 'ended';
    this.#release();
    this.route.observer?.handled(code);
    this.#sendStatus(code, message);
  }

  /** Runs code of the handler: what it throws ends this call and nothing else (rule 5). */
  protected handlerThrew(error: unknown): void {
    this.context.onHandlerError(this.route.path, error);
    this.finish(RpcCode.internal, 'internal error');
  }

  #sendHead(): void {
    if (this.#headSent) return;
    this.#headSent = true;
    this.connection.sender.head(this);
  }

  #sendStatus(code: RpcCode, message: string): void {
    if (this.localClosed) return;
    const { sender } = this.connection;
    if (this.#headSent) {
      sender.finish(this, code === RpcCode.ok ? ok : { code, message });
    } else if (code === RpcCode.ok) {
      this.#sendHead();
      sender.finish(this, ok);
    } else {
      sender.refuse(this, 200, { code, message });
    }
  }

  /** Cancels the call unless it has ended; returns the handler's callback, to be run last. */
  #cancel(code: RpcCode): (() => void) | undefined {
    if (this.#state !== 'open') return undefined;
    this.#state = 'cancelled';
    const callback = this.#onCancel;
    this.#release();
    this.route.observer?.handled(code);
    return callback;
  }

  #release(): void {
    this.#onCancel = undefined;
    this.context.deadlines.remove(this);
    this.connection.heldBytes -= this.#countedBytes;
    this.#countedBytes = 0;
    this.releaseHeld();
  }

  /** The call is over: let go of what was held for its handler. */
  protected abstract releaseHeld(): void;

  #run(callback: (() => void) | undefined): void {
    if (callback === undefined) return;
    try {
      callback();
    } catch (error) {
      this.context.onHandlerError(this.route.path, error);
    }
  }
}
