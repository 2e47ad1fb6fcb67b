/** What `check perf` and `check datascale` measure with: puts at a pace, and what they cost (etcd pkg/report). */
import type { ByteString } from '../bytes.js';

/** The sizes of load by their names, short and long. */
export function loadModel<T>(
  models: Readonly<Record<'s' | 'm' | 'l' | 'xl', T>>,
  name: ByteString,
): T | undefined {
  switch (name) {
    case 's':
    case 'small':
      return models.s;
    case 'm':
    case 'medium':
      return models.m;
    case 'l':
    case 'large':
      return models.l;
    case 'xl':
    case 'xLarge':
      return models.xl;
    default:
      return undefined;
  }
}

/** Gives permits at a rate to those who wait, without a clock of its own: `advance` tells it the time. */
export class Pacer {
  readonly #perMs: number;
  readonly #backlogMax: number;
  readonly #waiting: ((go: boolean) => void)[] = [];
  #permits = 0;
  #atMs: number;
  #isStopped = false;

  /** Permits that nobody takes are kept up to `backlogMax`. */
  constructor(perSecond: number, backlogMax: number, nowMs: number) {
    this.#perMs = perSecond / 1_000;
    this.#backlogMax = backlogMax;
    this.#atMs = nowMs;
  }

  /** True when it is one's turn, false when there will be no more. */
  permit(): Promise<boolean> {
    if (this.#isStopped) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#release();
    });
  }

  advance(nowMs: number): void {
    this.#permits += (nowMs - this.#atMs) * this.#perMs;
    this.#permits = Math.min(this.#permits, this.#backlogMax);
    this.#atMs = nowMs;
    this.#release();
  }

  stop(): void {
    this.#isStopped = true;
    for (const resolve of this.#waiting.splice(0)) resolve(false);
  }

  #release(): void {
    const count = Math.min(Math.floor(this.#permits), this.#waiting.length);
    this.#permits -= count;
    for (const resolve of this.#waiting.splice(0, count)) resolve(true);
  }
}

export interface LoadStats {
  /** Successes per second. */
  readonly rate: number;
  /** Seconds. */
  readonly slowest: number;
  readonly stddev: number;
  /** How often, by text. */
  readonly errors: ReadonlyMap<ByteString, number>;
}

/** Collects durations in constant space. */
export class LoadMeter {
  readonly #errors = new Map<ByteString, number>();
  #count = 0;
  #sum = 0;
  #sumOfSquares = 0;
  #slowest = 0;

  succeeded(seconds: number): void {
    this.#count += 1;
    this.#sum += seconds;
    this.#sumOfSquares += seconds * seconds;
    this.#slowest = Math.max(this.#slowest, seconds);
  }

  failed(text: ByteString): void {
    this.#errors.set(text, (this.#errors.get(text) ?? 0) + 1);
  }

  stats(totalSeconds: number): LoadStats {
    const mean = this.#count === 0 ? 0 : this.#sum / this.#count;
    const variance = this.#count === 0 ? 0 : this.#sumOfSquares / this.#count - mean * mean;
    return {
      rate: totalSeconds > 0 ? this.#count / totalSeconds : 0,
      slowest: this.#slowest,
      // Rounding can leave a little less than nothing.
      stddev: Math.sqrt(Math.max(0, variance)),
      errors: this.#errors,
    };
  }
}

export function errorLines(errors: ReadonlyMap<ByteString, number>): ByteString {
  if (errors.size === 0) return '';
  const lines = [...errors].map(([text, count]) => `FAIL: ERROR(${text}) -> ${count}\n`);
  return `FAIL: too many errors\n${lines.join('')}`;
}

const shareMin = 0.9;
const slowestSecondsMax = 0.5;
const stddevSecondsMax = 0.1;

/** What `check perf` says; `perSecond` is what was asked for. */
export function perfReport(
  { rate, slowest, stddev, errors }: LoadStats,
  perSecond: number,
): { readonly text: ByteString; readonly passed: boolean } {
  const writes = Math.trunc(rate) + 1;
  const tooFew = rate / perSecond <= shareMin;
  const tooSlow = slowest > slowestSecondsMax;
  const tooUneven = stddev > stddevSecondsMax;
  const passed = errors.size === 0 && !tooFew && !tooSlow && !tooUneven;
  const lines = [
    tooFew
      ? `FAIL: Throughput too low: ${writes} writes/s`
      : `PASS: Throughput is ${writes} writes/s`,
    tooSlow
      ? `Slowest request took too long: ${slowest.toFixed(6)}s`
      : `PASS: Slowest request took ${slowest.toFixed(6)}s`,
    tooUneven ? `Stddev too high: ${stddev.toFixed(6)}s` : `PASS: Stddev is ${stddev.toFixed(6)}s`,
    passed ? 'PASS' : 'FAIL',
  ];
  return { text: `${errorLines(errors)}${lines.join('\n')}\n`, passed };
}
