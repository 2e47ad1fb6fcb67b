/** What a run under faults is made of: clients that ask all the time, one that keeps leases, and what disturbs the members meanwhile. */
import type { ChaosCluster } from './chaos-cluster.js';
import { runClient, runLeaseKeeper, type ClientParts } from './clients.js';
import { disturb } from './faults.js';
import type { History } from './history.js';
import { Random } from './random.js';

const CLIENTS = 6;

/** Everything that is asked and answered is in `history` when this resolves: how often each fault came. */
export async function runUnderFaults(
  cluster: ChaosCluster,
  history: History,
  random: Random,
  durationMs: number,
): ReturnType<typeof disturb> {
  const endpoints = cluster.members.map(({ endpoint }) => endpoint);
  const stop = new AbortController();
  const parts = (name: string): ClientParts => ({
    ...{ name, endpoints, history, signal: stop.signal },
    random: new Random(random.between(0, 2 ** 31)),
  });
  const clients = [
    ...Array.from({ length: CLIENTS }, (_, n) => runClient(parts(`client ${n}`))),
    runLeaseKeeper(parts('lease keeper')),
  ];
  const ends = Promise.allSettled(clients);
  const faults = await disturb(cluster, random, performance.now() + durationMs);
  stop.abort();
  await ends;
  await Promise.all(clients);
  return faults;
}
