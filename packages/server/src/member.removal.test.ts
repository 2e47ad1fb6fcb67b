/**
 * Members that are removed while power fails. Goal: what a member has applied of a change of membership it does not forget: its
 * former peers may be gone by then, and without them the old membership elects nobody. Method: whole members in memory on one clock.
 */
import { clusterService, kvService, MemberRemoveRequest } from '@kv/proto';
import { afterEach, describe, expect, it } from 'vitest';
import { MemoryCluster, type MemoryMember } from './testing/index.js';
import { pairs, put, range } from './testing/requests.js';

let cluster: MemoryCluster;
afterEach(async () => {
  await cluster.stop();
});

const membersKnownTo = ({ member }: MemoryMember): number => member.peerApi.members().length;

describe('CP-12 G-2 the one that is left when one of two was removed', () => {
  it.each(['leader', 'follower'] as const)(
    'goes on alone after a power cut right after it has applied that, when the %s was removed',
    async (removed) => {
      cluster = await MemoryCluster.open(2, { strictReconfigCheck: false });
      const leader = await cluster.leader();
      const [follower] = cluster.others(leader);
      if (follower === undefined) throw new Error('there are two');
      await leader.call(kvService.put, put('k', 'v'));
      const [leaving, staying] = removed === 'leader' ? [leader, follower] : [follower, leader];
      const request = MemberRemoveRequest.create({ ID: MemoryCluster.idOf(leaving) });
      leader.begin(clusterService.memberRemove, MemberRemoveRequest.encode(request).finish());
      for (let n = 0; membersKnownTo(staying) === 2; n++) {
        if (n > 1000) throw new Error('the removal is never applied');
        await cluster.clock.advance(1);
      }
      // Nothing that was not synced is left, neither of the log nor of the store.
      await staying.powerOff({ disk: 'none', commitsKept: 0 });
      await leaving.powerOff();
      await staying.start();
      await cluster.clock.advance(5000);
      expect(staying.member.view().leaderId).toBe(MemoryCluster.idOf(staying));
      const { kvs } = await staying.call(kvService.range, range('k'));
      expect(pairs(kvs)).toEqual(['k=v']);
    },
  );
});

describe('F-26 a leader is removed while others write', () => {
  it.each([
    ['by its own answer', 'leader'],
    ['by the answer of a follower', 'follower'],
  ] as const)(
    'they have another leader within three heartbeat intervals, %s, and what they ask for then is done',
    async (_, through) => {
      cluster = await MemoryCluster.open(3);
      const leader = await cluster.leader();
      const staying = cluster.others(leader);
      const [first, second] = staying;
      if (first === undefined || second === undefined) throw new Error('there are three');
      // The strict check wants members that were connected for a while.
      await cluster.clock.advance(6000);
      const request = MemberRemoveRequest.create({ ID: MemoryCluster.idOf(leader) });
      const asked = through === 'leader' ? leader : second;
      asked.begin(clusterService.memberRemove, MemberRemoveRequest.encode(request).finish());
      for (let n = 0; staying.some((member) => membersKnownTo(member) === 3); n++) {
        if (n > 1000) throw new Error('the removal is never applied');
        await cluster.clock.advance(1);
      }
      const removedMs = cluster.clock.monotonicMs();
      const puts = staying.map((member) =>
        member.begin(kvService.put, kvService.put.request.encode(put('k', 'v'))),
      );
      while (puts.some(({ end }) => end === undefined)) await cluster.clock.advance(10);
      expect(puts.map(({ end }) => end?.type)).toEqual(['ok', 'ok']);
      expect(cluster.clock.monotonicMs() - removedMs).toBeLessThan(300);
      expect(staying).toContain(await cluster.leader(staying));
    },
  );
});
