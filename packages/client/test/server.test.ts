/** The client against real servers: etcd, and ours where it is built. Skipped with one line where there is none. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { Client } from '../src/client.js';
import { grpcJsTransport } from '../src/transport/grpc-js.js';
import { wireTransport } from '../src/transport/wire/transport.js';
import { TestServer, availableServers } from './reference.js';

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();
const servers = availableServers();

describe.skipIf(servers.length === 0)('against servers', () => {
  const cases = servers.flatMap((binary) => [
    { binary, name: `${binary.name}, wire`, transport: wireTransport },
    { binary, name: `${binary.name}, grpc-js`, transport: grpcJsTransport },
  ]);

  test.each(cases)(
    '$name: keys, transactions, leases, watches, members',
    { timeout: 60_000 },
    async ({ binary, transport }) => {
      await using server = await TestServer.start(binary);
      await using client = await Client.open({ endpoints: [server.endpoint], transport });

      const first = await client.kv.put('a/1', 'one');
      const seen: string[] = [];
      const watching = (async () => {
        for await (const { events } of client.watch(
          { prefix: 'a/' },
          { startRevision: first.revision },
        )) {
          for (const { type, kv } of events)
            seen.push(`${type} ${text(kv.key)}=${text(kv.value)}@${kv.modRevision}`);
          if (seen.length >= 3) return;
        }
      })();
      const second = await client.kv.put('a/2', Uint8Array.of(0xff, 0), { prevKv: true });
      expect(second).toEqual({ revision: first.revision + 1, prevKv: undefined });
      expect(await client.kv.delete('a/1', { prevKv: true })).toMatchObject({
        deleted: 1,
        revision: first.revision + 2,
      });
      await watching;
      expect(seen).toHaveLength(3);
      expect(seen[2]).toBe(`delete a/1=@${first.revision + 2}`);

      expect(await client.kv.get({ prefix: 'a/' })).toMatchObject({ count: 1, more: false });
      expect(await client.kv.find('a/1')).toBeUndefined();
      expect(text((await client.kv.find('a/1', { revision: first.revision }))?.value)).toBe('one');

      const swap = await client.kv.transact({
        if: [{ key: 'lock', target: 'createRevision', op: '=', operand: 0 }],
        then: [{ type: 'put', key: 'lock', value: 'me' }],
        else: [{ type: 'get', keys: 'lock' }],
      });
      expect(swap.succeeded).toBe(true);

      const lease = await client.lease.grant(60);
      await client.kv.put('leased', 'x', { lease: lease.id });
      const state = await client.lease.find(lease.id, { keys: true });
      expect(state?.keys.map(text)).toEqual(['leased']);
      for await (const { id } of client.lease.keepAlive(lease.id)) {
        expect(id).toBe(lease.id);
        break;
      }
      await client.lease.revoke(lease.id);
      expect(await client.kv.find('leased')).toBeUndefined();
      await expect(client.lease.renew(lease.id)).rejects.toMatchObject({ code: 'leaseNotFound' });

      await client.kv.compact(second.revision);
      const old = client.watch('a/1', { startRevision: first.revision }).next();
      await expect(old).rejects.toMatchObject({ code: 'compacted' });
      expect(await client.cluster.members()).toHaveLength(1);
      expect(await client.maintenance.status()).toMatchObject({ isLearner: false, errors: [] });
    },
  );

  test.each(cases.slice(0, 1))(
    '$name: C3: a watch goes on when the server was killed and came back',
    { timeout: 60_000 },
    async ({ binary, transport }) => {
      await using server = await TestServer.start(binary);
      await using client = await Client.open({
        endpoints: [server.endpoint],
        transport,
        timeoutMs: 20_000,
      });
      const { revision } = await client.kv.put('k', '0');
      const watch = client.watch('k');
      const firstBatch = watch.next();
      // The watch exists when it reports a put made after it was asked for.
      let batches = 0;
      void firstBatch.then(() => {
        batches += 1;
      });
      while (batches === 0) await client.kv.put('k', 'pulse');
      await server.kill();
      await server.start();
      const after = await client.kv.put('k', 'after');
      let last = revision;
      while (last < after.revision) {
        const { value } = await watch.next();
        for (const { kv } of value?.events ?? []) {
          expect(kv.modRevision).toBeGreaterThan(last);
          last = kv.modRevision;
        }
      }
      expect(last).toBe(after.revision);
      await watch.return();
    },
  );

  test.each(cases)(
    '$name: B-195: a closed client keeps no process alive',
    { timeout: 60_000 },
    async ({ binary, name }) => {
      await using server = await TestServer.start(binary);
      const dist = (entry: string): string =>
        fileURLToPath(new URL(`../dist/${entry}.js`, import.meta.url));
      const script = `
      import { Client } from ${JSON.stringify(dist('index'))};
      import { grpcJsTransport } from ${JSON.stringify(dist('grpc-js-index'))};
      const client = await Client.open({ endpoints: ['${server.endpoint}'] ${name.endsWith('grpc-js') ? ', transport: grpcJsTransport' : ''} });
      client.watch({ all: true })[Symbol.asyncIterator]().next().catch(() => {});
      const lease = await client.lease.grant(60);
      client.lease.keepAlive(lease.id).next().catch(() => {});
      await client.kv.put('a', 'b');
      await client.close();
    `;
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: 'inherit',
        timeout: 10_000,
      });
      const code = await new Promise((resolve) => {
        child.on('exit', resolve);
      });
      expect(code).toBe(0);
    },
  );
});
