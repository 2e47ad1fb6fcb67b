/**
 * Copies small byte strings into shared memory blocks: one allocation for hundreds of entries.
 *
 * A block lives as long as any of its copies. Entries are forgotten in the order in which they were read, so at most
 * one block is kept for the sake of entries that are gone.
 */

const BLOCK_BYTES = 256 * 1024;
/** Larger ones get memory of their own. */
const SHARED_BYTES_MAX = 16 * 1024;

export class Slab {
  #block: Uint8Array = new Uint8Array(0);
  #used = 0;

  copy(bytes: Uint8Array): Uint8Array {
    if (bytes.length > SHARED_BYTES_MAX) return bytes.slice();
    if (this.#used + bytes.length > this.#block.length) {
      this.#block = new Uint8Array(BLOCK_BYTES);
      this.#used = 0;
    }
    const copy = this.#block.subarray(this.#used, this.#used + bytes.length);
    copy.set(bytes);
    this.#used += bytes.length;
    return copy;
  }
}
