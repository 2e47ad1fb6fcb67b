/** One watcher: what it wants, how far it has come, and where it is kept. */
import { afterRevision } from './revision.js';
import type { Revision, StoreEvent } from '@kv/mvcc/model';
import type { WatchCreateRequest } from './create-request.js';
import type { EventBatch } from './event-batch.js';
import type { EventSubset } from './event-subsets.js';
import { intervalOf } from './interval.js';
import type { Interval } from './interval.js';
import type { PositionHeap } from './position-heap.js';
import type { WatchId } from './watch-id.js';

/**
 * Exactly one of these at any time (invariant W3). `queued` and `parked` together are "catching up": served by the next
 * slices, or waiting until their stream has room.
 */
export type Place = 'live' | 'queued' | 'parked' | 'ended';

/** Where a watcher's responses go: its stream. */
export interface WatcherSink {
  /** No further event response would be accepted now. */
  readonly isFull: boolean;
  /** Nothing waits, so no take will come that could bring parked watchers back. */
  readonly isIdle: boolean;
  /** False, and nothing happened, if there is no room. */
  offerEvents(watcher: Watcher, batch: EventBatch, revision: Revision): boolean;
  /** The watcher was ended by compaction. Always accepted. */
  offerCompacted(watcher: Watcher, compactRevision: Revision): void;
  /** Keeps the watcher until there is room. */
  park(watcher: Watcher): void;
  unpark(watcher: Watcher): void;
  /** Watchers of this stream that are not live, those ended but not cancelled included. */
  notLiveCount: number;
}

export class Watcher {
  readonly id: WatchId;
  readonly sink: WatcherSink;
  readonly interval: Interval;
  readonly startRevision: Revision;
  readonly progressNotify: boolean;
  readonly prevKv: boolean;
  readonly fragment: boolean;
  readonly #noPut: boolean;
  readonly #noDelete: boolean;

  /**
   * The first revision whose events it still wants; never falls (W1). While live it is only a lower bound: everything up
   * to the hub's revision has been offered (W2).
   */
  nextRevision: Revision;
  place: Place = 'ended';
  /** No events since the last tick of the stream's progress timer. */
  isQuiet = true;

  /** Scratch of the current matching: which events it has matched so far. */
  matched: EventSubset | undefined;
  /** The heap that holds it while queued, its slot there, and its rank among equals. */
  heap: PositionHeap | undefined;
  heapSlot = -1;
  heapRank = 0;

  constructor(id: WatchId, sink: WatcherSink, request: WatchCreateRequest, revision: Revision) {
    this.id = id;
    this.sink = sink;
    this.interval = intervalOf(request.range);
    this.startRevision = request.startRevision;
    this.progressNotify = request.progressNotify === true;
    this.prevKv = request.prevKv === true;
    this.fragment = request.fragment === true;
    this.#noPut = request.noPut === true;
    this.#noDelete = request.noDelete === true;
    this.nextRevision =
      request.startRevision === 0 ? afterRevision(revision) : request.startRevision;
  }

  /** Whether an event of a key in its range is for it. */
  wants(event: StoreEvent): boolean {
    if (event.kv.modRevision < this.nextRevision) return false;
    return event.type === 'put' ? !this.#noPut : !this.#noDelete;
  }

  advanceTo(revision: Revision): void {
    if (revision > this.nextRevision) this.nextRevision = revision;
  }
}
