/** Silence on a connection: asked about once calls are open, and its end when there is no answer (F-9). By timers that the test moves. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { KeepAlive } from './keep-alive.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function setUp(keepAliveMs: number): {
  readonly keepAlive: KeepAlive;
  readonly line: { streamCount: number; pings: (() => void)[]; failure: Error | undefined };
} {
  const line = {
    streamCount: 1,
    pings: [] as (() => void)[],
    failure: undefined as Error | undefined,
  };
  const connection = {
    get streamCount() {
      return line.streamCount;
    },
    ping: (onAnswer: () => void) => {
      line.pings.push(onAnswer);
    },
  };
  const keepAlive = new KeepAlive({ keepAliveMs, keepAliveTimeoutMs: 50 }, connection, (error) => {
    line.failure = error;
  });
  return { keepAlive, line };
}

test('a ping after the silence, and the end without an answer', () => {
  const { line } = setUp(100);
  vi.advanceTimersByTime(99);
  expect(line.pings).toHaveLength(0);
  vi.advanceTimersByTime(1);
  expect(line.pings).toHaveLength(1);
  vi.advanceTimersByTime(50);
  expect(line.failure?.message).toBe('no answer to a ping within 50 ms');
});

test('any byte is a sign of life: before the ping, and instead of its answer', () => {
  const { keepAlive, line } = setUp(100);
  vi.advanceTimersByTime(80);
  keepAlive.heard();
  vi.advanceTimersByTime(99);
  expect(line.pings).toHaveLength(0);
  vi.advanceTimersByTime(1);
  keepAlive.heard();
  vi.advanceTimersByTime(99);
  expect(line.failure).toBeUndefined();
  vi.advanceTimersByTime(1);
  line.pings.at(-1)?.();
  vi.advanceTimersByTime(99);
  expect(line.failure).toBeUndefined();
});

test('without calls there are no pings, and with the next call there are', () => {
  const { line } = setUp(100);
  line.streamCount = 0;
  vi.advanceTimersByTime(1_000);
  expect(line.pings).toHaveLength(0);
  line.streamCount = 1;
  vi.advanceTimersByTime(100);
  expect(line.pings).toHaveLength(1);
});

test('J-3: a silence that may last for ever is never asked about', () => {
  const { line } = setUp(Infinity);
  vi.advanceTimersByTime(86_400_000);
  expect(line.pings).toHaveLength(0);
});

test('stopped, it does nothing more', () => {
  const { keepAlive, line } = setUp(100);
  vi.advanceTimersByTime(100);
  keepAlive.stop();
  vi.advanceTimersByTime(1_000);
  expect(line.failure).toBeUndefined();
  expect(vi.getTimerCount()).toBe(0);
});
