/**
 * Gathers what is written within one turn of the loop into one write to the socket.
 *
 * A write of its own is a quarter of the cost of a small call: with many in flight, whose answers come in one chunk and whose
 * successors begin in the same turn, they share one. A call alone waits for no timer: the write happens as soon as the code that is
 * running returns, and the promises that it settled are done.
 */
export class Outbox {
  readonly #write: (bytes: Uint8Array) => void;
  /** Of this turn. Bounded by what is called in it: each request has its limit. */
  #parts: Uint8Array[] = [];

  constructor(write: (bytes: Uint8Array) => void) {
    this.#write = write;
  }

  /** `bytes` are given: nobody changes them afterwards. */
  push(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    if (this.#parts.length > 1) return;
    process.nextTick(() => {
      this.flush();
    });
  }

  /** Writes now, before a socket is ended or destroyed. */
  flush(): void {
    const [first] = this.#parts;
    if (first === undefined) return;
    const bytes = this.#parts.length === 1 ? first : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#write(bytes);
  }
}
