/** Where a cache learns what the store holds: a port, and the client behind it. */
import { concat, rangeOf, type KeySelector } from '../data.js';
import type { KeyValue } from '../key-value.js';
import type { KvClient } from '../kv.js';
import type { Ambient } from '../wait.js';
import type { WatchBatch } from '../watch.js';

export interface Listing<Value> {
  readonly revision: number;
  /** In byte order. */
  readonly kvs: readonly KeyValue<Value>[];
}

export interface ChangeFeed<Value> extends AsyncIterable<WatchBatch<Value>> {
  /** Asks for a batch that tells how far the feed is; may go unanswered. */
  requestProgress(): void;
}

/** Every method rejects with the signal's reason when it aborts. */
export interface CacheSource<Value> {
  readonly ambient: Ambient;
  /** All pairs at one revision. Of more than `keysMax` pairs only some more than that need be listed. */
  list(keysMax: number, signal: AbortSignal): Promise<Listing<Value>>;
  /** Changes from `startRevision` on, whole revisions in order. */
  watch(startRevision: number, signal: AbortSignal): ChangeFeed<Value>;
  /** The newest revision, linearizably: all that was acknowledged before is in it. */
  latestRevision(signal: AbortSignal): Promise<number>;
}

/** The keys of a selector as a source. */
export function cacheSource<Value, Input>(
  kv: KvClient<Value, Input>,
  ambient: Ambient,
  keys: KeySelector,
): CacheSource<Value> {
  return {
    ambient,
    list: async (keysMax, signal) => {
      const kvs: KeyValue<Value>[] = [];
      let revision = 0;
      for await (const page of kv.range(keys, { signal }).pages()) {
        revision = page.revision;
        for (const each of page.kvs) kvs.push(each);
        if (kvs.length > keysMax) break;
      }
      return { revision, kvs };
    },
    watch: (startRevision, signal) =>
      kv.watch(keys, { startRevision, signal, progressNotify: true, requireLeader: true }),
    latestRevision: async (signal) => {
      // Any key will do, below the prefix of a namespace too.
      const key = concat(rangeOf(keys).key, new Uint8Array([0]));
      const { revision } = await kv.get(key, { signal, keysOnly: true });
      return revision;
    },
  };
}
