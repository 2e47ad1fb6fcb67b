/** Goal: figures are read from the tool's output as they stand there. Method: a real summary, and outputs that must not count. */
import { expect, test } from 'vitest';
import { markdownTable, median, parseReport } from './report.js';

const output = `2301 / 20000 [---->____] 11.51%
Summary:
  Total:	1.8823 secs.
  Requests/sec:	10625.5431

Response time histogram:
  0.0014 [1]	|
  0.0038 [685]	|∎∎∎∎

Latency distribution:
  10% in 0.0050 secs.
  50% in 0.0086 secs.
  99% in 0.0211 secs.
  99.9% in 0.0251 secs.
`;

test('a summary becomes figures', () => {
  expect(parseReport(output)).toEqual({
    requestsPerSecond: 10625.5431,
    p50Ms: 8.6,
    p99Ms: 21.1,
    answered: 686,
  });
});

test('an output without a summary, or with errors, is no result', () => {
  expect(parseReport('connection refused')).toBeUndefined();
  expect(parseReport(`${output}\nError distribution:\n  [3]	rpc error`)).toBeUndefined();
});

test('the median is the middle', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
});

test('a table lines up', () => {
  expect(markdownTable(['a', 'bb'], [['ccc', '1']])).toBe(
    '| a   | bb |\n|-----|---:|\n| ccc |  1 |',
  );
});
