/** One bounded slice of history, read once for all watchers that need about the same of it. */
import { deal } from './deal.js';
import { EventSubsets } from './event-subsets.js';
import type { HistoryBatch, HistoryReader } from './history-reader.js';
import { hull, rangeOf } from './interval.js';
import { invariant } from './invariant.js';
import type { WatchLimits } from './limits.js';
import type { Population } from './population.js';
import { WatcherGroup } from './watcher-group.js';
import type { Watcher } from './watcher.js';

/** Serves the next group of the queue. Returns the number of reads of history: 0 or 1. */
export function catchUpSlice(
  population: Population,
  history: HistoryReader,
  limits: WatchLimits,
): number {
  const { catchUpRevisionsMax, catchUpWatchersMax } = limits;
  const group = population.takeGroup(catchUpRevisionsMax, catchUpWatchersMax);
  const readers = group.filter((watcher) => canRead(watcher, population, history));
  const [first] = readers;
  if (first === undefined) return 0;
  try {
    const batch = read(readers, first, population, history, limits);
    serve(readers, batch, population, history);
  } finally {
    // Whoever was not served, because the read ended before its position or failed, goes back to the queue.
    for (const watcher of readers) {
      watcher.matched = undefined;
      if (watcher.place === 'ended') population.place(watcher);
    }
  }
  return 1;
}

/** Sorts out those for whom nothing is to be read: compacted, no room, or nothing missing any more. */
function canRead(watcher: Watcher, population: Population, history: HistoryReader): boolean {
  if (watcher.nextRevision < history.compactRevision) {
    // In the same turn as the read, so that compaction cannot come between (H-W3).
    watcher.sink.offerCompacted(watcher, history.compactRevision);
    return false;
  }
  if (watcher.sink.isFull) {
    population.park(watcher);
    return false;
  }
  if (watcher.nextRevision > population.revision) {
    population.place(watcher);
    return false;
  }
  return true;
}

/** Readers come in order of position, so the first has the lowest. */
function read(
  readers: readonly Watcher[],
  first: Watcher,
  population: Population,
  history: HistoryReader,
  limits: WatchLimits,
): HistoryBatch {
  const interval = readers.map((watcher) => watcher.interval).reduce(hull);
  const batch = history.read({
    from: first.nextRevision,
    to: population.revision,
    range: rangeOf(interval),
    revisionsMax: limits.catchUpRevisionsMax,
    bytesMax: limits.catchUpBytesMax,
  });
  invariant(batch.nextRevision > first.nextRevision, 'a read of history goes forward', {
    from: first.nextRevision,
    next: batch.nextRevision,
  });
  return batch;
}

function serve(
  readers: readonly Watcher[],
  batch: HistoryBatch,
  population: Population,
  history: HistoryReader,
): void {
  const served = readers.filter((watcher) => watcher.nextRevision < batch.nextRevision);
  const group = new WatcherGroup();
  for (const watcher of served) group.add(watcher);
  const subsets = new EventSubsets(batch.events, history);
  deal(batch.events, group, subsets);
  for (const watcher of served) {
    const subset = watcher.matched;
    const isAccepted =
      subset === undefined ||
      watcher.sink.offerEvents(
        watcher,
        subsets.batchOf(subset, watcher.prevKv),
        population.revision,
      );
    if (isAccepted) {
      watcher.advanceTo(batch.nextRevision);
      population.place(watcher);
    } else population.park(watcher);
  }
}
