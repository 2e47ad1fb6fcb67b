/**
 * One client's watchers and the responses that wait for it (etcd server/storage/mvcc/watcher.go and
 * server/etcdserver/api/v3rpc/watch.go).
 */
import type { Revision } from '@kv/mvcc/model';
import type { Counters } from './counters.js';
import type { WatchCreateRequest } from './create-request.js';
import { WatchError } from './errors.js';
import type { EventBatch } from './event-batch.js';
import { isEmpty } from './interval.js';
import { invariant } from './invariant.js';
import type { WatchLimits } from './limits.js';
import { Outbox } from './outbox.js';
import type { Population } from './population.js';
import { ManualProgress } from './progress.js';
import { REASONS } from './response.js';
import type { WatchResponse } from './response.js';
import type { Signals } from './signals.js';
import { AUTO_WATCH_ID, STREAM_WIDE, watchId } from './watch-id.js';
import type { WatchId } from './watch-id.js';
import { Watcher } from './watcher.js';
import type { WatcherSink } from './watcher.js';

/** What a stream shares with its hub. */
export interface StreamContext {
  readonly population: Population;
  readonly signals: Signals;
  readonly counters: Counters;
  readonly limits: WatchLimits;
  readonly fragmentBytesMax: number;
  readonly envelopeBytes: (watchId: WatchId, revision: Revision) => number;
}

export interface StreamOptions {
  /**
   * There is something to take. Called at the end of the call into the hub that made it so, and not again until
   * {@link WatchStream.take} has returned `undefined`. It may call the stream.
   */
  readonly onReady: () => void;
}

/** Made by `WatchHub.openStream`. After `close`, requests throw `closed` and nothing is left to take. */
export interface WatchStream {
  /** Answers that wait are many: read no more requests of this client until taking has made it false. */
  readonly congested: boolean;
  /** Bytes of events that wait; at most `outboxBytesMax`, or one response. */
  readonly pendingBytes: number;

  /**
   * Creates a watcher and queues the answer, `created` or `refused`. Returns the watcher's id, or `undefined` if it was
   * refused. Its events come after the answer.
   */
  create(request: WatchCreateRequest): WatchId | undefined;
  /** Ends a watcher and queues the answer; nothing of it follows. False, and no answer, if there is none. */
  cancel(id: WatchId): boolean;
  /** Ends a watcher for a reason of the server's, which must not be empty (W7). False if there is none. */
  revoke(id: WatchId, reason: string): boolean;
  /**
   * The client's progress request: one notification for the stream, if every watcher is live and has reached its start,
   * and there is one at all; else nothing (etcd watchable_store.go, progressIfSync).
   */
  requestProgress(): void;
  /** The stream's progress timer fired: notifies each watcher that wants it, is live, and had no events since the last. */
  tickProgress(): void;
  /** The next response, which is the caller's; its batch and bytes are shared and must not be changed. */
  take(): WatchResponse | undefined;
  /** Ends all watchers and drops what waits. Idempotent. */
  close(): void;
}

export class HubStream implements WatchStream, WatcherSink {
  readonly #context: StreamContext;
  readonly #onReady: () => void;
  readonly #outbox: Outbox;
  readonly #watchers = new Map<WatchId, Watcher>();
  readonly #manual = new ManualProgress();
  readonly #parked = new Set<Watcher>();
  #nextId = 0n;
  #closed = false;
  /** The owner took everything, so it wants to be called for the next. */
  #ownerWaits = true;
  notLiveCount = 0;

  constructor(context: StreamContext, options: StreamOptions) {
    this.#context = context;
    this.#onReady = options.onReady;
    this.#outbox = new Outbox(context.limits, context.counters);
    context.counters.streams++;
  }

  get congested(): boolean {
    return this.#outbox.isCongested;
  }

  get pendingBytes(): number {
    return this.#outbox.bytes;
  }

  get isFull(): boolean {
    return this.#outbox.isFull;
  }

  get isIdle(): boolean {
    return this.#outbox.size === 0;
  }

  create(request: WatchCreateRequest): WatchId | undefined {
    this.#assertOpen();
    const { population, counters, signals } = this.#context;
    const revision = population.revision;
    const id = this.#idFor(request.watchId);
    const watcher = new Watcher(id ?? STREAM_WIDE, this, request, revision);
    const reason = this.#refusal(request, watcher, id);
    if (reason !== undefined || id === undefined) {
      this.#push({ type: 'refused', revision, reason: reason ?? REASONS.duplicateId });
      signals.flush();
      return undefined;
    }
    if (request.watchId === AUTO_WATCH_ID) this.#nextId = id + 1n;
    this.#watchers.set(id, watcher);
    this.#manual.add(watcher, revision);
    this.notLiveCount++;
    counters.watchers++;
    this.#push({ type: 'created', watchId: id, revision });
    population.place(watcher);
    if (watcher.place === 'queued') signals.catchUpNeeded();
    signals.flush();
    return id;
  }

