/** How long a member works for its watch streams, under etcd's names (etcd v3.7.1 server/etcdserver/api/v3rpc/metrics.go, watch.go). */
import { doublingBuckets } from '../metric-buckets.js';
import type { Line, Metrics } from '../metrics.js';

/** To one stream, in one go. */
export interface Written {
  events: number;
  /** Responses with events or progress. */
  changes: number;
  /** Responses that a watch began or ended. */
  controls: number;
}

export class WatchMetrics {
  readonly #response: Line;
  readonly #perEvent: Line;
  readonly #control: Line;
  readonly #progress: Line;

  constructor(metrics: Metrics) {
    const line = (name: string, help: string): Line =>
      metrics
        .histogram(
          `etcd_debugging_server_watch_send_loop_${name}_seconds`,
          help,
          doublingBuckets(0.001, 14),
        )
        .of();
    this.#response = line('watch_stream_duration', 'Time to write the responses of one turn.');
    this.#perEvent = line('watch_stream_duration_per_event', 'The same, by the events in it.');
    this.#control = line('control_stream_duration', 'Time to answer that a watch began or ended.');
    this.#progress = line('progress_duration', 'Time to look for watches that want progress.');
  }

  /**
   * What one stream had to say was written, which took so long. All of it is one observation, unlike in etcd: a hundred watchers of
   * a stream are told together, and counting each response cost as much as making it.
   */
  pumped({ events, changes, controls }: Written, durationMs: number): void {
    const seconds = durationMs / 1000;
    if (changes > 0) {
      this.#response.observe(seconds);
      if (events > 0) this.#perEvent.observe(seconds / events);
    } else if (controls > 0) this.#control.observe(seconds);
  }

  progressTold(durationMs: number): void {
    this.#progress.observe(durationMs / 1000);
  }
}
