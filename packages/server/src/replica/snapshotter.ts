/**
 * Makes the store durable from time to time, and lets go of the log below that (semantics.md §22). The order is what
 * matters (invariant I5; crash points CP-6):
 *
 * 1. remember index, term and configuration as of now, or (where others may need entries below) as of some time ago;
 * 2. checkpoint the store: everything up to there is synced in the database;
 * 3. write the snapshot file, synced;
 * 4. write the snapshot record into the log, synced: from here on a restart begins at this index;
 * 5. release and delete segments and files that nobody needs any more.
 *
 * A crash between any two of these leaves a start that replays more than it needs to, and nothing else.
 */
import { MvccError, type MvccStore } from '@kv/mvcc';
import type { ConfState, LogIndex, Term } from '@kv/raft';
import { purgeSnapshots, saveSnapshotFile, WalError, type FileSystem, type Wal } from '@kv/wal';
import type { Clock } from '../clock.js';
import { errorOf } from '../errors.js';
import type { Logger } from '../logger.js';
import { doublingBuckets } from '../metric-buckets.js';
import type { Histogram, Metrics } from '../metrics.js';
import { SnapshotMarks, type SnapshotMark } from './snapshot-marks.js';

/** Between two snapshots, unless the log has grown by {@link LOG_BYTES_MAX}: each costs a sync or four. */
const INTERVAL_MIN_MS = 2000;
/** Bytes of the log that a restart may have to replay. */
const LOG_BYTES_MAX: number = 256 * 1024 * 1024;
/** Bytes of the log that are kept for members that are behind. Beyond that they are left behind (see `laggards.ts`). */
const HELD_LOG_BYTES_MAX: number = 512 * 1024 * 1024;
/** Bytes of committed changes in the store that no checkpoint has moved into the database yet. */
const STORE_LOG_BYTES_MAX: number = 24 * 1024 * 1024;

const NO_BYTES: Uint8Array = new Uint8Array(0);

export interface SnapshotterParts {
  readonly store: Pick<MvccStore, 'checkpoint' | 'size'>;
  readonly wal: Pick<Wal, 'saveSnapshot' | 'release' | 'purge' | 'bytesWritten'>;
  readonly fileSystem: FileSystem;
  readonly snapDir: string;
  readonly snapshotCount: number;
  /** 0 keeps all. */
  readonly maxSnapshots: number;
  readonly maxWals: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly confState: () => ConfState;
  /** The log is not cut at or after this entry, as other members may need it; undefined for a member that is alone. */
  readonly keepFrom: () => LogIndex | undefined;
  /** The disk failed: the member must stop. */
  readonly onError: (error: Error) => void;
}

export class Snapshotter {
  readonly #parts: SnapshotterParts;
  /** The newest snapshot recorded in the log. */
  #recorded: LogIndex;
  #applied: { readonly index: LogIndex; readonly term: Term };
  readonly #marks = new SnapshotMarks();
  #recordedBytes = 0;
  #lastMs: number;
  readonly #fileTime: Histogram;
  #running: Promise<void> | undefined;
  #closed = false;

  /** `recorded`: where the log began when it was opened. */
  constructor(parts: SnapshotterParts, recorded: LogIndex, term: Term) {
    this.#parts = parts;
    this.#recorded = recorded;
    this.#applied = { index: recorded, term };
    this.#lastMs = parts.clock.monotonicMs();
    this.#fileTime = parts.metrics.histogram(
      'etcd_snap_fsync_duration_seconds',
      'Time to write and sync a snapshot file.',
      doublingBuckets(0.001, 14),
    );
  }

  /** A batch was applied. Starts what is due; never more than one at a time. */
  applied(index: LogIndex, term: Term): void {
    this.#applied = { index, term };
    const { confState, keepFrom } = this.#parts;
    const kept = keepFrom();
    if (kept !== undefined) this.#marks.applied(index, term, confState);
    if (!this.#isIdle() || !this.#snapshotIsDue()) return;
    const at = kept === undefined ? { index, term, confState: confState() } : this.#findMark(kept);
    if (at !== undefined) this.#start(() => this.#snapshot(at));
  }

  /** A tick has passed. Between snapshots the store's own log is kept short. */
  tick(): void {
    if (!this.#isIdle() || this.#parts.store.size().logBytes <= STORE_LOG_BYTES_MAX) return;
    this.#start(async () => {
      await this.#parts.store.checkpoint();
    });
  }

  /**
   * Runs this while nothing of ours is under way. It replaces log and store by a snapshot of another member, and says which:
   * the log begins there.
   */
  async exclusively(work: () => Promise<SnapshotMark>): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    const running = work().then((mark) => {
      this.#recorded = mark.index;
      this.#applied = mark;
      this.#marks.forget(mark.index);
      this.#recordedBytes = this.#parts.wal.bytesWritten;
    });
    this.#running = running
      .catch(() => undefined)
      .finally(() => {
        this.#running = undefined;
      });
    await running;
  }

  #isIdle(): boolean {
    return this.#running === undefined && !this.#closed;
  }

  /** Waits for what runs; nothing is started any more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  #snapshotIsDue(): boolean {
    const { clock, wal, snapshotCount } = this.#parts;
    if (this.#applied.index - this.#recorded < snapshotCount) return false;
    const grown = wal.bytesWritten - this.#recordedBytes;
    return clock.monotonicMs() - this.#lastMs >= INTERVAL_MIN_MS || grown >= LOG_BYTES_MAX;
  }

  /** Where the log may be cut, and it is worth it. */
  #findMark(keepFrom: LogIndex): SnapshotMark | undefined {
    const grown = this.#parts.wal.bytesWritten - this.#recordedBytes;
    const mark = this.#marks.newestBelow(
      grown >= HELD_LOG_BYTES_MAX ? this.#applied.index : keepFrom,
    );
    if (mark === undefined || mark.index - this.#recorded < this.#parts.snapshotCount) {
      return undefined;
    }
    return mark;
  }

  #start(work: () => Promise<void>): void {
    this.#running = work()
      .catch((error: unknown) => {
        if (!isClosed(error)) this.#parts.onError(errorOf(error));
      })
      .finally(() => {
        this.#running = undefined;
      });
  }

  async #snapshot(meta: SnapshotMark): Promise<void> {
    const { store, wal, fileSystem, snapDir, clock, logger } = this.#parts;
    const bytes = wal.bytesWritten;
    await store.checkpoint();
    const startedMs = clock.monotonicMs();
    await saveSnapshotFile(snapDir, { meta, data: NO_BYTES }, fileSystem);
    this.#fileTime.observe((clock.monotonicMs() - startedMs) / 1000);
    await wal.saveSnapshot(meta);
    this.#recorded = meta.index;
    this.#marks.forget(meta.index);
    this.#recordedBytes = bytes;
    this.#lastMs = clock.monotonicMs();
    logger.log('debug', 'recorded a snapshot', { index: meta.index, term: meta.term });
    await this.#purge(meta.index);
  }

  async #purge(before: LogIndex): Promise<void> {
    const { wal, fileSystem, snapDir, maxSnapshots, maxWals } = this.#parts;
    wal.release(before);
    if (maxWals > 0) await wal.purge(maxWals);
    if (maxSnapshots > 0) await purgeSnapshots(snapDir, maxSnapshots, fileSystem);
  }
}

/** The member is closing underneath: no failure. */
function isClosed(error: unknown): boolean {
  return (error instanceof MvccError || error instanceof WalError) && error.code === 'closed';
}
