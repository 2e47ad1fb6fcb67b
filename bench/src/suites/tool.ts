/** The workloads of the reference's own benchmark tool: etcd's Go client with both servers. */
import { runBenchmarkTool } from '../benchmark-tool.js';
import type { ToolSummary } from '../benchmark-tool.js';
import type { Sample } from '../comparison.js';
import type { Workload } from '../rounds.js';
import type { Side } from '../side.js';
import { withRevisionCheck } from '../verified.js';

const section = "etcd's benchmark tool";
const hundred = ['--conns=10', '--clients=100'];
const thousand = ['--conns=100', '--clients=1000'];
const thousandKeys = '--key-space-size=1000';
const sizes = ['--key-size=32', '--val-size=256'];

interface ToolWorkload {
  readonly name: string;
  readonly unit?: string;
  readonly goal?: number;
  readonly guessPerSecond: number;
  args(requests: number): readonly string[];
  /** Latencies of a watch are measured within the client: not between put and event. */
  readonly withoutLatencies?: boolean;
  /** Which of the summaries counts; the first by default. */
  choose?(summaries: readonly ToolSummary[]): ToolSummary | undefined;
  /** Results that the chosen summary must have. */
  answered(requests: number): number;
  /** How far the revision must rise. */
  writes(requests: number, summaries: readonly ToolSummary[]): number;
}

const total = (requests: number): string => `--total=${String(requests)}`;
const all = (requests: number): number => requests;
const none = (): number => 0;

/** Reads and writes have a summary each: rates add up, and of the latencies the longer counts. */
function joined([reads, writes]: readonly ToolSummary[]): ToolSummary | undefined {
  if (reads === undefined || writes === undefined) return undefined;
  return {
    perSecond: reads.perSecond + writes.perSecond,
    p50Ms: Math.max(reads.p50Ms, writes.p50Ms),
    p99Ms: Math.max(reads.p99Ms, writes.p99Ms),
    answered: reads.answered + writes.answered,
  };
}

const second = (summaries: readonly ToolSummary[]): ToolSummary | undefined => summaries[1];

/** Ten streams with a hundred watchers each, all on one key. */
const watchers = 1000;
const putsOf = (events: number): number => Math.ceil(events / watchers);
/** Events of watch-latency: a hundred watchers, puts at a fixed rate. */
const latencyWatchers = 100;
const latencyPutsPerSecond = 200;
const latencyPutsOf = (events: number): number =>
  Math.min(Math.ceil(events / latencyWatchers), latencyPutsPerSecond * 2);

const requestWorkloads: readonly ToolWorkload[] = [
  {
    name: 'put (100 connections, 1000 clients)',
    guessPerSecond: 8000,
    args: (n) => [...thousand, 'put', total(n), ...sizes, '--key-space-size=100000'],
    answered: all,
    writes: all,
  },
  {
    name: 'range of one key (100 connections, 1000 clients)',
    guessPerSecond: 10_000,
    args: (n) => [...thousand, 'range', 'foo', total(n)],
    answered: all,
    writes: none,
  },
  {
    name: 'txn-put of 10 keys (10 connections, 100 clients)',
    goal: 1.5,
    guessPerSecond: 3000,
    args: (n) => [...hundred, 'txn-put', total(n), '--txn-ops=10', ...sizes, thousandKeys],
    answered: all,
    writes: all,
  },
  {
    name: 'txn-mixed, half reads of 10 keys (10 connections, 100 clients)',
    goal: 1.5,
    guessPerSecond: 5000,
    args: (n) => [...hundred, 'txn-mixed', '', total(n), '--limit=10', ...sizes, thousandKeys],
    choose: joined,
    answered: all,
    writes: (_, summaries) => summaries[1]?.answered ?? Number.NaN,
  },
  {
    name: 'stm on 1000 keys (10 connections, 100 clients)',
    goal: 1.5,
    guessPerSecond: 3000,
    args: (n) => [...hundred, 'stm', total(n), '--keys=1000', '--txn-wr-percent=100'],
    answered: all,
    writes: all,
  },
];

const otherWorkloads: readonly ToolWorkload[] = [
  {
    name: 'watch: 1000 watchers of one key, events',
    unit: 'events/s',
    goal: 1.5,
    guessPerSecond: 100_000,
    withoutLatencies: true,
    args: (n) => ['--clients=10', '--conns=10', 'watch', `--put-total=${String(putsOf(n))}`],
    choose: second,
    answered: (n) => putsOf(n) * watchers,
    writes: putsOf,
  },
  {
    name: `watch-latency: 100 watchers, ${String(latencyPutsPerSecond)} puts/s, events`,
    unit: 'events/s, bounded by the puts',
    guessPerSecond: latencyPutsPerSecond * latencyWatchers,
    args: (n) => [
      'watch-latency',
      `--put-total=${String(latencyPutsOf(n))}`,
      `--put-rate=${String(latencyPutsPerSecond)}`,
    ],
    choose: second,
    answered: (n) => latencyPutsOf(n) * latencyWatchers,
    writes: latencyPutsOf,
  },
  {
    name: 'lease-keepalive (10 connections, 100 clients)',
    goal: 1.5,
    guessPerSecond: 8000,
    args: (n) => [...hundred, 'lease-keepalive', total(n)],
    answered: all,
    writes: none,
  },
];

async function run(
  program: string,
  workload: ToolWorkload,
  side: Side,
  requests: number,
): Promise<Sample> {
  const summaries = await withRevisionCheck(
    side,
    () => runBenchmarkTool(program, side.endpoint, workload.args(requests)),
    (found) => workload.writes(requests, found),
  );
  const chosen = workload.choose === undefined ? summaries[0] : workload.choose(summaries);
  const expected = workload.answered(requests);
  if (chosen?.answered !== expected) {
    throw new Error(
      `${side.name}: ${String(chosen?.answered)} results of ${String(expected)} arrived`,
    );
  }
  const { perSecond } = chosen;
  return workload.withoutLatencies === true ? { perSecond } : chosen;
}

/** `program` is the path of the benchmark tool. */
export function toolWorkloads(program: string): Workload[] {
  return [...requestWorkloads, ...otherWorkloads].map((workload) => {
    const { name, unit = 'requests/s', goal, guessPerSecond } = workload;
    return {
      section,
      name,
      unit,
      ...(goal === undefined ? {} : { goal }),
      guessPerSecond,
      run: (side, requests) => run(program, workload, side, requests),
    };
  });
}
