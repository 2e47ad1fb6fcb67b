/** G-9 (b): who answers a renewal leads at that moment. Method: members in memory; the leader is cut off, and asked at once. */
import { leaseService, LeaseGrantRequest, LeaseKeepAliveRequest } from '@kv/proto';
import { expect, it } from 'vitest';
import { MemoryCluster } from '../testing/index.js';

const ID = 7n;

it('G-9 (b) a leader that is cut off renews nothing, though its ticks go on', async () => {
  const cluster = await MemoryCluster.open(3);
  const leader = await cluster.leader();
  await leader.call(leaseService.leaseGrant, LeaseGrantRequest.create({ ID, TTL: 60n }));
  const stream = leader.stream(leaseService.leaseKeepAlive);
  await stream.send(LeaseKeepAliveRequest.create({ ID }));
  await cluster.clock.advance(100);
  expect((await stream.received()).map(({ TTL }) => TTL)).toEqual([60n]);

  cluster.network.isolate(MemoryCluster.idOf(leader));
  await stream.send(LeaseKeepAliveRequest.create({ ID }));
  await cluster.clock.advance(300);
  expect(leader.member.view().leaderId).toBe(MemoryCluster.idOf(leader));
  expect(await stream.received()).toEqual([]);
  cluster.network.heal();
  await cluster.clock.advance(3000);
  await cluster.stop();
});
