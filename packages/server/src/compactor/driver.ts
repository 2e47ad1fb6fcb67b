/**
 * Removes what compactions dropped, slice by slice between the batches of the loop, with a pause after each (semantics.md §7).
 * One compaction after the other; who asked for a physical one waits until there is none left.
 */
import type { MvccStore } from '@kv/mvcc';
import type { Clock, Timer } from '../clock.js';
import { doublingBuckets } from '../metric-buckets.js';
import type { Gauge, Histogram, Metrics } from '../metrics.js';

export interface CompactionDriverOptions {
  readonly pauseMs: number;
  readonly metrics: Metrics;
  /** A slice failed: the store is poisoned, and the member must stop. */
  readonly onError: (error: unknown) => void;
}

export class CompactionDriver {
  readonly #store: Pick<MvccStore, 'compactSlice' | 'gate'>;
  readonly #clock: Clock;
  readonly #options: CompactionDriverOptions;
  readonly #sliceTime: Histogram;
  readonly #wholeTime: Histogram;
  readonly #last: Gauge;
  #timer: Timer | undefined;
  #idleWaiters: (() => void)[] = [];
  #closed = false;
  #startedMs = 0;
  /** Whether anything was removed since the last time that nothing was left. */
  #working = false;

  constructor(
    store: Pick<MvccStore, 'compactSlice' | 'gate'>,
    clock: Clock,
    options: CompactionDriverOptions,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#options = options;
    const { metrics } = options;
    this.#sliceTime = metrics.histogram(
      'etcd_debugging_mvcc_db_compaction_pause_duration_milliseconds',
      'Time of one slice of a compaction.',
      doublingBuckets(1, 13),
    );
    this.#wholeTime = metrics.histogram(
      'etcd_debugging_mvcc_db_compaction_total_duration_milliseconds',
      'Time of a whole compaction, pauses included.',
      doublingBuckets(100, 14),
    );
    this.#last = metrics.gauge(
      'etcd_debugging_mvcc_db_compaction_last',
      'When the last compaction ended, in seconds since 1970; 0 before.',
    );
    this.#last.set(0);
  }

  /** A compaction was scheduled, or one may be left from before a restart. */
  start(): void {
    if (this.#timer === undefined && !this.#closed) this.#next(0);
  }

  /** Calls back once no removal is left; at once if that is so. Never after `close`. */
  whenIdle(callback: () => void): void {
    if (this.#timer === undefined) callback();
    else this.#idleWaiters.push(callback);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#idleWaiters = [];
  }

  #next(delayMs: number): void {
    this.#timer = this.#clock.after(delayMs, () => {
      this.#slice();
    });
  }

  #slice(): void {
    const { pauseMs, onError } = this.#options;
    // The store takes no transaction now: a pause is what it needs.
    if (this.#store.gate() !== undefined) {
      this.#next(pauseMs);
      return;
    }
    try {
      if (this.#removeSome()) {
        this.#next(pauseMs);
        return;
      }
    } catch (error) {
      this.close();
      onError(error);
      return;
    }
    this.#timer = undefined;
    for (const callback of this.#idleWaiters.splice(0)) callback();
  }

  /** False when nothing is left to remove. */
  #removeSome(): boolean {
    const startedMs = this.#clock.monotonicMs();
    const progress = this.#store.compactSlice();
    const nowMs = this.#clock.monotonicMs();
    if (!this.#working) this.#startedMs = startedMs;
    if (progress !== 'done') {
      // `waiting`: a long read still needs what would go; it is asked again.
      this.#working = true;
      this.#sliceTime.observe(nowMs - startedMs);
      return true;
    }
    if (this.#working) {
      this.#working = false;
      this.#wholeTime.observe(nowMs - this.#startedMs);
      this.#last.set(Math.floor(this.#clock.wallMs() / 1000));
    }
    return false;
  }
}
