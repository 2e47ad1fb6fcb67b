/** Goal: ten minutes pass in milliseconds, and leases end as they do in ten real ones. Method: one client, and the clock. */
import { expect, test } from 'vitest';
import { createTestCluster } from '../src/index.js';

test('a lease of ten minutes ends when they have passed, and not before', async () => {
  await using cluster = await createTestCluster();
  const client = await cluster.client();
  const lease = await client.lease.grant(600);
  await client.kv.put('session', 'here', { lease: lease.id });
  await cluster.advance('9m59s');
  expect((await client.kv.get('session')).count).toBe(1);
  await cluster.advance('3s');
  expect((await client.kv.get('session')).count).toBe(0);
  expect(cluster.nowMs).toBe(602_000);
});

test('time stands still: calls take none of it', async () => {
  await using cluster = await createTestCluster();
  const client = await cluster.client();
  const beganMs = cluster.nowMs;
  for (let n = 0; n < 20; n++) await client.kv.put(`key/${n}`, 'value');
  expect(cluster.nowMs).toBe(beganMs);
});
