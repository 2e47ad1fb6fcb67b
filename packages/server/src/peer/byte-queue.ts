/** Bytes as they come from a socket, taken out in the pieces that a format needs. Copies only what spans two chunks. */
import { bufferOver } from '../wire/buffer.js';
import { invariant } from '../invariant.js';

export class ByteQueue {
  #chunks: Buffer[] = [];
  /** The first chunk that is not used up, and how much of it is. */
  #head = 0;
  #at = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The chunk is the queue's from now on. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(bufferOver(chunk));
    this.#length += chunk.length;
  }

  /** The next `size` bytes, which must be there: a view of a chunk, or a copy where they span several. */
  take(size: number): Buffer {
    invariant(size <= this.#length, 'only bytes that are there are taken', {
      size,
      length: this.#length,
    });
    const first = this.#chunks[this.#head];
    if (first === undefined || size === 0) return Buffer.alloc(0);
    if (first.length - this.#at >= size) return this.#takeFrom(first, size);
    const whole = Buffer.allocUnsafe(size);
    for (let filled = 0; filled < size;) {
      const chunk = this.#chunks[this.#head];
      if (chunk === undefined) break;
      const part = this.#takeFrom(chunk, Math.min(size - filled, chunk.length - this.#at));
      filled += part.copy(whole, filled);
    }
    return whole;
  }

  #takeFrom(chunk: Buffer, size: number): Buffer {
    const taken = chunk.subarray(this.#at, this.#at + size);
    this.#at += size;
    this.#length -= size;
    if (this.#at === chunk.length) {
      this.#at = 0;
      this.#head += 1;
      if (this.#head === this.#chunks.length) {
        this.#chunks = [];
        this.#head = 0;
      }
    }
    return taken;
  }
}
