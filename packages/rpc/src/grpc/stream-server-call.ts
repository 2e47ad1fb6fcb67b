/** A streaming call: messages to callbacks, with back pressure both ways. */
import { RpcCode } from '../errors.js';
import type { StreamCall, StreamHandler } from '../handler.js';
import type { Connection } from '../http2/connection.js';
import type { RequestHead } from './request-head.js';
import { ServerCall } from './server-call.js';
import type { CallContext } from './server-call.js';
import { UnreadBytes } from './unread-bytes.js';

/** How a stream differs from another. */
export interface StreamKind {
  readonly handler: StreamHandler;
  /** The client may send more than one message. */
  readonly requestStream: boolean;
}

export class StreamServerCall extends ServerCall implements StreamCall {
  readonly #kind: StreamKind;
  #messageCallback: ((message: Uint8Array) => void) | undefined;
  #halfCloseCallback: (() => void) | undefined;
  #drainCallback: (() => void) | undefined;
  /** DATA that came while nobody read; the window of the stream bounds it. */
  readonly #unread = new UnreadBytes();
  #paused = false;
  #blocked = false;
  /** The one message of a client that sends one, until its half-close. */
  #only: Buffer | undefined;

  constructor(
    connection: Connection,
    id: number,
    context: CallContext,
    head: RequestHead & { type: 'call' },
    deadlineMs: number | undefined,
    kind: StreamKind,
  ) {
    super(connection, id, context, head, deadlineMs);
    this.#kind = kind;
    if (kind.requestStream) this.#runHandler();
  }

  get bufferedBytes(): number {
    return this.queue?.bytes ?? 0;
  }

  onMessage(callback: (message: Uint8Array) => void): void {
    this.#messageCallback = callback;
  }

  onHalfClose(callback: () => void): void {
    this.#halfCloseCallback = callback;
  }

  onDrain(callback: () => void): void {
    this.#drainCallback = callback;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    // Messages are delivered in a turn of the transport, never from inside of this call (rule 7).
    queueMicrotask(() => {
      this.#readUnread();
    });
  }

  write(message: Uint8Array): boolean {
    if (!this.open) return false;
    this.send(message);
    this.#blocked ||= this.bufferedBytes > this.context.bufferedBytesMax;
    return !this.#blocked;
  }

  end(): void {
    if (this.open) this.succeed();
  }

  override onQueueShorter(): void {
    // Half empty, so that a handler that refills on drain keeps the peer busy meanwhile.
    if (!this.#blocked || !this.open || this.bufferedBytes > this.context.bufferedBytesMax / 2) {
      return;
    }
    this.#blocked = false;
    // The queue is being emptied right now; the handler may write again only after that.
    queueMicrotask(() => {
      if (this.open && !this.#blocked) this.#run(this.#drainCallback);
    });
  }

  protected override get heldBytes(): number {
    return this.reader.heldBytes + this.#unread.heldBytes + (this.#only?.length ?? 0);
  }

  protected override takeData(bytes: Buffer, start: number, end: number): void {
    const waits = this.#paused || this.#unread.bytes > 0;
    const readTo = waits ? start : this.read(bytes, start, end);
    if (readTo >= end || !this.open) return;
    this.#unread.push(bytes, readTo, end);
    this.countHeld();
  }

  protected override takeMessage(message: Buffer): boolean {
    if (this.#kind.requestStream) {
      this.#deliver(message);
      return this.open && !this.#paused;
    }
    if (this.#only !== undefined) {
      this.finish(
        RpcCode.internal,
        'cardinality violation: received multiple request messages for non-client-streaming RPC',
      );
      return false;
    }
    // Its memory is counted with the rest of this DATA.
    this.#only = Buffer.from(message);
    return true;
  }

  protected override takeEnd(): void {
    if (this.#unread.bytes > 0) return;
    if (this.reader.partial) this.finish(RpcCode.unknown, 'unexpected EOF');
    else if (this.#kind.requestStream) this.#run(this.#halfCloseCallback);
    else this.#serveOnly();
  }

  protected override releaseHeld(): void {
    this.#unread.clear();
    this.#only = undefined;
  }

  #serveOnly(): void {
    const message = this.#only;
    if (message === undefined) {
      this.finish(
        RpcCode.internal,
        'cardinality violation: received no request message from non-client-streaming RPC',
      );
      return;
    }
    const { overload } = this;
    if (overload !== undefined) {
      this.fail(overload);
      return;
    }
    this.#runHandler();
    if (this.open) this.#deliver(message);
    if (this.open) this.#run(this.#halfCloseCallback);
  }

  /** Whether messages may be delivered now; any callback may change it. */
  get #reading(): boolean {
    return this.open && !this.#paused;
  }

  #readUnread(): void {
    while (this.#reading) {
      const piece = this.#unread.shift();
      if (piece === undefined) break;
      const readTo = this.read(piece, 0, piece.length);
      if (!this.open) return;
      this.#unread.unshift(piece.subarray(readTo));
      this.countHeld();
    }
    if (this.#reading && this.remoteClosed) this.takeEnd();
  }

  #deliver(message: Uint8Array): void {
    const callback = this.#messageCallback;
    if (callback === undefined) return;
    try {
      callback(message);
    } catch (error) {
      this.handlerThrew(error);
    }
  }

  #runHandler(): void {
    try {
      this.#kind.handler(this);
    } catch (error) {
      this.handlerThrew(error);
    }
  }

  #run(callback: (() => void) | undefined): void {
    try {
      callback?.();
    } catch (error) {
      this.handlerThrew(error);
    }
  }
}
