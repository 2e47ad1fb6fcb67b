/**
 * Goal: what a test does to a cluster is what happens to real ones, and nothing acknowledged is lost. Method: three members, one fault
 * each, and what clients see of it.
 */
import { expect, test } from 'vitest';
import type { Client } from '@kv/client';
import { createTestCluster, type MemberName, type TestCluster } from '../src/index.js';

async function threeMembers(): Promise<{
  readonly cluster: TestCluster;
  readonly leader: MemberName;
  readonly others: readonly MemberName[];
}> {
  const cluster = await createTestCluster({ members: 3 });
  const leader = await cluster.leader();
  return { cluster, leader, others: cluster.members.filter((name) => name !== leader) };
}

async function valueOf(client: Client, key: string): Promise<string | undefined> {
  const { kvs } = await client.kv.get(key);
  const [kv] = kvs;
  return kv === undefined ? undefined : new TextDecoder().decode(kv.value);
}

test('G-1: a leader without its majority serves neither writes nor linearizable reads; the majority elects within seconds', async () => {
  const { cluster, leader, others } = await threeMembers();
  await using _ = cluster;
  const [minority, majority] = [
    await cluster.client({ members: [leader] }),
    await cluster.client({ members: others }),
  ];
  await majority.kv.put('key', 'before');
  cluster.partition([leader], others);

  const cutMs = cluster.nowMs;
  await expect(minority.kv.put('key', 'lost')).rejects.toMatchObject({ outcome: 'unknown' });
  await expect(minority.kv.get('key')).rejects.toThrow();
  expect((await minority.kv.get('key', { serializable: true })).count).toBe(1);
  expect(cluster.nowMs - cutMs).toBeLessThan(15_000);

  const newLeader = await cluster.leader();
  expect(others).toContain(newLeader);
  await majority.kv.put('key', 'after');
  cluster.heal();
  await cluster.advance('2s');
  expect(await valueOf(minority, 'key')).toBe('after');
});

test('the majority elects within three seconds of virtual time', async () => {
  const { cluster, leader, others } = await threeMembers();
  await using _ = cluster;
  cluster.partition([leader], others);
  const cutMs = cluster.nowMs;
  expect(await cluster.leader()).not.toBe(leader);
  expect(cluster.nowMs - cutMs).toBeLessThan(3000);
});

test.each(['lost', 'torn', 'kept'] as const)(
  'what was acknowledged is there after a crash of all members that leaves unsynced writes %s',
  async (unsynced) => {
    const { cluster } = await threeMembers();
    await using _ = cluster;
    const client = await cluster.client();
    for (let round = 0; round < 5; round++) {
      for (let n = 0; n < 20; n++) await client.kv.put(`key/${round}/${n}`, `${n}`);
      // Under way when the power fails: whether they happen is not known, and does not matter.
      const underWay = Array.from({ length: 10 }, (_unused, n) =>
        client.kv.put(`maybe/${round}/${n}`, 'x').catch(() => undefined),
      );
      for (const name of cluster.members) cluster.crash(name, unsynced);
      for (const name of cluster.members) await cluster.restart(name);
      await Promise.all(underWay);
      const { count } = await client.kv.get({ prefix: 'key/' });
      expect(count).toBe((round + 1) * 20);
    }
  },
);

test('F-1: with one member, a crash keeps what was acknowledged, and breaks calls that are under way', async () => {
  await using cluster = await createTestCluster();
  const client = await cluster.client();
  await client.kv.put('key', 'value');
  cluster.pause('m1');
  const broken = expect(client.kv.put('key', 'maybe')).rejects.toMatchObject({
    code: 'connectionLost',
    outcome: 'unknown',
  });
  await cluster.settle();
  cluster.crash('m1');
  await broken;
  await cluster.restart('m1');
  expect(await valueOf(client, 'key')).toBe('value');
});

test('a call finds no member, waits, and goes through when one is back', async () => {
  await using cluster = await createTestCluster();
  const client = await cluster.client();
  cluster.crash('m1');
  const write = client.kv.put('key', 'value', { timeoutMs: 60_000 });
  await cluster.restart('m1');
  await write;
  expect(await valueOf(client, 'key')).toBe('value');
});

test('a call that finds no member until its time is up says that nothing was sent, and why', async () => {
  await using cluster = await createTestCluster();
  const client = await cluster.client();
  cluster.crash('m1');
  const beganMs = cluster.nowMs;
  await expect(client.kv.put('key', 'value')).rejects.toMatchObject({ outcome: 'definite' });
  expect(cluster.nowMs - beganMs).toBe(5000);
});

