/** Goal: pings both ways as grpc-go's server does (ServerParameters, EnforcementPolicy). Method: time as the test tells it. */
import { expect, it } from 'vitest';
import {
  ConnectionBench,
  SilentStream,
  shortBlock,
  silentRequests,
} from '../testing/connection-bench.js';
import { Flag, FrameType } from '../testing/frame-socket.js';
import { ErrorCode } from './frame.js';
import { Keepalive } from './keepalive.js';

const limits = { keepaliveIntervalMs: 10_000, keepaliveTimeoutMs: 3000, keepaliveMinTimeMs: 5000 };

it('pings after silence, and gives up when nothing comes', () => {
  const keepalive = new Keepalive(limits, 0);
  expect(keepalive.tick(9999)).toBe('quiet');
  expect(keepalive.tick(10_000)).toBe('ping');
  expect(keepalive.tick(12_999)).toBe('quiet');
  expect(keepalive.tick(13_000)).toBe('dead');
});

it('anything that comes is a sign of life', () => {
  const keepalive = new Keepalive(limits, 0);
  expect(keepalive.tick(10_000)).toBe('ping');
  keepalive.onRead(11_000);
  expect(keepalive.tick(20_999)).toBe('quiet');
  expect(keepalive.tick(21_000)).toBe('ping');
});

it('an interval of 0 never pings', () => {
  const keepalive = new Keepalive({ ...limits, keepaliveIntervalMs: 0 }, 0);
  expect(keepalive.tick(1e9)).toBe('quiet');
});

it('the third ping that comes too early is one too many', () => {
  const keepalive = new Keepalive(limits, 0);
  const pings = [0, 1000, 2000, 3000].map((atMs) => {
    keepalive.onRead(atMs);
    return keepalive.onPing(true);
  });
  expect(pings).toEqual(['allowed', 'allowed', 'allowed', 'tooMany']);
});

it('pings at the least time are allowed for ever while calls are open, and not without', () => {
  const pingsOf = (callsOpen: boolean): string[] => {
    const keepalive = new Keepalive(limits, 0);
    return [0, 5000, 10_000, 15_000].map((atMs) => {
      keepalive.onRead(atMs);
      return keepalive.onPing(callsOpen);
    });
  };
  expect(pingsOf(true)).toEqual(['allowed', 'allowed', 'allowed', 'allowed']);
  expect(pingsOf(false)).toEqual(['allowed', 'allowed', 'allowed', 'tooMany']);
});

it('an answer forgives: clients probe the bandwidth by pings after DATA', () => {
  const keepalive = new Keepalive(limits, 0);
  for (let round = 0; round < 100; round += 1) {
    keepalive.onAnswer();
    expect(keepalive.onPing(true)).toBe('allowed');
  }
});

it('a least time of 0 allows all', () => {
  const keepalive = new Keepalive({ ...limits, keepaliveMinTimeMs: 0 }, 0);
  for (let round = 0; round < 100; round += 1) expect(keepalive.onPing(false)).toBe('allowed');
});

it('a ping after each message of one long stream is no abuse, and one too many after the last is', () => {
  let stream: SilentStream | undefined;
  const bench = new ConnectionBench({
    keepalive: { keepaliveMinTimeMs: 5000 },
    requests: {
      ...silentRequests,
      openStream: (connection, id) => (stream = new SilentStream(connection, id)),
    },
  });
  bench.greet();
  bench.send(FrameType.headers, Flag.endHeaders, 1, shortBlock);
  for (let round = 0; round < 100 && stream !== undefined; round += 1) {
    bench.connection.sender.message(stream, new Uint8Array(10));
    bench.send(FrameType.ping, 0, 0, Buffer.alloc(8));
  }
  expect(bench.ended).toBe(0);
  for (let round = 0; round < 3; round += 1) bench.send(FrameType.ping, 0, 0, Buffer.alloc(8));
  expect(bench.reason?.message).toBe('too_many_pings');
});

it('the connection says too_many_pings, as grpc-go does', () => {
  const bench = new ConnectionBench({ keepalive: { keepaliveMinTimeMs: 5000 } });
  bench.greet();
  bench.send(FrameType.headers, Flag.endHeaders, 1, shortBlock);
  for (let round = 0; round < 4; round += 1) bench.send(FrameType.ping, 0, 0, Buffer.alloc(8));
  expect(bench.reason).toMatchObject({
    code: ErrorCode.enhanceYourCalm,
    message: 'too_many_pings',
  });
  const goaway = bench.take().at(-1);
  expect(goaway?.payload.toString('latin1', 8)).toBe('too_many_pings');
});
