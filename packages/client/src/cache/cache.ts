/**
 * A cache of a range of keys that stays equal to the store: list, then watch from the next revision; list again when that revision is compacted.
 *
 * All that one revision changed becomes visible in one turn of the loop, so that what is read without an `await` between belongs together:
 * it is the range as it was at `revision`.
 */
import type { Timer } from '../clock.js';
import { bytesOf, type Bytes } from '../data.js';
import { KvError } from '../errors.js';
import type { KeyValue } from '../key-value.js';
import {
  backoff,
  isMistakenSetting,
  isPassing,
  unlessAborted,
  WaitScope,
  type WaitLimits,
} from '../wait.js';
import { Contents, type KeyChange } from './contents.js';
import type { ChangeFeed, CacheSource } from './source.js';

/** Pause between two requests for progress while somebody waits for a revision, milliseconds. */
const progressPauseMs = 100;
/** Longest wait for a revision unless told otherwise, milliseconds. */
const timeoutMsDefault = 5_000;

export interface CacheOptions {
  /** Bounds of what is held; beyond them the cache fails with `limit`. Default 1 000 000 keys, 256 MiB. */
  readonly keysMax?: number;
  readonly bytesMax?: number;
  /** Closes the cache when it aborts. */
  readonly signal?: AbortSignal;
}

/** What happened between two states of the cache. */
export interface CacheChange<Value = Uint8Array> {
  /** The cache is now as the store was at this revision. */
  readonly revision: number;
  /** Sorted by nothing in particular when `listed`, else in the order of events. */
  readonly changes: readonly KeyChange<Value>[];
  /** The range was read anew (at the start, or after compaction): several changes of one key may have become one. */
  readonly listed: boolean;
}

/** `listing` until the first listing is in; `failed` and `closed` are final, and reads then throw. */
export type CacheState = 'listing' | 'ready' | 'failed' | 'closed';

