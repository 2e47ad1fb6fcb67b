/**
 * The Cluster service over whole members in memory. Goal: who asks, whom it concerns and in which state the cluster is decide
 * the answer as in etcd, with its codes and texts (rpc.md §8, errors.md §2.2). Method: one or three members on one clock; members
 * that are added do not exist.
 */
import {
  clusterService,
  MemberAddRequest,
  MemberListRequest,
  MemberPromoteRequest,
  MemberRemoveRequest,
  MemberUpdateRequest,
} from '@kv/proto';
import { afterEach, describe, expect, it } from 'vitest';
import type { MemberConfig } from '../member-config.js';
import { MemoryCluster, type MemoryMember } from '../testing/index.js';

let cluster: MemoryCluster;
afterEach(async () => {
  await cluster.stop();
});

/** A cluster whose members have been connected for long enough. */
async function open(size: number, config: Partial<MemberConfig> = {}): Promise<MemoryMember> {
  cluster = await MemoryCluster.open(size, config);
  await cluster.clock.advance(6000);
  return cluster.leader();
}

const add = (m: MemoryMember, peerURLs: string[], isLearner = false) =>
  m.call(clusterService.memberAdd, MemberAddRequest.create({ peerURLs, isLearner }));
const remove = (m: MemoryMember, ID: bigint) =>
  m.call(clusterService.memberRemove, MemberRemoveRequest.create({ ID }));
const update = (m: MemoryMember, ID: bigint, peerURLs: string[]) =>
  m.call(clusterService.memberUpdate, MemberUpdateRequest.create({ ID, peerURLs }));
const list = async (m: MemoryMember, linearizable = true) =>
  (await m.call(clusterService.memberList, MemberListRequest.create({ linearizable }))).members;

/** Promotes, letting time pass: another member may have to be asked. */
async function promote(m: MemoryMember, ID: bigint): Promise<string> {
  const call = m.begin(clusterService.memberPromote, MemberPromoteRequest.encode({ ID }).finish());
  await cluster.until(() => call.end !== undefined, 'the promotion ends');
  return call.end?.type === 'failed' ? call.end.error.message : 'promoted';
}

const fails = (code: number, message: string) => ({
  rejects: async (promise: Promise<unknown>) => {
    await expect(promise).rejects.toMatchObject({ code, message: `etcdserver: ${message}` });
  },
});
const badUrls = fails(3, 'given member URLs are invalid');
const notFound = fails(5, 'member not found');
const urlExists = fails(9, 'Peer URLs already exists');
const unhealthy = fails(14, 'unhealthy cluster');
const notStarted = fails(2, 're-configuration failed due to not enough started members');

describe('MemberAdd', () => {
  it('answers with the new member, whose id is made of its addresses and the time, and with all members', async () => {
    const alone = await open(1);
    const { header, member, members } = await add(alone, [' HTTP://b:2 ', 'http://a:1']);
    expect(header?.revision).toBe(0n);
    expect(member).toMatchObject({
      name: '',
      peerURLs: ['http://a:1', 'http://b:2'],
      isLearner: false,
    });
    expect(members.map(({ ID }) => ID)).toContain(member?.ID);
    expect(await list(alone, false)).toEqual(members);
  });

  it('B-102 refuses addresses that are none', async () => {
    const alone = await open(1);
    const bad = [[], ['x'], ['ftp://a:1'], ['http://a'], ['http://a:1/x'], ['http://a:1', '']];
    for (const urls of bad) await badUrls.rejects(add(alone, urls));
    expect(await list(alone, false)).toHaveLength(1);
  });

  it('refuses an address that another member has', async () => {
    const alone = await open(1, { maxLearners: 3 });
    await urlExists.rejects(add(alone, ['http://a:2380', 'http://x:1'], true));
    await add(alone, ['http://x:1'], true);
    // In the same second the id would be the same as well.
    await cluster.clock.advance(1000);
    await urlExists.rejects(add(alone, ['http://x:1'], true));
  });

  it('takes no more learners than allowed', async () => {
    const alone = await open(1);
    await add(alone, ['http://x:1'], true);
    await fails(9, 'too many learner members in cluster').rejects(add(alone, ['http://y:1'], true));
  });

  it('strict: a voter more than the started ones can carry is refused, a learner is not', async () => {
    const leader = await open(3);
    await add(leader, ['http://x:1']);
    await add(leader, ['http://y:1']);
    await notStarted.rejects(add(leader, ['http://z:1']));
    await unhealthy.rejects(add(leader, ['http://z:1'], true));
  });

  it('strict: who has not been in touch with a quorum for long enough changes nothing', async () => {
    cluster = await MemoryCluster.open(3);
    await unhealthy.rejects(add(await cluster.leader(), ['http://x:1']));
    await cluster.clock.advance(6000);
    await add(await cluster.leader(), ['http://x:1']);
  });

  it('without the strict check is taken all the same', async () => {
    cluster = await MemoryCluster.open(3, { strictReconfigCheck: false });
    await add(await cluster.leader(), ['http://x:1']);
  });

  it('works on every member, and every member knows', async () => {
    const leader = await open(3);
    const [follower] = cluster.others(leader);
    if (follower === undefined) throw new Error('there are three');
    const call = follower.begin(
      clusterService.memberAdd,
      MemberAddRequest.encode({ peerURLs: ['http://x:1'], isLearner: true }).finish(),
    );
    await cluster.until(() => call.end !== undefined, 'it is added');
    expect(call.end).toEqual({ type: 'ok' });
    for (const member of cluster.members) expect(await list(member)).toHaveLength(4);
  });

  it('of an addition that is refused at apply nothing is left, also after a restart', async () => {
    const alone = await open(1);
    await urlExists.rejects(add(alone, ['http://a:2380']));
    await alone.restart();
    await cluster.leader();
    expect(await list(alone)).toHaveLength(1);
    await cluster.clock.advance(2000);
    await add(alone, ['http://b:1'], true);
  });
});

