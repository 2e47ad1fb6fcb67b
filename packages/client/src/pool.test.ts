/** The pool: turns, endpoints that are passed over, other endpoints, and reasons why there is none (F-9). By a clock that the test moves. */
import { describe, expect, test } from 'vitest';
import { parseEndpoint } from './endpoint.js';
import { Pool, type Lent } from './pool.js';
import { ConnectionError } from './transport/connection-error.js';
import type { Channel, ChannelOptions, Endpoint } from './transport/port.js';

class FakeChannel implements Channel {
  readonly endpoint: Endpoint;
  readonly #options: ChannelOptions;
  isReady = true;
  isClosed = false;
  lastError: Error | undefined;

  constructor(endpoint: Endpoint, options: ChannelOptions) {
    this.endpoint = endpoint;
    this.#options = options;
  }

  fail(error: Error): void {
    this.isReady = false;
    this.lastError = error;
    this.#options.onState?.({ kind: 'failed', error });
  }

  whenReady(signal: AbortSignal): Promise<void> {
    if (this.isReady) return Promise.resolve();
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        reject(new Error('aborted'));
      });
    });
  }

  unary(): Promise<Uint8Array> {
    return Promise.reject(new Error('not used'));
  }

  stream(): never {
    throw new Error('not used');
  }

  close(): void {
    this.isClosed = true;
  }
}

const endpoints = (...names: readonly string[]): Endpoint[] =>
  names.map((name) => parseEndpoint(`${name}:1`, false));

function setUp(waitForReady = false): {
  readonly pool: Pool;
  readonly channels: Map<string, FakeChannel>;
  readonly time: { nowMs: number };
  readonly take: () => Promise<Lent>;
} {
  const channels = new Map<string, FakeChannel>();
  const time = { nowMs: 0 };
  const pool = new Pool(
    {
      transport: {
        channel: (endpoint, options) => {
          const channel = new FakeChannel(endpoint, options);
          channels.set(endpoint.text, channel);
          return channel;
        },
      },
      channel: { tls: {}, keepAliveMs: 1, keepAliveTimeoutMs: 1, receiveBytesMax: 1 },
      clock: { monotonicMs: () => time.nowMs, after: () => ({ cancel: () => undefined }) },
      random: () => 0.5,
      waitForReady,
      onConnection: () => undefined,
    },
    endpoints('a', 'b', 'c'),
  );
  return { pool, channels, time, take: () => pool.acquire(new AbortController().signal) };
}

const nameOf = ({ channel }: Lent): string => channel.endpoint.text;

describe('turns', () => {
  test('each endpoint in turn', async () => {
    const { take } = setUp();
    const names: string[] = [];
    for (let n = 0; n < 6; n++) names.push(nameOf(await take()));
    expect(names).toEqual(['a:1', 'b:1', 'c:1', 'a:1', 'b:1', 'c:1']);
  });

  test('one that lost a call is passed over, tried by one call later, and back after an answer', async () => {
    const { take, time } = setUp();
    const first = await take();
    first.release('lost');
    const names = async (count: number): Promise<string[]> => {
      const all: string[] = [];
      for (let n = 0; n < count; n++) all.push(nameOf(await take()));
      return all;
    };
    expect(await names(4)).toEqual(['b:1', 'c:1', 'b:1', 'c:1']);
    time.nowMs = 1_001;
    const trial = await take();
    expect(nameOf(trial)).toBe('a:1');
    expect(await names(3)).not.toContain('a:1');
    trial.release('answered');
    expect(await names(3)).toContain('a:1');
  });

  test('when all have lost a call, any is better than none', async () => {
    const { take } = setUp();
    for (let n = 0; n < 3; n++) (await take()).release('lost');
    expect(nameOf(await take())).toMatch(/[abc]:1/);
  });
});

describe('other endpoints', () => {
  test('those that stay keep their connections; those that go close with their last call', async () => {
    const { pool, channels, take } = setUp();
    const busy = await take();
    const kept = channels.get('b:1');
    pool.setEndpoints(endpoints('b', 'd'));
    expect(channels.get('c:1')?.isClosed).toBe(true);
    expect(channels.get('a:1')?.isClosed).toBe(false);
    busy.release('answered');
    expect(channels.get('a:1')?.isClosed).toBe(true);
    expect(channels.get('b:1')).toBe(kept);
    expect([nameOf(await take()), nameOf(await take())].sort()).toEqual(['b:1', 'd:1']);
  });

  test('a call may name an endpoint that is not of the client', async () => {
    const { pool, channels } = setUp();
    const [named] = endpoints('z');
    const lent = await pool.acquire(new AbortController().signal, named);
    expect(nameOf(lent)).toBe('z:1');
    pool.close();
    expect([...channels.values()].every(({ isClosed }) => isClosed)).toBe(true);
  });
});

test('connections to named endpoints are bounded, and become ordinary ones where the endpoint does', async () => {
  const { pool, channels } = setUp();
  const { signal } = new AbortController();
  for (let n = 0; n < 40; n++) {
    const [named] = endpoints(`n${n}`);
    (await pool.acquire(signal, named)).release('answered');
  }
  expect(channels.get('n7:1')?.isClosed).toBe(true);
  expect(channels.get('n8:1')?.isClosed).toBe(false);
  const kept = channels.get('n39:1');
  pool.setEndpoints(endpoints('n39'));
  expect((await pool.acquire(signal)).channel).toBe(kept);
});

describe('no connection', () => {
  const expired = new ConnectionError('certificateExpired', 'certificate has expired');
  const refused = new ConnectionError('connectionRefused', 'connect ECONNREFUSED');

  test('hopeless everywhere: rejected at once, with every endpoint', async () => {
    const { take, channels } = setUp();
    for (const channel of channels.values()) channel.fail(expired);
    await expect(take()).rejects.toMatchObject({
      code: 'certificateExpired',
      outcome: 'definite',
      message: /a:1: .*b:1: .*c:1: /,
    });
  });

  test('hopeless only here and there: waits for the others', async () => {
    const { pool, channels } = setUp();
    channels.get('a:1')?.fail(expired);
    channels.get('b:1')?.fail(refused);
    channels.get('c:1')?.fail(expired);
    const stop = new AbortController();
    const waiting = pool.acquire(stop.signal);
    stop.abort(new Error('time is up'));
    await expect(waiting).rejects.toThrow('time is up');
    expect(pool.connectionProblem()?.code).toBe('certificateExpired');
  });

  test('waitForReady waits whatever the reason', async () => {
    const { pool, channels } = setUp(true);
    for (const channel of channels.values()) channel.fail(expired);
    const stop = new AbortController();
    const waiting = pool.acquire(stop.signal);
    stop.abort(new Error('time is up'));
    await expect(waiting).rejects.toThrow('time is up');
  });
});
