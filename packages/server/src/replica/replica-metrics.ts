/** What the replica counts, under etcd's names (metrics.md §3.1, §3.3). */
import type { LogIndex } from '@kv/raft';
import type { AppliedBatch } from '../apply/applier.js';
import type { Counter, Gauge, Histogram, Metrics } from '../metrics.js';
import { doublingBuckets } from '../metric-buckets.js';

export class ReplicaMetrics {
  readonly #hasLeader: Gauge;
  readonly #isLeader: Gauge;
  readonly #leaderChanges: Counter;
  readonly #committed: Gauge;
  readonly #applied: Gauge;
  readonly #write: Histogram;
  readonly #fsync: Histogram;
  readonly #applyBatch: Histogram;
  readonly #droppedMessages: Counter;
  readonly #lateHeartbeats: Counter;

  constructor(metrics: Metrics) {
    this.#hasLeader = metrics.gauge(
      'etcd_server_has_leader',
      'Whether this member knows a leader.',
    );
    this.#isLeader = metrics.gauge('etcd_server_is_leader', 'Whether this member leads.');
    this.#leaderChanges = metrics.counter(
      'etcd_server_leader_changes_seen_total',
      'Leaders that this member has seen take over.',
    );
    this.#committed = metrics.gauge(
      'etcd_server_proposals_committed_total',
      'Index of the newest committed entry.',
    );
    this.#applied = metrics.gauge(
      'etcd_server_proposals_applied_total',
      'Index of the newest applied entry.',
    );
    this.#write = metrics.histogram(
      'etcd_disk_wal_write_duration_seconds',
      'Time to hand one batch of records to the log, without its sync.',
      doublingBuckets(0.001, 14),
    );
    this.#fsync = metrics.histogram(
      'etcd_disk_wal_fsync_duration_seconds',
      'Time of one write and sync of the log.',
      doublingBuckets(0.001, 14),
    );
    this.#applyBatch = metrics.histogram(
      'kv_server_apply_batch_duration_seconds',
      'Time in which the loop applied one batch of entries, transaction included.',
      doublingBuckets(0.0001, 16),
    );
    this.#droppedMessages = metrics.counter(
      'kv_server_peer_messages_dropped_total',
      'Messages of other members for which the inbox had no room.',
    );
    this.#lateHeartbeats = metrics.counter(
      'etcd_server_heartbeat_send_failures_total',
      'Heartbeats that this leader sent later than twice their interval.',
    );
    // Dashboards find a cluster by this one, so it is there from the start.
    this.#hasLeader.set(0);
    this.#isLeader.set(0);
  }

  leadership(hasLeader: boolean, isLeader: boolean, changed: boolean): void {
    this.#hasLeader.set(hasLeader ? 1 : 0);
    this.#isLeader.set(isLeader ? 1 : 0);
    if (changed) this.#leaderChanges.inc();
  }

  committed(index: LogIndex): void {
    this.#committed.set(index);
  }

  applied(batch: AppliedBatch, durationMs: number): void {
    this.#applied.set(batch.last.index);
    this.#applyBatch.observe(durationMs / 1000);
  }

  written(durationMs: number): void {
    this.#write.observe(durationMs / 1000);
  }

  synced(durationMs: number): void {
    this.#fsync.observe(durationMs / 1000);
  }

  heartbeatLate(): void {
    this.#lateHeartbeats.inc();
  }

  messageDropped(): void {
    this.#droppedMessages.inc();
  }
}
