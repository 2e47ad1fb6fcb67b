/** Events as several watchers see them: made once, encoded once, shared by identity, never changed. */
import type { StoreEvent, StoredKeyValue } from '@kv/mvcc/model';
import { encodeEvents, eventBytes } from './event-codec.js';

/** `WatchResponse.fragment = true`: tag and value. */
const FRAGMENT_FLAG_BYTES = 2;

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
  #pieces: { readonly budget: number; readonly batches: readonly EventBatch[] } | undefined;

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
   * This batch in pieces that may be sent on their own, where `envelopeBytes` is the size of a response without events.
   * One piece if the response is smaller than `bytesMax` or has fewer than 2 events; otherwise each takes as many events as
   * stay below it, at least one. Watchers with equal envelopes share the pieces.
   * (etcd server/etcdserver/api/v3rpc/watch.go, sendFragments)
   */
  fragments(bytesMax: number, envelopeBytes: number): readonly EventBatch[] {
    if (this.events.length < 2 || envelopeBytes + this.encodedBytes < bytesMax) return [this];
    const budget = bytesMax - envelopeBytes - FRAGMENT_FLAG_BYTES;
    if (this.#pieces?.budget !== budget) this.#pieces = { budget, batches: this.#split(budget) };
    return this.#pieces.batches;
  }

  #split(budget: number): readonly EventBatch[] {
    const pieces: EventBatch[] = [];
    let start = 0;
    let bytes = 0;
    for (let i = 0; i < this.events.length; i++) {
      const more = this.#eventBytes(i);
      if (i > start && bytes + more >= budget) {
        pieces.push(this.#slice(start, i));
        start = i;
        bytes = 0;
      }
      bytes += more;
    }
    pieces.push(this.#slice(start, this.events.length));
    return pieces;
  }

  #slice(start: number, end: number): EventBatch {
    return new EventBatch(this.events.slice(start, end), this.previous?.slice(start, end));
  }

  #eventBytes(index: number): number {
    const event = this.events[index];
    return event === undefined ? 0 : eventBytes(event, this.previous?.[index]);
  }
}
