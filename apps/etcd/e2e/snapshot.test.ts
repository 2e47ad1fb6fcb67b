/**
 * Members that come back by a snapshot, as processes. Goal: a member that lacks what the log no longer holds is rebuilt while others
 * write, holds the same in the end, and neither kill -9 of the sender nor of the receiver leaves anything half done.
 */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Cluster, type ClusterMember } from './cluster-process.js';

const TEST_MS = 240_000;
/** A log that is soon too short: entries behind the newest snapshot, and what is kept of them. */
const SHORT_LOG = ['--snapshot-count=1000', '--snapshot-catchup-entries=500'];
const PUTS = Number(process.env['KV_SNAPSHOT_PUTS'] ?? '20000');
const VALUE = 'v'.repeat(256);
const WRITERS = 100;
/** Generous, as tests share a machine; what was seen is printed. */
const P99_MS_MAX = 1000;

let cluster: Cluster | undefined;
afterEach(async () => {
  await cluster?.close();
  cluster = undefined;
});

/** Writes this many keys, many at a time; returns how long each put took, ascending. */
async function putMany(member: ClusterMember, count: number, prefix: string): Promise<number[]> {
  const took: number[] = [];
  let next = 0;
  const write = async (): Promise<void> => {
    while (next < count) {
      const n = next++;
      const startedMs = performance.now();
      await member.client.put(`${prefix}${n % 5000}`, VALUE);
      took.push(performance.now() - startedMs);
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, write));
  return took.sort((a, b) => a - b);
}

async function openWithLaggard(): Promise<{
  readonly leader: ClusterMember;
  readonly away: ClusterMember;
  readonly other: ClusterMember;
}> {
  cluster = await Cluster.open([], SHORT_LOG);
  const leader = await cluster.leader();
  const [away, other] = cluster.members.filter((member) => member !== leader);
  if (away === undefined || other === undefined) throw new Error('there are three');
  // For a member that it never met, one keeps the whole log: it might be unable to use a snapshot.
  for (const { process } of [leader, other]) await process.listenedToBy(2);
  await away.kill();
  await putMany(leader, PUTS, 'k');
  await leader.client.compact();
  return { leader, away, other };
}

const RECEIVED = 'received and saved database snapshot';

describe('a member that was stopped for longer than the log is kept', () => {
  it(
    `F-3 F-24 comes back by a snapshot after ${PUTS} puts and a compaction, while others write`,
    { timeout: TEST_MS },
    async () => {
      const { leader, away } = await openWithLaggard();
      away.start();
      const writing = putMany(leader, 5000, 'm');
      await away.process.line(RECEIVED);
      await away.process.line('applied snapshot');
      const took = await writing;
      const p99 = took[Math.floor(took.length * 0.99)] ?? Infinity;
      console.log(
        `puts meanwhile, ms: p50 ${ms(took[took.length >> 1])}, p99 ${ms(p99)}, max ${ms(took.at(-1))}`,
      );
      expect(p99).toBeLessThan(P99_MS_MAX);
      await cluster?.expectAgreement();
      expect(await away.client.get('m4999')).toBe(VALUE);
    },
  );

  it(
    'CP-7 F-25 kill -9 of the receiver, again and again, while the snapshot comes',
    { timeout: TEST_MS },
    async () => {
      const { leader, away } = await openWithLaggard();
      for (let round = 0; round < 4; round++) {
        away.start();
        // Later each time: while it listens, while it receives, while it installs.
        if (round === 1)
          await away.process.line('ready to serve client requests').catch(() => undefined);
        await vi.waitFor(
          () => {
            expect(away.process.lines.length).toBeGreaterThan(8 + 4 * round);
          },
          { timeout: 20_000, interval: 1 },
        );
        await away.kill();
      }
      await leader.client.put('last', 'one');
      away.start();
      await away.process.line('ready to serve client requests');
      await cluster?.expectAgreement();
      expect(await away.client.get('last')).toBe('one');
    },
  );

  it('F-25 kill -9 of the sender: the next leader sends one', { timeout: TEST_MS }, async () => {
    const { leader, away, other } = await openWithLaggard();
    away.start();
    await away.process.line('peer became active');
    await leader.kill();
    await away.process.line('applied snapshot');
    // What is handed to the leader that is gone is lost with it.
    await cluster?.leader();
    await other.client.put('last', 'one');
    leader.start();
    await leader.process.line('ready to serve client requests');
    await cluster?.expectAgreement();
  });
});

function ms(value: number | undefined): string {
  return (value ?? NaN).toFixed(1);
}
