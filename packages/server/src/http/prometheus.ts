/** The `Metrics` port on plain numbers, joined with what prom-client knows about a Node process. */
import { Registry, collectDefaultMetrics } from 'prom-client';
import { invariant } from '../invariant.js';
import type { Counter, Gauge, Histogram, Metrics } from '../metrics.js';
import { AskedFamily, HistogramFamily, ValueFamily, observe } from './exposition.js';
import type { Family } from './exposition.js';

export class PrometheusMetrics implements Metrics {
  /** What scrapers are told. */
  readonly contentType: string = 'text/plain; version=0.0.4; charset=utf-8';
  readonly #families = new Map<string, Family>();
  readonly #process: Registry | undefined;

  /** `withProcess`: whether to show memory, descriptors and event loop of this process. */
  constructor(options: { readonly withProcess: boolean } = { withProcess: false }) {
    if (!options.withProcess) return;
    this.#process = new Registry();
    collectDefaultMetrics({ register: this.#process });
  }

  counter(name: string, help: string, labelNames: readonly string[] = []): Counter {
    const family = this.register(new ValueFamily('counter', name, help, labelNames));
    return {
      inc(amount = 1, ...labels) {
        family.child(...labels).value += amount;
      },
    };
  }

  gauge(name: string, help: string, labelNames: readonly string[] = []): Gauge {
    const family = this.register(new ValueFamily('gauge', name, help, labelNames));
    return {
      set(value, ...labels) {
        family.child(...labels).value = value;
      },
    };
  }

  gaugeOf(name: string, help: string, read: () => number): void {
    this.register(new AskedFamily('gauge', name, help, read));
  }

  counterOf(name: string, help: string, read: () => number): void {
    this.register(new AskedFamily('counter', name, help, read));
  }

  histogram(
    name: string,
    help: string,
    buckets: readonly number[],
    labelNames: readonly string[] = [],
  ): Histogram {
    const family = this.register(new HistogramFamily(name, help, buckets, labelNames));
    const { bounds } = family;
    return {
      observe(value, ...labels) {
        observe(bounds, family.child(...labels), value);
      },
      of(...labels) {
        const sample = family.child(...labels);
        return {
          observe: (value) => {
            observe(bounds, sample, value);
          },
        };
      },
    };
  }

  /** Adds a family that counts in its own way. */
  register<T extends Family>(family: T): T {
    invariant(!this.#families.has(family.name), 'a metric is made once', { name: family.name });
    this.#families.set(family.name, family);
    return family;
  }

  /** The exposition, families sorted by name. */
  async expose(): Promise<string> {
    const blocks = new Map<string, string>();
    for (const family of this.#families.values()) blocks.set(family.name, family.text());
    for (const metric of this.#process?.getMetricsAsArray() ?? []) {
      if (blocks.has(metric.name)) continue;
      const text = await this.#process?.getSingleMetricAsString(metric.name);
      blocks.set(metric.name, `${text ?? ''}\n`);
    }
    return [...blocks.keys()]
      .sort()
      .map((name) => blocks.get(name) ?? '')
      .join('');
  }
}