test('a read right after the crash of the leader needs no help: time passes for it', async () => {
  const { cluster, leader } = await threeMembers();
  await using _ = cluster;
  const client = await cluster.client();
  await client.kv.put('key', 'before');
  cluster.crash(leader);
  expect(await valueOf(client, 'key')).toBe('before');
});

test('G-18: a write that was lost with the leader fails as in production, and says that it may have happened', async () => {
  const { cluster, leader, others } = await threeMembers();
  await using _ = cluster;
  const client = await cluster.client({ members: others });
  await client.kv.put('key', 'before');
  cluster.crash(leader);
  const beganMs = cluster.nowMs;
  await expect(client.kv.put('key', 'lost', { timeoutMs: 30_000 })).rejects.toMatchObject({
    grpcCode: 14,
    outcome: 'unknown',
  });
  expect(cluster.nowMs - beganMs).toBeLessThan(8000);
  await client.kv.put('key', 'after');
  expect(await valueOf(client, 'key')).toBe('after');
});

test('F-1: when only the process of the leader dies, the others notice, and nobody waits for an election timeout', async () => {
  const { cluster, leader, others } = await threeMembers();
  await using _ = cluster;
  const client = await cluster.client({ members: others });
  await client.kv.put('key', 'before');
  cluster.crash(leader, 'kept');
  const beganMs = cluster.nowMs;
  await client.kv.put('key', 'after');
  expect(cluster.nowMs - beganMs).toBeLessThan(500);
  expect(await cluster.leader()).not.toBe(leader);
  await cluster.restart(leader);
  expect(await valueOf(client, 'key')).toBe('after');
});

test('G-8: a watch goes on at another member when its own crashes, and neither loses nor repeats', async () => {
  const { cluster } = await threeMembers();
  await using _ = cluster;
  const client = await cluster.client();
  const seen: string[] = [];
  const stop = new AbortController();
  const watching = (async () => {
    for await (const batch of client.watch({ prefix: 'key/' }, { signal: stop.signal })) {
      for (const { kv } of batch.events) seen.push(new TextDecoder().decode(kv.key));
    }
  })().catch(() => undefined);
  await cluster.settle();
  const wanted: string[] = [];
  for (let round = 0; round < 6; round++) {
    for (let n = 0; n < 10; n++) {
      wanted.push(`key/${round}/${n}`);
      await client.kv.put(`key/${round}/${n}`, 'x', { timeoutMs: 60_000 });
    }
    const victim = cluster.members[round % 3] ?? 'm1';
    cluster.crash(victim);
    await cluster.advance('5s');
    await cluster.restart(victim);
    await cluster.advance('5s');
  }
  await cluster.advance('5s');
  expect(seen).toEqual(wanted);
  stop.abort();
  await watching;
});

test('a paused member is silent, and catches up when it goes on', async () => {
  const { cluster, leader } = await threeMembers();
  await using _ = cluster;
  const client = await cluster.client();
  cluster.pause(leader);
  const newLeader = await cluster.leader();
  expect(newLeader).not.toBe(leader);
  const others = await cluster.client({ members: [newLeader] });
  await others.kv.put('key', 'meanwhile');
  cluster.resume(leader);
  await cluster.advance('2s');
  const back = await cluster.client({ members: [leader] });
  expect(await valueOf(back, 'key')).toBe('meanwhile');
  expect(await valueOf(client, 'key')).toBe('meanwhile');
});

test('a member of a cluster whose majority is gone has no leader, and that is said with a remedy', async () => {
  const { cluster, others } = await threeMembers();
  await using _ = cluster;
  for (const name of others) cluster.crash(name);
  await expect(cluster.leader('10s')).rejects.toMatchObject({
    code: 'noLeader',
    remedy: expect.stringContaining('restart') as string,
  });
});

test('a lease is kept alive through a change of leader', async () => {
  const { cluster, leader } = await threeMembers();
  await using _ = cluster;
  const client = await cluster.client();
  await using session = await client.lease.session(10);
  await client.kv.put('key', 'mine', { lease: session.id });
  cluster.crash(leader);
  await cluster.advance('1m');
  expect(session.isAlive).toBe(true);
  expect(await valueOf(client, 'key')).toBe('mine');
});

test.each([
  ['lost', 0],
  ['kept', 1],
] as const)('what was never synced is %s by a power cut that says so', async (unsynced, count) => {
  await using cluster = await createTestCluster({ config: { unsafeNoFsync: true } });
  const client = await cluster.client();
  await client.kv.put('key', 'value');
  cluster.crash('m1', unsynced);
  await cluster.restart('m1');
  expect((await client.kv.get('key')).count).toBe(count);
});
