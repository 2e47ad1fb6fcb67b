/** The rows of reliability.md §5.4 and §5.5 that concern one member, through its services; health with them. */
import { createHash } from 'node:crypto';
import {
  AlarmRequest,
  AlarmRequest_AlarmAction as Action,
  AlarmType,
  clusterService,
  CompactionRequest,
  DefragmentRequest,
  DowngradeRequest,
  DowngradeRequest_DowngradeAction as DowngradeAction,
  HashKVRequest,
  HashRequest,
  HealthCheckRequest,
  HealthCheckResponse_ServingStatus as Serving,
  HealthListRequest,
  healthService,
  kvService,
  LeaseGrantRequest,
  leaseService,
  maintenanceService,
  MemberListRequest,
  MoveLeaderRequest,
  SnapshotRequest,
  StatusRequest,
} from '@kv/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryMember } from '../testing/index.js';
import { deletion, put } from '../testing/requests.js';

let m: MemoryMember;
beforeEach(async () => {
  m = await MemoryMember.open();
});
afterEach(async () => {
  await m.stop();
});

const error = async (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'answered',
    (thrown: unknown) => thrown,
  );
const alarm = (request: Partial<AlarmRequest>) =>
  m.call(maintenanceService.alarm, AlarmRequest.create(request));
const hashKv = (revision: bigint) =>
  m.call(maintenanceService.hashKV, HashKVRequest.create({ revision }));
const status = () => m.call(maintenanceService.status, StatusRequest.create());
const doPut = (key: string, value: string) => m.call(kvService.put, put(key, value));
const compact = (revision: bigint) =>
  m.call(kvService.compact, CompactionRequest.create({ revision }));

describe('alarms', () => {
  it('B-90 H-P2 an unknown action is refused before it is proposed', async () => {
    expect(await error(alarm({ action: 99 }))).toMatchObject({ code: 3 });
    expect(await error(alarm({ action: -1 }))).toMatchObject({ code: 3 });
    await m.restart();
    expect((await alarm({})).alarms).toEqual([]);
  });

  it('B-91 nothing comes of no type, an unknown type, or what is not active', async () => {
    expect((await alarm({ action: Action.ACTIVATE, memberID: 1n })).alarms).toEqual([]);
    expect(await error(alarm({ action: Action.ACTIVATE, alarm: 99 }))).toMatchObject({
      code: 3,
    });
    const off = { action: Action.DEACTIVATE, alarm: AlarmType.NOSPACE };
    expect((await alarm(off)).alarms).toEqual([]);
  });

  it('are set, listed by type, kept over a restart, and removed', async () => {
    const noSpace = { memberID: 7n, alarm: AlarmType.NOSPACE };
    const corrupt = { memberID: 8n, alarm: AlarmType.CORRUPT };
    expect((await alarm({ ...noSpace, action: Action.ACTIVATE })).alarms).toEqual([noSpace]);
    await alarm({ ...corrupt, action: Action.ACTIVATE });
    await m.restart();
    expect((await alarm({})).alarms).toEqual([noSpace, corrupt]);
    expect((await alarm({ alarm: AlarmType.CORRUPT })).alarms).toEqual([corrupt]);
    expect((await status()).errors).toEqual([
      'memberID:7 alarm:NOSPACE',
      'memberID:8 alarm:CORRUPT',
    ]);
    await alarm({ ...corrupt, action: Action.DEACTIVATE });
    await alarm({ ...noSpace, action: Action.DEACTIVATE });
    expect((await alarm({})).alarms).toEqual([]);
    await doPut('a', '1');
  });

  it('NOSPACE refuses what adds to the store, and only that, until it is removed', async () => {
    const noSpace = { memberID: 7n, alarm: AlarmType.NOSPACE };
    const full = { code: 8, message: 'etcdserver: mvcc: database space exceeded' };
    await doPut('a', '1');
    await alarm({ ...noSpace, action: Action.ACTIVATE });
    expect(await error(doPut('a', '2'))).toMatchObject(full);
    const grant = m.call(leaseService.leaseGrant, LeaseGrantRequest.create({ TTL: 10n }));
    expect(await error(grant)).toMatchObject(full);
    await m.call(kvService.deleteRange, deletion('a'));
    await compact(2n);
    await alarm({ ...noSpace, action: Action.DEACTIVATE });
    expect((await doPut('a', '3')).header?.revision).toBe(4n);
  });

  it('CORRUPT refuses writes and wins over NOSPACE; reads go on', async () => {
    for (const type of [AlarmType.NOSPACE, AlarmType.CORRUPT]) {
      await alarm({ action: Action.ACTIVATE, memberID: 1n, alarm: type });
    }
    const corrupt = { code: 15, message: 'etcdserver: corrupt cluster' };
    expect(await error(doPut('a', '1'))).toMatchObject(corrupt);
    expect(await error(m.call(kvService.deleteRange, deletion('a')))).toMatchObject(corrupt);
    expect(await error(compact(1n))).toMatchObject(corrupt);
    await m.call(kvService.range, {
      ...kvService.range.request.decode(new Uint8Array(0)),
      key: Uint8Array.of(97),
    });
  });
});

