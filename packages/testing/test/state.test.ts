/** Goal: state is kept and put back exactly. Method: what clients see after each step. */
import { expect, test } from 'vitest';
import { createTestCluster } from '../src/index.js';

test.each([1, 3] as const)(
  '%d members: a snapshot puts back keys, revisions and leases',
  async (members) => {
    await using cluster = await createTestCluster({ members });
    const client = await cluster.client();
    await client.kv.put('a', '1');
    const lease = await client.lease.grant(60);
    await client.kv.put('b', '2', { lease: lease.id });
    const kept = await cluster.snapshot();
    const before = await client.kv.get({ prefix: '' });

    await client.kv.put('a', 'other');
    await client.lease.revoke(lease.id);
    await client.kv.put('c', '3');
    await cluster.restore(kept);

    expect(await client.kv.get({ prefix: '' })).toEqual(before);
    expect(await client.lease.list()).toEqual([lease.id]);
    await client.kv.put('d', '4');
    await cluster.restore(kept);
    expect(await client.kv.get({ prefix: '' })).toEqual(before);
    await cluster.advance('2m');
    expect((await client.kv.get('b')).count).toBe(0);
  },
);

test('reset: as just made, with every member up and nobody cut off', async () => {
  await using cluster = await createTestCluster({ members: 3 });
  const client = await cluster.client();
  await client.kv.put('a', '1');
  cluster.crash('m1');
  cluster.pause('m2');
  cluster.partition(['m1', 'm2'], ['m3']);
  await cluster.reset();
  await cluster.leader();
  for (const name of cluster.members) {
    const one = await cluster.client({ members: [name] });
    expect(await one.kv.get({ prefix: '' })).toMatchObject({ count: 0, revision: 1 });
  }
});

test('a snapshot fits another cluster with as many members, and no other', async () => {
  await using first = await createTestCluster({ members: 3 });
  const writer = await first.client();
  await writer.kv.put('fixture', 'here');
  const kept = await first.snapshot();
  await using second = await createTestCluster({ members: 3, seed: 7 });
  await second.restore(kept);
  const reader = await second.client();
  expect((await reader.kv.get('fixture')).count).toBe(1);
  await using single = await createTestCluster();
  await expect(single.restore(kept)).rejects.toMatchObject({ code: 'foreignSnapshot' });
});

test('a watch that was open when the state was put back ends, and says why', async () => {
  await using cluster = await createTestCluster();
  const client = await cluster.client();
  await client.kv.put('a', '1');
  const watch = client.watch('a')[Symbol.asyncIterator]();
  const ended = expect(watch.next()).rejects.toThrow('put back to an earlier state');
  await cluster.settle();
  await cluster.reset();
  await ended;
});

test('a restart in good order keeps everything', async () => {
  await using cluster = await createTestCluster();
  const client = await cluster.client();
  await client.kv.put('a', '1');
  await cluster.restart('m1');
  expect((await client.kv.get('a')).revision).toBe(2);
});
