/** Goal: medians, quantiles and spreads are what their names say. Method: values whose answers are known. */
import { expect, test } from 'vitest';
import { median, quantile, spread } from './statistics.js';

test('the median is the middle, or the mean of the two middles', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([])).toBeNaN();
});

test('a quantile is the smallest value that the share does not exceed', () => {
  const hundred = Float64Array.from({ length: 100 }, (_, i) => 100 - i);
  expect(quantile(hundred, 0.5)).toBe(50);
  expect(quantile(hundred, 0.99)).toBe(99);
  expect(quantile(Float64Array.of(7), 0.99)).toBe(7);
  expect(quantile(new Float64Array(), 0.5)).toBeNaN();
});

test('the spread is relative to the median', () => {
  expect(spread([90, 100, 120])).toBeCloseTo(0.3);
  expect(spread([100])).toBe(0);
});
