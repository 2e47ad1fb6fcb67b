/** h2load's log of requests: when each began, what it got, how long it took. */
import { quantile } from './statistics.js';

/** Requests in the order of the log; times in milliseconds. */
export interface RequestLog {
  /** Since the epoch, with microseconds behind the point. */
  readonly startMs: Float64Array;
  readonly durationMs: Float64Array;
}

/** Reads lines of `start in µs since the epoch, HTTP status, duration in µs`, separated by tabs. Throws at a line that is none. */
export function parseRequestLog(text: string): RequestLog {
  const lines = text.split('\n').filter((line) => line !== '');
  const startMs = new Float64Array(lines.length);
  const durationMs = new Float64Array(lines.length);
  lines.forEach((line, i) => {
    const [start, , duration] = line.split('\t').map(Number);
    if (start === undefined || duration === undefined || !(start > 0) || !(duration >= 0)) {
      throw new Error(`line ${String(i + 1)} of h2load's log is no request: ${line}`);
    }
    startMs[i] = start / 1000;
    durationMs[i] = duration / 1000;
  });
  return { startMs, durationMs };
}

/** From the first request's begin to the last response's end. */
export function elapsedMs({ startMs, durationMs }: RequestLog): number {
  let [first, last] = [Number.POSITIVE_INFINITY, 0];
  startMs.forEach((start, i) => {
    first = Math.min(first, start);
    last = Math.max(last, start + (durationMs[i] ?? 0));
  });
  return last - first;
}

/** Latencies of the requests that were under way at some moment of the window (milliseconds since the epoch). */
export function latenciesWithin(
  { startMs, durationMs }: RequestLog,
  fromMs: number,
  toMs: number,
): Float64Array {
  return durationMs.filter((duration, i) => {
    const start = startMs[i] ?? 0;
    return start <= toMs && start + duration >= fromMs;
  });
}

export function tailOf(latenciesMs: Float64Array): { p50Ms: number; p99Ms: number; maxMs: number } {
  const sorted = Float64Array.from(latenciesMs);
  return {
    p50Ms: quantile(sorted, 0.5),
    p99Ms: quantile(sorted, 0.99),
    maxMs: quantile(sorted, 1),
  };
}
