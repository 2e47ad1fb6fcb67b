/**
 * What a connection will write next: frames packed into chunks, so that all answers of one turn leave in one write. Small payloads
 * are copied next to each other; large ones are passed on as they are.
 */
import { FrameType, frameHeaderBytes } from './frame.js';

const chunkBytesMin = 512;
const chunkBytesMax = 64 * 1024;
/** A payload from this size on is not copied. */
const passedBytesMin = 4096;
const noChunk = Buffer.alloc(0);

/** A connection at rest holds no chunk: thousands of them would hold more than all work that is under way. */
export class Output {
  #chunk: Buffer = noChunk;
  /** `#chunk[#start, #at)` is written and not yet taken. */
  #start = 0;
  #at = 0;
  #complete: Uint8Array[] = [];
  #bytes = 0;
  /** The DATA frame that is last in the output, and so can still become longer; stream 0 when there is none. */
  #dataStreamId = 0;
  #dataBytes = 0;
  /** Where its header is: in a chunk that is not taken yet. */
  #dataChunk: Buffer = noChunk;
  #dataAt = 0;
  /** Size of the next chunk: what the last turn would have needed, so that one is enough as a rule. */
  #chunkBytes = chunkBytesMin;

  /** Bytes waiting to be taken. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Begins a frame; exactly `length` bytes of payload are appended next. */
  header(length: number, type: number, flags: number, streamId: number): void {
    this.#reserve(frameHeaderBytes);
    const chunk = this.#chunk;
    const at = this.#at;
    writeLength(chunk, at, length);
    chunk[at + 3] = type;
    chunk[at + 4] = flags;
    chunk.writeUInt32BE(streamId, at + 5);
    this.#at = at + frameHeaderBytes;
    this.#bytes += frameHeaderBytes;
    this.#dataStreamId = 0;
  }

  /**
   * Room for `length` bytes of DATA, which are appended next: in the frame before, if it is DATA of the same stream and stays
   * within `payloadBytesMax`, else in a frame of their own. Many small messages of a turn cost the peer one frame.
   */
  data(length: number, streamId: number, payloadBytesMax: number): void {
    if (this.#dataStreamId === streamId && this.#dataBytes + length <= payloadBytesMax) {
      this.#dataBytes += length;
      writeLength(this.#dataChunk, this.#dataAt, this.#dataBytes);
      return;
    }
    this.header(length, FrameType.data, 0, streamId);
    this.#dataStreamId = streamId;
    this.#dataBytes = length;
    this.#dataChunk = this.#chunk;
    this.#dataAt = this.#at - frameHeaderBytes;
  }

  /** Appends a number of 32 bits to the frame begun. */
  uint32(value: number): void {
    this.#reserve(4);
    this.#at = this.#chunk.writeUInt32BE(value, this.#at);
    this.#bytes += 4;
  }

  /** Appends the prefix of an uncompressed gRPC message of `length` bytes. */
  messagePrefix(length: number): void {
    this.#reserve(5);
    this.#chunk[this.#at] = 0;
    this.#at = this.#chunk.writeUInt32BE(length, this.#at + 1);
    this.#bytes += 5;
  }

  /** Appends `payload[start, end)`, which the caller does not change any more. */
  append(payload: Uint8Array, start: number, end: number): void {
    const whole = start === 0 && end === payload.length;
    const part = whole ? payload : payload.subarray(start, end);
    if (part.length < passedBytesMin) {
      this.#reserve(part.length);
      this.#chunk.set(part, this.#at);
      this.#at += part.length;
    } else {
      this.#seal();
      this.#complete.push(part);
    }
    this.#bytes += part.length;
  }

  /** A whole frame. */
  frame(type: number, flags: number, streamId: number, payload: Uint8Array): void {
    this.header(payload.length, type, flags, streamId);
    this.append(payload, 0, payload.length);
  }

  /** Everything that waits, in order; the caller writes it. */
  take(): Uint8Array[] {
    this.#seal();
    const taken = this.#complete;
    if (taken.length === 0) return taken;
    if (this.#bytes * 4 < this.#chunkBytes && this.#chunkBytes > chunkBytesMin)
      this.#chunkBytes /= 2;
    this.#complete = [];
    this.#bytes = 0;
    this.#dataStreamId = 0;
    this.#dataChunk = noChunk;
    this.#chunk = noChunk;
    this.#start = 0;
    this.#at = 0;
    return taken;
  }

  #reserve(bytes: number): void {
    if (this.#chunk.length - this.#at >= bytes) return;
    this.#seal();
    // The chunk of this turn was too small: the next one, in this turn or a later one, is not.
    if (this.#chunk.length > 0) this.#chunkBytes = Math.min(chunkBytesMax, this.#chunkBytes * 2);
    this.#chunk = Buffer.allocUnsafe(Math.max(this.#chunkBytes, bytes));
    this.#start = 0;
    this.#at = 0;
  }

  #seal(): void {
    if (this.#at === this.#start) return;
    this.#complete.push(this.#chunk.subarray(this.#start, this.#at));
    this.#start = this.#at;
  }
}

/** The first three bytes of a frame. */
function writeLength(chunk: Buffer, at: number, length: number): void {
  chunk[at] = length >>> 16;
  chunk[at + 1] = length >>> 8;
  chunk[at + 2] = length;
}
