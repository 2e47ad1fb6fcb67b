/** Goal: keys come in byte order, equal ones as they were added, in steps that stay small. Method: against the sort of the language. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Key } from '../model.js';
import { keyOrder } from './key-order.js';

function finish(keys: readonly Key[]): { readonly order: number[]; readonly steps: number } {
  const task = keyOrder(keys);
  for (let steps = 0; ; steps++) {
    const { done, value } = task.next();
    if (done === true) return { order: [...value], steps };
  }
}

const expected = (keys: readonly Key[]): number[] =>
  keys
    .map((key, position) => ({ key, position }))
    .sort((a, b) => (a.key === b.key ? a.position - b.position : a.key < b.key ? -1 : 1))
    .map(({ position }) => position);

describe('the order of keys', () => {
  it('is that of their bytes, and of their positions where they are equal, for any number of them', () => {
    const name = fc.oneof(
      fc.string({ maxLength: 3 }),
      fc.constantFrom('a', 'b', '\u00ff', '\u00ff\0'),
    );
    const few = fc.array(name, { maxLength: 20 });
    // Few keys again and again make arrays of more than one run.
    const times = fc.constantFrom(1, 1, 1, 300);
    fc.assert(
      fc.property(few, times, (names, repeated) => {
        const keys = Array.from({ length: repeated }, () => names).flat() as Key[];
        expect(finish(keys).order).toEqual(expected(keys));
      }),
      { numRuns: 200 },
    );
  });

  it('of runs that end in the middle of a merge', () => {
    for (const count of [0, 1, 1023, 1024, 1025, 2048, 2049, 3 * 1024 + 7, 5 * 1024]) {
      const keys = Array.from({ length: count }, (_, i) =>
        String((i * 7919) % (count + 1)),
      ) as Key[];
      expect(finish(keys).order).toEqual(expected(keys));
    }
  });

  it('takes many steps for many keys', () => {
    const count = 200_000;
    const keys = Array.from({ length: count }, (_, i) => String((i * 7919) % count)) as Key[];
    // Eight passes of merging, and one of sorting, at 16,384 positions to a step.
    expect(finish(keys).steps).toBeGreaterThan(80);
  });
});
