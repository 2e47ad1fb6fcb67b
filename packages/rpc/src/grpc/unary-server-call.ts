/** A unary call: its handler runs in the turn in which the message is complete, on the bytes as they came. */
import { RpcCode } from '../errors.js';
import type { UnaryCall, UnaryHandler } from '../handler.js';
import type { Connection } from '../http2/connection.js';
import type { RequestHead } from './request-head.js';
import { ServerCall } from './server-call.js';
import type { CallContext } from './server-call.js';

const noMessage = new Uint8Array(0);

export class UnaryServerCall extends ServerCall implements UnaryCall {
  request: Uint8Array = noMessage;
  readonly #handler: UnaryHandler;
  #started = false;

  constructor(
    connection: Connection,
    id: number,
    context: CallContext,
    head: RequestHead & { type: 'call' },
    deadlineMs: number | undefined,
    handler: UnaryHandler,
  ) {
    super(connection, id, context, head, deadlineMs);
    this.#handler = handler;
  }

  reply(response: Uint8Array): void {
    if (!this.open) return;
    this.send(response);
    this.succeed();
  }

  override onQueueShorter(): void {
    // A unary call writes once.
  }

  protected override takeData(bytes: Buffer, start: number, end: number): void {
    // What follows the one message is ignored (rule 6).
    if (this.#started) this.connection.consumed(this, end - start);
    else this.read(bytes, start, end);
  }

  protected override takeMessage(message: Buffer): boolean {
    this.#started = true;
    const { overload } = this;
    if (overload !== undefined) {
      this.fail(overload);
      return false;
    }
    this.request = message;
    try {
      this.#handler(this);
    } catch (error) {
      this.handlerThrew(error);
    }
    // Borrowed until here (rule 4): a call that waits would keep the whole chunk that its message came in.
    this.request = noMessage;
    return false;
  }

  protected override takeEnd(): void {
    if (this.#started) return;
    // grpc-go passes on the end of the stream as its own error.
    this.finish(RpcCode.unknown, this.reader.partial ? 'unexpected EOF' : 'EOF');
  }

  protected override releaseHeld(): void {
    this.request = noMessage;
  }
}
