/** All watchers of a member: the newest revision goes to those who are live, history to those who are behind. */
import type { Revision, StoreEvent } from '@kv/mvcc/model';
import { catchUpSlice } from './catch-up.js';
import { newCounters } from './counters.js';
import type { Counters } from './counters.js';
import { deal } from './deal.js';
import { EventSubsets } from './event-subsets.js';
import type { HistoryReader } from './history-reader.js';
import { invariant } from './invariant.js';
import { DEFAULT_LIMITS, FRAGMENT_BYTES_DEFAULT } from './limits.js';
import type { WatchLimits } from './limits.js';
import { Population } from './population.js';
import { Signals } from './signals.js';
import type { WatchId } from './watch-id.js';
import { HubStream } from './watch-stream.js';
import type { StreamContext, StreamOptions, WatchStream } from './watch-stream.js';
import type { Watcher } from './watcher.js';

export interface WatchHubOptions {
  readonly history: HistoryReader;
  /** The store's revision; what is notified first begins one above it. */
  readonly revision: Revision;
  /** Encoded size of a response without its events and without `fragment`: header and watch id. */
  readonly envelopeBytes: (watchId: WatchId, revision: Revision) => number;
  /** Responses of this encoded size and more are split where the watcher allows it. Default 2 MiB. */
  readonly fragmentBytesMax?: number;
  /**
   * There is catch-up work: call {@link WatchHub.runCatchUp}, in this turn or later ones, until it returns false. Not
   * called again before it did.
   */
  readonly onCatchUpNeeded: () => void;
  readonly limits?: Partial<WatchLimits>;
}

/** Gauges and counters of a hub, as of now. */
export interface WatchStats extends Readonly<Counters> {
  readonly liveWatchers: number;
  /** Behind, served by the next slices. */
  readonly queuedWatchers: number;
  /** Behind, waiting until their stream has room. */
  readonly parkedWatchers: number;
  /** Watchers and tree nodes looked at while matching new events, ever. */
  readonly matchVisits: number;
}

export class WatchHub {
  readonly #history: HistoryReader;
  readonly #limits: WatchLimits;
  readonly #population: Population;
  readonly #signals: Signals;
  readonly #counters = newCounters();
  readonly #context: StreamContext;

  constructor(options: WatchHubOptions) {
    this.#history = options.history;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#population = new Population(options.revision);
    this.#signals = new Signals(options.onCatchUpNeeded);
    this.#context = {
      population: this.#population,
      signals: this.#signals,
      counters: this.#counters,
      limits: this.#limits,
      fragmentBytesMax: options.fragmentBytesMax ?? FRAGMENT_BYTES_DEFAULT,
      envelopeBytes: options.envelopeBytes,
    };
  }

  /** The last revision that was notified. */
  get revision(): Revision {
    return this.#population.revision;
  }

  /** A stream for one client. */
  openStream(options: StreamOptions): WatchStream {
    return new HubStream(this.#context, options);
  }

  /**
   * The events of the next revisions up to `revision`, in order of revision and sub-revision, after their transactions ended;
   * `history` must have them. A watcher gets its share of them in one response, as it does of history. The events are kept
   * and shared, not copied: nobody changes them. Returns how many watchers they concerned.
   */
  notify(revision: Revision, events: readonly StoreEvent[]): number {
    const first = this.#population.advance(revision);
    invariant(
      events[0]?.kv.modRevision === first && events.at(-1)?.kv.modRevision === revision,
      'a revision has events of its own, and they come in order',
      { first, revision },
    );
    if (this.#population.liveCount === 0) return 0;
    const subsets = new EventSubsets(events, this.#history);
    const touched = deal(events, this.#population.live, subsets);
    let served = 0;
    try {
      for (const watcher of touched) {
        this.#offer(watcher, subsets, first);
        served++;
      }
    } finally {
      // Only if the reader of previous pairs failed: then the rest get their events from history (W2).
      for (const watcher of touched.slice(served)) this.#fallBack(watcher, first);
    }
    this.#signals.flush();
    return touched.length;
  }

  /**
   * Serves one group of watchers that are behind, from one bounded read of history. Returns true if there is more to do:
   * then call it again, in another turn. An error of the reader comes through, with no watcher lost.
   */
  runCatchUp(): boolean {
    this.#counters.historyReads += catchUpSlice(this.#population, this.#history, this.#limits);
    this.#signals.flush();
    if (this.#population.queue.size > 0) return true;
    this.#signals.catchUpEnded();
    return false;
  }

  /**
   * The store was replaced, by a leader's snapshot, and `history` is that of the new one. Watchers go on from where they
   * were, through history; those whose place is compacted there are ended so.
   */
  restore(revision: Revision): void {
    this.#population.restore(revision);
    if (this.#population.queue.size > 0) this.#signals.catchUpNeeded();
    this.#signals.flush();
  }

  stats(): WatchStats {
    return {
      ...this.#counters,
      liveWatchers: this.#population.liveCount,
      queuedWatchers: this.#population.queue.size,
      parkedWatchers: this.#population.parkedCount,
      matchVisits: this.#population.live.visits,
    };
  }

  /** `first`: the lowest revision that is being notified. */
  #offer(watcher: Watcher, subsets: EventSubsets, first: Revision): void {
    const subset = watcher.matched;
    invariant(subset !== undefined, 'a touched watcher has matched something');
    const batch = subsets.batchOf(subset, watcher.prevKv);
    watcher.matched = undefined;
    const isAccepted = watcher.sink.offerEvents(watcher, batch, this.#population.revision);
    if (!isAccepted) this.#fallBack(watcher, first);
  }

  /** A live watcher that could not be served goes on from `first` through history, when its stream has room. */
  #fallBack(watcher: Watcher, first: Revision): void {
    watcher.matched = undefined;
    watcher.advanceTo(first);
    this.#counters.fallBacks++;
    if (watcher.sink.isIdle) {
      this.#population.place(watcher);
      this.#signals.catchUpNeeded();
    } else this.#population.park(watcher);
  }
}
