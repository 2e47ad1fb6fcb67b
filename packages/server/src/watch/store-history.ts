/** The past of the store, as watchers that are behind read it: the bridge between `@kv/mvcc` and `@kv/watch`. */
import type { MvccStore, Revision, StoredKeyValue, StoreEvent } from '@kv/mvcc';
import type { HistoryBatch, HistoryReader, HistoryRequest } from '@kv/watch';
import { invariant } from '../invariant.js';

export class StoreHistory implements HistoryReader {
  readonly #store: MvccStore;

  constructor(store: MvccStore) {
    this.#store = store;
  }

  get compactRevision(): Revision {
    return Math.max(0, this.#store.compactRevision) as Revision;
  }

  read(request: HistoryRequest): HistoryBatch {
    const { range, from, to } = request;
    const batch = this.#store.history({ range, from, to }).next();
    invariant(!('type' in batch), 'history is read from where it is not compacted', { from, to });
    const { events, throughRevision } = batch;
    const cut = cutIndex(events, request);
    const next = events[cut]?.kv.modRevision;
    if (next === undefined) return { events, nextRevision: (throughRevision + 1) as Revision };
    return { events: events.slice(0, cut), nextRevision: next };
  }

  previous(event: StoreEvent): StoredKeyValue | undefined {
    return this.#store.previous(event);
  }
}

/** How many events fit: whole revisions, one at least. */
function cutIndex(
  events: readonly StoreEvent[],
  { revisionsMax, bytesMax }: HistoryRequest,
): number {
  let revisions = 0;
  let bytes = 0;
  let last: Revision | undefined;
  let start = 0;
  for (const [n, { kv }] of events.entries()) {
    if (kv.modRevision !== last) {
      if (revisions > 0 && (revisions >= revisionsMax || bytes > bytesMax)) return n;
      revisions += 1;
      last = kv.modRevision;
      start = n;
    }
    bytes += kv.encoded.length;
    if (bytes > bytesMax && revisions > 1) return start;
  }
  return events.length;
}
