/** Goal: durations mean what people write. Method: a table of texts, and what must be refused. */
import { expect, test } from 'vitest';
import { millisecondsOf } from './duration.js';

test.each([
  ['10m', 600_000],
  ['1h30m', 5_400_000],
  ['250ms', 250],
  ['1.5s', 1500],
  ['1d2h3m4s5ms', 93_784_005],
  ['0s', 0],
  [0.2, 1],
  [1000, 1000],
])('%s is %d ms', (duration, ms) => {
  expect(millisecondsOf(duration)).toBe(ms);
});

test.each(['', '10', 'm', '10 m', '1m1h', '1s1s', '-1s', '1e3s', -1, NaN, Infinity, '1s '])(
  '%s is refused',
  (duration) => {
    expect(() => millisecondsOf(duration)).toThrow(
      expect.objectContaining({ code: 'invalidDuration' }),
    );
  },
);
