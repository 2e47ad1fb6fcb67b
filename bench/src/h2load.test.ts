/** Goal: h2load's figures are read as they stand there, and failures are seen. Method: a real summary and log, and what differs from them. */
import { expect, test } from 'vitest';
import { parseH2load, sampleOf } from './h2load.js';
import { elapsedMs, latenciesWithin, parseRequestLog, tailOf } from './request-log.js';

const output = `finished in 2.07s, 29032.16 req/s, 1.81MB/s
requests: 60000 total, 60000 started, 60000 done, 60000 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 60000 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 3.74MB (3921301) total, 117.30KB (120120) headers (space savings 94.73%), 1.93MB (2023492) data
                     min         max         mean         sd        +/- sd
time for request:      511us    104.15ms     33.15ms     13.50ms    78.06%
`;

test('a summary becomes numbers', () => {
  expect(parseH2load(output)).toEqual({ succeeded: 60_000, others: 0, dataBytes: 2_023_492 });
  expect(parseH2load(output.replace('1.93MB (2023492)', '12B (12)'))?.dataBytes).toBe(12);
});

test('requests that failed or got another status are counted', () => {
  const failed = output.replace('60000 succeeded, 0 failed', '59990 succeeded, 10 failed');
  expect(parseH2load(failed)?.others).toBe(10);
  expect(parseH2load(output.replace('60000 2xx, 0 3xx', '59999 2xx, 1 3xx'))?.others).toBe(1);
});

test('an output without a summary is no result', () => {
  expect(parseH2load('[ERROR] Connection refused')).toBeUndefined();
});

const logText =
  '1795275226000000\t200\t2000\n1795275226001000\t200\t3000\n1795275226010000\t200\t500\n';

test('a log gives the time that passed and the latencies', () => {
  const log = parseRequestLog(logText);
  expect(elapsedMs(log)).toBeCloseTo(10.5, 2);
  expect(tailOf(log.durationMs)).toEqual({ p50Ms: 2, p99Ms: 3, maxMs: 3 });
  const sample = sampleOf({ requests: 3, dataBytes: 0, log });
  expect(sample.perSecond).toBeCloseTo(3 / 0.0105, 0);
});

test('only requests that were under way in the window count for it', () => {
  const log = parseRequestLog(logText);
  const begin = 1795275226000;
  expect([...latenciesWithin(log, begin + 3, begin + 5)]).toEqual([3]);
  expect([...latenciesWithin(log, begin + 5, begin + 9)]).toEqual([]);
  expect([...latenciesWithin(log, begin, begin + 20)]).toEqual([2, 3, 0.5]);
});

test('a log that is cut off is refused', () => {
  expect(() => parseRequestLog('1795275226000000\t20')).toThrow('line 1');
});
