/** What goes on with snapshots between members, under etcd's names (metrics.md §3.3, §3.4). */
import { hexOf } from '../grpc/int64.js';
import type { MemberId } from '../ids.js';
import { doublingBuckets } from '../metric-buckets.js';
import type { Metrics } from '../metrics.js';

/** One transfer, from here on. */
export interface TransferWatch {
  readonly ended: (outcome: 'success' | 'failure') => void;
}

export interface SnapshotMetrics {
  sending(to: MemberId): TransferWatch;
  receiving(from: MemberId): TransferWatch;
  /** Of a received database file. */
  synced(durationMs: number): void;
  saved(durationMs: number): void;
  installing(isUnderWay: boolean): void;
}

const SECONDS_B1 = doublingBuckets(0.001, 14);
const SECONDS_B4 = doublingBuckets(0.1, 10);

export function snapshotMetrics(metrics: Metrics, nowMs: () => number): SnapshotMetrics {
  const send = transfers(metrics, 'send', 'To', nowMs);
  const receive = transfers(metrics, 'receive', 'From', nowMs);
  const synced = metrics.histogram(
    'etcd_snap_db_fsync_duration_seconds',
    'Time to sync a received database file.',
    SECONDS_B1,
  );
  const saved = metrics.histogram(
    'etcd_snap_db_save_total_duration_seconds',
    'Time to receive and store a database file.',
    SECONDS_B4,
  );
  const installing = metrics.gauge(
    'etcd_server_snapshot_apply_in_progress_total',
    'Whether a snapshot of another member is being installed.',
  );
  installing.set(0);
  return {
    sending: send,
    receiving: receive,
    synced: (durationMs) => {
      synced.observe(durationMs / 1000);
    },
    saved: (durationMs) => {
      saved.observe(durationMs / 1000);
    },
    installing: (isUnderWay) => {
      installing.set(isUnderWay ? 1 : 0);
    },
  };
}

/** The four instruments of one direction. */
function transfers(
  metrics: Metrics,
  verb: 'send' | 'receive',
  label: 'To' | 'From',
  nowMs: () => number,
): (peer: MemberId) => TransferWatch {
  const name = `etcd_network_snapshot_${verb}`;
  const success = metrics.counter(`${name}_success`, `Snapshots: ${verb} succeeded.`, [label]);
  const failures = metrics.counter(`${name}_failures`, `Snapshots: ${verb} failed.`, [label]);
  const underWay = metrics.gauge(`${name}_inflights_total`, `Snapshots under way: ${verb}.`, [
    label,
  ]);
  const duration = metrics.histogram(
    `${name}_total_duration_seconds`,
    `Time of a whole ${verb} that succeeded.`,
    SECONDS_B4,
    [label],
  );
  return (peer) => {
    const id = hexOf(peer);
    const startedMs = nowMs();
    underWay.set(1, id);
    return {
      ended: (outcome) => {
        underWay.set(0, id);
        if (outcome === 'failure') failures.inc(1, id);
        else {
          success.inc(1, id);
          duration.observe((nowMs() - startedMs) / 1000, id);
        }
      },
    };
  };
}
