/** The one source of chance of a simulation: everything follows from the seed (sfc32, by Chris Doty-Humphrey). */

export class Chance {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number, stream = 0) {
    this.#a = seed | 0;
    this.#b = (seed / 0x1_0000_0000) | 0;
    this.#c = stream | 0;
    for (let n = 0; n < 12; n++) this.#next();
  }

  /** A generator of its own, so that what one part draws does not move what another part draws. */
  fork(): Chance {
    return new Chance(this.#next(), this.#next());
  }

  /** A whole number from 0 to `bound` - 1. */
  readonly below = (bound: number): number => {
    return bound <= 1 ? 0 : Math.floor((this.#next() / 0x1_0000_0000) * bound);
  };

  /** A whole number, both ends inclusive. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  happens(probability: number): boolean {
    return this.#next() < probability * 0x1_0000_0000;
  }

  /** Milliseconds until something that happens every `meanMs` on average, at least 1. */
  waitMs(meanMs: number): number {
    const unit = (this.#next() + 1) / 0x1_0000_0001;
    return Math.max(1, Math.round(-Math.log(unit) * meanMs));
  }

  /** One of them; there is one at least. */
  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError('nothing to pick from');
    return item;
  }

  shuffled<T>(items: readonly T[]): T[] {
    const left = [...items];
    const taken: T[] = [];
    while (left.length > 0) taken.push(...left.splice(this.below(left.length), 1));
    return taken;
  }

  #next(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    this.#c |= 0;
    return sum >>> 0;
  }
}
