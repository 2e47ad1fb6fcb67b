/** One member from its first start on: what it has after a restart, and how it starts, stops and fails. */
import {
  AlarmRequest,
  CompactionRequest,
  HashKVRequest,
  kvService,
  maintenanceService,
  MemberListRequest,
  clusterService,
  TxnRequest,
} from '@kv/proto';
import { describe, expect, it } from 'vitest';
import type { MemberConfig } from './member-config.js';
import { Member } from './member.js';
import { MemoryMember } from './testing/index.js';
import { appendForeignEntry, emptyRequest } from './testing/foreign-entry.js';
import { deletion, pairs, put, putOp, range } from './testing/requests.js';

const everything = async (m: MemoryMember) =>
  pairs((await m.call(kvService.range, range('\0', '\0'))).kvs);
const hash = async (m: MemoryMember) =>
  (await m.call(maintenanceService.hashKV, HashKVRequest.create())).hash;
const revision = async (m: MemoryMember) =>
  (await m.call(kvService.range, range('x'))).header?.revision;

const error = async (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'resolved',
    (thrown: unknown) => thrown,
  );

async function someHistory(m: MemoryMember): Promise<void> {
  for (let n = 0; n < 40; n++) await m.call(kvService.put, put(`k${n % 9}`, String(n)));
  await m.call(kvService.deleteRange, deletion('k0', 'k3'));
  await m.call(kvService.txn, TxnRequest.create({ success: [putOp('t', '1'), putOp('u', '2')] }));
  await m.call(kvService.compact, CompactionRequest.create({ revision: 30n }));
}

