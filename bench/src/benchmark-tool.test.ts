/** Goal: summaries are read as they stand there. Method: real ones, of one and of two reports, and outputs that must not count. */
import { expect, test } from 'vitest';
import { parseSummaries } from './benchmark-tool.js';

const summary = (perSecond: string): string => `
Summary:
  Total:	1.8823 secs.
  Slowest:	0.0251 secs.
  Requests/sec:	${perSecond}

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
  const [only, ...rest] = parseSummaries(`2301 / 20000 [--->__] 11.51%${summary('10625.5')}`) ?? [];
  expect(rest).toEqual([]);
  expect(only?.perSecond).toBe(10625.5);
  expect(only?.p50Ms).toBeCloseTo(8.6);
  expect(only?.p99Ms).toBeCloseTo(21.1);
  expect(only?.answered).toBe(686);
});

test('several summaries come in their order', () => {
  const two = `Total Read Ops: 10${summary('1')}Total Write Ops: 12${summary('2')}`;
  expect(parseSummaries(two)?.map((s) => s.perSecond)).toEqual([1, 2]);
});

test('precise figures, and percentiles of zero that are not printed', () => {
  const text = summary('1e+06')
    .replace('  50% in 0.0086 secs.\n', '')
    .replace('0.0211', '2.11e-05');
  const [only] = parseSummaries(text) ?? [];
  expect(only?.perSecond).toBe(1_000_000);
  expect(only?.p50Ms).toBe(0);
  expect(only?.p99Ms).toBeCloseTo(0.0211);
});

test('an output without a summary, or with errors, is no result', () => {
  expect(parseSummaries('connection refused')).toBeUndefined();
  expect(parseSummaries(`${summary('1')}\nError distribution:\n  [3]	rpc error`)).toBeUndefined();
});
