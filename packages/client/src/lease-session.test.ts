/** Leases that keep themselves alive, by a clock that the test moves: the loss is told before the server's end, never after (H-L rows). */
import { expect, test } from 'vitest';
import { leaseService, LeaseGrantResponse, LeaseKeepAliveResponse } from '@kv/proto/lease';
import { Client } from './client.js';
import type { Clock } from './clock.js';
import type { CallOptions, Channel, StreamCall, Transport } from './transport/port.js';

/** Time that passes when told to. */
class ManualClock implements Clock {
  nowMs = 0;
  readonly #timers = new Set<{ readonly atMs: number; readonly run: () => void }>();

  monotonicMs(): number {
    return this.nowMs;
  }

  after(delayMs: number, callback: () => void): { cancel(): void } {
    const timer = { atMs: this.nowMs + delayMs, run: callback };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  get timerCount(): number {
    return this.#timers.size;
  }

  /** In steps, so that what each timer starts can happen before the next. */
  async advance(ms: number): Promise<void> {
    const end = this.nowMs + ms;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const due = [...this.#timers]
        .filter(({ atMs }) => atMs <= end)
        .sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.nowMs = Math.max(this.nowMs, due.atMs);
      this.#timers.delete(due);
      due.run();
    }
    this.nowMs = end;
  }
}

/** A member that grants ten seconds, and renews while `isUp`. */
class FakeMember implements Transport {
  isUp = true;
  renewals = 0;

  channel(endpoint: Channel['endpoint']): Channel {
    return {
      endpoint,
      isReady: true,
      lastError: undefined,
      whenReady: () => Promise.resolve(),
      unary: (method) =>
        Promise.resolve(
          method === leaseService.leaseGrant.path
            ? LeaseGrantResponse.encode(LeaseGrantResponse.create({ ID: 7n, TTL: 10n })).finish()
            : new Uint8Array(0),
        ),
      stream: (_method, options) => this.#stream(options),
      close: () => undefined,
    };
  }

  #stream({ signal }: CallOptions): StreamCall {
    const answer = LeaseKeepAliveResponse.encode(
      LeaseKeepAliveResponse.create({ ID: 7n, TTL: 10n }),
    ).finish();
    const renew = (): boolean => {
      if (this.isUp) this.renewals += 1;
      return this.isUp;
    };
    return {
      send: () => undefined,
      finish: () => undefined,
      cancel: () => undefined,
      async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
        if (renew()) {
          yield answer;
          return;
        }
        await new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reject(signal.reason as Error);
          });
        });
      },
    };
  }
}

async function setUp(): Promise<{ clock: ManualClock; member: FakeMember; client: Client }> {
  const [clock, member] = [new ManualClock(), new FakeMember()];
  const client = await Client.open({
    endpoints: ['127.0.0.1:1'],
    transport: member,
    clock,
    timeoutMs: Infinity,
  });
  return { clock, member, client };
}

test('renewed every third of its time, as long as the member answers', async () => {
  const { clock, member, client } = await setUp();
  const session = await client.lease.session(10);
  await clock.advance(60_000);
  expect(member.renewals).toBeGreaterThanOrEqual(17);
  expect(session.isAlive).toBe(true);
  expect(session.remainingMs).toBeGreaterThan(5_000);
  await session.close();
  await client.close();
  expect(clock.timerCount).toBe(0);
});

test('lost a margin before the server can end it, counted from the last renewal that was sent', async () => {
  const { clock, member, client } = await setUp();
  const session = await client.lease.session(10);
  await clock.advance(4_000);
  expect(member.renewals).toBe(1);
  member.isUp = false;
  const renewedAtMs = 10_000 / 3;
  await clock.advance(renewedAtMs + 10_000 - 1_000 - clock.nowMs - 1);
  expect(session.isAlive).toBe(true);
  await clock.advance(2);
  expect(session.signal.aborted).toBe(true);
  expect(await session.lost).toMatchObject({ code: 'leaseLost' });
  await client.close();
});

test('a process that was stopped over the end knows at the first look, before any timer runs', async () => {
  const { clock, client } = await setUp();
  const session = await client.lease.session(10);
  clock.nowMs += 9_001;
  expect(session.isAlive).toBe(false);
  expect(() => {
    session.assertAlive();
  }).toThrow('could not be renewed');
  // A renewal that succeeds later does not bring back what somebody has seen to be lost.
  await clock.advance(1_000);
  expect(session.isAlive).toBe(false);
  await client.close();
});

test('C6: a margin that would tell the loss too late, or at once, is refused before there is a lease', async () => {
  const { client } = await setUp();
  for (const marginMs of [-1, Number.NaN, 10_000]) {
    await expect(client.lease.session(10, { marginMs })).rejects.toBeInstanceOf(TypeError);
  }
  const session = await client.lease.session(10, { marginMs: 9_999 });
  expect(session.remainingMs).toBe(1);
  await client.close();
});
