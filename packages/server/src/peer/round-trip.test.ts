/** Measuring the way to a peer. Goal: first after five seconds, then every thirty, sooner after a failure, and never once it is closed. */
import { expect, it } from 'vitest';
import { FakeClock } from '../testing/fake-clock.js';
import { RoundTripProbe } from './round-trip.js';

it('asks in its time, and measures answers only', async () => {
  const clock = new FakeClock();
  const asked: number[] = [];
  const measured: number[] = [];
  const startMs = clock.monotonicMs();
  let status = 503;
  const probe = new RoundTripProbe({
    clock,
    urls: { current: () => 'http://b:1' },
    client: {
      ask: ({ url, method }) => {
        expect([method, url]).toEqual(['GET', 'http://b:1/raft/probing']);
        asked.push(clock.monotonicMs() - startMs);
        const answer = { status, headers: {}, body: Buffer.alloc(0) };
        return asked.length === 2 ? Promise.reject(new Error('gone')) : Promise.resolve(answer);
      },
    },
    measured: (durationMs) => measured.push(durationMs),
  });
  probe.start();
  for (const untilMs of [5000, 5000, 5000]) await clock.advance(untilMs);
  expect(asked).toEqual([5000, 10_000, 15_000]);
  expect(measured).toEqual([]);
  status = 200;
  await clock.advance(5000);
  expect(measured).toEqual([0]);
  await clock.advance(29_999);
  expect(asked).toHaveLength(4);
  await clock.advance(1);
  expect(measured).toEqual([0, 0]);
  probe.close();
  await clock.advance(100_000);
  expect(asked).toHaveLength(5);
});
