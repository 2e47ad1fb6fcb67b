/** The arithmetic of `check perf`: pace, statistics, verdict. No clock, no server. */
import { expect, test } from 'vitest';
import { LoadMeter, Pacer, loadModel, perfReport } from '../src/commands/check-load.js';

test('permits come at the rate, and those who wait are served in turn', async () => {
  const pacer = new Pacer(100, 10, 0);
  const order: number[] = [];
  const waits = [0, 1, 2].map(async (i) => {
    if (await pacer.permit()) order.push(i);
  });
  pacer.advance(9);
  await Promise.resolve();
  expect(order).toEqual([]);
  pacer.advance(20);
  await Promise.all(waits.slice(0, 2));
  expect(order).toEqual([0, 1]);
  pacer.stop();
  await Promise.all(waits);
  expect(order).toEqual([0, 1]);
  expect(await pacer.permit()).toBe(false);
});

test('permits that nobody takes do not pile up', async () => {
  const pacer = new Pacer(1_000, 3, 0);
  pacer.advance(60_000);
  let granted = 0;
  const waits = Array.from({ length: 5 }, async () => {
    if (await pacer.permit()) granted += 1;
  });
  await Promise.all(waits.slice(0, 3));
  expect(granted).toBe(3);
  pacer.stop();
  await Promise.all(waits);
  expect(granted).toBe(3);
});

test('rate, slowest and standard deviation', () => {
  const meter = new LoadMeter();
  for (const seconds of [2, 4, 4, 4, 5, 5, 7, 9]) meter.succeeded(seconds);
  const { rate, slowest, stddev, errors } = meter.stats(4);
  expect({ rate, slowest, stddev }).toEqual({ rate: 2, slowest: 9, stddev: 2 });
  expect(errors.size).toBe(0);
});

test('a load without any success is no division by zero', () => {
  const meter = new LoadMeter();
  meter.failed('broken');
  meter.failed('broken');
  const stats = meter.stats(0);
  expect(stats).toMatchObject({ rate: 0, slowest: 0, stddev: 0 });
  expect(perfReport(stats, 150).text).toBe(
    'FAIL: too many errors\nFAIL: ERROR(broken) -> 2\nFAIL: Throughput too low: 1 writes/s\n' +
      'PASS: Slowest request took 0.000000s\nPASS: Stddev is 0.000000s\nFAIL\n',
  );
});

test.each([
  [{ rate: 149.99, slowest: 0.5, stddev: 0.1 }, true, 'PASS: Throughput is 150 writes/s'],
  [{ rate: 135, slowest: 0.1, stddev: 0 }, false, 'FAIL: Throughput too low: 136 writes/s'],
  [{ rate: 150, slowest: 0.5000011, stddev: 0 }, false, 'Slowest request took too long: 0.500001s'],
  [{ rate: 150, slowest: 0.1, stddev: 0.2 }, false, 'Stddev too high: 0.200000s'],
])('verdict on %j', (stats, passed, line) => {
  const report = perfReport({ ...stats, errors: new Map() }, 150);
  expect(report.passed).toBe(passed);
  expect(report.text.split('\n')).toContain(line);
  expect(report.text.endsWith(passed ? '\nPASS\n' : '\nFAIL\n')).toBe(true);
});

test('loads by both names, and no others', () => {
  const models = { s: 1, m: 2, l: 3, xl: 4 };
  const names = ['s', 'small', 'm', 'medium', 'l', 'large', 'xl', 'xLarge'];
  expect(names.map((name) => loadModel(models, name))).toEqual([1, 1, 2, 2, 3, 3, 4, 4]);
  expect(loadModel(models, 'XL')).toBeUndefined();
  expect(loadModel(models, 'constructor')).toBeUndefined();
});
