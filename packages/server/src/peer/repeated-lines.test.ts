/** Lines that come again and again. Goal: said at once, then every ten minutes, and never more of them kept than a bound. */
import { expect, it } from 'vitest';
import { FakeClock } from '../testing/fake-clock.js';
import { RepeatedLines } from './repeated-lines.js';

it('each is due at once, and again ten minutes later', async () => {
  const clock = new FakeClock();
  const lines = new RepeatedLines(clock);
  expect([lines.isDue('a'), lines.isDue('b'), lines.isDue('a')]).toEqual([true, true, false]);
  await clock.advance(10 * 60_000 - 1);
  expect(lines.isDue('a')).toBe(false);
  await clock.advance(1);
  expect([lines.isDue('a'), lines.isDue('a')]).toEqual([true, false]);
});

it('whoever makes up many of them can not fill the memory', () => {
  const lines = new RepeatedLines(new FakeClock());
  for (let n = 0; n < 64; n++) lines.isDue(n.toString());
  expect(lines.isDue('0')).toBe(false);
  expect(lines.isDue('64')).toBe(true);
  // Those before were forgotten.
  expect(lines.isDue('0')).toBe(true);
});
