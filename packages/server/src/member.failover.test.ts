/**
 * A leader whose process is gone. Goal: the others have another one long before an election timeout; a member that merely believes
 * it changes nothing. Method: one clock and one network that the test commands; heartbeats of 100 ms, election timeouts of 1 to 2 s.
 */
import { kvService, maintenanceService, StatusRequest } from '@kv/proto';
import { wireErrorOf } from '@kv/proto/errors';
import { afterEach, describe, expect, it } from 'vitest';
import { MemoryCluster, type MemoryMember } from './testing/index.js';
import { pairs, put, range } from './testing/requests.js';

const FAILOVER_MS = 300;
const ELECTION_TIMEOUT_MS = 1000;

let cluster: MemoryCluster;
afterEach(async () => {
  await cluster.stop();
});

const id = (member: MemoryMember) => MemoryCluster.idOf(member);
const view = ({ member }: MemoryMember) => member.view();

const termOf = async (member: MemoryMember): Promise<bigint> =>
  (await member.call(maintenanceService.status, StatusRequest.create())).raftTerm;

/** Until all that run follow one of them. */
async function nextLeaderMs(): Promise<number> {
  const startedMs = cluster.clock.monotonicMs();
  const running = cluster.members.filter(({ isOpen }) => isOpen);
  const leads = (): boolean =>
    running.some((m) => running.every((other) => view(other).leaderId === id(m)));
  while (!leads()) await cluster.clock.advance(10);
  return cluster.clock.monotonicMs() - startedMs;
}

describe('F-1 the process of the leader is gone', () => {
  it.each([1, 2, 3, 4, 5])(
    `another one leads within ${FAILOVER_MS} ms, with all that was acknowledged (seed %i)`,
    async (seed) => {
      cluster = await MemoryCluster.open(3, {}, seed);
      const leader = await cluster.leader();
      await leader.call(kvService.put, put('k', '1'));
      await cluster.kill(leader);
      expect(await nextLeaderMs()).toBeLessThan(FAILOVER_MS);
      const next = await cluster.leader();
      await next.call(kvService.put, put('l', '2'));
      const { kvs } = await next.call(kvService.range, range('\0', '\0'));
      expect(pairs(kvs)).toEqual(['k=1', 'l=2']);
    },
  );

  it('in five, though one of the others hears of it last', async () => {
    cluster = await MemoryCluster.open(5);
    await cluster.kill(await cluster.leader());
    expect(await nextLeaderMs()).toBeLessThan(FAILOVER_MS);
    await cluster.kill(await cluster.leader());
    expect(await nextLeaderMs()).toBeLessThan(FAILOVER_MS);
  });

  it.each([
    ['a little later: the first stands again, and leads', 20, 0],
    ['when the first has stood twice: the second leads', 60, 1],
  ])('the second of the others hears of it %s', async (_, laterMs, nextRank) => {
    cluster = await MemoryCluster.open(3);
    const leader = await cluster.leader();
    const [first, second] = [...cluster.others(leader)].sort((a, b) => (id(a) < id(b) ? -1 : 1));
    if (first === undefined || second === undefined) throw new Error('there are three');
    const lost = id(leader);
    await leader.powerOff();
    cluster.network.refuse(id(first), lost);
    await cluster.clock.advance(laterMs);
    expect([view(first).leaderId, view(second).leaderId]).toEqual([0n, lost]);
    cluster.network.refuse(id(second), lost);
    expect(await nextLeaderMs()).toBeLessThan(FAILOVER_MS);
    expect(await cluster.leader()).toBe([first, second][nextRank]);
  });

  it('without pre-votes it takes an election timeout, as before', async () => {
    cluster = await MemoryCluster.open(3, { preVote: false });
    await cluster.kill(await cluster.leader());
    expect(await nextLeaderMs()).toBeGreaterThan(ELECTION_TIMEOUT_MS / 2);
  });

  it('that its power fails nobody can know: it takes an election timeout', async () => {
    cluster = await MemoryCluster.open(3);
    await (await cluster.leader()).powerOff();
    expect(await nextLeaderMs()).toBeGreaterThan(ELECTION_TIMEOUT_MS / 2);
  });
});

