/** What a measurement is, and how ours and the reference compare in it. */
import { median, spread } from './statistics.js';

/** One round of one workload on one side; latencies where the workload is made of requests. */
export interface Sample {
  readonly perSecond: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
}

/** One side's rounds. */
export interface Series {
  readonly values: readonly number[];
  readonly p50Ms?: readonly number[];
  readonly p99Ms?: readonly number[];
}

/** One line of the report. */
export interface Comparison {
  readonly section: string;
  readonly name: string;
  /** Such as `requests/s`, `MiB`, `ms`. */
  readonly unit: string;
  readonly better: 'more' | 'less';
  /** How many times better ours should be; absent where nothing is promised. */
  readonly goal?: number;
  readonly ours: Series;
  readonly theirs: Series;
}

/** Rounds that differ by more than this share of their median deserve a word. */
export const spreadMax = 0.2;

export function seriesOf(samples: readonly Sample[]): Series {
  const [p50Ms, p99Ms] = [
    samples.flatMap((s) => s.p50Ms ?? []),
    samples.flatMap((s) => s.p99Ms ?? []),
  ];
  const values = samples.map((s) => s.perSecond);
  return p50Ms.length === 0 || p99Ms.length === 0 ? { values } : { values, p50Ms, p99Ms };
}

/** How many times better ours is, of medians: above 1 is ours, whether more or less is better. */
export function timesBetter({ better, ours, theirs }: Comparison): number {
  const [mine, other] = [median(ours.values), median(theirs.values)];
  return better === 'more' ? mine / other : other / mine;
}

/** The larger of both sides' spreads. */
export function spreadOf({ ours, theirs }: Comparison): number {
  return Math.max(spread(ours.values), spread(theirs.values));
}

/** Whether our p99 is above the reference's; false where there are no latencies. */
export function tailIsWorse({ ours, theirs }: Comparison): boolean {
  if (ours.p99Ms === undefined || theirs.p99Ms === undefined) return false;
  return median(ours.p99Ms) > median(theirs.p99Ms);
}

export function missesGoal(row: Comparison): boolean {
  return row.goal !== undefined && !(timesBetter(row) >= row.goal);
}
