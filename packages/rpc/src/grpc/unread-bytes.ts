/**
 * Bytes that came while nobody read, packed: a client that sends them one by one makes us hold no more than if it sent them
 * together (one object for each byte would cost a hundred times what the window allows).
 */

const chunkBytes = 4096;

export class UnreadBytes {
  /** All but the last are full; the last has room behind `#lastBytes`. */
  readonly #chunks: Buffer[] = [];
  #lastBytes = 0;
  #bytes = 0;
  #heldBytes = 0;

  /** Bytes waiting. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Memory held for them. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Adds a copy of `bytes[start, end)`. */
  push(bytes: Buffer, start: number, end: number): void {
    this.#bytes += end - start;
    let at = start;
    while (at < end) {
      const last = this.#chunks.at(-1);
      if (last === undefined || this.#lastBytes === last.length) {
        const wider = Buffer.allocUnsafeSlow(Math.max(chunkBytes, end - at));
        this.#chunks.push(wider);
        this.#heldBytes += wider.length;
        this.#lastBytes = 0;
        continue;
      }
      const copied = bytes.copy(last, this.#lastBytes, at, end);
      this.#lastBytes += copied;
      at += copied;
    }
  }

  /** Takes the bytes at the front that lie together; undefined when there are none. */
  shift(): Buffer | undefined {
    const first = this.#chunks.shift();
    if (first === undefined) return undefined;
    const chunk = this.#chunks.length === 0 ? first.subarray(0, this.#lastBytes) : first;
    if (this.#chunks.length === 0) this.#lastBytes = 0;
    this.#bytes -= chunk.length;
    this.#heldBytes -= first.length;
    return chunk;
  }

  /** Puts back what was taken and not read. */
  unshift(rest: Buffer): void {
    if (rest.length === 0) return;
    if (this.#chunks.length === 0) this.#lastBytes = rest.length;
    this.#chunks.unshift(rest);
    this.#bytes += rest.length;
    this.#heldBytes += rest.length;
  }

  clear(): void {
    this.#chunks.length = 0;
    this.#lastBytes = 0;
    this.#bytes = 0;
    this.#heldBytes = 0;
  }
}
