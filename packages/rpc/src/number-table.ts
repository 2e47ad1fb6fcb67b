/**
 * Values by number, for what comes and goes a hundred thousand times a second: open addressing (Knuth, TAOCP 3, §6.4, algorithms L
 * and R) in two arrays that stay where they are.
 *
 * A `Map` of V8 replaces its table now and then as entries are deleted, and the old table refers to the new one. Once an old table is
 * among the old objects, whatever is in the tables after it survives every collection of the young ones: calls that ended long ago
 * are copied, kept, and make the heap twice as large. DESIGN.md has the figures.
 *
 * Invariants: N1 at least half of the places are empty. N2 between the place where a number belongs and the one where it stands no
 * place is empty.
 */

const placesMin = 8;
/** A table that has become empty shrinks if it has more places than this. */
const placesKept = 1024;
/** 2^32 divided by the golden ratio: spreads numbers that follow each other. */
const spread = 0x9e37_79b1;

/** Numbers are integers from 0 to 2^53 - 1. */
export class NumberTable<T extends object> {
  #numbers: number[] = filled(placesMin, 0);
  /** An empty place holds undefined. */
  #values: (T | undefined)[] = filled<T | undefined>(placesMin, undefined);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(number: number): T | undefined {
    return this.#values[this.#placeOf(number)];
  }

  /** Replaces what this number stood for. */
  set(number: number, value: T): void {
    if (this.#size * 2 >= this.#values.length) this.#resize(this.#values.length * 2);
    const place = this.#placeOf(number);
    if (this.#values[place] === undefined) this.#size += 1;
    this.#numbers[place] = number;
    this.#values[place] = value;
  }

  /** False if there is nothing under this number. */
  delete(number: number): boolean {
    const values = this.#values;
    const mask = values.length - 1;
    let hole = this.#placeOf(number);
    if (values[hole] === undefined) return false;
    values[hole] = undefined;
    this.#size -= 1;
    // Whoever stands behind the hole, and belongs at or before it, moves into it (N2).
    for (let place = (hole + 1) & mask; values[place] !== undefined; place = (place + 1) & mask) {
      const moved = this.#numbers[place] ?? 0;
      const distance = (place - homeOf(moved, mask)) & mask;
      if (distance < ((place - hole) & mask)) continue;
      this.#numbers[hole] = moved;
      values[hole] = values[place];
      values[place] = undefined;
      hole = place;
    }
    if (this.#size === 0 && values.length > placesKept) this.#resize(placesMin);
    return true;
  }

  /** All values, in no order. */
  values(): T[] {
    return this.#values.filter((value) => value !== undefined);
  }

  clear(): void {
    this.#values.fill(undefined);
    this.#size = 0;
  }

  /** Where the number stands, or where it would be put. */
  #placeOf(number: number): number {
    const values = this.#values;
    const mask = values.length - 1;
    let place = homeOf(number, mask);
    while (values[place] !== undefined && this.#numbers[place] !== number) {
      place = (place + 1) & mask;
    }
    return place;
  }

  #resize(places: number): void {
    const [numbers, values] = [this.#numbers, this.#values];
    this.#numbers = filled(places, 0);
    this.#values = filled<T | undefined>(places, undefined);
    for (const [i, value] of values.entries()) {
      if (value === undefined) continue;
      const number = numbers[i] ?? 0;
      const place = this.#placeOf(number);
      this.#numbers[place] = number;
      this.#values[place] = value;
    }
    // The old array may outlive this by a while, and must keep nobody alive.
    values.fill(undefined);
  }
}

/** Where a number belongs among `mask` + 1 places. */
function homeOf(number: number, mask: number): number {
  return (Math.imul(number, spread) >>> 8) & mask;
}

/** Made by pushing: `new Array` of many places is a dictionary. */
function filled<T>(places: number, value: T): T[] {
  const array: T[] = [];
  for (let i = 0; i < places; i += 1) array.push(value);
  return array;
}
