/** Watchers found by the key of an event: single keys in a map, ranges in an interval tree. */
import type { Key } from '@kv/mvcc/model';
import { invariant } from './invariant.js';
import { IntervalTree } from './interval-tree.js';
import type { Interval } from './interval.js';
import type { Watcher } from './watcher.js';

export class WatcherGroup {
  readonly #byKey = new Map<string, Set<Watcher>>();
  readonly #byRange = new IntervalTree<Set<Watcher>>();
  readonly #found: Set<Watcher>[] = [];
  #size = 0;
  #visits = 0;

  get size(): number {
    return this.#size;
  }

  /** Watchers and tree nodes looked at while matching: the cost that tests count. */
  get visits(): number {
    return this.#visits + this.#byRange.visits;
  }

  add(watcher: Watcher): void {
    const { interval } = watcher;
    let set = this.#find(interval);
    if (set === undefined) {
      set = new Set();
      if (isSingle(interval)) this.#byKey.set(interval.start, set);
      else this.#byRange.set(interval, set);
    }
    invariant(!set.has(watcher), 'a watcher is in a group once');
    set.add(watcher);
    this.#size++;
  }

  remove(watcher: Watcher): void {
    const { interval } = watcher;
    const set = this.#find(interval);
    invariant(set?.has(watcher) === true, 'a watcher is in the group that it leaves');
    set.delete(watcher);
    this.#size--;
    if (set.size > 0) return;
    if (isSingle(interval)) this.#byKey.delete(interval.start);
    else this.#byRange.delete(interval);
  }

  /** Appends all watchers of a key. Do not change the group while using them. */
  collectAt(key: Key, into: Watcher[]): void {
    const before = into.length;
    const singles = this.#byKey.get(key);
    if (singles !== undefined) for (const watcher of singles) into.push(watcher);
    if (this.#byRange.size > 0) {
      this.#byRange.collectAt(key, this.#found);
      for (const set of this.#found) for (const watcher of set) into.push(watcher);
      this.#found.length = 0;
    }
    this.#visits += into.length - before;
  }

  #find(interval: Interval): Set<Watcher> | undefined {
    return isSingle(interval) ? this.#byKey.get(interval.start) : this.#byRange.find(interval);
  }
}

function isSingle(interval: Interval): boolean {
  const { start, end } = interval;
  return end?.length === start.length + 1 && end.endsWith('\0') && end.startsWith(start);
}
