/**
 * Processes under load while they are killed, paused and parted, with all promises checked afterwards. Longer and with another seed:
 * `KV_CHAOS_SECONDS=600 KV_CHAOS_SEED=7 pnpm --filter @kv/etcd test e2e/chaos`.
 */
import { Client, prefix } from '@kv/client';
import { expect, test } from 'vitest';
import { ChaosCluster } from './chaos-cluster.js';
import { expiryMsMax, violationsOf } from './check.js';
import { pause } from './clients.js';
import { History, type Result } from './history.js';
import { runUnderFaults } from './load.js';
import { Random } from './random.js';
import { Truth } from './truth.js';
import { startWatcher } from './watchers.js';

const seconds = Number(process.env['KV_CHAOS_SECONDS'] ?? '12');
const seed = Number(process.env['KV_CHAOS_SEED'] ?? '1');
const ASK_AGAIN_MS = 500;

/** Waits until nobody's lease is left; one that stays is found by the check. */
async function leasesExpire(endpoints: readonly string[], history: History): Promise<void> {
  await using client = await Client.open({ endpoints });
  const untilMs = performance.now() + expiryMsMax(history.leases);
  while ((await client.kv.count(prefix('lease/'))) > 0 && performance.now() < untilMs) {
    await pause(ASK_AGAIN_MS);
  }
}

function countsOf({ operations }: History): Readonly<Record<Result['type'], number>> {
  const counts = { written: 0, notSwapped: 0, deleted: 0, read: 0, refused: 0, unknown: 0 };
  for (const { result } of operations) counts[result.type] += 1;
  return counts;
}

test.each([3, 5])(
  'G-1 to G-9 in %i processes under F-1 F-2 F-3 F-5 F-6 F-7 F-28: kills, pauses, partitions, power cuts',
  { timeout: seconds * 1000 + 240_000 },
  async (size) => {
    console.log(`chaos: ${size} members, ${seconds} s, seed ${seed}`);
    const random = new Random(seed * 1000 + size);
    const history = new History();
    await using cluster = await ChaosCluster.open({ size });
    const endpoints = cluster.members.map(({ endpoint }) => endpoint);
    await using first = await startWatcher('first', endpoints, history);
    await using second = await startWatcher('second', endpoints.toReversed(), history);
    const faults = await runUnderFaults(cluster, history, random, seconds * 1000);

    await cluster.settle();
    await leasesExpire(endpoints, history);
    const revision = await cluster.settle();
    await Promise.all([first.sees(revision), second.sees(revision)]);
    await using late = await startWatcher('late', endpoints, history);
    await late.sees(revision);

    const truth = new Truth(history.watchers.get('late') ?? []);
    const counts = countsOf(history);
    console.log(JSON.stringify({ faults: Object.fromEntries(faults), ...counts, revision }));
    expect(truth.lastRevision).toBe(revision);
    expect(violationsOf(history, truth)).toEqual([]);
    // A run in which nothing got through proves nothing.
    expect(counts.written).toBeGreaterThan(seconds);
    expect(counts.read).toBeGreaterThan(seconds);
  },
);
