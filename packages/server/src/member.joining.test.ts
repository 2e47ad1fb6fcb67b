/**
 * Members that come while a cluster serves. Goal: a member that was added gets everything, from an empty log, and takes part;
 * crashes at any point of that change nothing. Method: whole members in memory on one clock and one network.
 */
import {
  clusterService,
  HashKVRequest,
  kvService,
  maintenanceService,
  MemberAddRequest,
  MemberListRequest,
  MemberPromoteRequest,
  MemberRemoveRequest,
} from '@kv/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryCluster, type MemoryMember } from './testing/index.js';
import { pairs, put, range } from './testing/requests.js';

let cluster: MemoryCluster;
beforeEach(async () => {
  cluster = await MemoryCluster.open(3);
  await cluster.clock.advance(6000);
});
afterEach(async () => {
  await cluster.stop();
});

const write = (m: MemoryMember, key: string, value: string) =>
  m.call(kvService.put, put(key, value));
const readOwn = async (m: MemoryMember) =>
  pairs((await m.call(kvService.range, range('\0', '\0', { serializable: true }))).kvs);
const hash = async (m: MemoryMember) =>
  (await m.call(maintenanceService.hashKV, HashKVRequest.create())).hash;

/** Adds d, and starts it with an empty disk. */
async function join(isLearner: boolean): Promise<MemoryMember> {
  const leader = await cluster.leader();
  const peerURLs = [MemoryCluster.peerUrl('d')];
  await leader.call(clusterService.memberAdd, MemberAddRequest.create({ peerURLs, isLearner }));
  const joiner = cluster.joiner('d', ['a', 'b', 'c']);
  await joiner.start();
  return joiner;
}

async function published(joiner: MemoryMember): Promise<void> {
  let ready = false;
  void joiner.member.ready.then(() => (ready = true));
  await cluster.until(() => ready, 'd is published');
}

async function promote(m: MemoryMember, ID: bigint): Promise<string> {
  const call = m.begin(clusterService.memberPromote, MemberPromoteRequest.encode({ ID }).finish());
  await cluster.until(() => call.end !== undefined, 'the promotion ends');
  return call.end?.type === 'failed' ? call.end.error.message : 'promoted';
}

describe('a member that was added', () => {
  it('gets everything, publishes itself, and votes', async () => {
    for (let n = 0; n < 50; n++) await write(await cluster.leader(), `k${n}`, 'v');
    const joiner = await join(false);
    await published(joiner);
    expect(await readOwn(joiner)).toHaveLength(50);
    await write(joiner, 'mine', '1');
    // Two of four are gone: nothing goes on. One comes back: it does, with the vote of d.
    const [x, y] = cluster.members;
    await x?.powerOff();
    await y?.powerOff();
    await cluster.clock.advance(5000);
    expect(joiner.member.view().leaderId).toBe(0n);
    await y?.start();
    await cluster.leader(cluster.members.filter((member) => member !== x));
    await x?.start();
    await cluster.leader();
    await cluster.clock.advance(1000);
    const hashes = await Promise.all(cluster.members.map(hash));
    expect(new Set(hashes).size).toBe(1);
  });

  it('as a learner reads its own store only, is promoted on any member, and then serves', async () => {
    await write(await cluster.leader(), 'k', 'v');
    const joiner = await join(true);
    await published(joiner);
    expect(joiner.member.view().isLearner).toBe(true);
    expect(await readOwn(joiner)).toEqual(['k=v']);
    await expect(write(joiner, 'k', '2')).rejects.toMatchObject({
      message: 'etcdserver: rpc not supported for learner',
    });
    const leader = await cluster.leader();
    const [follower] = cluster.others(leader);
    if (follower === undefined) throw new Error('there are three');
    expect(await promote(follower, MemoryCluster.idOf(joiner))).toBe('promoted');
    await cluster.clock.advance(500);
    expect(joiner.member.view().isLearner).toBe(false);
    await write(joiner, 'k', '2');
    expect(await readOwn(joiner)).toEqual(['k=2']);
  });

  it('F-1 goes on after a crash at any point of its first moments', async () => {
    for (let n = 0; n < 20; n++) await write(await cluster.leader(), `k${n}`, 'v');
    const joiner = await join(true);
    for (let n = 0; n < 10; n++) {
      await joiner.powerOff();
      await joiner.start();
      await cluster.clock.advance(n * 20);
    }
    await published(joiner);
    expect(await readOwn(joiner)).toHaveLength(20);
  });

  it('is started again without being asked how it joined', async () => {
    const joiner = await join(true);
    await published(joiner);
    await joiner.restart();
    await published(joiner);
    expect(joiner.member.peerApi.members()).toHaveLength(4);
  });

  it('is removed, and its place is taken by another one with its address', async () => {
    const joiner = await join(true);
    await published(joiner);
    const first = MemoryCluster.idOf(joiner);
    const leader = await cluster.leader();
    await leader.call(clusterService.memberRemove, MemberRemoveRequest.create({ ID: first }));
    await joiner.powerOff();
    await cluster.clock.advance(1000);
    const next = await join(true);
    await published(next);
    expect(MemoryCluster.idOf(next)).not.toBe(first);
    const { members } = await leader.call(
      clusterService.memberList,
      MemberListRequest.create({ linearizable: false }),
    );
    expect(members.map(({ name }) => name).toSorted()).toEqual(['a', 'b', 'c', 'd']);
  });
});
