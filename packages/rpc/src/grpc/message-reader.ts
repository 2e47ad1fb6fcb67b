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
  /** The prefix read so far, then the message read so far. */
  #prefix: Buffer | undefined;
  #prefixLength = 0;
  #body: Buffer | undefined;
  #bodyLength = 0;
  #bodyBytes = 0;

  constructor(messageBytesMax: number) {
    this.#messageBytesMax = messageBytesMax;
  }

  /** Whether a message has begun and not ended. */
  get partial(): boolean {
    return this.#prefixLength > 0;
  }

  /** Bytes of memory held for the message that has begun. */
  get heldBytes(): number {
    return this.#body?.length ?? 0;
  }

  /** Reads `bytes[start, end)`; returns how far it came before the sink stopped it, or a problem. */
  read(bytes: Buffer, start: number, end: number, sink: MessageSink): number {
    let at = start;
    while (at < end) {
      if (this.#prefixLength === 0 && end - at >= prefixBytes) {
        const length = bytes.readUInt32BE(at + 1);
        if (!this.#check(bytes[at] ?? 0, length, sink)) return end;
        const messageEnd = at + prefixBytes + length;
        if (messageEnd <= end) {
          const goOn = sink.messageRead(
            bytes[at] === 1,
            bytes.subarray(at + prefixBytes, messageEnd),
          );
          at = messageEnd;
          if (!goOn) return at;
          continue;
        }
      }
      at = this.#readPiece(bytes, at, end);
      if (this.#prefixLength < prefixBytes) return at;
      if (!this.#check(this.#flag, this.#bodyBytes, sink)) return end;
      if (this.#bodyLength === this.#bodyBytes && !this.#deliver(sink)) return at;
    }
    return at;
  }

  get #flag(): number {
    return this.#prefix?.[0] ?? 0;
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

  /** Copies what the message that has begun still lacks, as far as `bytes` go. */
  #readPiece(bytes: Buffer, start: number, end: number): number {
    let at = start;
    const prefix = (this.#prefix ??= Buffer.allocUnsafe(prefixBytes));
    if (this.#prefixLength < prefixBytes) {
      const copied = bytes.copy(
        prefix,
        this.#prefixLength,
        at,
        Math.min(end, at + prefixBytes - this.#prefixLength),
      );
      this.#prefixLength += copied;
      at += copied;
      if (this.#prefixLength < prefixBytes) return at;
      this.#bodyBytes = prefix.readUInt32BE(1);
      this.#bodyLength = 0;
    }
    const length = Math.min(end - at, this.#bodyBytes - this.#bodyLength);
    if (length > 0 && this.#bodyBytes <= this.#messageBytesMax) {
      bytes.copy(this.#room(length), this.#bodyLength, at, at + length);
    }
    this.#bodyLength += length;
    return at + length;
  }

  /** The buffer of the message, with room for `more` bytes: it doubles, so that no client makes us allocate what it did not send. */
  #room(more: number): Buffer {
    const needed = this.#bodyLength + more;
    const body = this.#body;
    if (body !== undefined && body.length >= needed) return body;
    const doubled = Math.max(firstBufferBytes, needed, (body?.length ?? 0) * 2);
    const wider = Buffer.allocUnsafeSlow(Math.min(this.#bodyBytes, doubled));
    body?.copy(wider, 0, 0, this.#bodyLength);
    this.#body = wider;
    return wider;
  }

  #deliver(sink: MessageSink): boolean {
    const message = this.#body?.subarray(0, this.#bodyBytes) ?? Buffer.alloc(0);
    const compressed = this.#flag === 1;
    this.#body = undefined;
    this.#prefixLength = 0;
    return sink.messageRead(compressed, message);
  }
}
