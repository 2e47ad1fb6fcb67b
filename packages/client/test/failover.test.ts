/**
 * Goal: a client of three endpoints goes on when the leader is killed or hangs (F-9). Method: three members of each kind of server; puts one after
 * the other while their leader goes away. A put that was under way may fail, with an unknown outcome; every later one succeeds.
 */
import { expect, test } from 'vitest';
import { Client } from '../src/client.js';
import { grpcJsTransport } from '../src/transport/grpc-js.js';
import { wireTransport } from '../src/transport/wire/transport.js';
import { TestCluster } from './cluster.js';
import { availableServers } from './reference.js';

const transports = [
  { transport: wireTransport, via: 'wire' },
  { transport: grpcJsTransport, via: 'grpc-js' },
];
const cases = availableServers().flatMap((binary) =>
  transports.map((each) => ({ binary, name: binary.name, ...each })),
);

async function leaderOf(client: Client, endpoints: readonly string[]): Promise<number> {
  const states = await Promise.all(
    endpoints.map((endpoint) => client.maintenance.status({ endpoint })),
  );
  return states.findIndex(({ memberId, leaderId }) => memberId === leaderId);
}

test.skipIf(cases.length === 0).each(cases)(
  '$name, $via: puts and a watch go on when the leader is killed; a member that hangs is passed over',
  { timeout: 120_000 },
  async ({ binary, transport }) => {
    await using cluster = await TestCluster.start(binary);
    const { endpoints } = cluster;
    await using client = await Client.open({ endpoints, transport, timeoutMs: 30_000 });
    const { revision } = await client.kv.put('begin', '');
    const leader = await leaderOf(client, endpoints);
    await using watch = client.watch('n', { startRevision: revision });
    await watch.created();

    const puts = async (
      count: number,
    ): Promise<{ readonly failed: number; readonly slowestMs: number }> => {
      let [failed, slowestMs] = [0, 0];
      for (let n = 0; n < count; n++) {
        const startMs = performance.now();
        await client.kv.put('n', String(n), { timeoutMs: 5_000 }).catch(() => {
          failed += 1;
        });
        slowestMs = Math.max(slowestMs, performance.now() - startMs);
      }
      return { failed, slowestMs };
    };
    await puts(10);
    const [killed, during] = await Promise.all([cluster.kill(leader), puts(60)]);
    expect(killed).toBeUndefined();
    // The one at the dead leader, and one that it had taken over from a follower: lost on the way.
    expect(during.failed).toBeLessThanOrEqual(2);
    expect((await puts(20)).failed).toBe(0);
    const last = await client.kv.find('n');
    for await (const { revision: seen } of watch) if (seen >= (last?.modRevision ?? 0)) break;
    expect(last?.version).toBeGreaterThanOrEqual(88);

    // Of the two that are left none can do without the other: so reads that need no majority.
    const other = (leader + 1) % 3;
    cluster.pause(other);
    const startMs = performance.now();
    for (let n = 0; n < 10; n++)
      await client.kv.find('n', { serializable: true, timeoutMs: 4_000 });
    cluster.resume(other);
    expect(performance.now() - startMs).toBeLessThan(5_000);
  },
);