describe('start', () => {
  it('founds a cluster: ids, version and name as etcd has them', async () => {
    const m = await MemoryMember.open();
    await m.member.ready;
    expect(m.member.view()).toEqual({
      memberId: 0x8e9e05c52164694dn,
      clusterId: 0xcdf818194e3a8c32n,
      leaderId: 0x8e9e05c52164694dn,
      isLearner: false,
      alarms: [],
      clusterVersion: '3.7.0',
      storageVersion: '3.7.0',
    });
    await m.stop();
  });

  it('G-2 G-4 a restart changes nothing, and the next change takes the next revision', async () => {
    const m = await MemoryMember.open();
    await someHistory(m);
    const before = [await everything(m), await hash(m), await revision(m)];
    await m.restart();
    expect([await everything(m), await hash(m), await revision(m)]).toEqual(before);
    const next = await m.call(kvService.put, put('new', '1'));
    expect(next.header?.revision).toBe((before[2] as bigint) + 1n);
    await m.stop();
  });

  it('keeps its identity when the configuration changes, and publishes its new name and URLs', async () => {
    const config: Partial<MemberConfig> = { advertiseClientUrls: ['http://10.0.0.1:2379'] };
    const m = await MemoryMember.open({ config });
    const { memberId, clusterId } = m.member.view();
    await m.stop();
    Object.assign(config, {
      advertiseClientUrls: ['http://10.0.0.2:2379'],
      initialClusterToken: 'x',
    });
    m.backend = m.backend.crash(m.backend.unsyncedCommits);
    await m.start();
    expect(m.member.view()).toMatchObject({ memberId, clusterId });
    const { members } = await m.call(clusterService.memberList, MemberListRequest.create());
    expect(members.map(({ clientURLs }) => clientURLs)).toEqual([['http://10.0.0.2:2379']]);
    await m.stop();
  });

  it.each<[string, Partial<MemberConfig>, RegExp]>([
    ['its name is not in the cluster', { name: 'other' }, /couldn't find local name "other"/],
    [
      'it advertises other URLs than the cluster lists',
      { initialAdvertisePeerUrls: ['http://10.0.0.9:2380'] },
      /--initial-cluster has default=http:\/\/localhost:2380 but missing from --initial-advertise-peer-urls/,
    ],
    [
      'it is to join and reaches nobody',
      { initialClusterState: 'existing' },
      /cannot fetch cluster info from peer urls/,
    ],
  ])('refuses when %s', async (_, config, message) => {
    const m = MemoryMember.unopened({ config });
    await expect(m.start()).rejects.toMatchObject({
      code: 'bootstrap_failed',
      message: expect.stringMatching(message) as string,
    });
  });

  it('refuses a store without its log, and says what to do', async () => {
    const m = await MemoryMember.open();
    await m.call(kvService.put, put('a', '1'));
    await m.stop();
    for (const name of m.disk.list('/data/member/wal')) m.disk.remove(`/data/member/wal/${name}`);
    m.backend = m.backend.crash(m.backend.unsyncedCommits);
    await expect(m.start()).rejects.toMatchObject({
      code: 'damaged_data',
      message: expect.stringMatching(/but there is no log in .*put the log back/) as string,
    });
  });
});

describe('replay', () => {
  it('I2 I3 applying the whole log again gives the same state, hash included', async () => {
    const m = await MemoryMember.open();
    await someHistory(m);
    const before = [await everything(m), await hash(m), await revision(m)];
    // The store lost all it had; the log brings it back.
    await m.crash({ commitsKept: 0, disk: 'all' });
    expect([await everything(m), await hash(m), await revision(m)]).toEqual(before);
    await m.stop();
  });

  it('CP-4 however many commits the store has lost, each entry takes effect exactly once', async () => {
    for (let kept = 0; kept <= 12; kept += 3) {
      const m = await MemoryMember.open();
      for (let n = 0; n < 12; n++) await m.call(kvService.put, put('a', String(n)));
      await m.crash({ commitsKept: kept });
      const { kvs, header } = await m.call(kvService.range, range('a'));
      expect([kvs[0]?.version, header?.revision]).toEqual([12n, 13n]);
      await m.stop();
    }
  });
});

describe('failure', () => {
  it('F a failed sync ends the member: nobody hears of success, and nothing is tried again', async () => {
    const m = await MemoryMember.open();
    await m.call(kvService.put, put('a', '1'));
    m.disk.fail('sync', 1, 'EIO', /wal$/);
    const call = m.begin(kvService.put, kvService.put.request.encode(put('b', '2')));
    await m.clock.settle();
    const failed = await m.member.failed;
    expect(failed).toMatchObject({ code: expect.stringMatching(/sync-failed|io/) as string });
    expect(call.end).toMatchObject({ type: 'failed', error: { code: 14 } });
    const operations = m.disk.operations;
    await m.clock.advance(10_000);
    expect(m.disk.operations).toBe(operations);
    expect(await error(m.call(kvService.put, put('c', '3')))).toMatchObject({
      message: 'etcdserver: server stopped',
    });
  });

  it('a store that can not be changed ends the member without an answer of success', async () => {
    let broken = false;
    const m = await MemoryMember.open({
      backendFault: (operation) =>
        broken && operation === 'change' ? new Error('disk I/O error') : undefined,
    });
    broken = true;
    const call = m.begin(kvService.put, kvService.put.request.encode(put('b', '2')));
    await m.clock.settle();
    expect(call.end).toMatchObject({ type: 'failed' });
    expect((await m.member.failed).message).toMatch(/disk I\/O error/);
  });

  it('G-2 a store that can not commit ends the member; the log has what was acknowledged since its last commit', async () => {
    let broken = false;
    const m = await MemoryMember.open({
      backendFault: (operation) =>
        broken && operation === 'commit' ? new Error('disk I/O error') : undefined,
    });
    broken = true;
    let acknowledged = 0;
    for (;;) {
      const request = put(`k${acknowledged}`, '2');
      const call = m.begin(kvService.put, kvService.put.request.encode(request));
      await m.clock.settle();
      if (call.end?.type !== 'ok') break;
      acknowledged++;
    }
    expect((await m.member.failed).message).toMatch(/disk I\/O error/);
    broken = false;
    await m.restart();
    const { kvs } = await m.call(kvService.range, range('k', 'l'));
    expect(acknowledged).toBeGreaterThan(0);
    // The last one was in the log as well, though nobody was told.
    expect(kvs.length).toBe(acknowledged + 1);
  });

  it('G-13 a store that can not be read ends the member instead of serving on', async () => {
    let broken = false;
    const m = await MemoryMember.open({
      backendFault: (operation) =>
        broken && operation === 'read' ? new Error('damaged page') : undefined,
    });
    await m.call(kvService.put, put('a', '1'));
    await m.restart();
    broken = true;
    const call = m.begin(
      kvService.range,
      kvService.range.request.encode(range('a', '', { serializable: true })),
    );
    await m.clock.settle();
    expect(call.end).toMatchObject({ type: 'failed' });
    expect((await m.member.failed).message).toMatch(/damaged page/);
  });

  it('an entry that this version can not apply ends the member instead of being skipped', async () => {
    const m = await MemoryMember.open();
    await m.stop();
    // A log that etcd wrote with users in it: auth_user_add is field 1100.
    await appendForeignEntry(m.disk, '/data/member/wal', emptyRequest(1100));
    m.backend = m.backend.crash(m.backend.unsyncedCommits);
    await m.start();
    expect(await m.member.failed).toMatchObject({ code: 'unsupported_data' });
  });
});

describe('close', () => {
  it('is idempotent, ends who waits inside, and refuses who comes after', async () => {
    const m = await MemoryMember.open();
    const waiting = m.begin(kvService.put, kvService.put.request.encode(put('a', '1')));
    const closing = [m.member.close(), m.member.close()];
    await m.clock.settle();
    await Promise.all(closing);
    expect(waiting.end).toMatchObject({
      error: { code: 14, message: 'etcdserver: server stopped' },
    });
    expect(await error(m.call(kvService.range, range('a')))).toMatchObject({
      message: 'etcdserver: server stopped',
    });
    await m.member[Symbol.asyncDispose]();
  });

  it('CP-16 what was not acknowledged may be there or not, what was is', async () => {
    const m = await MemoryMember.open();
    await m.call(kvService.put, put('acked', '1'));
    m.begin(kvService.put, kvService.put.request.encode(put('unknown', '1')));
    await m.restart();
    expect(await everything(m)).toContain('acked=1');
    await m.stop();
  });
});

it('a linearizable read resolves now, and rejects as a read would once stopped', async () => {
  const m = await MemoryMember.open();
  const signal = new AbortController().signal;
  const read = m.member.linearizableRead(signal);
  await m.clock.settle();
  await read;
  await m.stop();
  await expect(m.member.linearizableRead(signal)).rejects.toMatchObject({ code: 14 });
});

it('two members do not share a database', async () => {
  const m = await MemoryMember.open();
  const second = Member.open(m.config, {
    fileSystem: m.disk,
    openBackend: () => {
      throw new Error('database is locked');
    },
  });
  await expect(second).rejects.toThrow('database is locked');
  expect((await m.call(maintenanceService.alarm, AlarmRequest.create())).alarms).toEqual([]);
  await m.stop();
});
