/**
 * How long writes pause when the leader goes. Method: a put to a survivor every few milliseconds, each with a short deadline of its
 * own, so that none waits for the leader that is gone; the pause is the longest time between two acknowledgements. The same is
 * done to three members of etcd where its program is at hand.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { Cluster, reference, type ClusterMember } from './cluster-process.js';

const TEST_MS = 120_000;
const ROUNDS = 5;
const PUT_EVERY_MS = 5;
const PUT_DEADLINE_MS = 400;
/** Of one round; the test waits for acknowledgements after the pause, not for time. */
const ACKNOWLEDGED_AFTER = 50;

/**
 * Medians, with default timeouts. A follower waits for a silent leader for a second at least: that nobody listens where it was is
 * known earlier.
 */
const KILLED_MS_MAX = 700;
const STOPPED_MS_MAX = 500;
/** Between two medians of five. */
const CHANCE_MS = 600;

let clusters: Cluster[] = [];
afterEach(async () => {
  await Promise.all(clusters.map((cluster) => cluster.close()));
  clusters = [];
});

async function open(program?: string): Promise<Cluster> {
  const cluster = await Cluster.open([program, program, program]);
  clusters.push(cluster);
  return cluster;
}

/** Puts to these members in turn until `signal`; tells the times of all acknowledgements. */
function knock(members: readonly ClusterMember[]): {
  readonly acknowledgedAtMs: readonly number[];
  readonly acknowledges: (more: number) => Promise<void>;
  readonly stop: () => void;
} {
  const acknowledgedAtMs: number[] = [];
  const waiting = new Map<() => void, number>();
  const acknowledged = (): void => {
    acknowledgedAtMs.push(performance.now());
    for (const [resolve, count] of waiting) {
      if (acknowledgedAtMs.length < count) continue;
      waiting.delete(resolve);
      resolve();
    }
  };
  let n = 0;
  const timer = setInterval(() => {
    n += 1;
    const member = members[n % members.length];
    member?.client
      .put(`key-${n.toString()}`, 'v', PUT_DEADLINE_MS)
      .then(acknowledged, () => undefined);
  }, PUT_EVERY_MS);
  return {
    acknowledgedAtMs,
    acknowledges: (more) =>
      new Promise((resolve) => waiting.set(resolve, acknowledgedAtMs.length + more)),
    stop: () => {
      clearInterval(timer);
    },
  };
}

/** Ends the leader by this signal under writes through the others. Returns the pause; the cluster is whole again then. */
async function pauseMs(cluster: Cluster, signal: 'SIGKILL' | 'SIGTERM'): Promise<number> {
  const leader = await cluster.leader();
  const writes = knock(cluster.members.filter((member) => member !== leader));
  await writes.acknowledges(ACKNOWLEDGED_AFTER);
  const atMs = performance.now();
  leader.process.kill(signal);
  await leader.process.exit;
  await cluster.leader();
  await writes.acknowledges(ACKNOWLEDGED_AFTER);
  writes.stop();
  leader.start();
  await leader.process.line('ready to serve client requests');
  return longestMs(writes.acknowledgedAtMs.filter((ms) => ms >= atMs - PUT_EVERY_MS));
}

function longestMs(times: readonly number[]): number {
  let longest = 0;
  for (const [n, ms] of times.entries()) longest = Math.max(longest, ms - (times[n - 1] ?? ms));
  return Math.round(longest);
}

async function pausesMs(cluster: Cluster, signal: 'SIGKILL' | 'SIGTERM'): Promise<number[]> {
  const pauses: number[] = [];
  for (let round = 0; round < ROUNDS; round++) pauses.push(await pauseMs(cluster, signal));
  return pauses.sort((a, b) => a - b);
}

describe.each([
  ['SIGKILL', KILLED_MS_MAX],
  ['SIGTERM', STOPPED_MS_MAX],
] as const)('writes through the survivors when the leader gets %s', (signal, pauseMsMax) => {
  it(
    `F-1 F-27 go on within ${pauseMsMax} ms, and no later than those of etcd`,
    { timeout: TEST_MS },
    async () => {
      const ours = await pausesMs(await open(), signal);
      const theirs = reference === undefined ? [] : await pausesMs(await open(reference), signal);
      console.log(`pauses after ${signal}, ms: ours ${ours.join(' ')}, etcd ${theirs.join(' ')}`);
      // Medians: two members that campaign at the same moment split the vote, with etcd as here.
      const [, , ourMedian] = ours;
      const [, , theirMedian] = theirs;
      expect(ourMedian).toBeLessThan(pauseMsMax);
      if (theirMedian !== undefined) expect(ourMedian).toBeLessThan(theirMedian + CHANCE_MS);
    },
  );
});
