/** What is done to the members while clients work, each for a while, one after the other. The names are those of reliability.md §2.4. */
import type { ChaosCluster, ChaosMember } from './chaos-cluster.js';
import { pause } from './clients.js';
import type { Random } from './random.js';

interface Fault {
  readonly name: string;
  /** Members that it needs at least. */
  readonly sizeMin?: number;
  /** Begins it; what it returns ends it. */
  readonly begin: (cluster: ChaosCluster, random: Random) => Promise<() => void> | (() => void);
}

const nothing = (): void => undefined;

const faults: readonly Fault[] = [
  {
    name: 'F-1 kill one',
    begin: async ({ members }, random) => {
      const victim = random.pick(members);
      await victim.kill();
      return () => {
        victim.start();
      };
    },
  },
  {
    name: 'F-1 crash loop',
    begin: async ({ members }, random) => {
      const victim = random.pick(members);
      for (let round = 0; round < 3; round += 1) {
        await victim.kill();
        victim.start();
        await pause(random.between(20, 200));
      }
      await victim.kill();
      return () => {
        victim.start();
      };
    },
  },
  {
    name: 'F-28 power cut',
    begin: async ({ members }) => {
      await Promise.all(members.map((member) => member.kill()));
      for (const member of members) member.start();
      return nothing;
    },
  },
  {
    name: 'F-2 F-3 pause one',
    begin: ({ members }, random) => paused([random.pick(members)]),
  },
  {
    name: 'F-2 pause a minority',
    begin: ({ members }, random) => {
      const first = random.between(0, members.length - 1);
      const count = Math.ceil(members.length / 2) - 1;
      return paused(
        members.filter((_, n) => (n - first + members.length) % members.length < count),
      );
    },
  },
  {
    name: 'F-5 one alone',
    begin: (cluster, random) => {
      const victim = random.pick(cluster.members);
      return parted(cluster, (from, to) => (from === victim.index) !== (to === victim.index));
    },
  },
  {
    name: 'F-5 halves',
    begin: (cluster, random) => {
      const border = random.between(1, cluster.members.length - 1);
      return parted(cluster, (from, to) => from < border !== to < border);
    },
  },
  {
    name: 'F-6 one sends and does not hear',
    begin: (cluster, random) => {
      const victim = random.pick(cluster.members);
      return parted(cluster, (_, to) => to === victim.index);
    },
  },
  {
    name: 'F-6 one hears and does not send',
    begin: (cluster, random) => {
      const victim = random.pick(cluster.members);
      return parted(cluster, (from) => from === victim.index);
    },
  },
  {
    name: 'F-7 bridge',
    sizeMin: 5,
    begin: (cluster, random) => {
      const bridge = random.pick(cluster.members).index;
      const others = cluster.members.filter(({ index }) => index !== bridge);
      const left = new Set(others.slice(0, others.length / 2).map(({ index }) => index));
      return parted(
        cluster,
        (from, to) => from !== bridge && to !== bridge && left.has(from) !== left.has(to),
      );
    },
  },
];

function paused(victims: readonly ChaosMember[]): () => void {
  for (const victim of victims) victim.pause();
  return () => {
    for (const victim of victims) victim.resume();
  };
}

function parted(
  { members, network }: ChaosCluster,
  isCut: (from: number, to: number) => boolean,
): () => void {
  for (const { index: from } of members) {
    for (const { index: to } of members) if (from !== to && isCut(from, to)) network.cut(from, to);
  }
  return () => {
    network.heal();
  };
}

/** Faults until `untilMs`, with time to recover in between. Returns how often each was. */
export async function disturb(
  cluster: ChaosCluster,
  random: Random,
  untilMs: number,
): Promise<ReadonlyMap<string, number>> {
  const possible = faults.filter(({ sizeMin = 0 }) => cluster.members.length >= sizeMin);
  const counts = new Map<string, number>();
  while (performance.now() < untilMs) {
    const fault = random.pick(possible);
    counts.set(fault.name, (counts.get(fault.name) ?? 0) + 1);
    const end = await fault.begin(cluster, random);
    await pause(random.between(200, 3_000));
    end();
    await pause(random.between(300, 2_500));
  }
  return counts;
}
