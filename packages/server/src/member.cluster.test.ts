/**
 * Several members as one cluster, whole but for sockets and disks. Goal: what was acknowledged is on all of them and stays,
 * whoever fails; reads are never stale; there is one leader or none. Method: one clock and one network that the test commands.
 */
import {
  HashKVRequest,
  kvService,
  LeaseGrantRequest,
  leaseService,
  LeaseTimeToLiveRequest,
  maintenanceService,
  MoveLeaderRequest,
  PutRequest,
  RangeRequest,
  StatusRequest,
} from '@kv/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryCluster, type MemoryMember } from './testing/index.js';
import { pairs, put, range, text } from './testing/requests.js';

let cluster: MemoryCluster;
beforeEach(async () => {
  cluster = await MemoryCluster.open(3);
});
afterEach(async () => {
  await cluster.stop();
});

const write = (m: MemoryMember, key: string, value: string) =>
  m.call(kvService.put, put(key, value));
const read = async (m: MemoryMember) =>
  pairs((await m.call(kvService.range, range('\0', '\0'))).kvs);
const status = (m: MemoryMember) => m.call(maintenanceService.status, StatusRequest.create());
const hash = async (m: MemoryMember) =>
  (await m.call(maintenanceService.hashKV, HashKVRequest.create())).hash;

/** All have applied the same, and hold the same. */
async function expectAgreement(): Promise<void> {
  await cluster.clock.advance(500);
  const hashes = await Promise.all(cluster.members.map(hash));
  expect(new Set(hashes).size).toBe(1);
  const revisions = cluster.members.map(({ member }) => member.view().clusterVersion);
  expect(revisions).toEqual(['3.7.0', '3.7.0', '3.7.0']);
}

describe('three founders', () => {
  it('are one cluster with one leader, and know each other', async () => {
    const leader = await cluster.leader();
    const found = await Promise.all(cluster.members.map(status));
    expect(new Set(found.map(({ header }) => header?.clusterId)).size).toBe(1);
    expect(new Set(found.map(({ header }) => header?.memberId)).size).toBe(3);
    expect(found.map(({ leader: id }) => id)).toEqual(Array(3).fill(MemoryCluster.idOf(leader)));
    expect(
      leader.member.peerApi
        .members()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['a', 'b', 'c']);
    await expectAgreement();
  });

  it('G-3 what any member acknowledges, every member reads at once', async () => {
    for (const [n, writer] of cluster.members.entries()) {
      await write(writer, 'k', String(n));
      for (const reader of cluster.members) expect(await read(reader)).toEqual([`k=${n}`]);
    }
    await expectAgreement();
  });

  it('decide the version of the cluster', async () => {
    await cluster.until(
      () => cluster.members.every(({ member }) => member.view().clusterVersion === '3.7.0'),
      'the version 3.7.0',
    );
  });
});

