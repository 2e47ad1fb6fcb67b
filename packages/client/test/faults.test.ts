/**
 * Goal: whatever the network does, a watch loses and repeats nothing (C3), no write is sent twice (C1, G-18), and no error escapes (J-6). Method: a
 * proxy that cuts, stalls and corrupts connections from a printed seed, between the client and each server that is there.
 *
 * `pnpm run cuts` does the same over 10,000 cuts. `KV_SEED` repeats a run; `KV_CUT_BYTES` is the most that most connections carry before they are cut: fewer
 * bytes, fewer events between two cuts.
 */
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Client } from '../src/client.js';
import { KvError } from '../src/errors.js';
import type { KvClient } from '../src/kv.js';
import { put, when } from '../src/operation.js';
import { grpcJsTransport } from '../src/transport/grpc-js.js';
import { wireTransport } from '../src/transport/wire/transport.js';
import { FaultyProxy, seeded } from './faulty-proxy.js';
import { availableServers, type TestServer } from './reference.js';
import { withServer } from './with-server.js';

const cutCount = Number(process.env['KV_CUTS'] ?? 100);
const cutAfterBytesMax = Number(process.env['KV_CUT_BYTES'] ?? 8_000);
const seed = Number(process.env['KV_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
console.info(`faults: KV_SEED=${seed} KV_CUTS=${cutCount}`);

const transports = [
  { transport: wireTransport, name: 'wire' },
  { transport: grpcJsTransport, name: 'grpc-js' },
];
const servers = availableServers();

const escaped: unknown[] = [];
const onEscaped = (reason: unknown): void => {
  escaped.push(reason);
};
beforeAll(() => {
  process.on('unhandledRejection', onEscaped);
});
afterAll(() => {
  process.off('unhandledRejection', onEscaped);
  expect(escaped).toEqual([]);
});

/** How far the writer runs ahead of the watch: what it has missed comes in one message, which has to get through before the next cut as a rule. */
const aheadMax = 10;

/** Writes until told to stop; returns each event that a watch has to yield: `key@revision`. */
async function writeUntil(
  kv: KvClient,
  isOver: () => boolean,
  seenCount: () => number,
): Promise<string[]> {
  const random = seeded(seed + 1);
  const events: string[] = [];
  for (let n = 0; !isOver(); n++) {
    if (events.length - seenCount() > aheadMax) {
      await setImmediate();
      continue;
    }
    const key = `k${Math.floor(random() * 20)}`;
    const size = 1 + Math.floor(random() * 400);
    if (random() < 0.2) {
      const then = [put(key, 'a'.repeat(size)), put(`${key}+`, 'b')] as const;
      const { revision } = await kv.transact({ then });
      events.push(`${key}@${revision}`, `${key}+@${revision}`);
    } else {
      const { revision } = await kv.put(key, `${n}${'x'.repeat(size)}`);
      events.push(`${key}@${revision}`);
    }
  }
  return events;
}

describe.skipIf(servers.length === 0).each(servers)('with $name', (binary) => {
  let server: TestServer | undefined;
  withServer(binary, (started) => {
    ({ server } = started);
  });
  const endpoint = (): string => server?.endpoint ?? '';

  test.each(transports)(
    `$name: C3: a watch over ${cutCount} cuts (grpc-js: a quarter) yields each event once, in order`,
    { timeout: 60_000 + cutCount * 400 },
    async ({ transport, name }) => {
      await using proxy = await FaultyProxy.open(endpoint(), seed);
      proxy.faults = { cutAfterBytesMax, stallPart: 0.02, stallMs: 30 };
      await using writer = await Client.open({
        endpoints: [endpoint()],
        transport: wireTransport,
        // Not what is tested: a busy machine may take its time.
        timeoutMs: 60_000,
      });
      await using watcher = await Client.open({ endpoints: [proxy.endpoint], transport });
      const space = `cuts-${name}/`;
      const startMs = performance.now();
      const count = name === 'wire' ? cutCount : Math.ceil(cutCount / 4);
      const { revision } = await writer.kv.put('begin', '');
      await using watch = watcher
        .namespace(space)
        .watch({ all: true }, { startRevision: revision });
      const seen: string[] = [];
      let seenRevision = 0;
      const reading = (async () => {
        for await (const { events } of watch) {
          for (const { kv } of events) seen.push(`${kv.keyText()}@${kv.modRevision}`);
          seenRevision = events.at(-1)?.kv.modRevision ?? seenRevision;
        }
      })();
      const written = await writeUntil(
        writer.namespace(space),
        () => proxy.cuts >= count,
        () => seen.length,
      );
      const last = Number(written.at(-1)?.split('@')[1]);
      await expect.poll(() => seenRevision, { timeout: 60_000 }).toBe(last);
      await watch.close();
      await reading;
      expect(proxy.cuts).toBeGreaterThanOrEqual(count);
      const figures = { cuts: proxy.cuts, written: written.length, seen: seen.length };
      const seconds = Math.round((performance.now() - startMs) / 1_000);
      console.info(`${binary.name}, ${name}: ${JSON.stringify({ ...figures, seconds })}`);
      // Not `toEqual`: a difference of some thousand lines helps nobody.
      const wrong = written.findIndex((event, at) => event !== seen[at]);
      expect([wrong, written[wrong], seen[wrong], seen.length]).toEqual([
        -1,
        undefined,
        undefined,
        written.length,
      ]);
    },
  );

  test.each(transports)(
    '$name: C1: a write is done at most once, and its outcome is as told',
    { timeout: 120_000 },
    async ({ transport, name }) => {
      await using proxy = await FaultyProxy.open(endpoint(), seed);
      proxy.faults = { cutAfterBytesMax: 3_000, stallPart: 0.1, stallMs: 50 };
      await using client = await Client.open({
        endpoints: [proxy.endpoint],
        transport,
        timeoutMs: 5_000,
      });
      await using direct = await Client.open({ endpoints: [endpoint()], transport: wireTransport });
      const space = `once-${name}/`;
      const outcomes = new Map<string, 'done' | 'definite' | 'unknown'>();
      const write = async (n: number): Promise<void> => {
        const key = `w${n}`;
        const kv = client.namespace(space);
        const then = [put(key, 'x'.repeat(n % 300))] as const;
        try {
          if (n % 3 === 0) await kv.transact({ if: [when.version('never', '=', 0)], then });
          else await kv.put(key, 'x'.repeat(n % 300));
          outcomes.set(key, 'done');
        } catch (error) {
          if (!(error instanceof KvError)) throw error;
          outcomes.set(key, error.outcome);
        }
      };
      for (let n = 0; n < 600 || (proxy.cuts <= 20 && n < 20_000); n += 6)
        await Promise.all([0, 1, 2, 3, 4, 5].map((offset) => write(n + offset)));
      const versions = new Map<string, number>();
      for await (const kv of direct.namespace(space).range({ all: true }))
        versions.set(kv.keyText(), kv.version);
      for (const [key, outcome] of outcomes) {
        const version = versions.get(key) ?? 0;
        if (outcome === 'done') expect([key, version]).toEqual([key, 1]);
        else if (outcome === 'definite') expect([key, version]).toEqual([key, 0]);
        else expect(version, key).toBeLessThanOrEqual(1);
      }
      expect(proxy.cuts).toBeGreaterThan(20);
      expect([...outcomes.values()]).toContain('unknown');
    },
  );

  test.each(transports)(
    '$name: J-6: turned bits break calls, never the program; afterwards all is well',
    { timeout: 120_000 },
    async ({ transport }) => {
      await using proxy = await FaultyProxy.open(endpoint(), seed);
      await using client = await Client.open({
        endpoints: [proxy.endpoint],
        transport,
        timeoutMs: 500,
      });
      await client.kv.put('corrupt', 'x'.repeat(2_000));
      proxy.faults = { corruptPart: 0.2 };
      proxy.cutAll();
      for (let round = 0; round < 1_000 && proxy.corruptions < 40; round++) {
        const calls = Array.from({ length: 4 }, () => client.kv.get({ all: true }, { limit: 20 }));
        const results = await Promise.allSettled(calls);
        // grpc-js reads nonsense for ever from a connection whose frames are out of step.
        if (results.some(({ status }) => status === 'rejected')) proxy.cutAll();
      }
      expect(proxy.corruptions).toBeGreaterThan(5);
      proxy.faults = {};
      proxy.cutAll();
      await expect
        .poll(
          () =>
            client.kv.find('corrupt').then(
              (kv) => kv?.bytes.length,
              () => 0,
            ),
          { timeout: 10_000 },
        )
        .toBe(2_000);
    },
  );

  test.each(transports)(
    '$name: F-9: an endpoint that swallows everything is passed over within 5 s',
    { timeout: 60_000 },
    async ({ transport }) => {
      await using hole = await FaultyProxy.open(endpoint(), seed);
      const endpoints = [hole.endpoint, endpoint()];
      await using client = await Client.open({ endpoints, transport, timeoutMs: 2_500 });
      // Both are connected before one of them goes silent.
      for (let n = 0; n < 4; n++) await client.kv.put('hole', String(n));
      await expect
        .poll(async () => {
          await client.kv.find('hole');
          return true;
        })
        .toBe(true);
      hole.blackHole(true);
      const started = performance.now();
      for (let n = 0; n < 20; n++) await client.kv.find('hole');
      expect(performance.now() - started).toBeLessThan(5_000);
      // Writes are never sent again: at most the one that meets the silence fails.
      const writes = await Promise.allSettled(
        Array.from({ length: 10 }, (_, n) => client.kv.put('hole', String(n))),
      );
      expect(writes.filter(({ status }) => status === 'rejected').length).toBeLessThanOrEqual(1);
    },
  );
});
