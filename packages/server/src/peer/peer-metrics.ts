/** What goes between members, counted under etcd's names (metrics.md). */
import { hexOf } from '../grpc/int64.js';
import type { MemberId } from '../ids.js';
import { doublingBuckets } from '../metric-buckets.js';
import type { Counter, Gauge, Histogram, Metrics } from '../metrics.js';

export class PeerMetrics {
  readonly #sent: Counter;
  readonly #received: Counter;
  readonly #failed: Counter;
  readonly #malformed: Counter;
  readonly #known: Gauge;
  readonly #active: Gauge;
  readonly #disconnected: Counter;
  readonly #roundTrip: Histogram;
  readonly #local: string;

  constructor(metrics: Metrics, local: MemberId) {
    this.#local = hexOf(local);
    this.#sent = metrics.counter('etcd_network_peer_sent_bytes_total', 'Bytes sent to peers.', [
      'To',
    ]);
    this.#received = metrics.counter(
      'etcd_network_peer_received_bytes_total',
      'Bytes received from peers.',
      ['From'],
    );
    this.#failed = metrics.counter(
      'etcd_network_peer_sent_failures_total',
      'Messages to peers that were lost before they were sent.',
      ['To'],
    );
    this.#malformed = metrics.counter(
      'etcd_network_peer_received_failures_total',
      'Messages of peers that could not be read.',
      ['From'],
    );
    const pair = ['Local', 'Remote'];
    this.#known = metrics.gauge('etcd_network_known_peers', 'Members of the cluster.', pair);
    this.#active = metrics.gauge('etcd_network_active_peers', 'Members that are reached.', pair);
    this.#disconnected = metrics.counter(
      'etcd_network_disconnected_peers_total',
      'Times that a member that was reached was lost.',
      pair,
    );
    this.#roundTrip = metrics.histogram(
      'etcd_network_peer_round_trip_time_seconds',
      'Time of a question to a member and its answer.',
      doublingBuckets(0.0001, 16),
      ['To'],
    );
    this.#known.set(1, this.#local, this.#local);
  }

  known(id: MemberId, isKnown: boolean): void {
    this.#known.set(isKnown ? 1 : 0, this.#local, hexOf(id));
    if (!isKnown) this.#active.set(0, this.#local, hexOf(id));
  }

  /** Told of each change. */
  reached(id: MemberId, isReached: boolean): void {
    this.#active.set(isReached ? 1 : 0, this.#local, hexOf(id));
    if (!isReached) this.#disconnected.inc(1, this.#local, hexOf(id));
  }

  roundTrip(to: MemberId, durationMs: number): void {
    this.#roundTrip.observe(durationMs / 1000, hexOf(to));
  }

  receiveFailed(from: MemberId): void {
    this.#malformed.inc(1, hexOf(from));
  }

  sent(to: MemberId, bytes: number): void {
    this.#sent.inc(bytes, hexOf(to));
  }

  received(from: MemberId, bytes: number): void {
    this.#received.inc(bytes, hexOf(from));
  }

  sendFailed(to: MemberId): void {
    this.#failed.inc(1, hexOf(to));
  }
}
