/** Goal: clients of every kind reach the cluster. Method: connections of one's own, real sockets, and what the transport port promises. */
import { describe, expect, test } from 'vitest';
import { Client, wireTransport } from '@kv/client';
import { createTestCluster } from '../src/index.js';

test('a program opens its client itself', async () => {
  await using cluster = await createTestCluster();
  await using client = await Client.open({ ...cluster.connection(), timeoutMs: 1000 });
  await client.kv.put('key', 'value');
  expect((await client.kv.get('key')).count).toBe(1);
});

describe.each([
  ['grpc-js', undefined],
  ['wire', wireTransport],
])('on real sockets, by %s', (_name, transport) => {
  const own = transport === undefined ? {} : { transport };

  test('calls, watches and leases of other clients', async () => {
    await using cluster = await createTestCluster({ members: 3 });
    const endpoints = await cluster.listen();
    expect(await cluster.listen()).toEqual(endpoints);
    await using outside = await Client.open({ endpoints, ...own });
    const inside = await cluster.client();
    const watch = outside.watch('key')[Symbol.asyncIterator]();
    const first = watch.next();
    const lease = await outside.lease.grant(60);
    await outside.lease.renew(lease.id);
    await expect
      .poll(async () => (await inside.kv.put('key', 'value', { lease: lease.id })).revision)
      .toBeGreaterThan(1);
    expect((await first).value?.events).toHaveLength(1);
    await cluster.advance('2m');
    expect((await outside.kv.get('key')).count).toBe(0);
  });

  test('a crash cuts their connections; after a restart they are back at the same address', async () => {
    await using cluster = await createTestCluster();
    const endpoints = await cluster.listen();
    await using outside = await Client.open({ endpoints, ...own });
    await outside.kv.put('key', 'value');
    cluster.crash('m1');
    const read = outside.kv.get('key', { timeoutMs: 20_000 });
    await cluster.restart('m1');
    expect((await read).count).toBe(1);
  });

  test('a paused member does not answer them until it goes on', async () => {
    await using cluster = await createTestCluster();
    const endpoints = await cluster.listen();
    await using outside = await Client.open({ endpoints, ...own });
    await outside.kv.put('key', 'value');
    cluster.pause('m1');
    await expect(outside.kv.get('key', { timeoutMs: 200 })).rejects.toMatchObject({
      grpcCode: 4,
    });
    cluster.resume('m1');
    expect((await outside.kv.get('key')).count).toBe(1);
  });
});

test('two who listen at once get the same addresses', async () => {
  await using cluster = await createTestCluster();
  const [a, b] = await Promise.all([cluster.listen(), cluster.listen()]);
  expect(a).toEqual(b);
});

test('an endpoint of nobody is never ready, and the reason names those that exist', async () => {
  await using cluster = await createTestCluster();
  const connection = { ...cluster.connection(), endpoints: ['elsewhere:2379'] };
  await using client = await Client.open({ ...connection, timeoutMs: 1000 });
  await expect(client.kv.get('key')).rejects.toThrow('they are at m1:2379');
});

test('T1: neither side sees the memory of the other', async () => {
  await using cluster = await createTestCluster();
  const client = await cluster.client();
  const value = new TextEncoder().encode('value');
  const writing = client.kv.put('key', value);
  await writing;
  value.fill(0);
  const [first] = (await client.kv.get('key')).kvs;
  first?.value.fill(1);
  const [second] = (await client.kv.get('key')).kvs;
  expect(new TextDecoder().decode(second?.value)).toBe('value');
});

test('large answers, slow readers: a watch gets everything in order', async () => {
  await using cluster = await createTestCluster();
  const client = await cluster.client();
  const value = 'x'.repeat(50_000);
  const stop = new AbortController();
  const watch = client.watch({ prefix: 'key/' }, { startRevision: 1, signal: stop.signal });
  const reading = watch[Symbol.asyncIterator]();
  const first = reading.next();
  for (let n = 0; n < 200; n++) await client.kv.put(`key/${n}`, value);
  let seen = (await first).value?.events.length ?? 0;
  while (seen < 200) seen += (await reading.next()).value?.events.length ?? 0;
  expect(seen).toBe(200);
  expect((await client.kv.get({ prefix: 'key/' })).kvs).toHaveLength(200);
  stop.abort();
});

test('too large a request is refused as by the daemon', async () => {
  await using cluster = await createTestCluster();
  const client = await cluster.client({ requestBytesMax: 16 << 20 });
  await expect(client.kv.put('key', 'x'.repeat(1_600_000))).rejects.toMatchObject({
    code: 'requestTooLarge',
  });
  await expect(client.kv.put('key', 'x'.repeat(3_000_000))).rejects.toThrow(
    'received message larger than max',
  );
});

test('an aborted call rejects with its reason, and is cancelled at the member', async () => {
  await using cluster = await createTestCluster();
  const client = await cluster.client();
  cluster.pause('m1');
  const abort = new AbortController();
  const read = client.kv.get('key', { signal: abort.signal, timeoutMs: 120_000 });
  abort.abort(new Error('enough'));
  await expect(read).rejects.toThrow('enough');
});
