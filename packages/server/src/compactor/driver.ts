/**
 * Removes what compactions dropped, slice by slice between the batches of the loop, with a pause after each (semantics.md §7).
 * One compaction after the other; who asked for a physical one waits until there is none left.
 */
import type { MvccStore } from '@kv/mvcc';
import type { Clock, Timer } from '../clock.js';

export interface CompactionDriverOptions {
  readonly pauseMs: number;
  /** A slice failed: the store is poisoned, and the member must stop. */
  readonly onError: (error: unknown) => void;
}

export class CompactionDriver {
  readonly #store: Pick<MvccStore, 'compactSlice' | 'gate'>;
  readonly #clock: Clock;
  readonly #options: CompactionDriverOptions;
  #timer: Timer | undefined;
  #idleWaiters: (() => void)[] = [];
  #closed = false;

  constructor(
    store: Pick<MvccStore, 'compactSlice' | 'gate'>,
    clock: Clock,
    options: CompactionDriverOptions,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#options = options;
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
      // `waiting`: a long read still needs what would go; it is asked again.
      if (this.#store.compactSlice() !== 'done') {
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
}
