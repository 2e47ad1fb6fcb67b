/**
 * F-36: a long run under faults, with old revisions compacted all the time: memory, open files and latency do not grow, and every promise
 * is kept. A command of its own: `KV_SOAK_MINUTES=20 pnpm --filter @kv/etcd test e2e/chaos/soak`.
 */
import { expect, test } from 'vitest';
import { ChaosCluster } from './chaos-cluster.js';
import { violationsOf } from './check.js';
import { History } from './history.js';
import { runUnderFaults } from './load.js';
import { Random } from './random.js';
import { Sampler } from './resources.js';
import { Truth } from './truth.js';
import { startWatcher } from './watchers.js';

const minutes = Number(process.env['KV_SOAK_MINUTES'] ?? '0');
const seed = Number(process.env['KV_CHAOS_SEED'] ?? '1');
const SAMPLE_MS = 5_000;
/** A third may be this much above the one before it: noise of a machine that is shared, not growth. */
const GROWTH_MAX = 1.25;
const DESCRIPTORS_NOISE = 8;
const LATENCY_NOISE_MS = 5;
/** The watcher that tells the truth must never be as far behind as this. */
const compaction = ['--auto-compaction-mode=periodic', '--auto-compaction-retention=1m'];

test.skipIf(minutes === 0)(
  'F-36: nothing grows, and nothing breaks',
  { timeout: (minutes + 5) * 60_000 },
  async () => {
    const random = new Random(seed);
    const history = new History();
    await using cluster = await ChaosCluster.open({ size: 3, args: compaction });
    const endpoints = cluster.members.map(({ endpoint }) => endpoint);
    await using watcher = await startWatcher('first', endpoints, history);
    const sampler = new Sampler(cluster, history);
    const sampling = setInterval(() => {
      sampler.take();
    }, SAMPLE_MS);
    const faults = await runUnderFaults(cluster, history, random, minutes * 60_000);
    clearInterval(sampling);
    await watcher.sees(await cluster.settle());

    const resident = sampler.trend('residentMib');
    const descriptors = sampler.trend('descriptors');
    const latency = sampler.trend('medianMs');
    const figures = { resident, descriptors, latency, p99: sampler.trend('p99Ms') };
    const answers = sampler.trend('answers');
    console.log(
      JSON.stringify({ seed, minutes, faults: Object.fromEntries(faults), ...figures, answers }),
    );
    const truth = new Truth(history.watchers.get('first') ?? []);
    // Leases may still run here: that they end is the other test's.
    expect(violationsOf(history, truth).filter((text) => !text.includes('never expired'))).toEqual(
      [],
    );
    expect(resident.end).toBeLessThan(resident.middle * GROWTH_MAX);
    expect(descriptors.end).toBeLessThan(descriptors.middle * GROWTH_MAX + DESCRIPTORS_NOISE);
    expect(latency.end).toBeLessThan(latency.middle * GROWTH_MAX + LATENCY_NOISE_MS);
  },
);
