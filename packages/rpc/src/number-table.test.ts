import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NumberTable } from './number-table.js';

interface Value {
  readonly of: number;
}

/** Numbers as streams and requests have them: close together, with large gaps, and beyond 32 bits. */
const numbers = fc.oneof(
  fc.integer({ min: 0, max: 40 }),
  fc.integer({ min: 0, max: 40 }).map((n) => n * 2 + 1),
  fc.integer({ min: 0, max: 40 }).map((n) => 2 ** 32 * n),
  fc.integer({ min: 0, max: 40 }).map((n) => 2 ** 47 + n),
);

describe('NumberTable', () => {
  it('does what a Map does', () => {
    const step = fc.tuple(fc.constantFrom('set', 'delete', 'clear', 'set', 'set'), numbers);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const table = new NumberTable<Value>();
        const model = new Map<number, Value>();
        for (const [what, number] of steps) {
          const value = { of: number };
          if (what === 'set') {
            table.set(number, value);
            model.set(number, value);
          } else if (what === 'delete') {
            expect(table.delete(number)).toBe(model.delete(number));
          } else if (number === 0) {
            table.clear();
            model.clear();
          }
          expect(table.size).toBe(model.size);
          expect(table.get(number)).toBe(model.get(number));
        }
        for (const [number, value] of model) expect(table.get(number)).toBe(value);
        expect(new Set(table.values())).toEqual(new Set(model.values()));
      }),
    );
  });

  it('holds a window that moves, and one that stays for ever beside it', () => {
    const table = new NumberTable<Value>();
    const stays = { of: 1 };
    table.set(1, stays);
    for (let number = 3; number < 40_000; number += 2) {
      table.set(number, { of: number });
      if (number >= 2003) expect(table.delete(number - 2000)).toBe(true);
    }
    expect(table.size).toBe(1001);
    expect(table.get(1)).toBe(stays);
    expect(table.get(39_999)).toEqual({ of: 39_999 });
    expect(table.get(39_999 - 2000)).toBeUndefined();
  });

  it('works on after it has become empty', () => {
    const table = new NumberTable<Value>();
    for (let round = 0; round < 3; round += 1) {
      for (let number = 0; number < 5000; number += 1) table.set(number, { of: number });
      for (let number = 4999; number >= 0; number -= 1) table.delete(number);
      expect(table.size).toBe(0);
      expect(table.values()).toEqual([]);
    }
  });
});
