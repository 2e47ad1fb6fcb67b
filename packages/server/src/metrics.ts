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
  /** The line of these labels, for who counts often: it is looked up once. */
  of(...labels: readonly string[]): Line;
}

/** One line of a histogram. */
export interface Line {
  observe(value: number): void;
}

export interface Metrics {
  counter(name: string, help: string, labelNames?: readonly string[]): Counter;
  gauge(name: string, help: string, labelNames?: readonly string[]): Gauge;
  /** A gauge whose value is asked for when somebody looks. */
  gaugeOf(name: string, help: string, read: () => number): void;
  /** The same of what only grows. */
  counterOf(name: string, help: string, read: () => number): void;
  histogram(
    name: string,
    help: string,
    buckets: readonly number[],
    labelNames?: readonly string[],
  ): Histogram;
}

/** Lines by an operation and whether it succeeded, each made when it is first needed and then found without its labels. */
export class OutcomeLines {
  readonly #make: (operation: string, success: string) => Line;
  readonly #succeeded = new Map<string, Line>();
  readonly #failed = new Map<string, Line>();

  constructor(make: (operation: string, success: string) => Line) {
    this.#make = make;
  }

  get(operation: string, success: boolean): Line {
    const lines = success ? this.#succeeded : this.#failed;
    const known = lines.get(operation);
    if (known !== undefined) return known;
    const made = this.#make(operation, String(success));
    lines.set(operation, made);
    return made;
  }
}

const nothing = (): void => undefined;

/** Counts nothing. */
export const noMetrics: Metrics = Object.freeze({
  counter: () => ({ inc: nothing }),
  gauge: () => ({ set: nothing }),
  gaugeOf: nothing,
  counterOf: nothing,
  histogram: () => ({ observe: nothing, of: () => ({ observe: nothing }) }),
});
