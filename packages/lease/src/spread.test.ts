import fc from 'fast-check';
import { expect, test } from 'vitest';
import { spreadExpiries } from './spread.js';

const ascending = fc
  .array(fc.integer({ min: 0, max: 5_000 }), { maxLength: 200 })
  .map((times) => times.sort((a, b) => a - b));

test('at most so many fall due in any second; none earlier, order kept', () => {
  fc.assert(
    fc.property(ascending, fc.integer({ min: 1, max: 20 }), (expiries, perSecondMax) => {
      const spread = spreadExpiries(expiries, perSecondMax);
      expect(spread).toHaveLength(expiries.length);
      for (const [i, atMs] of spread.entries()) {
        expect(atMs).toBeGreaterThanOrEqual(expiries[i] ?? NaN);
        expect(atMs).toBeGreaterThanOrEqual(spread[i - 1] ?? 0);
        const within = spread.filter((other) => other >= atMs && other < atMs + 1_000);
        expect(within.length).toBeLessThanOrEqual(perSecondMax);
      }
    }),
  );
});

test('what is thin enough stays as it is', () => {
  const expiries = [0, 0, 400, 1_000, 1_000, 1_400, 9_000];
  expect(spreadExpiries(expiries, 3)).toEqual(expiries);
});

test('a pile is worn off at the rate', () => {
  expect(spreadExpiries([7, 7, 7, 7, 7], 2)).toEqual([7, 7, 1_007, 1_007, 2_007]);
});