describe('MemberRemove', () => {
  it('of one that is not there, or not any more', async () => {
    const leader = await open(3);
    await notFound.rejects(remove(leader, 99n));
    const { member } = await add(leader, ['http://x:1'], true);
    await remove(leader, member?.ID ?? 0n);
    expect(await list(leader)).toHaveLength(3);
    await notFound.rejects(remove(leader, member?.ID ?? 0n));
    await notFound.rejects(update(leader, member?.ID ?? 0n, ['http://x:2']));
  });

  it('strict: the last member stays', async () => {
    const alone = await open(1);
    await notStarted.rejects(remove(alone, MemoryCluster.idOf(alone)));
  });

  it('strict: one that is out of reach goes, one that is needed does not', async () => {
    const leader = await open(3);
    const [away, needed] = cluster.others(leader);
    if (away === undefined || needed === undefined) throw new Error('there are three');
    cluster.network.isolate(MemoryCluster.idOf(away));
    await unhealthy.rejects(remove(leader, MemoryCluster.idOf(needed)));
    await remove(leader, MemoryCluster.idOf(away));
  });

  it('of the leader: it goes on until the others know, and ends; the others elect', async () => {
    const leader = await open(3);
    const failed = leader.member.failed;
    const others = cluster.others(leader);
    await remove(leader, MemoryCluster.idOf(leader));
    await cluster.clock.advance(1100);
    expect(await failed).toMatchObject({
      code: 'removed',
      message: 'the member has been permanently removed from the cluster',
    });
    const next = await cluster.leader(others);
    expect(await list(next)).toHaveLength(2);
  });

  it('G-12 a removed member that is started again says so and does not start', async () => {
    const leader = await open(3);
    await remove(leader, MemoryCluster.idOf(leader));
    await cluster.clock.advance(1100);
    await expect(leader.restart()).rejects.toMatchObject({ code: 'removed' });
  });
});

describe('MemberUpdate', () => {
  it('changes the addresses, and keeps name and id', async () => {
    const leader = await open(3);
    const ID = MemoryCluster.idOf(leader);
    const { members } = await update(leader, ID, ['http://new:1']);
    const found = members.find((member) => member.ID === ID);
    expect(found?.peerURLs).toEqual(['http://new:1']);
    expect(found?.name).not.toBe('');
    await urlExists.rejects(update(leader, ID, ['http://b:2380', 'http://a:2380']));
    await badUrls.rejects(update(leader, ID, ['nowhere']));
    await badUrls.rejects(update(leader, ID, []));
  });
});

describe('MemberPromote', () => {
  it('of a voter, of nobody, and of a learner that is not in sync', async () => {
    const leader = await open(3);
    const [follower] = cluster.others(leader);
    if (follower === undefined) throw new Error('there are three');
    const { member } = await add(leader, ['http://x:1'], true);
    for (const asked of [leader, follower]) {
      expect(await promote(asked, MemoryCluster.idOf(leader))).toBe(
        'etcdserver: can only promote a learner member',
      );
      expect(await promote(asked, 99n)).toBe('etcdserver: member not found');
      expect(await promote(asked, member?.ID ?? 0n)).toBe(
        'etcdserver: can only promote a learner member which is in sync with leader',
      );
    }
  });

  it('without a leader fails when time is up', async () => {
    const leader = await open(3);
    const [follower] = cluster.others(leader);
    if (follower === undefined) throw new Error('there are three');
    cluster.network.isolate(MemoryCluster.idOf(follower));
    await cluster.clock.advance(3000);
    expect(await promote(follower, 99n)).toBe('etcdserver: no leader');
  });
});

describe('changes of membership', () => {
  it('end with the member, and a caller that has gone is forgotten', async () => {
    const leader = await open(3);
    const [follower] = cluster.others(leader);
    if (follower === undefined) throw new Error('there are three');
    cluster.network.isolate(MemoryCluster.idOf(follower));
    await cluster.clock.advance(3000);
    const request = MemberUpdateRequest.encode({
      ID: MemoryCluster.idOf(leader),
      peerURLs: ['http://new:1'],
    }).finish();
    const gone = follower.begin(clusterService.memberUpdate, request);
    gone.cancel();
    const waits = follower.begin(clusterService.memberUpdate, request);
    await cluster.clock.advance(20_000);
    expect(waits.end).toBeUndefined();
    await follower.stop();
    expect(waits.end).toMatchObject({ error: { message: 'etcdserver: server stopped' } });
    await follower.start();
  });
});
