/**
 * Three processes as one cluster, and a cluster of ours with members of etcd where its program is at hand (below `REF`). Goal:
 * what was acknowledged survives kill -9 of any member, and in the end all of them hold the same, hash by hash.
 */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Cluster, reference, type ClusterMember } from './cluster-process.js';

const TEST_MS = 120_000;

let cluster: Cluster | undefined;
afterEach(async () => {
  await cluster?.close();
  cluster = undefined;
});

/** Writes through one member after the other until told to stop; an attempt that fails was not acknowledged. */
function writer(members: readonly ClusterMember[]): {
  /** Resolves when this many more have been acknowledged. */
  acknowledges(more: number): Promise<void>;
  stop(): Promise<Map<string, string>>;
} {
  const acknowledged = new Map<string, string>();
  let going = true;
  const write = async (n: number): Promise<void> => {
    for (let round = 0; going; round += 1) {
      const member = members[(n + round) % members.length];
      const key = `key-${n.toString()}-${round.toString()}`;
      await member?.client.put(key, round.toString()).then(
        () => acknowledged.set(key, round.toString()),
        () => new Promise((resolve) => setImmediate(resolve)),
      );
    }
  };
  const writers = Promise.all(Array.from({ length: 8 }, (_, n) => write(n)));
  return {
    async acknowledges(more) {
      const target = acknowledged.size + more;
      await vi.waitFor(
        () => {
          expect(acknowledged.size).toBeGreaterThanOrEqual(target);
        },
        { timeout: 30_000 },
      );
    },
    async stop() {
      going = false;
      await writers;
      return acknowledged;
    },
  };
}

async function survives(of: Cluster, victim: ClusterMember): Promise<void> {
  const rest = of.members.filter((member) => member !== victim);
  const writing = writer(rest);
  await writing.acknowledges(200);
  await victim.kill();
  // The others go on without it: in a new term, if it led.
  await writing.acknowledges(200);
  victim.start();
  await victim.process.line('ready to serve client requests');
  const acknowledged = await writing.stop();
  for (const [key, value] of acknowledged) expect(await victim.client.get(key)).toBe(value);
  await of.expectAgreement();
}

describe('three processes', () => {
  it(
    'F-1 go on when the leader is killed under load, and lose nothing',
    { timeout: TEST_MS },
    async () => {
      cluster = await Cluster.open();
      await survives(cluster, await cluster.leader());
    },
  );

  it(
    'a leader that is asked to stop hands leadership over first',
    { timeout: TEST_MS },
    async () => {
      cluster = await Cluster.open();
      const leader = await cluster.leader();
      leader.process.kill('SIGTERM');
      await leader.process.line('leadership transferred');
      expect((await leader.process.exit).signal).toBe('SIGTERM');
      expect(await cluster.leader()).not.toBe(leader);
    },
  );
});

describe.skipIf(reference === undefined)('one of ours among members of etcd', () => {
  it.each([
    ['two of etcd', [undefined, reference, reference]],
    ['one of etcd', [undefined, undefined, reference]],
  ])(
    '%s: all hold the same, also after kill -9 of ours',
    { timeout: TEST_MS },
    async (_, programs) => {
      cluster = await Cluster.open(programs);
      const [ours] = cluster.members;
      if (ours === undefined) throw new Error('there are three');
      await ours.client.put('k', 'v');
      for (const member of cluster.members) expect(await member.client.get('k')).toBe('v');
      await survives(cluster, ours);
    },
  );
});

it(
  'the way to the others shows in the metrics that dashboards ask for',
  { timeout: TEST_MS },
  async () => {
    cluster = await Cluster.open([undefined, undefined, reference]);
    const [a, b, c] = cluster.members;
    if (a === undefined || b === undefined || c === undefined) throw new Error('there are three');
    const [self, ...others] = await Promise.all(
      [a, b, c].map(async ({ client }) => (await client.self()).id.toString(16)),
    );
    const value = async (line: string): Promise<number> => {
      const text = await (await fetch(`${a.clientUrl}/metrics`)).text();
      const found = text.split('\n').find((each) => each.startsWith(line));
      return Number(found?.slice(line.length) ?? NaN);
    };
    const between = (name: string, to = '') =>
      `etcd_network_${name}{Local="${self ?? ''}",Remote="${to}"}`;
    const measured = (to = '') => `etcd_network_peer_round_trip_time_seconds_count{To="${to}"}`;
    await vi.waitFor(
      async () => {
        for (const to of others) {
          expect(await value(between('known_peers', to))).toBe(1);
          expect(await value(between('active_peers', to))).toBe(1);
          expect(await value(measured(to))).toBeGreaterThanOrEqual(1);
        }
      },
      { timeout: 20_000, interval: 500 },
    );
    await b.kill();
    await vi.waitFor(
      async () => {
        expect(await value(between('active_peers', others[0]))).toBe(0);
        expect(await value(between('disconnected_peers_total', others[0]))).toBeGreaterThan(0);
      },
      { timeout: 20_000, interval: 200 },
    );
  },
);
