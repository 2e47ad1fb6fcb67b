/**
 * Goal: a cache over a real server is equal to the store at its revision, through cut connections and compaction. Method: random writes
 * (seeded) past a proxy that the test cuts; after each round the cache is compared with a read at its own revision.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cacheOf, Client, json, prefix, wireTransport } from '../../src/index.js';
import { FaultyProxy } from '../faulty-proxy.js';
import { availableServers, type TestServer } from '../reference.js';
import { withServer } from '../with-server.js';

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('put' as const), key }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('delete' as const), key }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('cut' as const, 'compact' as const), key }),
  },
);

describe.each(availableServers())('a cache, on $name', (binary) => {
  let server: TestServer;
  let client: Client;
  withServer(binary, (started) => {
    ({ server, client } = started);
  });

  test('equals the store at its revision, whatever is cut or compacted', async () => {
    // Cut by the test alone: the seed draws nothing.
    await using proxy = await FaultyProxy.open(server.endpoint, 1);
    await using cut = await Client.open({
      endpoints: [proxy.endpoint],
      transport: wireTransport,
    });
    await using cache = cut.cache(prefix('cached/'));
    await cache.ready;
    let writes = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
        let revision = 0;
        for (const each of steps) {
          const name = `cached/${each.key}`;
          if (each.do === 'cut') proxy.cutAll();
          else if (each.do === 'compact') await client.kv.compact(revision).catch(() => undefined);
          else if (each.do === 'delete') ({ revision } = await client.kv.delete(name));
          else ({ revision } = await client.kv.put(name, String((writes += 1))));
        }
        await cache.sync({ timeoutMs: 15_000 });
        const at = await client.kv.get(prefix('cached/'), { revision: cache.revision });
        const pairs = (kvs: typeof at.kvs): unknown[] =>
          kvs.map((kv) => [kv.keyText(), kv.text(), kv.modRevision, kv.version]);
        expect(pairs(cache.all())).toEqual(pairs(at.kvs));
      }),
      { numRuns: 15, endOnFailure: true },
    );
  });

  test('below a namespace and through a codec; a put is seen once waited for', async () => {
    const kv = client.namespace('app/').withCodec(json<{ readonly port: number }>());
    await kv.put('config', { port: 1 });
    await using cache = cacheOf({ kv, raw: client.raw }, prefix(''));
    await cache.ready;
    expect(cache.get('config')?.value.port).toBe(1);
    // J-4: a copy of its own, and no Buffer.
    expect(cache.get('config')?.bytes.constructor).toBe(Uint8Array);
    expect(cache.get('config')?.bytes.buffer.byteLength).toBe(10);
    const { revision } = await kv.put('config', { port: 2 });
    await cache.waitFor(revision);
    expect(cache.get('config')?.value.port).toBe(2);
    // Revisions of other keys are reached too: the cache asks how far it is.
    const { revision: elsewhere } = await client.kv.put('elsewhere', '');
    await cache.waitFor(elsewhere);
    expect(await cache.sync()).toBeGreaterThanOrEqual(elsewhere);
  });
});
