/**
 * F-26: the leader is removed while others write. What its followers had passed on to it meanwhile is lost with it, in etcd as here. Goal: no
 * such write is without an outcome for longer than in etcd (its request timeout), and the others have a leader again sooner than an
 * election timeout. Method: writes to the two that stay, of ours and of etcd where its program is at hand (below `REF`).
 */
import { afterEach, describe, expect, it } from 'vitest';
import { ChangingCluster, eventually, type ChangingMember, type Kind } from './changing-cluster.js';
import { reference } from './cluster-process.js';

const TEST_MS = 120_000;
const INTERVAL_MS = 10;
/** etcd's request timeout: five seconds, and twice its election timeout. */
const OUTCOME_MS_MAX = 7_000;
const MACHINE_MS_MAX = 1_000;
/** From here on a follower of etcd may stand for election. */
const ELECTION_TIMEOUT_MS = 1_000;

let cluster: ChangingCluster;
afterEach(async () => {
  await cluster.close();
});

interface Write {
  readonly startedMs: number;
  readonly endedMs: number;
  readonly done: boolean;
}

/** A write every few milliseconds, to one after the other, whether or not those before have an outcome. */
function startWriting(members: readonly ChangingMember[]): () => Promise<readonly Write[]> {
  const writes: Promise<Write>[] = [];
  const write = async ({ client }: ChangingMember, n: number): Promise<Write> => {
    const startedMs = performance.now();
    const done = await client.put(`key-${n % 100}`, 'value', 30_000).then(
      () => true,
      () => false,
    );
    return { startedMs, endedMs: performance.now(), done };
  };
  const timer = setInterval(() => {
    const member = members[writes.length % members.length];
    if (member !== undefined) writes.push(write(member, writes.length));
  }, INTERVAL_MS);
  return () => {
    clearInterval(timer);
    return Promise.all(writes);
  };
}

/** The longest time in which no write was done, and the longest that one was without an outcome. */
function longestOf(writes: readonly Write[]): {
  readonly pauseMs: number;
  readonly waitMs: number;
} {
  const ends = writes.filter(({ done }) => done).map(({ endedMs }) => endedMs);
  const pauses = ends.toSorted((a, b) => a - b).map((end, n, all) => end - (all[n - 1] ?? end));
  const waits = writes.map(({ startedMs, endedMs }) => endedMs - startedMs);
  return { pauseMs: Math.max(...pauses), waitMs: Math.max(...waits) };
}

async function removeLeader(
  kind: Kind,
  through: 'leader' | 'follower',
): Promise<ReturnType<typeof longestOf>> {
  cluster = await ChangingCluster.open(kind, kind, kind);
  const leader = await cluster.leader();
  const staying = cluster.members.filter((member) => member !== leader);
  const stop = startWriting(staying);
  const asked = through === 'leader' ? leader : staying[0];
  // Refused until the members have been connected for a while.
  await eventually(async () => asked?.client.removeMember(leader.id));
  cluster.members = staying;
  await leader.process.exit;
  await cluster.expectAgreement();
  const longest = longestOf(await stop());
  console.log(`${kind}, by the ${through}: ${JSON.stringify(longest)}`);
  return longest;
}

describe.each(['leader', 'follower'] as const)('the leader is removed by the %s', (through) => {
  it('here: the others write on within an election timeout', { timeout: TEST_MS }, async () => {
    const { pauseMs, waitMs } = await removeLeader('ours', through);
    expect(pauseMs).toBeLessThan(ELECTION_TIMEOUT_MS);
    expect(waitMs).toBeLessThan(OUTCOME_MS_MAX + MACHINE_MS_MAX);
  });

  it.skipIf(reference === undefined)(
    'in etcd: the same bound, after an election timeout',
    { timeout: TEST_MS },
    async () => {
      const { pauseMs, waitMs } = await removeLeader('etcd', through);
      expect(pauseMs).toBeGreaterThan(ELECTION_TIMEOUT_MS / 2);
      expect(waitMs).toBeLessThan(OUTCOME_MS_MAX + MACHINE_MS_MAX);
    },
  );
});
