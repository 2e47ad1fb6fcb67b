/** Goal: what is done wrong is said at once, with what to do about it. Method: each mistake, by its code. */
import { expect, test } from 'vitest';
import { Client } from '@kv/client';
import {
  createTestCluster,
  TestClusterError,
  type MemberCount,
  type MemberName,
} from '../src/index.js';

const refused = (code: string): unknown => expect.objectContaining({ code });

test.each([
  { members: 0 as MemberCount },
  { members: 6 as MemberCount },
  { members: 1.5 as MemberCount },
  { seed: 0.5 },
  { time: 'never' as 'manual' },
])('%o is refused', (options) => {
  expect(() => createTestCluster(options)).toThrow(refused('invalidOption'));
});

test('members that do not exist, in every call that names one', async () => {
  await using cluster = await createTestCluster();
  const nobody = 'm2' as MemberName;
  expect(() => {
    cluster.crash(nobody);
  }).toThrow('the members are m1');
  expect(() => {
    cluster.pause(nobody);
  }).toThrow(TestClusterError);
  expect(() => {
    cluster.partition([nobody]);
  }).toThrow(TestClusterError);
  await expect(cluster.restart(nobody)).rejects.toThrow(TestClusterError);
  await expect(cluster.client({ members: [nobody] })).rejects.toThrow(TestClusterError);
});

test('a member that does not run can not be paused, crashed or looked at', async () => {
  await using cluster = await createTestCluster();
  cluster.crash('m1');
  for (const step of [
    () => {
      cluster.crash('m1');
    },
    () => {
      cluster.pause('m1');
    },
  ]) {
    expect(step).toThrow(refused('wrongState'));
  }
  await expect(cluster.listen()).rejects.toMatchObject({ code: 'wrongState' });
});

test('clients of elsewhere can not be paused', async () => {
  await using cluster = await createTestCluster();
  await using stranger = await Client.open({ endpoints: ['127.0.0.1:1'] });
  expect(() => {
    cluster.pause(stranger);
  }).toThrow(refused('unknown'));
});

test('a member in two groups', async () => {
  await using cluster = await createTestCluster({ members: 2 });
  expect(() => {
    cluster.partition(['m1'], ['m1', 'm2']);
  }).toThrow(refused('invalidOption'));
});

test('waitFor gives up after so much virtual time', async () => {
  await using cluster = await createTestCluster();
  const never = new Promise<never>(() => undefined);
  await expect(cluster.waitFor(never, '2m')).rejects.toMatchObject({ code: 'timeout' });
  expect(cluster.nowMs).toBe(120_000);
});

test('once closed, every call says so; close is idempotent, and whoever waits is told', async () => {
  const cluster = await createTestCluster();
  const client = await cluster.client();
  await client.kv.put('key', 'value');
  await Promise.all([cluster.close(), cluster.close()]);
  await expect(client.kv.get('key')).rejects.toMatchObject({ code: 'closed' });
  const closed = { code: 'closed' };
  await expect(cluster.advance(1)).rejects.toMatchObject(closed);
  await expect(cluster.settle()).rejects.toMatchObject(closed);
  await expect(cluster.leader()).rejects.toMatchObject(closed);
  await expect(cluster.client()).rejects.toMatchObject(closed);
  await expect(cluster.listen()).rejects.toMatchObject(closed);
  await expect(cluster.snapshot()).rejects.toMatchObject(closed);
  await expect(cluster.reset()).rejects.toMatchObject(closed);
  await expect(cluster.restart('m1')).rejects.toMatchObject(closed);
  expect(() => cluster.waitFor(Promise.resolve())).toThrow(refused('closed'));
  expect(() => {
    cluster.heal();
  }).toThrow(refused('closed'));
  expect(() => cluster.connection()).toThrow(refused('closed'));
});

test('manual time: a call that waits for an election waits for advance', async () => {
  await using cluster = await createTestCluster({ members: 3, time: 'manual' });
  const client = await cluster.client();
  await client.kv.put('key', 'value');
  const beganMs = cluster.nowMs;
  cluster.crash(await cluster.leader());
  const read = client.kv.get('key', { timeoutMs: 60_000 });
  await cluster.settle();
  expect(cluster.nowMs).toBe(beganMs);
  await cluster.advance('10s');
  expect((await read).count).toBe(1);
});