interface Waiter {
  readonly revision: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class Cache<Value = Uint8Array> implements AsyncDisposable, Iterable<KeyValue<Value>> {
  readonly #source: CacheSource<Value>;
  readonly #contents: Contents<Value>;
  readonly #keysMax: number;
  readonly #lifetime = new AbortController();
  readonly #listeners = new Set<(change: CacheChange<Value>) => void>();
  readonly #waiters = new Set<Waiter>();
  readonly #finished: Promise<void>;
  #feed: ChangeFeed<Value> | undefined;
  #progressTimer: Timer | undefined;
  /** How many want to know as soon as possible. */
  #waitersForProgress = 0;
  #state: CacheState = 'listing';
  #error: unknown;
  /** Resolves when the first listing is in; rejects when the cache fails or closes before. */
  readonly ready: Promise<void>;

  /** @internal Begins to fill at once. `name` is what messages call the range. Programs use `client.cache` or `cacheOf`. */
  constructor(source: CacheSource<Value>, name: string, options: CacheOptions = {}) {
    this.#source = source;
    this.#keysMax = bound('keysMax', options.keysMax ?? 1_000_000);
    const bytesMax = bound('bytesMax', options.bytesMax ?? 256 * 1024 * 1024);
    this.#contents = new Contents(name, { keysMax: this.#keysMax, bytesMax });
    this.ready = new Promise((resolve, reject) => {
      this.#waiters.add({ revision: 0, resolve, reject });
    });
    // Whoever does not look at `ready` learns of the failure from the next read.
    this.ready.catch(() => undefined);
    const { signal } = options;
    const stop = (): void => {
      this.#end('closed', signal?.reason);
    };
    signal?.addEventListener('abort', stop, { once: true });
    this.#finished = this.#run().finally(() => {
      signal?.removeEventListener('abort', stop);
    });
    if (signal?.aborted === true) stop();
  }

  get state(): CacheState {
    return this.#state;
  }

  /** The contents are the range as it was at this revision; 0 before the first listing. */
  get revision(): number {
    return this.#contents.revision;
  }

  /** Number of keys. */
  get size(): number {
    return this.#read().size;
  }

  /** The pair, which belongs to the cache: do not change its bytes. Throws before `ready` and after the end. */
  get(key: Bytes): KeyValue<Value> | undefined {
    return this.#read().find(bytesOf('key', key));
  }

  has(key: Bytes): boolean {
    return this.get(key) !== undefined;
  }

  /** All pairs in byte order, as they are now: later changes do not touch the array. */
  all(): readonly KeyValue<Value>[] {
    return this.#read().all();
  }

  [Symbol.iterator](): IterableIterator<KeyValue<Value>> {
    return this.all()[Symbol.iterator]();
  }

  /**
   * Calls `listener` after each change, before anything else runs. What it throws is thrown from a microtask, as an event listener's.
   * Returns how to stop.
   */
  onChange(listener: (change: CacheChange<Value>) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /**
   * Resolves when the cache has reached `revision`, such as that of a put whose effect is to be seen. Waits 5 000 ms at most unless told
   * otherwise. Rejects with `deadline`, the reason of the signal, or why the cache ended.
   */
  async waitFor(revision: number, limits: WaitLimits = {}): Promise<void> {
    this.#waitersForProgress += 1;
    this.#askProgress();
    try {
      await this.#reach(revision, { timeoutMs: timeoutMsDefault, ...limits });
    } finally {
      this.#waitersForProgress -= 1;
    }
  }

  /** Resolves when the cache is beyond `revision`, whether or not anything changed; no limit by default. Rejects as `waitFor` does. */
  movedBeyond(revision: number, limits: WaitLimits = {}): Promise<void> {
    return this.#reach(revision + 1, limits);
  }

  async #reach(revision: number, { signal, timeoutMs = Infinity }: WaitLimits): Promise<void> {
    this.#throwIfEnded();
    if (this.#state === 'ready' && this.revision >= revision) return;
    const { clock } = this.#source.ambient;
    const what = (): string => `the cache, at revision ${this.revision}, did not reach ${revision}`;
    using scope = new WaitScope(clock, timeoutMs, what, signal);
    let waiter: Waiter | undefined;
    const reached = new Promise<void>((resolve, reject) => {
      waiter = { revision, resolve, reject };
      this.#waiters.add(waiter);
    });
    try {
      await unlessAborted(reached, scope.signal);
    } finally {
      if (waiter !== undefined) this.#waiters.delete(waiter);
    }
  }

  /** Resolves when the cache holds all that was acknowledged before the call; with the revision that it then has at least. */
  async sync(limits: WaitLimits = {}): Promise<number> {
    this.#throwIfEnded();
    const { timeoutMs = timeoutMsDefault } = limits;
    const { clock } = this.#source.ambient;
    const what = (): string => 'the cache did not catch up';
    using scope = new WaitScope(clock, timeoutMs, what, limits.signal, this.#lifetime.signal);
    const revision = await this.#source.latestRevision(scope.signal);
    await this.waitFor(revision, { signal: scope.signal, timeoutMs: Infinity });
    return revision;
  }

  /** Ends the watch; reads and waits then fail with `closed`. Idempotent. */
  async close(): Promise<void> {
    this.#end('closed', undefined);
    await this.#finished;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #read(): Contents<Value> {
    this.#throwIfEnded();
    if (this.#state === 'ready') return this.#contents;
    throw new KvError('notReady', 'the cache has not been filled yet: await its `ready`', {
      outcome: 'definite',
    });
  }

  #throwIfEnded(): void {
    if (this.#state === 'failed' || this.#state === 'closed') throw this.#error;
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const { signal } = this.#lifetime;
    const isOver = (): boolean => signal.aborted;
    for (let failures = 0; !isOver(); failures++) {
      const before = this.revision;
      try {
        await backoff(failures, signal, this.#source.ambient);
        await this.#follow(signal);
      } catch (error) {
        if (isOver()) return;
        const mayBeMended = this.#state === 'ready' && isMistakenSetting(error);
        if (!isPassing(error) && !mayBeMended) {
          this.#end('failed', error);
          return;
        }
      }
      if (this.revision > before) failures = 0;
    }
  }

  /** Lists, then watches, until something goes wrong. */
  async #follow(signal: AbortSignal): Promise<void> {
    const { revision, kvs } = await this.#source.list(this.#keysMax, signal);
    signal.throwIfAborted();
    this.#changed(this.#contents.replace(revision, kvs), true);
    this.#feed = this.#source.watch(revision + 1, signal);
    try {
      if (this.#waitersForProgress > 0) this.#feed.requestProgress();
      for await (const batch of this.#feed) {
        const last = batch.events.at(-1);
        // A member that catches up sends old events under its newest revision: only the events say how far they go.
        const reached = last === undefined ? batch.revision : last.kv.modRevision;
        this.#changed(this.#contents.apply(reached, batch.events), false);
      }
    } finally {
      this.#feed = undefined;
    }
  }

  #changed(changes: readonly KeyChange<Value>[], listed: boolean): void {
    if (this.#state === 'listing') this.#state = 'ready';
    const { revision } = this.#contents;
    for (const waiter of this.#waiters) {
      if (waiter.revision > revision) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
    if (changes.length === 0) return;
    for (const listener of [...this.#listeners]) {
      try {
        listener({ revision, changes, listed });
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  /** Without events the store does not tell how far a watch is: asks until nobody waits any more. */
  #askProgress(): void {
    this.#feed?.requestProgress();
    const { clock } = this.#source.ambient;
    this.#progressTimer ??= clock.after(progressPauseMs, () => {
      this.#progressTimer = undefined;
      if (this.#waitersForProgress > 0) this.#askProgress();
    });
  }

  #end(state: 'failed' | 'closed', cause: unknown): void {
    if (this.#state === 'failed' || this.#state === 'closed') return;
    this.#state = state;
    this.#error =
      state === 'failed'
        ? cause
        : new KvError('closed', 'the cache is closed', { outcome: 'definite', cause });
    for (const waiter of this.#waiters) waiter.reject(this.#error);
    this.#waiters.clear();
    this.#progressTimer?.cancel();
    this.#lifetime.abort(this.#error);
    this.#listeners.clear();
  }
}

function bound(name: string, value: number): number {
  if (value > 0) return value;
  throw new TypeError(`${name} must be above 0, is ${value}`);
}