describe('G-18 a write that was handed to a leader that is gone', () => {
  /** A put at a follower, on its way to a leader that it does not reach any more. */
  async function lostPut(): Promise<{
    readonly follower: MemoryMember;
    readonly call: ReturnType<MemoryMember['begin']>;
  }> {
    const leader = await cluster.leader();
    const [follower] = cluster.others(leader);
    if (follower === undefined) throw new Error('there are three');
    cluster.network.cut(id(follower), id(leader));
    const call = follower.begin(kvService.put, kvService.put.request.encode(put('k', 'lost')));
    await cluster.clock.settle();
    await cluster.kill(leader);
    return { follower, call };
  }

  it('ends with the next term, with what etcd says when the time is up, and is not applied', async () => {
    cluster = await MemoryCluster.open(3);
    const { follower, call } = await lostPut();
    expect(await nextLeaderMs()).toBeLessThan(FAILOVER_MS);
    await cluster.clock.advance(100);
    expect(call.end).toMatchObject({
      type: 'failed',
      error: { message: wireErrorOf('timeoutLeaderFail').message },
    });
    const { kvs } = await follower.call(kvService.range, range('k'));
    expect(pairs(kvs)).toEqual([]);
  });

  it('waits while nobody else leads', async () => {
    cluster = await MemoryCluster.open(3, { preVote: false });
    const { call } = await lostPut();
    await cluster.clock.advance(ELECTION_TIMEOUT_MS / 2);
    expect(call.end).toBeUndefined();
    await nextLeaderMs();
    await cluster.clock.advance(100);
    expect(call.end?.type).toBe('failed');
  });

  it('that waited for a leader is handed to the next one, and answered', async () => {
    cluster = await MemoryCluster.open(3);
    const leader = await cluster.leader();
    const [follower, other] = cluster.others(leader);
    if (follower === undefined || other === undefined) throw new Error('there are three');
    await cluster.kill(leader);
    await cluster.kill(other);
    await cluster.until(() => view(follower).leaderId === 0n, 'it has lost its leader');
    const call = follower.begin(kvService.put, kvService.put.request.encode(put('k', '1')));
    await other.start();
    await nextLeaderMs();
    await cluster.clock.advance(100);
    expect(call.end).toEqual({ type: 'ok' });
  });
});

describe('F-5 the leader lives, and refuses one of the others', () => {
  it('nothing changes for the cluster: no term ends, and writes go on', async () => {
    cluster = await MemoryCluster.open(3);
    const leader = await cluster.leader();
    const [alone] = cluster.others(leader);
    if (alone === undefined) throw new Error('there are three');
    const term = await termOf(leader);
    cluster.network.cut(id(alone), id(leader));
    for (let n = 0; n < 10; n++) {
      cluster.network.refuse(id(alone), id(leader));
      await cluster.clock.advance(ELECTION_TIMEOUT_MS / 3);
      await leader.call(kvService.put, put('k', String(n)));
      expect(view(alone).leaderId).toBe(0n);
    }
    cluster.network.heal();
    expect(await nextLeaderMs()).toBeLessThan(2 * ELECTION_TIMEOUT_MS);
    expect(await cluster.leader()).toBe(leader);
    expect(await termOf(leader)).toBe(term);
  });

  it('one that still hears it remembers it with the next heartbeat', async () => {
    cluster = await MemoryCluster.open(3);
    const leader = await cluster.leader();
    const term = await termOf(leader);
    for (const other of cluster.others(leader)) {
      cluster.network.refuse(id(other), id(leader));
      await cluster.clock.advance(200);
      expect(view(other).leaderId).toBe(id(leader));
    }
    expect([view(leader).leaderId, await termOf(leader)]).toEqual([id(leader), term]);
  });
});