describe('status', () => {
  it('says what etcd says', async () => {
    await doPut('a', '1');
    const answer = await status();
    const { memberId } = m.member.view();
    expect(answer).toMatchObject({
      version: '3.7.1',
      storageVersion: '3.7.0',
      leader: memberId,
      errors: [],
      isLearner: false,
      dbSizeQuota: 2_147_483_648n,
      downgradeInfo: { enabled: false, targetVersion: '' },
    });
    expect(answer.raftTerm).toBe(2n);
    expect(answer.raftIndex).toBe(answer.raftAppliedIndex);
    expect(answer.header).toMatchObject({ memberId, revision: 2n });
  });
});

describe('hashes', () => {
  it('B-93 of zero is of now, of the past is as it was; compacted and future are refused', async () => {
    for (const value of ['1', '2', '3']) await doPut('a', value);
    const past = await hashKv(3n);
    const now = await hashKv(0n);
    expect([now.hashRevision, now.compactRevision]).toEqual([4n, -1n]);
    await doPut('a', '4');
    expect((await hashKv(3n)).hash).toBe(past.hash);
    expect((await hashKv(4n)).hash).toBe(now.hash);
    expect((await hashKv(-3n)).hashRevision).toBe(-3n);
    await compact(4n);
    expect(await error(hashKv(3n))).toMatchObject({
      code: 11,
      message: 'etcdserver: mvcc: required revision has been compacted',
    });
    expect(await error(hashKv(9n))).toMatchObject({
      code: 11,
      message: 'etcdserver: mvcc: required revision is a future revision',
    });
  });

  it('G-14 two members that applied the same have the same hash, restarts in between or not', async () => {
    const other = await MemoryMember.open();
    for (const member of [m, other]) {
      for (let n = 0; n < 30; n++) {
        await member.call(kvService.put, put(`k${n % 7}`, String(n)));
        if (member === other && n % 10 === 0) await other.restart();
      }
      await member.call(kvService.deleteRange, deletion('k0', 'k3'));
    }
    const hashes = await Promise.all(
      [m, other].map((member) =>
        member.call(maintenanceService.hashKV, HashKVRequest.create({ revision: 0n })),
      ),
    );
    expect(hashes[0]?.hash).toBe(hashes[1]?.hash);
    const whole = await Promise.all(
      [m, other].map((member) => member.call(maintenanceService.hash, HashRequest.create())),
    );
    expect(whole[0]?.hash).not.toBe(0);
    await other.stop();
  });
});

it('B-92 two defragmentations at once both end, and serving goes on', async () => {
  const request = maintenanceService.defragment.request.encode(DefragmentRequest.create());
  const calls = [1, 2].map(() => m.begin(maintenanceService.defragment, request));
  await doPut('a', '1');
  await m.clock.settle();
  expect(calls.map((call) => call.end)).toEqual([{ type: 'ok' }, { type: 'ok' }]);
});

describe('snapshot', () => {
  it('streams an image in chunks of 32 KiB, then its SHA-256', async () => {
    for (let n = 0; n < 40; n++) await doPut(`k${n}`, 'v'.repeat(3000));
    const stream = m.stream(maintenanceService.snapshot);
    await stream.send(SnapshotRequest.create());
    const messages = await stream.received();
    expect(stream.call.finished).toEqual({ type: 'ok' });
    const chunks = messages.slice(0, -1);
    const image = Buffer.concat(chunks.map(({ blob }) => blob));
    const digest = messages.at(-1);
    expect(digest?.remainingBytes).toBe(0n);
    expect(Buffer.from(digest?.blob ?? [])).toEqual(createHash('sha256').update(image).digest());
    expect(chunks.length).toBeGreaterThan(1);
    let left = BigInt(image.length);
    for (const { blob, remainingBytes, version } of chunks) {
      left -= BigInt(blob.length);
      expect([remainingBytes, version]).toEqual([left, '3.7.0']);
      expect(blob.length).toBeLessThanOrEqual(32_768);
    }
  });

  it('B-94 a client that stops reading, then leaves, holds nothing', async () => {
    for (let n = 0; n < 40; n++) await doPut(`k${n}`, 'v'.repeat(3000));
    const stream = m.stream(maintenanceService.snapshot);
    stream.call.room = 1;
    await stream.send(SnapshotRequest.create());
    await m.clock.settle();
    expect(stream.call.received).toHaveLength(1);
    stream.call.cancel();
    await m.clock.settle();
    await doPut('a', '1');
  });
});

