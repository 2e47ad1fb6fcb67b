/** Gauges that are read when somebody looks (metrics.md §3.1, §3.2), and how late the event loop is. */
import type { MvccStore } from '@kv/mvcc';
import type { Wal } from '@kv/wal';
import type { Alarm } from './apply/command.js';
import type { Membership } from './cluster/membership.js';
import type { Quota } from './apply/quota.js';
import { hexOf } from './grpc/int64.js';
import type { MemberId } from './ids.js';
import { doublingBuckets } from './metric-buckets.js';
import type { Gauge, Histogram, Metrics } from './metrics.js';
import type { Pending } from './request/pending.js';
import { SERVER_VERSION } from './version.js';
import type { WatchStats } from '@kv/watch';
import type { WatchEngine } from './watch/watch-engine.js';

export interface MeasuredParts {
  readonly memberId: MemberId;
  readonly store: MvccStore;
  readonly membership: Membership;
  readonly quota: Quota;
  readonly pending: Pending;
  readonly watch: WatchEngine;
  readonly wal: Pick<Wal, 'bytesWritten'>;
}

export class MemberMetrics {
  readonly #clusterVersion: Gauge;
  readonly #loopDelay: Histogram;
  readonly #alarms: Gauge;
  #shownAlarms: readonly Alarm[] = [];
  readonly #membership: Membership;
  #version = '';
  #maxDelayMs = 0;

  constructor(metrics: Metrics, parts: MeasuredParts) {
    this.#membership = parts.membership;
    describeMember(metrics, parts);
    describeStore(metrics, parts.store);
    describeWatch(metrics, parts.watch);
    this.#alarms = metrics.gauge('etcd_debugging_server_alarms', 'Alarms in force: 1 for each.', [
      'server_id',
      'alarm_type',
    ]);
    this.#clusterVersion = metrics.gauge(
      'etcd_cluster_version',
      'The version of the cluster: 1 for the present one.',
      ['cluster_version'],
    );
    this.#loopDelay = metrics.histogram(
      'kv_server_loop_delay_seconds',
      'How late ticks come: the length of the turn that was in the way.',
      doublingBuckets(0.001, 14),
    );
    metrics.gaugeOf(
      'kv_server_loop_delay_max_seconds',
      'The latest tick since the last look.',
      () => {
        const max = this.#maxDelayMs;
        this.#maxDelayMs = 0;
        return max / 1000;
      },
    );
  }

  /** `3.7` for `3.7.0`. */
  clusterVersion(version: string | undefined): void {
    if (version === undefined) return;
    const short = version.split('.').slice(0, 2).join('.');
    if (short === this.#version) return;
    if (this.#version !== '') this.#clusterVersion.set(0, this.#version);
    this.#version = short;
    this.#clusterVersion.set(1, short);
  }

  /** All that are in force. Those of members that do not exist are not shown, so that no client makes labels (B-91). */
  alarms(inForce: readonly Alarm[]): void {
    const label = ({ memberId, type }: Alarm): readonly [string, string] => [
      hexOf(memberId),
      type.toUpperCase(),
    ];
    const shown = inForce.filter(({ memberId }) => this.#membership.find(memberId) !== undefined);
    for (const alarm of this.#shownAlarms) this.#alarms.set(0, ...label(alarm));
    for (const alarm of shown) this.#alarms.set(1, ...label(alarm));
    this.#shownAlarms = shown;
  }

  /** A tick came this much later than it should have. */
  late(delayMs: number): void {
    this.#loopDelay.observe(delayMs / 1000);
    if (delayMs > this.#maxDelayMs) this.#maxDelayMs = delayMs;
  }
}

function describeMember(metrics: Metrics, parts: MeasuredParts): void {
  const { memberId, quota, pending, membership } = parts;
  metrics
    .gauge('etcd_server_version', 'The version of this program.', ['server_version'])
    .set(1, SERVER_VERSION);
  metrics.gauge('etcd_server_id', 'The id of this member.', ['server_id']).set(1, hexOf(memberId));
  metrics
    .gauge('etcd_server_quota_backend_bytes', 'Size of the store at which puts are refused.')
    .set(quota.configuredBytes);
  metrics.gaugeOf(
    'etcd_server_proposals_pending',
    'Proposals whose outcome is not known yet.',
    () => pending.size,
  );
  metrics.gaugeOf(
    'etcd_disk_wal_write_bytes_total',
    'Bytes written to the log.',
    () => parts.wal.bytesWritten,
  );
  metrics.gaugeOf('etcd_server_is_learner', 'Whether this member is a learner.', () =>
    membership.find(memberId)?.isLearner === true ? 1 : 0,
  );
}

function describeStore(metrics: Metrics, store: MvccStore): void {
  metrics.gaugeOf(
    'etcd_mvcc_db_total_size_in_bytes',
    'Allocated size of the database.',
    () => store.size().bytes,
  );
  metrics.gaugeOf(
    'etcd_mvcc_db_total_size_in_use_in_bytes',
    'Size of the database without its free pages.',
    () => store.size().inUseBytes,
  );
  metrics.gaugeOf(
    'etcd_debugging_mvcc_keys_total',
    'Keys that exist.',
    () => store.counts.liveKeys,
  );
  metrics.gaugeOf(
    'etcd_debugging_mvcc_current_revision',
    'The newest revision.',
    () => store.revision,
  );
  metrics.gaugeOf(
    'etcd_debugging_mvcc_total_put_size_in_bytes',
    'Bytes of keys and values of all puts.',
    () => store.work.putBytes,
  );
  metrics.counterOf(
    'etcd_debugging_mvcc_db_compaction_keys_total',
    'Records that compactions have removed.',
    () => store.work.removedRecords,
  );
  metrics.gaugeOf(
    'etcd_mvcc_db_open_read_transactions',
    'Reads under way that hold a revision back from compaction.',
    () => store.counts.pins,
  );
  metrics.gaugeOf(
    'etcd_debugging_mvcc_compact_revision',
    'The revision of the last compaction; -1 if there was none.',
    () => store.compactRevision,
  );
}

function describeWatch(metrics: Metrics, watch: WatchEngine): void {
  const gauges: readonly (readonly [string, string, (stats: WatchStats) => number])[] = [
    ['etcd_debugging_mvcc_watch_stream_total', 'Open watch streams.', (stats) => stats.streams],
    ['etcd_debugging_mvcc_watcher_total', 'Watchers.', (stats) => stats.watchers],
    [
      'etcd_debugging_mvcc_slow_watcher_total',
      'Watchers that are behind.',
      (stats) => stats.queuedWatchers + stats.parkedWatchers,
    ],
    [
      'etcd_debugging_mvcc_pending_events_total',
      'Events that wait for their clients.',
      (stats) => stats.pendingEvents,
    ],
  ];
  for (const [name, help, of] of gauges) {
    metrics.gaugeOf(name, help, () => of(watch.hub.stats()));
  }
  metrics.counterOf(
    'etcd_debugging_mvcc_events_total',
    'Events sent.',
    () => watch.hub.stats().takenEvents,
  );
}
