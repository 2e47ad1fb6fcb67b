/** The append messages under way to one follower: a ring that bounds their number and, softly, their bytes. */
import { invariant } from '../invariant.js';
import type { LogIndex } from '../types.js';

const INITIAL_CAPACITY = 4;

export class Inflights {
  readonly #messagesMax: number;
  readonly #bytesMax: number;
  /** Ring of last index and bytes of each message; capacity is a power of two and grows on demand. */
  #lasts: number[] = new Array<number>(INITIAL_CAPACITY).fill(0);
  #sizes: number[] = new Array<number>(INITIAL_CAPACITY).fill(0);
  #start = 0;
  #count = 0;
  #bytes = 0;

  /** `bytesMax` may be exceeded by the last message. */
  constructor(messagesMax: number, bytesMax: number) {
    this.#messagesMax = messagesMax;
    this.#bytesMax = bytesMax;
  }

  get count(): number {
    return this.#count;
  }

  get full(): boolean {
    return this.#count >= this.#messagesMax || this.#bytes >= this.#bytesMax;
  }

  /** A message whose last entry is at `last` goes out. Not when full; indexes rise. */
  add(last: LogIndex, bytes: number): void {
    invariant(!this.full, 'no message goes out while the window is full');
    if (this.#count === this.#lasts.length) this.#grow();
    const at = (this.#start + this.#count) & (this.#lasts.length - 1);
    this.#lasts[at] = last;
    this.#sizes[at] = bytes;
    this.#count += 1;
    this.#bytes += bytes;
  }

  /** Everything up to `index` was acknowledged. */
  freeUpTo(index: LogIndex): void {
    while (this.#count > 0 && (this.#lasts[this.#start] ?? 0) <= index) {
      this.#bytes -= this.#sizes[this.#start] ?? 0;
      this.#start = (this.#start + 1) & (this.#lasts.length - 1);
      this.#count -= 1;
    }
  }

  clear(): void {
    this.#start = 0;
    this.#count = 0;
    this.#bytes = 0;
  }

  #grow(): void {
    const unrolled = (ring: readonly number[]): number[] => [
      ...ring.slice(this.#start),
      ...ring.slice(0, this.#start),
      ...new Array<number>(ring.length).fill(0),
    ];
    this.#lasts = unrolled(this.#lasts);
    this.#sizes = unrolled(this.#sizes);
    this.#start = 0;
  }
}
