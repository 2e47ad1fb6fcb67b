/** Owns the hub: tells it of each revision once its transaction has ended, and serves those who are behind in slices. */
import type { MvccStore, RequestResult, Revision } from '@kv/mvcc';
import { WatchHub, type WatchStream } from '@kv/watch';
import type { Clock } from '../clock.js';
import type { ResponseHeaders } from '../grpc/header.js';
import { watchEnvelopeBytes } from '../grpc/watch-codec.js';
import { StoreHistory } from './store-history.js';

export interface WatchEngineOptions {
  /** A watch response of this size or more is split, where the client allows it. */
  readonly fragmentBytesMax: number;
  /** Reading history failed: the member must stop. */
  readonly onError: (error: unknown) => void;
}

export class WatchEngine {
  readonly #hub: WatchHub;
  readonly #clock: Clock;
  readonly #options: WatchEngineOptions;
  #closed = false;

  constructor(
    store: MvccStore,
    headers: ResponseHeaders,
    clock: Clock,
    options: WatchEngineOptions,
  ) {
    this.#clock = clock;
    this.#options = options;
    this.#hub = new WatchHub({
      history: new StoreHistory(store),
      revision: store.revision,
      envelopeBytes: (watchId, revision) => watchEnvelopeBytes(headers, watchId, revision),
      fragmentBytesMax: options.fragmentBytesMax,
      onCatchUpNeeded: () => {
        this.#catchUpSoon();
      },
    });
  }

  get hub(): WatchHub {
    return this.#hub;
  }

  openStream(onReady: () => void): WatchStream {
    return this.#hub.openStream({ onReady });
  }

  /** After the transaction that made these changes has ended. */
  notify(changes: readonly RequestResult[]): void {
    for (const { revision, events } of changes) this.#hub.notify(revision, events);
  }

  /** The store was replaced: watchers go on from where they are, through its history. */
  restore(revision: Revision): void {
    this.#hub.restore(revision);
  }

  close(): void {
    this.#closed = true;
  }

  #catchUpSoon(): void {
    this.#clock.soon(() => {
      if (this.#closed) return;
      try {
        if (this.#hub.runCatchUp()) this.#catchUpSoon();
      } catch (error) {
        this.#options.onError(error);
      }
    });
  }
}
