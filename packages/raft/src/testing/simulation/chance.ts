/** Reproducible chance: everything that a simulation leaves open is drawn from one seed. */

/** A 32-bit generator (sfc32), good enough to explore with and the same on every platform. */
export class Chance {
  #a: number;
  #b = 0x9e37_79b9;
  #c = 0x243f_6a88;
  #counter = 1;

  constructor(seed: number) {
    this.#a = seed | 0;
    for (let warmUp = 0; warmUp < 16; warmUp += 1) this.#next();
  }

  #next(): number {
    const result = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + result;
    return result >>> 0;
  }

  /** A whole number from 0 to `bound` - 1. */
  below(bound: number): number {
    return Math.floor((this.#next() / 0x1_0000_0000) * bound);
  }

  /** True once in `times`, on average; never when 0. */
  oneIn(times: number): boolean {
    return times > 0 && this.below(times) === 0;
  }

  /** One of the values; undefined when there are none. */
  pick<T>(values: readonly T[]): T | undefined {
    return values[this.below(values.length)];
  }
}
