/** gRPC's framing of messages (grpc PROTOCOL-HTTP2, "Length-Prefixed-Message"): a flag, a length, the bytes. */
import { GrpcCode, StatusError } from '../status-error.js';

const prefixBytes = 5;

/** The bytes of a message as they go into DATA frames. */
export function frameMessage(message: Uint8Array): Uint8Array {
  const out = Buffer.allocUnsafe(prefixBytes + message.length);
  out[0] = 0;
  out.writeUInt32BE(message.length, 1);
  out.set(message, prefixBytes);
  return out;
}

/** Collects DATA into messages. Memory is bounded by the largest message allowed. */
export class MessageReader {
  readonly #bytesMax: number;
  #parts: Uint8Array[] = [];
  #have = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Whether a message has begun that is not complete. */
  get isInside(): boolean {
    return this.#have > 0;
  }

  /** Whole messages in `chunk` and what came before it; views of the chunk where they lie in one. Throws `StatusError`. */
  push(chunk: Uint8Array): Uint8Array[] {
    this.#parts.push(chunk);
    this.#have += chunk.length;
    const messages: Uint8Array[] = [];
    for (;;) {
      const length = this.#nextLength();
      if (length === undefined || this.#have < prefixBytes + length) return messages;
      messages.push(this.#take(length));
    }
  }

  #nextLength(): number | undefined {
    if (this.#have < prefixBytes) return undefined;
    const first = this.#joined(prefixBytes);
    if (first[0] !== 0) {
      throw new StatusError(
        GrpcCode.internal,
        'server sent a compressed message although none was asked for',
        { isLocal: true },
      );
    }
    const length = Buffer.from(first.buffer, first.byteOffset, prefixBytes).readUInt32BE(1);
    if (length > this.#bytesMax) {
      throw new StatusError(
        GrpcCode.resourceExhausted,
        `grpc: received message larger than max (${length} vs. ${this.#bytesMax})`,
        { isLocal: true },
      );
    }
    return length;
  }

  /** Makes sure that the first part holds at least `bytes`. Joins only when a whole message is there, so nothing is quadratic. */
  #joined(bytes: number): Uint8Array {
    let first = this.#parts[0] ?? new Uint8Array(0);
    if (first.length < bytes) {
      first = Buffer.concat(this.#parts);
      this.#parts = [first];
    }
    return first;
  }

  #take(length: number): Uint8Array {
    const bytes = this.#joined(prefixBytes + length);
    const end = prefixBytes + length;
    this.#have -= end;
    if (bytes.length === end) this.#parts.shift();
    else this.#parts[0] = bytes.subarray(end);
    return bytes.subarray(prefixBytes, end);
  }
}
