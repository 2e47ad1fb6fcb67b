/**
 * Goal: a client leaves nothing behind, however often one is opened and closed (C4). Method: 1,000 cycles with calls, watches and leases, then the
 * handles and the heap of the process.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { Client } from '../src/client.js';
import { grpcJsTransport } from '../src/transport/grpc-js.js';
import { wireTransport } from '../src/transport/wire/transport.js';
import { TestServer, availableServers } from './reference.js';

const [binary] = availableServers().slice(-1);
const cycles = 1_000;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** What the process holds, after everything that can go has gone. */
async function held(): Promise<{ readonly handles: number; readonly heapBytes: number }> {
  for (let round = 0; round < 5; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
  const handles = process
    .getActiveResourcesInfo()
    .filter((kind) => /TCP|Timeout|TLS|Pipe/.test(kind));
  return { handles: handles.length, heapBytes: process.memoryUsage().heapUsed };
}

test.skipIf(binary === undefined).each([
  { name: 'wire', transport: wireTransport },
  { name: 'grpc-js', transport: grpcJsTransport },
])(
  `$name: ${cycles} clients opened and closed leave no handle and no heap`,
  { timeout: 180_000 },
  async ({ transport }) => {
    if (binary === undefined) return;
    await using server = await TestServer.start(binary);
    const listeners = (): number =>
      process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
    const cycle = async (n: number): Promise<void> => {
      await using client = await Client.open({ endpoints: [server.endpoint], transport });
      await client.kv.put(`leak/${n % 10}`, 'x');
      if (n % 5 !== 0) return;
      const watch = client.watch({ all: true });
      await watch.created();
      const session = await client.lease.session(60);
      // Closed with a watch that waits and a lease that lives.
      watch.next().catch(() => undefined);
      if (n % 2 === 0) await session.close();
    };
    for (let n = 0; n < 100; n++) await cycle(n);
    const [before, listenersBefore] = [await held(), listeners()];
    for (let n = 0; n < cycles; n++) await cycle(n);
    const after = await held();
    expect(after.handles).toBeLessThanOrEqual(before.handles + 2);
    expect(listeners()).toBe(listenersBefore);
    // A leaked client would hold 10 kB and more.
    expect((after.heapBytes - before.heapBytes) / cycles).toBeLessThan(4_000);
  },
);
