/** Where every watcher of a hub is kept, and the only code that moves one from place to place (invariant W3). */
import type { Revision } from '@kv/mvcc/model';
import { CatchUpQueue } from './catch-up-queue.js';
import { invariant } from './invariant.js';
import { afterRevision } from './revision.js';
import { WatcherGroup } from './watcher-group.js';
import type { Place, Watcher } from './watcher.js';

export class Population {
  readonly live: WatcherGroup = new WatcherGroup();
  readonly queue: CatchUpQueue = new CatchUpQueue();
  readonly #liveWatchers = new Set<Watcher>();
  #parkedCount = 0;
  /** The last revision that was notified. Everything up to it is history, everything after it is news. */
  #revision: Revision;

  constructor(revision: Revision) {
    this.#revision = revision;
  }

  get revision(): Revision {
    return this.#revision;
  }

  get liveCount(): number {
    return this.live.size;
  }

  get parkedCount(): number {
    return this.#parkedCount;
  }

  /** What is notified next ends with this revision. Returns with which one it begins. */
  advance(revision: Revision): Revision {
    const first = afterRevision(this.#revision);
    invariant(revision >= first, 'revisions are notified once, in order', { revision, first });
    this.#revision = revision;
    return first;
  }

  /** To the live ones if nothing at or below the revision is missing, else to the queue. */
  place(watcher: Watcher): void {
    this.#leave(watcher);
    this.#enter(watcher, watcher.nextRevision > this.#revision ? 'live' : 'queued');
  }

  /** Until its stream has room. */
  park(watcher: Watcher): void {
    this.#leave(watcher);
    this.#enter(watcher, 'parked');
  }

  end(watcher: Watcher): void {
    this.#leave(watcher);
  }

  /** The queue gave it out for a slice; it must be placed, parked or ended before the slice ends. */
  takeGroup(revisionsMax: number, watchersMax: number): Watcher[] {
    const group = this.queue.takeGroup(this.#revision, revisionsMax, watchersMax);
    for (const watcher of group) {
      watcher.place = 'ended';
    }
    return group;
  }

  /**
   * The store is another one now. Live watchers go on from where they were: they had everything up to the revision that
   * was notified last (H-W1, H-W14). Those that start in the future stay (H-W15).
   */
  restore(revision: Revision): void {
    const wanted = afterRevision(this.#revision);
    this.#revision = revision;
    for (const watcher of [...this.#liveWatchers]) {
      watcher.advanceTo(wanted);
      this.place(watcher);
    }
  }

  #enter(watcher: Watcher, place: Place): void {
    watcher.place = place;
    switch (place) {
      case 'live':
        this.live.add(watcher);
        this.#liveWatchers.add(watcher);
        watcher.sink.notLiveCount--;
        break;
      case 'queued':
        this.queue.add(watcher);
        break;
      case 'parked':
        this.#parkedCount++;
        watcher.sink.park(watcher);
        break;
      case 'ended':
        break;
    }
  }

  #leave(watcher: Watcher): void {
    switch (watcher.place) {
      case 'live':
        this.live.remove(watcher);
        this.#liveWatchers.delete(watcher);
        watcher.sink.notLiveCount++;
        break;
      case 'queued':
        this.queue.remove(watcher);
        break;
      case 'parked':
        this.#parkedCount--;
        watcher.sink.unpark(watcher);
        break;
      case 'ended':
        break;
    }
    watcher.place = 'ended';
  }
}
