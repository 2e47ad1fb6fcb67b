/**
 * Owns the hub: tells it of revisions once their transaction has ended, in a turn of their own, so that nobody who wrote waits for
 * those who watch, and the more of those there are the less often; and serves those who are behind in slices.
 */
import type { MvccStore, RequestResult, Revision, StoreEvent } from '@kv/mvcc';
import { WatchHub, type WatchStream } from '@kv/watch';
import type { Clock, Timer } from '../clock.js';
import type { ResponseHeaders } from '../grpc/header.js';
import { watchEnvelopeBytes } from '../grpc/watch-codec.js';
import { StoreHistory } from './store-history.js';

/** Changes are notified together up to this size: far below what any client refuses to receive. */
const NOTIFIED_BYTES = 64 * 1024;

/** So many watchers are told in any turn. */
const TOLD_AT_ONCE = 256;

/**
 * After so many more were told, a rest of one millisecond: a response costs both sides more than the events in it, and what is written
 * during the rest shares the next one. A thousand watchers are told twenty times a second at most.
 */
const TOLD_PER_REST_MS = 16;

export interface WatchEngineOptions {
  /** A watch response of this size or more is split, where the client allows it. */
  readonly fragmentBytesMax: number;
  /** However many were told. In etcd, those who do not keep up wait for a round of 100 ms. */
  readonly restMsMax: number;
  /** Reading history failed: the member must stop. */
  readonly onError: (error: unknown) => void;
}

export class WatchEngine {
  readonly #hub: WatchHub;
  readonly #clock: Clock;
  readonly #options: WatchEngineOptions;
  /** Ended, and not told yet. */
  #untold: RequestResult[] = [];
  /** Nobody is told before, but a client that asks its stream for something. */
  #restUntilMs = -Infinity;
  #resting: Timer | undefined;
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

  /** After the transaction that made these changes has ended. Watchers hear of them in the next turn, or after the rest of the last. */
  notify(changes: readonly RequestResult[]): void {
    if (changes.length === 0) return;
    if (this.#untold.length === 0) this.#tellLater();
    for (const change of changes) this.#untold.push(change);
  }

  #tellLater(): void {
    const tell = (): void => {
      if (!this.#closed) this.tell();
    };
    const restMs = this.#restUntilMs - this.#clock.monotonicMs();
    if (restMs > 0) this.#resting = this.#clock.after(restMs, tell);
    else this.#clock.soon(tell);
  }

  /**
   * Tells of what has ended, before a stream is asked for anything: what the client has seen acknowledged is past for it. A watcher
   * hears of many small changes by one response.
   */
  tell(): void {
    this.#resting?.cancel();
    const changes = this.#untold;
    if (changes.length === 0) return;
    this.#untold = [];
    // Whoever asks is not whose fault it is, and what was taken here would be missing: the member stops.
    try {
      const told = this.#notifyHub(changes);
      const restMs = Math.floor(Math.max(0, told - TOLD_AT_ONCE) / TOLD_PER_REST_MS);
      this.#restUntilMs = this.#clock.monotonicMs() + Math.min(this.#options.restMsMax, restMs);
    } catch (error) {
      this.#options.onError(error);
    }
  }

  /** Returns how many responses that made. */
  #notifyHub(changes: readonly RequestResult[]): number {
    let told = 0;
    let events: StoreEvent[] = [];
    let bytes = 0;
    for (const [n, change] of changes.entries()) {
      for (const event of change.events) {
        events.push(event);
        bytes += event.kv.encoded.length;
      }
      if (n + 1 < changes.length && bytes < NOTIFIED_BYTES) continue;
      told += this.#hub.notify(change.revision, events);
      events = [];
      bytes = 0;
    }
    return told;
  }

  /** The store was replaced: watchers go on from where they are, through its history. */
  restore(revision: Revision): void {
    this.#untold = [];
    this.#hub.restore(revision);
  }

  close(): void {
    this.#closed = true;
    this.#resting?.cancel();
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
