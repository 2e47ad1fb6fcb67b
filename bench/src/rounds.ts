/** Alternating rounds: every workload runs on both sides within seconds, so that what disturbs the machine disturbs both. */
import { seriesOf } from './comparison.js';
import type { Comparison, Sample } from './comparison.js';
import { loadAverage } from './machine.js';
import type { Side } from './side.js';

export interface Workload {
  readonly section: string;
  readonly name: string;
  readonly unit: string;
  readonly goal?: number;
  /** A cautious guess: requests per second that any server manages. */
  readonly guessPerSecond: number;
  /** Makes about this many requests, and rejects unless all of them had the effect that they should have. */
  run(side: Side, requests: number): Promise<Sample>;
}

/** The two sides and how long to measure; `say` prints progress. */
export interface Setting {
  readonly ours: Side;
  readonly theirs: Side;
  readonly rounds: number;
  readonly seconds: number;
  readonly say: (line: string) => void;
}

/** The share of a round's length that warms up before it. */
const warmUpShare = 0.25;

/** The sides in the order of this round: who begins changes, so that neither always comes second. */
export function inTurn({ ours, theirs }: Pick<Setting, 'ours' | 'theirs'>, round: number): Side[] {
  return round % 2 === 0 ? [ours, theirs] : [theirs, ours];
}

export async function compare(workload: Workload, setting: Setting): Promise<Comparison> {
  const { ours, theirs, rounds, seconds, say } = setting;
  const samples = new Map<Side, Sample[]>([
    [ours, []],
    [theirs, []],
  ]);
  const rates = new Map<Side, number>();
  const requests = (side: Side, share: number): number =>
    Math.ceil((rates.get(side) ?? workload.guessPerSecond) * seconds * share);
  for (let round = 0; round < rounds; round += 1) {
    const load = loadAverage();
    for (const side of inTurn(setting, round)) {
      const warm = await workload.run(side, requests(side, warmUpShare));
      rates.set(side, warm.perSecond);
      const sample = await workload.run(side, requests(side, 1));
      rates.set(side, sample.perSecond);
      samples.get(side)?.push(sample);
    }
    const last = (side: Side): string => (samples.get(side)?.at(-1)?.perSecond ?? 0).toFixed(0);
    say(
      `${workload.name}, round ${String(round + 1)}, load average ${load}: ours ${last(ours)}, etcd ${last(theirs)} ${workload.unit}`,
    );
  }
  const { section, name, unit, goal } = workload;
  return {
    section,
    name,
    unit,
    better: 'more',
    ...(goal === undefined ? {} : { goal }),
    ours: seriesOf(samples.get(ours) ?? []),
    theirs: seriesOf(samples.get(theirs) ?? []),
  };
}
