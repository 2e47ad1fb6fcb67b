/**
 * Cuts the bytes of a connection into frames, whatever pieces they come in. A frame that lies whole in a chunk is handed on in
 * place; one that is split is put together in a buffer of its size, which lives no longer than that: a connection at rest holds nothing.
 */
import {
  ConnectionError,
  ErrorCode,
  clientPreface,
  frameHeaderBytes,
  framePayloadBytesMax,
} from './frame.js';

/** Takes frames: `payload` is `bytes[start, end)`, borrowed until the function returns. */
export interface FrameSink {
  onFrame(
    type: number,
    flags: number,
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): void;
}

export class FrameReader {
  readonly #sink: FrameSink;
  #prefaceAt = 0;
  /** A frame whose rest has not come yet: room for all of it once its length is known, for its header before. */
  #partial: Buffer | undefined;
  #partialBytes = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Whether the client's preface has arrived whole. */
  get greeted(): boolean {
    return this.#prefaceAt === clientPreface.length;
  }

  /** Throws {@link ConnectionError}; nothing may be read afterwards. */
  read(chunk: Buffer): void {
    let at = this.greeted ? 0 : this.#readPreface(chunk);
    if (this.#partial !== undefined) at = this.#complete(this.#partial, chunk, at);
    while (chunk.length - at >= frameHeaderBytes) {
      const end = at + frameHeaderBytes + payloadBytes(chunk, at);
      if (end > chunk.length) break;
      this.#emit(chunk, at, end);
      at = end;
    }
    if (at < chunk.length) this.#begin(chunk, at);
  }

  #readPreface(chunk: Buffer): number {
    const length = Math.min(chunk.length, clientPreface.length - this.#prefaceAt);
    if (chunk.compare(clientPreface, this.#prefaceAt, this.#prefaceAt + length, 0, length) !== 0) {
      throw new ConnectionError(ErrorCode.protocolError, 'the peer does not speak HTTP/2');
    }
    this.#prefaceAt += length;
    return length;
  }

  #begin(chunk: Buffer, at: number): void {
    const known = chunk.length - at >= frameHeaderBytes;
    this.#partial = Buffer.allocUnsafe(frameHeaderBytes + (known ? payloadBytes(chunk, at) : 0));
    this.#partialBytes = chunk.copy(this.#partial, 0, at);
  }

  /** Adds what the frame that has begun still lacks; returns where the next frame begins. */
  #complete(partial: Buffer, chunk: Buffer, start: number): number {
    const at = start + this.#fill(partial, chunk, start);
    if (this.#partialBytes < partial.length) return at;
    const length = frameHeaderBytes + payloadBytes(partial, 0);
    if (partial.length < length) {
      // Only now the length is known.
      const whole = Buffer.allocUnsafe(length);
      partial.copy(whole);
      this.#partial = whole;
      return this.#complete(whole, chunk, at);
    }
    this.#partial = undefined;
    this.#emit(partial, 0, length);
    return at;
  }

  #fill(partial: Buffer, chunk: Buffer, start: number): number {
    const copied = chunk.copy(partial, this.#partialBytes, start);
    this.#partialBytes += copied;
    return copied;
  }

  #emit(bytes: Buffer, start: number, end: number): void {
    const type = bytes[start + 3] ?? 0;
    const flags = bytes[start + 4] ?? 0;
    const streamId = bytes.readUInt32BE(start + 5) & 0x7fff_ffff;
    this.#sink.onFrame(type, flags, streamId, bytes, start + frameHeaderBytes, end);
  }
}

function payloadBytes(bytes: Buffer, at: number): number {
  const length = bytes.readUIntBE(at, 3);
  if (length > framePayloadBytesMax) {
    throw new ConnectionError(
      ErrorCode.frameSizeError,
      `a frame of ${String(length)} bytes exceeds ${String(framePayloadBytesMax)}`,
    );
  }
  return length;
}
