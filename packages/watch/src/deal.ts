/** Deals events out to the watchers of a group. */
import type { StoreEvent } from '@kv/mvcc/model';
import type { EventSubsets } from './event-subsets.js';
import type { WatcherGroup } from './watcher-group.js';
import type { Watcher } from './watcher.js';

/**
 * Leaves in `matched` of each watcher the subset of the events that it wants, and returns those that want any. The caller
 * empties it again.
 */
export function deal(
  events: readonly StoreEvent[],
  group: WatcherGroup,
  subsets: EventSubsets,
): readonly Watcher[] {
  const touched: Watcher[] = [];
  const found: Watcher[] = [];
  for (const [index, event] of events.entries()) {
    group.collectAt(event.kv.key, found);
    for (const watcher of found) {
      if (!watcher.wants(event)) continue;
      if (watcher.matched === undefined) touched.push(watcher);
      watcher.matched = (watcher.matched ?? subsets.root).with(index);
    }
    found.length = 0;
  }
  return touched;
}
