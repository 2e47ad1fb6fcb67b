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
    // The store's own bounds on a batch are as tight as those asked for.
    return {
      events: batch.events,
      nextRevision: (batch.throughRevision + 1) as Revision,
    };
  }

  previous(event: StoreEvent): StoredKeyValue | undefined {
    return this.#store.previous(event);
  }
}
