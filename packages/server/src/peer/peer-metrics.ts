/** What goes between members, counted under etcd's names (metrics.md). */
import { hexOf } from '../grpc/int64.js';
import type { MemberId } from '../ids.js';
import type { Counter, Metrics } from '../metrics.js';

export class PeerMetrics {
  readonly #sent: Counter;
  readonly #received: Counter;
  readonly #failed: Counter;

  constructor(metrics: Metrics) {
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
