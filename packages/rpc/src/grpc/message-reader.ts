/**
 * Length-prefixed messages out of DATA (gRPC over HTTP/2, "Length-Prefixed-Message"), whatever pieces they come in. A message that
 * lies whole in a frame is handed on in place; the size is judged by the prefix, and memory follows the bytes that have come.
 */
import { RpcCode, RpcError } from '../errors.js';

export interface MessageSink {
  /** A message, borrowed; false stops the reading behind it. */
  messageRead(compressed: boolean, message: Buffer): boolean;
  messageFailed(problem: RpcError): void;
}

const prefixBytes = 5;
/** First size of the buffer of a message that comes in pieces. */
const firstBufferBytes = 512;

export class MessageReader {
  readonly #messageBytesMax: number;
  /** The message that has begun and not ended; most calls never have one. */
  #piece: Piece | undefined;

  constructor(messageBytesMax: number) {
    this.#messageBytesMax = messageBytesMax;
  }

  /** Whether a message has begun and not ended. */
  get partial(): boolean {
    return this.#piece !== undefined;
  }

  /** Bytes of memory held for the message that has begun. */
  get heldBytes(): number {
    return this.#piece?.body?.length ?? 0;
  }

  /** Reads `bytes[start, end)`; returns how far it came before the sink stopped it, or a problem. */
  read(bytes: Buffer, start: number, end: number, sink: MessageSink): number {
    let at = start;
    while (at < end) {
      if (this.#piece === undefined && end - at >= prefixBytes) {
        const length = bytes.readUInt32BE(at + 1);
        if (!this.#check(bytes[at] ?? 0, length, sink)) return end;
        const messageStart = at + prefixBytes;
        const messageEnd = messageStart + length;
        if (messageEnd <= end) {
          const goOn = sink.messageRead(bytes[at] === 1, bytes.subarray(messageStart, messageEnd));
          at = messageEnd;
          if (!goOn) return at;
          continue;
        }
      }
      const piece = (this.#piece ??= new Piece());
      at = piece.readPrefix(bytes, at, end);
      if (!piece.prefixed) return at;
      if (!this.#check(piece.flag, piece.messageBytes, sink)) return end;
      at = piece.readBody(bytes, at, end);
      if (piece.missingBytes > 0) return at;
      this.#piece = undefined;
      if (!sink.messageRead(piece.flag === 1, piece.message)) return at;
    }
    return at;
  }

  #check(flag: number, length: number, sink: MessageSink): boolean {
    if (flag > 1) {
      const text = `grpc: received unexpected payload format ${String(flag)}`;
      sink.messageFailed(new RpcError(RpcCode.internal, text));
      return false;
    }
    if (length > this.#messageBytesMax) {
      const text = `grpc: received message larger than max (${String(length)} vs. ${String(this.#messageBytesMax)})`;
      sink.messageFailed(new RpcError(RpcCode.resourceExhausted, text));
      return false;
    }
    return true;
  }
}

/** A message in pieces. */
class Piece {
  readonly #prefix: Buffer = Buffer.alloc(prefixBytes);
  #prefixLength = 0;
  body: Buffer | undefined;
  #bodyLength = 0;

  get prefixed(): boolean {
    return this.#prefixLength === prefixBytes;
  }

  get flag(): number {
    return this.#prefix[0] ?? 0;
  }

  get messageBytes(): number {
    return this.#prefix.readUInt32BE(1);
  }

  get missingBytes(): number {
    return this.messageBytes - this.#bodyLength;
  }

  get message(): Buffer {
    return this.body ?? Buffer.alloc(0);
  }

  readPrefix(bytes: Buffer, start: number, end: number): number {
    const stop = Math.min(end, start + prefixBytes - this.#prefixLength);
    this.#prefixLength += bytes.copy(this.#prefix, this.#prefixLength, start, stop);
    return stop;
  }

  readBody(bytes: Buffer, start: number, end: number): number {
    const stop = Math.min(end, start + this.missingBytes);
    if (stop > start) {
      bytes.copy(this.#room(stop - start), this.#bodyLength, start, stop);
      this.#bodyLength += stop - start;
    }
    return stop;
  }

  /** The buffer of the message, with room for `more` bytes: it doubles, so that no client makes us allocate what it did not send. */
  #room(more: number): Buffer {
    const needed = this.#bodyLength + more;
    const { body } = this;
    if (body !== undefined && body.length >= needed) return body;
    const doubled = Math.max(firstBufferBytes, needed, (body?.length ?? 0) * 2);
    const wider = Buffer.allocUnsafeSlow(Math.min(this.messageBytes, doubled));
    body?.copy(wider, 0, 0, this.#bodyLength);
    this.body = wider;
    return wider;
  }
}
