/**
 * A client that believes nothing: it holds each response against the whole past, by etcd's names for the promises
 * (tests/robustness/validate/watch.go): ordered, unique, reliable, atomic, resumable, bookmarkable, filterable, prev-kv.
 */
import type { StoreEvent } from '@kv/mvcc/model';
import { expect } from 'vitest';
import { intervalOf } from '../src/interval.js';
import type { WatchCreateRequest, WatchHub, WatchResponse, WatchStream } from '../src/index.js';
import { watchId } from '../src/index.js';
import type { TestStore } from './store.js';

type Events = Extract<WatchResponse, { readonly type: 'events' }>;

/** What the client knows of one watcher, over all its reconnections. */
export class Watched {
  readonly request: WatchCreateRequest;
  /** The first revision that it may see. */
  start: number;
  /** Everything below has been received, as far as the client can know. */
  resumeAt: number;
  readonly received: StoreEvent[] = [];
  ended: 'canceled' | 'compacted' | undefined;
  isCreated = false;
  #fragmentOpen = false;

  constructor(request: WatchCreateRequest, start: number) {
    this.request = request;
    this.start = start;
    this.resumeAt = start;
  }

  /** Every event that concerns it, up to a revision. */
  expected(store: TestStore, upTo: number = store.revision): StoreEvent[] {
    const { start, end } = intervalOf(this.request.range);
    const events: StoreEvent[] = [];
    for (let revision = this.start; revision <= Math.min(upTo, store.revision); revision++)
      for (const event of store.ledger[revision] ?? []) {
        const isInRange = event.kv.key >= start && (end === undefined || event.kv.key < end);
        const isDropped =
          event.type === 'put' ? this.request.noPut === true : this.request.noDelete === true;
        if (isInRange && !isDropped) events.push(event);
      }
    return events;
  }

  onEvents(response: Events, store: TestStore): void {
    const { batch, revision, fragment } = response;
    expect(batch.events.length, 'no empty response').toBeGreaterThan(0);
    this.received.push(...batch.events);
    const last = this.received.at(-1)?.kv.modRevision ?? 0;
    expect(revision, 'the header is not behind the events').toBeGreaterThanOrEqual(last);
    const upToHere = this.expected(store, last);
    // Ordered, unique, reliable, filterable: exactly the beginning of what concerns it.
    expect(this.received).toEqual(upToHere.slice(0, this.received.length));
    // Atomic: whole revisions, unless more fragments are announced.
    if (!fragment) expect(this.received).toHaveLength(upToHere.length);
    this.#fragmentOpen = fragment;
    if (!fragment) this.resumeAt = last + 1;
    this.#checkPrevious(batch, store);
  }

  #checkPrevious(batch: Events['batch'], store: TestStore): void {
    if (this.request.prevKv !== true) {
      expect(batch.previous).toBeUndefined();
      return;
    }
    for (const [i, event] of batch.events.entries()) {
      const got = batch.previous?.[i];
      const real = event.isCreate ? undefined : store.before(event);
      const mayBeMissing = event.kv.modRevision - 1 < store.compactRevision;
      if (got !== undefined || !mayBeMissing) expect(got).toBe(real);
    }
  }

  /** Bookmarkable: everything up to the revision was received before; nothing below the start is said. */
  onProgress(revision: number, store: TestStore): void {
    expect(this.#fragmentOpen).toBe(false);
    expect(this.received).toEqual(this.expected(store, revision));
    expect(revision + 1).toBeGreaterThanOrEqual(this.start);
    this.resumeAt = Math.max(this.resumeAt, revision + 1);
  }

  onCompacted(compactRevision: number, store: TestStore): void {
    this.ended = 'compacted';
    expect(compactRevision).toBeLessThanOrEqual(store.compactRevision);
    expect(this.resumeAt, 'only who fell behind').toBeLessThan(compactRevision);
  }
}

/** One stream, its watchers, and an owner that takes only when it was told to. */
export class Client {
  readonly watched = new Map<bigint, Watched>();
  readonly gone: Watched[] = [];
  responses: WatchResponse[] = [];
  isReady = false;
  readonly #hub: WatchHub;
  readonly #store: TestStore;
  #stream: WatchStream;

  constructor(hub: WatchHub, store: TestStore) {
    this.#hub = hub;
    this.#store = store;
    this.#stream = this.#open();
  }

  get stream(): WatchStream {
    return this.#stream;
  }

  create(request: WatchCreateRequest): Watched | undefined {
    const { revision } = this.#hub;
    const start = request.startRevision === 0 ? revision + 1 : request.startRevision;
    const id = this.#stream.create(request);
    if (id === undefined) return undefined;
    const watched = new Watched(request, start);
    this.watched.set(id, watched);
    return watched;
  }

  cancel(id: bigint): void {
    const watched = this.watched.get(id);
    expect(this.#stream.cancel(watchId(id))).toBe(watched !== undefined);
    if (watched === undefined) return;
    watched.ended ??= 'canceled';
    this.watched.delete(id);
    this.gone.push(watched);
  }

  /** Takes up to so many responses; says whether it would take more. */
  take(count: number): void {
    for (let i = 0; i < count && this.isReady; i++) {
      const response = this.#stream.take();
      if (response === undefined) this.isReady = false;
      else this.#on(response);
    }
  }

  /** Loses the connection and goes on from what it knows: resumable. */
  reconnect(): void {
    this.#stream.close();
    const before = [...this.watched.values()];
    this.watched.clear();
    this.#stream = this.#open();
    for (const watched of before) {
      if (watched.ended !== undefined) continue;
      // Fragments of an unfinished revision come again.
      const isWhole = (event: StoreEvent): boolean => event.kv.modRevision < watched.resumeAt;
      watched.received.splice(0, watched.received.length, ...watched.received.filter(isWhole));
      const id = this.#stream.create({
        ...watched.request,
        startRevision: watched.resumeAt as WatchCreateRequest['startRevision'],
      });
      watched.isCreated = false;
      expect(id).toBeDefined();
      if (id !== undefined) this.watched.set(id, watched);
    }
  }

  #open(): WatchStream {
    this.isReady = false;
    return this.#hub.openStream({
      onReady: () => {
        expect(this.isReady, 'signalled once').toBe(false);
        this.isReady = true;
      },
    });
  }

  #on(response: WatchResponse): void {
    this.responses.push(response);
    if (response.type === 'refused') return;
    if (response.type === 'progress' && response.watchId === -1n) {
      // For those that were there when it was queued; a later one's `created` comes after it.
      for (const watched of this.watched.values())
        if (watched.isCreated) watched.onProgress(response.revision, this.#store);
      return;
    }
    const watched = this.watched.get(response.watchId);
    // The answer to a cancellation may come after events that were queued before.
    if (watched === undefined) return;
    if (response.type === 'created') {
      expect(watched.isCreated).toBe(false);
      watched.isCreated = true;
      return;
    }
    expect(watched.isCreated, 'created comes first').toBe(true);
    expect(watched.ended, 'nothing follows the end').toBeUndefined();
    switch (response.type) {
      case 'events':
        watched.onEvents(response, this.#store);
        break;
      case 'progress':
        watched.onProgress(response.revision, this.#store);
        break;
      case 'compacted':
        watched.onCompacted(response.compactRevision, this.#store);
        break;
      case 'canceled':
        break;
    }
  }
}
