/**
 * Cuts the bytes of a connection into frames, whatever pieces they come in. A frame that lies whole in a chunk is handed on in
 * place; one that is split is put together in a buffer of one frame's size, so that memory is bounded and no byte is copied twice.
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
  /** The beginning of a frame whose rest has not come yet, in `#partial[0, #partialBytes)`. */
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
    if (this.#partialBytes > 0) at = this.#completePartial(chunk, at);
    while (chunk.length - at >= frameHeaderBytes) {
      const end = at + frameHeaderBytes + payloadBytes(chunk, at);
      if (end > chunk.length) break;
      this.#emit(chunk, at, end);
      at = end;
    }
    if (at < chunk.length) this.#keep(chunk, at, chunk.length);
  }

  #readPreface(chunk: Buffer): number {
    const length = Math.min(chunk.length, clientPreface.length - this.#prefaceAt);
    if (chunk.compare(clientPreface, this.#prefaceAt, this.#prefaceAt + length, 0, length) !== 0) {
      throw new ConnectionError(ErrorCode.protocolError, 'the peer does not speak HTTP/2');
    }
    this.#prefaceAt += length;
    return length;
  }

  /** Adds what the frame begun earlier still lacks; returns where the next frame begins. */
  #completePartial(chunk: Buffer, start: number): number {
    let at = start;
    if (this.#partialBytes < frameHeaderBytes) {
      at += this.#keep(chunk, at, at + frameHeaderBytes - this.#partialBytes);
      if (this.#partialBytes < frameHeaderBytes) return at;
    }
    const partial = this.#partial ?? Buffer.alloc(0);
    const length = frameHeaderBytes + payloadBytes(partial, 0);
    at += this.#keep(chunk, at, at + length - this.#partialBytes);
    if (this.#partialBytes === length) {
      this.#partialBytes = 0;
      this.#emit(partial, 0, length);
    }
    return at;
  }

  /** Copies `chunk[start, end)`, as far as it goes, behind the partial frame. Returns the number of bytes copied. */
  #keep(chunk: Buffer, start: number, end: number): number {
    this.#partial ??= Buffer.allocUnsafeSlow(frameHeaderBytes + framePayloadBytesMax);
    const copied = chunk.copy(
      this.#partial,
      this.#partialBytes,
      start,
      Math.min(end, chunk.length),
    );
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