describe('one that fails', () => {
  it('F-1 power of the leader: the others go on with all that was acknowledged, and it catches up', async () => {
    const leader = await cluster.leader();
    for (let n = 0; n < 20; n++) await write(leader, `a${n}`, 'x');
    await leader.powerOff();
    const others = cluster.others(leader);
    const next = await cluster.leader(others);
    expect(await read(next)).toHaveLength(20);
    await write(next, 'b', 'y');
    await leader.start();
    await cluster.leader();
    expect(await read(leader)).toHaveLength(21);
    await expectAgreement();
  });

  it('F-11 the disk of the leader hangs: it falls silent, and another one leads; nothing is lost when it comes back', async () => {
    const leader = await cluster.leader();
    await write(leader, 'a', '1');
    let release = (): void => undefined;
    const hanging = new Promise<void>((resolve) => {
      release = resolve;
    });
    leader.disk.delaySyncs(() => hanging);
    const unknown = leader.begin(kvService.put, kvService.put.request.encode(put('b', '2')));
    // Reads and heartbeats of others must not keep it in office.
    const others = cluster.others(leader);
    await cluster.until(
      () =>
        others.some(
          ({ member }) =>
            member.view().leaderId === MemoryCluster.idOf(others[0] ?? leader) ||
            member.view().leaderId === MemoryCluster.idOf(others[1] ?? leader),
        ),
      'another leader',
    );
    const next = await cluster.leader(others);
    await write(next, 'c', '3');
    expect(unknown.end?.type).not.toBe('ok');
    leader.disk.delaySyncs(() => Promise.resolve());
    release();
    await cluster.leader();
    await write(leader, 'd', '4');
    expect(await read(leader)).toEqual(await read(next));
    expect(await read(leader)).toEqual(expect.arrayContaining(['a=1', 'c=3', 'd=4']));
    await expectAgreement();
  });

  it('what two others acknowledge is committed while the leader writes the next batch', async () => {
    const leader = await cluster.leader();
    const syncs: (() => void)[] = [];
    leader.disk.delaySyncs(() => new Promise((resolve) => syncs.push(resolve)));
    const begin = (key: string) =>
      leader.begin(kvService.put, kvService.put.request.encode(put(key, 'v')));
    const first = begin('first');
    await cluster.clock.settle();
    const second = begin('second');
    await cluster.clock.settle();
    expect([first.end, second.end, syncs.length]).toEqual([undefined, undefined, 1]);
    // Its own sync of the first ends, that of the second begins; the others have had time to answer.
    syncs.shift()?.();
    await cluster.clock.settle();
    expect([first.end?.type, second.end, syncs.length]).toEqual(['ok', undefined, 1]);
    syncs.shift()?.();
    await cluster.clock.settle();
    expect(second.end?.type).toBe('ok');
    leader.disk.delaySyncs(() => Promise.resolve());
    for (const sync of syncs.splice(0)) sync();
    await expectAgreement();
  });

  it('F-1 power of all: nothing that was acknowledged is lost', async () => {
    const leader = await cluster.leader();
    for (let n = 0; n < 20; n++) await write(leader, `a${n}`, 'x');
    for (const member of cluster.members) await member.powerOff();
    for (const member of cluster.members) await member.start();
    const next = await cluster.leader();
    expect(await read(next)).toHaveLength(20);
    await expectAgreement();
  });

  it('F-3 a member that was away for longer than the log is usually kept catches up, whoever leads then', async () => {
    await cluster.stop();
    cluster = await MemoryCluster.open(3, { snapshotCatchupEntries: 50, snapshotCount: 100 });
    const [away, ...others] = cluster.others(await cluster.leader());
    if (away === undefined) throw new Error('there are three');
    await away.powerOff();
    others.push(await cluster.leader(cluster.others(away)));
    for (let n = 0; n < 1500; n++) {
      await write(await cluster.leader(others), `k${n % 100}`, String(n));
      if (n % 300 === 299) await cluster.clock.advance(2500);
    }
    for (const member of others) await member.powerOff();
    for (const member of others) await member.start();
    await away.start();
    await cluster.leader();
    expect(await read(away)).toHaveLength(100);
    await expectAgreement();
  });

  it('F-5 a leader that is cut off acknowledges nothing, answers no read, and steps down', async () => {
    const old = await cluster.leader();
    await write(old, 'k', '1');
    cluster.network.isolate(MemoryCluster.idOf(old));
    const lost = old.begin(kvService.put, PutRequest.encode(put('k', 'lost')).finish());
    const stale = old.begin(kvService.range, RangeRequest.encode(range('k')).finish());
    const next = await cluster.leader(cluster.others(old));
    await write(next, 'k', '2');
    await cluster.until(() => lost.end !== undefined && stale.end !== undefined, 'both fail');
    expect([lost.response, stale.response]).toEqual([undefined, undefined]);
    expect(old.member.view().leaderId).toBe(0n);
    cluster.network.heal();
    await cluster.leader();
    for (const member of cluster.members) expect(await read(member)).toEqual(['k=2']);
    await expectAgreement();
  });

  it('F-5 a minority serves what it has to those who ask for no more', async () => {
    const [alone] = cluster.others(await cluster.leader());
    if (alone === undefined) throw new Error('there are three');
    await write(alone, 'k', '1');
    cluster.network.isolate(MemoryCluster.idOf(alone));
    await cluster.clock.advance(3000);
    const { kvs } = await alone.call(kvService.range, range('k', '', { serializable: true }));
    expect(pairs(kvs)).toEqual(['k=1']);
  });
});

describe('leadership', () => {
  it('B-95 moves where it is told to, and nothing is lost', async () => {
    const leader = await cluster.leader();
    await write(leader, 'k', '1');
    const [target] = cluster.others(leader);
    if (target === undefined) throw new Error('there are three');
    const targetID = MemoryCluster.idOf(target);
    const move = leader.begin(
      maintenanceService.moveLeader,
      MoveLeaderRequest.encode({ targetID }).finish(),
    );
    await cluster.until(() => move.end !== undefined, 'the move ends');
    expect(move.end?.type).toBe('ok');
    expect(await cluster.leader()).toBe(target);
    expect(await read(target)).toEqual(['k=1']);
  });

  it('is handed over by a leader that stops', async () => {
    const leader = await cluster.leader();
    const handing = leader.member.handOver(1000);
    await cluster.clock.advance(200);
    await handing;
    expect(await cluster.leader()).not.toBe(leader);
  });

  it('G-9 a lease lives on under the next leader, in full, and ends', async () => {
    const leader = await cluster.leader();
    const { ID } = await leader.call(
      leaseService.leaseGrant,
      LeaseGrantRequest.create({ TTL: 10n }),
    );
    await leader.call(kvService.put, put('k', '1', { lease: ID }));
    await cluster.clock.advance(6000);
    const handing = leader.member.handOver(1000);
    await cluster.clock.advance(200);
    await handing;
    const next = await cluster.leader();
    const ask = LeaseTimeToLiveRequest.create({ ID, keys: true });
    const time = await next.call(leaseService.leaseTimeToLive, ask);
    expect(time.keys.map(text)).toEqual(['k']);
    expect(time.TTL).toBeGreaterThanOrEqual(9n);
    await cluster.clock.advance(13_000);
    for (const member of cluster.members) expect(await read(member)).toEqual([]);
  });
});