it('B-95 leadership moves to itself at once, and to nobody else', async () => {
  const move = (targetID: bigint) =>
    m.call(maintenanceService.moveLeader, MoveLeaderRequest.create({ targetID }));
  await move(m.member.view().memberId);
  for (const target of [0n, 99n]) {
    expect(await error(move(target))).toMatchObject({
      code: 9,
      message: 'etcdserver: bad leader transferee',
    });
  }
});

describe('B-96 downgrade', () => {
  const downgrade = (action: DowngradeAction, version = '') =>
    m.call(maintenanceService.downgrade, DowngradeRequest.create({ action, version }));

  it('refuses what is no version, and any version but the one below', async () => {
    for (const version of ['', 'x', '3', '3.5.1.2', 'v3.6', '3.6-rc', ' 3.6']) {
      expect(await error(downgrade(DowngradeAction.VALIDATE, version))).toMatchObject({
        code: 3,
        message: 'etcdserver: wrong downgrade target version format',
      });
    }
    for (const version of ['3.5', '3.7', '3.8', '4.6', '2.6.0']) {
      expect(await error(downgrade(DowngradeAction.ENABLE, version))).toMatchObject({
        code: 3,
        message: 'etcdserver: invalid downgrade target version',
      });
    }
    for (const version of ['3.6', '3.6.9', '3.06']) {
      expect((await downgrade(DowngradeAction.VALIDATE, version)).version).toBe('3.7');
    }
    expect(await error(downgrade(99))).toMatchObject({
      code: 2,
      message: 'etcdserver: unknown method',
    });
  });

  it('is enabled once, lowers the version of cluster and storage, and can be taken back', async () => {
    expect((await downgrade(DowngradeAction.CANCEL)).version).toBe('3.7');
    await downgrade(DowngradeAction.ENABLE, '3.6');
    expect((await status()).downgradeInfo).toEqual({ enabled: true, targetVersion: '3.6.0' });
    await m.clock.advance(5000);
    expect(m.member.view()).toMatchObject({ clusterVersion: '3.6.0', storageVersion: '3.6.0' });
    expect(await error(downgrade(DowngradeAction.VALIDATE, '3.5'))).toMatchObject({
      code: 9,
      message: 'etcdserver: cluster has a downgrade job in progress',
    });
    await downgrade(DowngradeAction.CANCEL);
    await m.clock.advance(5000);
    expect(m.member.view()).toMatchObject({ clusterVersion: '3.7.0', storageVersion: '3.7.0' });
  });
});

describe('cluster', () => {
  it('lists the members, with no revision in the header', async () => {
    for (const linearizable of [false, true]) {
      const answer = await m.call(
        clusterService.memberList,
        MemberListRequest.create({ linearizable }),
      );
      expect(answer.header?.revision).toBe(0n);
      expect(answer.members).toEqual([
        {
          ID: 10276657743932975437n,
          name: 'default',
          peerURLs: ['http://localhost:2380'],
          clientURLs: ['http://localhost:2379'],
          isLearner: false,
        },
      ]);
      expect(answer.header?.clusterId).toBe(14841639068965178418n);
    }
  });
});

describe('health', () => {
  it('serves under the empty name and knows no other', async () => {
    const check = (service: string) =>
      m.call(healthService.check, HealthCheckRequest.create({ service }));
    expect((await check('')).status).toBe(Serving.SERVING);
    expect(await error(check('etcdserverpb.KV'))).toMatchObject({
      code: 5,
      message: 'unknown service',
    });
    const { statuses } = await m.call(healthService.list, HealthListRequest.create());
    expect([...statuses]).toEqual([['', { status: Serving.SERVING }]]);
  });

  it('tells its status at once on a stream, and goes on', async () => {
    for (const [service, expected] of [
      ['', Serving.SERVING],
      ['x', Serving.SERVICE_UNKNOWN],
    ] as const) {
      const stream = m.stream(healthService.watch);
      await stream.send(HealthCheckRequest.create({ service }));
      expect(await stream.received()).toEqual([{ status: expected }]);
      expect(stream.call.finished).toBeUndefined();
    }
  });
});
