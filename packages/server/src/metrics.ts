/**
 * Metrics as a port: instruments are made once, by etcd's names where etcd has one, and then only counted.
 *
 * Label values come in the order of the label names, so that counting needs no object.
 */

export interface Counter {
  inc(amount?: number, ...labels: readonly string[]): void;
}

export interface Gauge {
  set(value: number, ...labels: readonly string[]): void;
}

export interface Histogram {
  /** In the unit of the name's last word; durations are seconds. */
  observe(value: number, ...labels: readonly string[]): void;
}

export interface Metrics {
  counter(name: string, help: string, labelNames?: readonly string[]): Counter;
  gauge(name: string, help: string, labelNames?: readonly string[]): Gauge;
  /** A gauge whose value is asked for when somebody looks. */
  gaugeOf(name: string, help: string, read: () => number): void;
  histogram(
    name: string,
    help: string,
    buckets: readonly number[],
    labelNames?: readonly string[],
  ): Histogram;
}

const nothing = (): void => undefined;

/** Counts nothing. */
export const noMetrics: Metrics = Object.freeze({
  counter: () => ({ inc: nothing }),
  gauge: () => ({ set: nothing }),
  gaugeOf: nothing,
  histogram: () => ({ observe: nothing }),
});
