/**
 * In which order watchers that are behind are served: like the floors of an elevator that only goes up.
 *
 * ```
 *   revisions   1 ........ position ......... end ...... revision
 *   this sweep             └── served in order ┘
 *   next sweep  newcomers ┘                     └ those who passed the end
 * ```
 * A sweep covers a fixed piece of history, so it ends whatever is written or created meanwhile, and each watcher is
 * served in it or in the next one: none starves (H-W3).
 */
import type { Revision } from '@kv/mvcc/model';
import { PositionHeap } from './position-heap.js';
import { afterRevision } from './revision.js';
import type { Watcher } from './watcher.js';

export class CatchUpQueue {
  #sweep = new PositionHeap();
  #nextSweep = new PositionHeap();
  /** Where the elevator stands: nobody joins this sweep here or below. */
  #position: Revision | undefined;
  /** The last revision of this sweep, inclusive. */
  #end: Revision | undefined;

  get size(): number {
    return this.#sweep.size + this.#nextSweep.size;
  }

  add(watcher: Watcher): void {
    (this.#isAhead(watcher.nextRevision) ? this.#sweep : this.#nextSweep).add(watcher);
  }

  remove(watcher: Watcher): void {
    watcher.heap?.remove(watcher);
  }

  /**
   * Takes out the lowest watchers of the sweep, at most `watchersMax`, within `revisionsMax` revisions of the lowest. A new
   * sweep, if there is none, goes up to `revision`.
   */
  takeGroup(revision: Revision, revisionsMax: number, watchersMax: number): Watcher[] {
    if (this.#sweep.size === 0) {
      [this.#sweep, this.#nextSweep] = [this.#nextSweep, this.#sweep];
      this.#end = revision;
    }
    const lowest = this.#sweep.peek();
    if (lowest === undefined) return [];
    this.#position = lowest.nextRevision;
    const bound = afterRevision(lowest.nextRevision, revisionsMax);
    const group: Watcher[] = [];
    while (group.length < watchersMax) {
      const watcher = this.#sweep.peek();
      if (watcher === undefined || watcher.nextRevision >= bound) break;
      this.#sweep.remove(watcher);
      group.push(watcher);
    }
    return group;
  }

  #isAhead(revision: Revision): boolean {
    if (this.#position === undefined || this.#end === undefined) return false;
    // Strictly: who arrives where the elevator stands would otherwise keep it there.
    return revision > this.#position && revision <= this.#end;
  }
}
