/** A store for tests of the cache: its whole history in memory, feeds that the test cuts, compaction, members that lag. */
import { KeyValue as WireKeyValue } from '@kv/proto/kv';
import {
  bytes,
  KvError,
  type KeyValue,
  type WatchBatch,
  type WatchEvent,
} from '../../src/index.js';
import { systemClock } from '../../src/clock.js';
import { keyValueFromWire } from '../../src/key-value.js';
import type { CacheSource, ChangeFeed, Listing } from '../../src/cache/source.js';

const encoder = new TextEncoder();

export class ModelStore implements CacheSource<Uint8Array> {
  readonly ambient = { clock: systemClock, random: () => 0.5 };
  readonly #history: WatchEvent[][] = [];
  #compacted = 0;
  readonly #feeds = new Set<ModelFeed>();
  /** How often the whole range was listed. */
  listings = 0;
  /** Told to the next call of `list`, then forgotten. */
  nextListError: Error | undefined;

  get revision(): number {
    return this.#history.length;
  }

  /** Changes at one revision: a value puts, undefined deletes. */
  write(changes: Readonly<Record<string, string | undefined>>): void {
    const revision = this.revision + 1;
    const before = new Map(this.at(this.revision).map((kv) => [String(kv.key), kv]));
    const events = Object.entries(changes).flatMap(([name, value]): WatchEvent[] => {
      const key = encoder.encode(name);
      const old = before.get(String(key));
      if (value === undefined) {
        if (old === undefined) return [];
        const kv = pair(key, '', revision, 0);
        return [{ type: 'delete', isCreate: false, kv, prevKv: undefined }];
      }
      const kv = pair(key, value, revision, old?.createRevision ?? revision);
      return [{ type: 'put', isCreate: old === undefined, kv, prevKv: undefined }];
    });
    this.#history.push(events);
    for (const feed of this.#feeds) feed.wake();
  }

  compact(revision: number): void {
    this.#compacted = Math.max(this.#compacted, Math.min(revision, this.revision));
  }

  /** Ends every feed as a lost connection does that could not be resumed. */
  cut(): void {
    for (const feed of this.#feeds) {
      feed.fail(new KvError('connectionLost', 'cut', { outcome: 'definite', grpcCode: 14 }));
    }
  }

  /** The whole range at a revision, in byte order. */
  at(revision: number): readonly KeyValue[] {
    const kvs = new Map<string, KeyValue>();
    for (const { type, kv } of this.#history.slice(0, revision).flat()) {
      if (type === 'put') kvs.set(Buffer.from(kv.key).toString('latin1'), kv);
      else kvs.delete(Buffer.from(kv.key).toString('latin1'));
    }
    return [...kvs].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, kv]) => kv);
  }

  async list(keysMax: number, signal: AbortSignal): Promise<Listing<Uint8Array>> {
    await Promise.resolve();
    signal.throwIfAborted();
    this.listings += 1;
    const error = this.nextListError;
    this.nextListError = undefined;
    if (error !== undefined) throw error;
    return { revision: this.revision, kvs: this.at(this.revision).slice(0, keysMax + 1) };
  }

  watch(startRevision: number, signal: AbortSignal): ChangeFeed<Uint8Array> {
    const feed = new ModelFeed(this, startRevision, signal);
    this.#feeds.add(feed);
    return feed;
  }

  latestRevision(): Promise<number> {
    return Promise.resolve(this.revision);
  }

  /** What a feed sends next; several revisions in one batch, under the newest revision as members that catch up do. */
  batchFrom(revision: number, revisionsMax: number): WatchBatch | undefined {
    if (revision <= this.#compacted) {
      throw new KvError('compacted', 'gone', { outcome: 'definite', grpcCode: 11 });
    }
    const events = this.#history.slice(revision - 1, revision - 1 + revisionsMax).flat();
    return events.length === 0 ? undefined : { type: 'events', revision: this.revision, events };
  }

  forget(feed: ModelFeed): void {
    this.#feeds.delete(feed);
  }
}

class ModelFeed implements ChangeFeed<Uint8Array> {
  readonly #store: ModelStore;
  readonly #signal: AbortSignal;
  #next: number;
  #error: Error | undefined;
  #progress = false;
  #wake: (() => void) | undefined;

  constructor(store: ModelStore, startRevision: number, signal: AbortSignal) {
    this.#store = store;
    this.#next = startRevision;
    this.#signal = signal;
    signal.addEventListener('abort', () => {
      this.fail(signal.reason as Error);
    });
  }

  wake(): void {
    this.#wake?.();
  }

  fail(error: Error): void {
    this.#error ??= error;
    this.wake();
  }

  requestProgress(): void {
    this.#progress = true;
    this.wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<WatchBatch, void, undefined> {
    try {
      for (;;) {
        this.#signal.throwIfAborted();
        if (this.#error !== undefined) throw this.#error;
        const batch = this.#next > this.#store.revision ? undefined : this.#batch();
        if (batch !== undefined) yield batch;
        else if (this.#progress) {
          this.#progress = false;
          this.#next = this.#store.revision + 1;
          yield { type: 'events', revision: this.#store.revision, events: [] };
        } else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
    } finally {
      this.#store.forget(this);
    }
  }

  #batch(): WatchBatch | undefined {
    const batch = this.#store.batchFrom(this.#next, 3);
    this.#next = (batch?.events.at(-1)?.kv.modRevision ?? this.#store.revision) + 1;
    return batch;
  }
}

function pair(
  key: Uint8Array,
  value: string,
  modRevision: number,
  createRevision: number,
): KeyValue {
  const kv = WireKeyValue.create({
    key,
    value: encoder.encode(value),
    modRevision: BigInt(modRevision),
    createRevision: BigInt(createRevision),
  });
  return keyValueFromWire(kv, 0, bytes);
}
