/** A member of three whose others are away: it never has a leader, and says so in etcd's words (errors.md §6). */
import {
  clusterService,
  LeaseKeepAliveRequest,
  LeaseTimeToLiveRequest,
  leaseService,
  kvService,
  maintenanceService,
  MemberListRequest,
  MoveLeaderRequest,
  StatusRequest,
  watchService,
  WatchCreateRequest,
} from '@kv/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryMember } from './testing/index.js';
import { bytes, put, range } from './testing/requests.js';

let m: MemoryMember;
beforeEach(async () => {
  m = await MemoryMember.open({
    config: {
      name: 'a',
      initialAdvertisePeerUrls: ['http://10.0.1.10:2380'],
      initialCluster: [
        { name: 'a', peerUrls: ['http://10.0.1.10:2380'] },
        { name: 'b', peerUrls: ['http://10.0.1.11:2380'] },
        { name: 'c', peerUrls: ['http://10.0.1.12:2380'] },
      ],
      initialClusterToken: 'etcd-cluster-1',
    },
  });
});
afterEach(async () => {
  await m.stop();
});

const HAS_LEADER = { hasleader: 'true' };
const NO_LEADER = { code: 14, message: 'etcdserver: no leader' };

const error = async (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'answered',
    (thrown: unknown) => thrown,
  );

it('computes the ids of semantics.md §15', () => {
  expect(m.member.view()).toMatchObject({
    memberId: 0x140fedbeeb74765dn,
    clusterId: 0xacccc8912db0cd57n,
    leaderId: 0n,
  });
});

it('a write fails after the request timeout, as it was never handed over', async () => {
  const call = m.begin(kvService.put, kvService.put.request.encode(put('a', '1')));
  await m.clock.advance(6900);
  expect(call.end).toBeUndefined();
  await m.clock.advance(300);
  expect(call.end).toMatchObject({ error: { code: 4, message: 'context deadline exceeded' } });
});

it('a linearizable read fails after the request timeout; a serializable one is answered', async () => {
  const call = m.begin(kvService.range, kvService.range.request.encode(range('a')));
  await m.clock.advance(7200);
  expect(call.end).toMatchObject({ error: { code: 14, message: 'etcdserver: request timed out' } });
  const serializable = await m.call(kvService.range, range('a', '', { serializable: true }));
  expect(serializable.count).toBe(0n);
});

describe('hasleader', () => {
  it('fails calls at once, unary and streams', async () => {
    expect(await error(m.call(kvService.put, put('a', '1'), HAS_LEADER))).toMatchObject(NO_LEADER);
    const watch = m.stream(watchService.watch, HAS_LEADER);
    expect(watch.call.finished).toMatchObject({ error: NO_LEADER });
  });

  it('is only `true`', async () => {
    const read = m.call(kvService.range, range('a', '', { serializable: true }), {
      hasleader: 'TRUE',
    });
    expect((await read).count).toBe(0n);
  });
});

it('a stream that does not ask for a leader stays', async () => {
  const watch = m.stream(watchService.watch);
  await watch.send({
    requestUnion: {
      $case: 'createRequest',
      value: WatchCreateRequest.create({ key: bytes('a') }),
    },
  });
  await m.clock.advance(20_000);
  expect(watch.call.finished).toBeUndefined();
  expect(await watch.received()).toMatchObject([{ created: true }]);
});

it('B-87 a linearizable list of members fails, a local one is answered', async () => {
  const call = m.begin(
    clusterService.memberList,
    clusterService.memberList.request.encode(MemberListRequest.create({ linearizable: true })),
  );
  await m.clock.advance(7200);
  expect(call.end).toMatchObject({ error: { code: 14 } });
  const { members } = await m.call(clusterService.memberList, MemberListRequest.create());
  expect(members.map(({ ID, name }) => [ID, name])).toEqual([
    [0x8a0a11c6194fc77n, 'c'],
    [0x140fedbeeb74765dn, 'a'],
    [0xd5dc5f8d75d04e29n, 'b'],
  ]);
});

it('B-95 leadership can not be moved from here', async () => {
  const move = m.call(maintenanceService.moveLeader, MoveLeaderRequest.create({ targetID: 1n }));
  expect(await error(move)).toMatchObject({ code: 9, message: 'etcdserver: not leader' });
});

it('B-97 status says so', async () => {
  const status = await m.call(maintenanceService.status, StatusRequest.create());
  expect([status.leader, status.errors]).toEqual([0n, ['etcdserver: no leader']]);
});

it('leases can be neither renewed nor asked about', async () => {
  const stream = m.stream(leaseService.leaseKeepAlive);
  await stream.send(LeaseKeepAliveRequest.create({ ID: 7n }));
  const question = LeaseTimeToLiveRequest.encode(
    LeaseTimeToLiveRequest.create({ ID: 7n }),
  ).finish();
  const ask = m.begin(leaseService.leaseTimeToLive, question);
  await m.clock.advance(7200);
  expect(ask.end).toMatchObject({ error: NO_LEADER });
  expect(stream.call.finished).toMatchObject({ error: NO_LEADER });
});

it('a version of the API that is no text is refused', async () => {
  const call = m.call(maintenanceService.status, StatusRequest.create(), {
    'client-api-version': '3.\ufffd',
  });
  expect(await error(call)).toMatchObject({
    code: 3,
    message: 'etcdserver: invalid client api version',
  });
});
