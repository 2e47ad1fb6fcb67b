/** A window that we grant (RFC 9113 §5.2): what the peer may still send, and what to give back, in steps of half a window. */

export class ReceiveWindow {
  readonly #bytesMax: number;
  #bytes: number;
  #consumedBytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
    this.#bytes = bytesMax;
  }

  /** Counts what has come; false when the peer sent more than it was granted. */
  receive(bytes: number): boolean {
    this.#bytes -= bytes;
    return this.#bytes >= 0;
  }

  /** Counts what need not be held any more; returns the WINDOW_UPDATE to send now, or 0. */
  consume(bytes: number): number {
    this.#consumedBytes += bytes;
    if (this.#consumedBytes * 2 < this.#bytesMax) return 0;
    const update = this.#consumedBytes;
    this.#bytes += update;
    this.#consumedBytes = 0;
    return update;
  }
}