  cancel(id: WatchId): boolean {
    return this.#remove(id, '');
  }

  revoke(id: WatchId, reason: string): boolean {
    invariant(reason !== '', 'the server ends a watcher with a reason', { id });
    return this.#remove(id, reason);
  }

  requestProgress(): void {
    this.#assertOpen();
    const { revision } = this.#context.population;
    if (this.#watchers.size === 0 || this.notLiveCount > 0) return;
    if (!this.#manual.allStarted(revision)) return;
    this.#pushProgress(STREAM_WIDE);
    this.#context.signals.flush();
  }

  tickProgress(): void {
    this.#assertOpen();
    const { revision } = this.#context.population;
    for (const watcher of this.#watchers.values()) {
      const isDue = watcher.progressNotify && watcher.isQuiet && watcher.place === 'live';
      if (isDue && watcher.startRevision <= revision) this.#pushProgress(watcher.id);
      watcher.isQuiet = true;
    }
    this.#context.signals.flush();
  }

  take(): WatchResponse | undefined {
    const response = this.#outbox.take();
    if (response === undefined) this.#ownerWaits = true;
    if (this.#parked.size > 0 && this.#outbox.isRoomy) {
      for (const watcher of this.#parked) this.#context.population.place(watcher);
      this.#context.signals.catchUpNeeded();
      this.#context.signals.flush();
    }
    return response;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { population, counters } = this.#context;
    for (const watcher of this.#watchers.values()) population.end(watcher);
    counters.streams--;
    counters.watchers -= this.#watchers.size;
    this.#watchers.clear();
    this.#manual.clear();
    this.#outbox.clear();
  }

  offerEvents(watcher: Watcher, batch: EventBatch, revision: Revision): boolean {
    if (!this.#outbox.hasRoom(batch.encodedBytes)) return false;
    watcher.isQuiet = false;
    const { envelopeBytes, fragmentBytesMax } = this.#context;
    if (!watcher.fragment) this.#pushEvents(watcher, batch, revision, false);
    else {
      const parts = batch.fragments(fragmentBytesMax, envelopeBytes(watcher.id, revision));
      const last = parts.length - 1;
      for (const [i, part] of parts.entries()) this.#pushEvents(watcher, part, revision, i < last);
    }
    return true;
  }

  offerCompacted(watcher: Watcher, compactRevision: Revision): void {
    this.#push({ type: 'compacted', watchId: watcher.id, compactRevision });
  }

  park(watcher: Watcher): void {
    this.#parked.add(watcher);
  }

  unpark(watcher: Watcher): void {
    this.#parked.delete(watcher);
  }

  /** The id for a new watcher; `undefined` if the one asked for is taken. */
  #idFor(asked: WatchId): WatchId | undefined {
    if (asked !== AUTO_WATCH_ID) return this.#watchers.has(asked) ? undefined : asked;
    let id = watchId(this.#nextId);
    while (this.#watchers.has(id)) id = watchId(id + 1n);
    return id;
  }

  /** Why a creation fails, in etcd's order of checks. */
  #refusal(
    request: WatchCreateRequest,
    watcher: Watcher,
    id: WatchId | undefined,
  ): string | undefined {
    if (request.startRevision < 0) return REASONS.compacted;
    if (request.deniedReason !== undefined) return request.deniedReason;
    if (isEmpty(watcher.interval)) return REASONS.emptyRange;
    if (id === undefined) return REASONS.duplicateId;
    const isOverMax = this.#watchers.size >= this.#context.limits.watchersPerStreamMax;
    return isOverMax ? REASONS.tooManyWatchers : undefined;
  }

  #remove(id: WatchId, reason: string): boolean {
    this.#assertOpen();
    const watcher = this.#watchers.get(id);
    if (watcher === undefined) return false;
    const { population, counters, signals } = this.#context;
    population.end(watcher);
    this.notLiveCount--;
    counters.watchers--;
    this.#watchers.delete(id);
    this.#manual.delete(watcher);
    this.#push({ type: 'canceled', watchId: id, revision: population.revision, reason });
    signals.flush();
    return true;
  }

  #pushEvents(watcher: Watcher, batch: EventBatch, revision: Revision, fragment: boolean): void {
    this.#push({ type: 'events', watchId: watcher.id, revision, batch, fragment });
  }

  /** Behind everything that was queued before it (H-W2); dropped if there is no room, as in etcd. */
  #pushProgress(id: WatchId): void {
    if (this.#outbox.isFull) return;
    this.#push({ type: 'progress', watchId: id, revision: this.#context.population.revision });
  }

  #push(response: WatchResponse): void {
    this.#outbox.push(response);
    if (!this.#ownerWaits) return;
    this.#ownerWaits = false;
    this.#context.signals.ready(this.#signal);
  }

  readonly #signal = (): void => {
    if (!this.#closed) this.#onReady();
  };

  #assertOpen(): void {
    if (this.#closed) throw new WatchError('closed', 'the watch stream is closed');
  }
}
