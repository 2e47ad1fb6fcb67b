/**
 * `pnpm bench`: ours and etcd 3.7.1 side by side in one run, alternating, with the reference's own benchmark tool.
 *
 *   --rounds N      rounds of every workload, default 3; medians are printed
 *   --scale X       multiplies the number of requests, default 1
 *   --only TEXT     only workloads whose name contains TEXT
 *   --keys N        also the big store with N keys (1000000 for the full picture), default 0
 */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureBigStore } from './million.js';
import type { BigStoreFigures } from './million.js';
import { Program } from './program.js';
import { markdownTable, median } from './report.js';
import type { Figures } from './report.js';
import { measure } from './tool.js';
import type { Tools } from './tool.js';
import { workloads } from './workload.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const reference = process.env['REF'] ?? join(homedir(), 'ref');

const write = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

function programs(): { readonly ours: Program; readonly theirs: Program } {
  return {
    ours: new Program({ name: 'ours', executable: join(root, 'bin', 'etcd'), clientPort: 21701 }),
    theirs: new Program({
      name: 'etcd 3.7.1',
      executable: join(reference, 'etcd'),
      clientPort: 21711,
    }),
  };
}

async function compareWorkloads(
  tools: Tools,
  rounds: number,
  scale: number,
  only: string,
): Promise<void> {
  const chosen = workloads(scale).filter((w) => w.name.includes(only));
  if (chosen.length === 0) return;
  const { ours, theirs } = programs();
  await using _ours = ours;
  await using _theirs = theirs;
  await ours.start();
  await theirs.start();
  const rows: string[][] = [];
  for (const workload of chosen) {
    const mine: Figures[] = [];
    const others: Figures[] = [];
    for (let round = 0; round < rounds; round += 1) {
      mine.push(await measure(tools, ours, workload));
      others.push(await measure(tools, theirs, workload));
    }
    const of = (figures: readonly Figures[], key: keyof Figures): number =>
      median(figures.map((f) => f[key]));
    const rate = of(mine, 'requestsPerSecond');
    const otherRate = of(others, 'requestsPerSecond');
    rows.push([
      workload.name,
      rate.toFixed(0),
      otherRate.toFixed(0),
      `${(rate / otherRate).toFixed(2)}x`,
      `${of(mine, 'p50Ms').toFixed(2)} / ${of(others, 'p50Ms').toFixed(2)}`,
      `${of(mine, 'p99Ms').toFixed(2)} / ${of(others, 'p99Ms').toFixed(2)}`,
    ]);
    process.stderr.write(`${workload.name}: ${(rate / otherRate).toFixed(2)}x\n`);
  }
  write(
    markdownTable(
      ['workload', 'ours/s', 'etcd/s', 'ratio', 'p50 ms (ours / etcd)', 'p99 ms (ours / etcd)'],
      rows,
    ),
  );
}

async function compareBigStores(tools: Tools, keys: number): Promise<void> {
  const results: BigStoreFigures[] = [];
  const { ours, theirs } = programs();
  for (const program of [ours, theirs]) {
    await using running = program;
    await running.start();
    process.stderr.write(`${program.name}: loading ${String(keys)} keys\n`);
    results.push(await measureBigStore(tools, running, keys));
  }
  const [mine, others] = results;
  if (mine === undefined || others === undefined) return;
  const mega = 1024 * 1024;
  const row = (title: string, key: keyof BigStoreFigures, unit: number): string[] => [
    title,
    (mine[key] / unit).toFixed(1),
    (others[key] / unit).toFixed(1),
    `${(mine[key] / others[key]).toFixed(2)}x`,
  ];
  write(
    markdownTable(
      [`${String(keys)} keys`, 'ours', 'etcd', 'ours / etcd'],
      [
        row('load, puts/s', 'loadPerSecond', 1),
        row('resident memory after load, MiB', 'residentBytes', mega),
        row('resident memory after restart, MiB', 'residentAfterRestartBytes', mega),
        row('disk, MiB', 'diskBytes', mega),
        row('restart to ready, ms', 'restartMs', 1),
        row('count all, ms', 'countMs', 1),
        row('read all in pages, ms', 'readAllMs', 1),
      ],
    ),
  );
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    scale: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    keys: { type: 'string', default: '0' },
  },
});
const tools: Tools = {
  benchmark: join(reference, 'benchmark'),
  etcdctl: join(reference, 'etcdctl'),
};
if (!existsSync(tools.benchmark) || !existsSync(join(reference, 'etcd'))) {
  write(
    `bench: the reference is not built in ${reference}; set REF to the folder with etcd, etcdctl and benchmark 3.7.1`,
  );
  process.exit(2);
}
await compareWorkloads(tools, Number(values.rounds), Number(values.scale), values.only);
if (Number(values.keys) > 0) await compareBigStores(tools, Number(values.keys));
