/** Events as several watchers see them: made once, encoded once, shared by identity, never changed. */
import type { StoreEvent, StoredKeyValue } from '@kv/mvcc/model';
import { encodeEvents, eventBytes } from './event-codec.js';

/** The pair before an event, or `undefined` where there was none, it is compacted, or it was not asked for. */
export type PreviousKeyValues = readonly (StoredKeyValue | undefined)[];

/** Events in order of revision; `previous[i]` belongs to `events[i]`. Watchers that see the same share the object. */
export class EventBatch {
  readonly events: readonly StoreEvent[];
  /** `undefined` when the watcher did not ask for previous pairs. */
  readonly previous: PreviousKeyValues | undefined;
  /** Length of what {@link encode} gives, known without encoding. */
  readonly encodedBytes: number;
  #encoded: Uint8Array | undefined;

  constructor(events: readonly StoreEvent[], previous: PreviousKeyValues | undefined) {
    this.events = events;
    this.previous = previous;
    let bytes = 0;
    for (let i = 0; i < events.length; i++) bytes += this.#eventBytes(i);
    this.encodedBytes = bytes;
  }

  /** The repeated field `events` of `WatchResponse`, tags included. Made at the first call; borrowed, never change it. */
  encode(): Uint8Array {
    this.#encoded ??= encodeEvents(this.events, this.previous, this.encodedBytes);
    return this.#encoded;
  }

  /**
   * The index after the last event of a fragment that begins at `start`: as many as stay below `bytesMax`, at least one
   * (etcd server/etcdserver/api/v3rpc/watch.go, sendFragments).
   */
  fragmentEnd(start: number, bytesMax: number): number {
    let end = start;
    let bytes = 0;
    while (end < this.events.length) {
      bytes += this.#eventBytes(end);
      if (end > start && bytes >= bytesMax) break;
      end++;
    }
    return end;
  }

  /** The part `[start, end)` as a batch of its own. */
  slice(start: number, end: number): EventBatch {
    return new EventBatch(this.events.slice(start, end), this.previous?.slice(start, end));
  }

  #eventBytes(index: number): number {
    const event = this.events[index];
    return event === undefined ? 0 : eventBytes(event, this.previous?.[index]);
  }
}
