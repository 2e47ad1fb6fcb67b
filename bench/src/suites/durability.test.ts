/** Goal: syncs are counted from strace's summary. Method: a real one. */
import { expect, test } from 'vitest';
import { parseStraceCounts } from './durability.js';

test('calls are added up, with and without a column of errors', () => {
  const summary = `% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 98.00    0.040000         199       200           fdatasync
  2.00    0.001000         100        10         1 fsync
------ ----------- ----------- --------- --------- ----------------
100.00    0.041000         195       210         1 total
`;
  expect(parseStraceCounts(summary)).toBe(210);
  expect(parseStraceCounts('')).toBe(0);
});
