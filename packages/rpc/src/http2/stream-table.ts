/**
 * The streams of a connection: those that are open, and what must be remembered of those that are not.
 *
 * Invariants: T1 ids of opened streams rise. T2 a stream stays until both of its halves are closed, or it is reset. T3 a stream that
 * we closed before its client did is remembered for a while, since frames for it may be on their way.
 */
import { NumberTable } from '../number-table.js';
import type { Http2Stream } from './stream.js';

const forgottenMax = 4096;

export class StreamTable {
  readonly #open = new NumberTable<Http2Stream>();
  /** Ids of T3, oldest first. */
  readonly #forgotten = new Set<number>();
  /** Streams whose answer is complete while their client still sends. */
  #lingering: Http2Stream[] = [];
  #lastId = 0;

  get size(): number {
    return this.#open.size;
  }

  /** The highest id that the client has used. */
  get lastId(): number {
    return this.#lastId;
  }

  get(id: number): Http2Stream | undefined {
    return this.#open.get(id);
  }

  values(): readonly Http2Stream[] {
    return this.#open.values();
  }

  /** The client has used this id, whatever becomes of the stream. */
  use(id: number): void {
    this.#lastId = id;
  }

  add(stream: Http2Stream): void {
    this.#open.set(stream.id, stream);
  }

  remove(id: number): void {
    this.#open.delete(id);
  }

  /** Removes a stream that the client may not know to be over. */
  forget(id: number): void {
    this.#open.delete(id);
    this.#forgotten.add(id);
    if (this.#forgotten.size <= forgottenMax) return;
    for (const oldest of this.#forgotten) {
      this.#forgotten.delete(oldest);
      return;
    }
  }

  wasForgotten(id: number): boolean {
    return this.#forgotten.has(id);
  }

  linger(stream: Http2Stream): void {
    this.#lingering.push(stream);
  }

  /** The lingering streams whose client has still not ended them; each is returned once. */
  takeLingering(): readonly Http2Stream[] {
    if (this.#lingering.length === 0) return this.#lingering;
    const lingering = this.#lingering;
    this.#lingering = [];
    return lingering.filter((stream) => !stream.remoteClosed);
  }

  /** Empties the table. */
  takeAll(): readonly Http2Stream[] {
    const streams = this.#open.values().sort((a, b) => a.id - b.id);
    this.#open.clear();
    this.#lingering = [];
    return streams;
  }
}
