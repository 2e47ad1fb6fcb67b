/**
 * `--force-new-cluster` (daemon.md §13). Goal: one member of a cluster without a quorum goes on alone, with all that was
 * acknowledged there, and its ids. Method: whole members in memory; two of three are gone.
 */
import {
  clusterService,
  kvService,
  maintenanceService,
  MemberAddRequest,
  MemberUpdateRequest,
  PutRequest,
  StatusRequest,
} from '@kv/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryCluster, type MemoryMember } from './testing/index.js';
import { pairs, put, range } from './testing/requests.js';

let cluster: MemoryCluster;
beforeEach(async () => {
  cluster = await MemoryCluster.open(3);
});
afterEach(async () => {
  await cluster.stop();
});

const status = (m: MemoryMember) => m.call(maintenanceService.status, StatusRequest.create());
const read = async (m: MemoryMember) =>
  pairs((await m.call(kvService.range, range('\0', '\0'))).kvs);

async function startAlone(survivor: MemoryMember): Promise<void> {
  survivor.reconfigure({ forceNewCluster: true });
  await survivor.start();
  await cluster.until(() => survivor.member.view().leaderId !== 0n, 'it leads itself');
  await cluster.clock.advance(200);
}

describe('the last member', () => {
  it('keeps data, revision and ids; the others are gone, and may not come back', async () => {
    const leader = await cluster.leader();
    for (let n = 0; n < 10; n++) await leader.call(kvService.put, put(`k${n}`, 'v'));
    await cluster.clock.advance(500);
    const [survivor, other] = cluster.others(leader);
    if (survivor === undefined || other === undefined) throw new Error('there are three');
    const before = await status(survivor);
    for (const member of cluster.members) await member.powerOff();
    await startAlone(survivor);
    const after = await status(survivor);
    expect(after.header).toMatchObject({
      clusterId: before.header?.clusterId,
      memberId: before.header?.memberId,
      revision: before.header?.revision,
    });
    expect(survivor.member.peerApi.members().map(({ id }) => id)).toEqual([after.leader]);
    expect(await read(survivor)).toHaveLength(10);
    await survivor.call(kvService.put, put('new', '1'));

    survivor.reconfigure({ forceNewCluster: false });
    await survivor.restart();
    await cluster.until(() => survivor.member.view().leaderId !== 0n, 'it leads itself');
    expect(await read(survivor)).toHaveLength(11);
    await other.start();
    await cluster.clock.advance(3000);
    expect(other.member.view().leaderId).toBe(0n);
  });

  it('H-M7 drops a change of membership that was not committed, and what came after it', async () => {
    await cluster.clock.advance(6000);
    const leader = await cluster.leader();
    await leader.call(kvService.put, put('k', 'v'));
    cluster.network.isolate(MemoryCluster.idOf(leader));
    const begin = (key: string) =>
      leader.begin(kvService.put, PutRequest.encode(put(key, '1')).finish());
    begin('unknown');
    await cluster.clock.advance(50);
    const ID = MemoryCluster.idOf(leader);
    const update = MemberUpdateRequest.encode({ ID, peerURLs: ['http://new:1'] }).finish();
    leader.begin(clusterService.memberUpdate, update);
    await cluster.clock.advance(50);
    begin('lost');
    await cluster.clock.advance(100);
    for (const member of cluster.members) await member.powerOff();
    await startAlone(leader);
    expect(await read(leader)).toEqual(['k=v', 'unknown=1']);
  });

  it('F-1 comes to the same when power fails in between, again and again', async () => {
    const [survivor] = cluster.others(await cluster.leader());
    if (survivor === undefined) throw new Error('there are three');
    await survivor.call(kvService.put, put('k', 'v'));
    for (const member of cluster.members) await member.powerOff();
    survivor.reconfigure({ forceNewCluster: true });
    for (let n = 0; n < 4; n++) {
      await survivor.start();
      await cluster.clock.advance(n * 10);
      await survivor.powerOff();
    }
    await startAlone(survivor);
    expect(await read(survivor)).toEqual(['k=v']);
    expect(survivor.member.peerApi.members()).toHaveLength(1);
  });

  it('H-M7 may be a learner: it votes from then on', async () => {
    await cluster.clock.advance(6000);
    const leader = await cluster.leader();
    const peerURLs = [MemoryCluster.peerUrl('d')];
    const request = MemberAddRequest.create({ peerURLs, isLearner: true });
    await leader.call(clusterService.memberAdd, request);
    const learner = cluster.joiner('d', ['a', 'b', 'c']);
    await learner.start();
    await leader.call(kvService.put, put('k', 'v'));
    await cluster.clock.advance(2000);
    for (const member of cluster.members) await member.powerOff();
    await startAlone(learner);
    expect(learner.member.view().isLearner).toBe(false);
    expect(await read(learner)).toEqual(['k=v']);
  });

  it('without a log founds a cluster as if nothing had been said', async () => {
    await cluster.stop();
    cluster = await MemoryCluster.open(1, { forceNewCluster: true });
    expect(await read(await cluster.leader())).toEqual([]);
  });
});
