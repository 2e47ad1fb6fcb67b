/** How long the long operations of one member take (metrics.md §3.2, §3.3). */
import type { Clock } from '../clock.js';
import { doublingBuckets } from '../metric-buckets.js';
import type { Gauge, Histogram, Metrics } from '../metrics.js';

export class MaintenanceMetrics {
  readonly #clock: Clock;
  readonly #hash: Histogram;
  readonly #hashKv: Histogram;
  readonly #snapshot: Histogram;
  readonly #defragment: Histogram;
  readonly #defragmenting: Gauge;

  constructor(clock: Clock, metrics: Metrics) {
    this.#clock = clock;
    this.#hash = metrics.histogram(
      'etcd_mvcc_hash_duration_seconds',
      'Time of a hash of the whole database.',
      doublingBuckets(0.01, 15),
    );
    this.#hashKv = metrics.histogram(
      'etcd_mvcc_hash_rev_duration_seconds',
      'Time of a hash by revision.',
      doublingBuckets(0.01, 15),
    );
    this.#snapshot = metrics.histogram(
      'etcd_disk_backend_snapshot_duration_seconds',
      'Time from taking an image of the database to its last byte sent.',
      doublingBuckets(0.01, 17),
    );
    this.#defragment = metrics.histogram(
      'etcd_disk_backend_defrag_duration_seconds',
      'Time of a defragmentation.',
      doublingBuckets(0.1, 13),
    );
    this.#defragmenting = metrics.gauge(
      'etcd_disk_defrag_inflight',
      'Whether the database is being defragmented.',
    );
    this.#defragmenting.set(0);
  }

  /** Each starts a measurement and returns how to end it. */
  hash(): () => void {
    return this.#measure(this.#hash);
  }

  hashKv(): () => void {
    return this.#measure(this.#hashKv);
  }

  snapshot(): () => void {
    return this.#measure(this.#snapshot);
  }

  /** Only one that worked is measured. */
  defragment(): (worked: boolean) => void {
    const end = this.#measure(this.#defragment);
    this.#defragmenting.set(1);
    return (worked) => {
      this.#defragmenting.set(0);
      if (worked) end();
    };
  }

  #measure(histogram: Histogram): () => void {
    const startedMs = this.#clock.monotonicMs();
    return () => {
      histogram.observe((this.#clock.monotonicMs() - startedMs) / 1000);
    };
  }
}
