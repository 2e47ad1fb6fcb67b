/** How long a member works for its watch streams, under etcd's names (etcd v3.7.1 server/etcdserver/api/v3rpc/metrics.go, watch.go). */
import type { WatchResponse } from '@kv/watch';
import { doublingBuckets } from '../metric-buckets.js';
import type { Line, Metrics } from '../metrics.js';

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
    this.#response = line('watch_stream_duration', 'Time to write one response with events.');
    this.#perEvent = line('watch_stream_duration_per_event', 'The same, by the events in it.');
    this.#control = line('control_stream_duration', 'Time to answer that a watch began or ended.');
    this.#progress = line('progress_duration', 'Time to look for watches that want progress.');
  }

  sent(response: WatchResponse, durationMs: number): void {
    if (response.type === 'events') {
      this.#response.observe(durationMs / 1000);
      this.#perEvent.observe(durationMs / 1000 / Math.max(1, response.batch.events.length));
    } else if (response.type === 'progress') {
      // etcd divides by no events here.
      this.#response.observe(durationMs / 1000);
    } else this.#control.observe(durationMs / 1000);
  }

  progressTold(durationMs: number): void {
    this.#progress.observe(durationMs / 1000);
  }
}
