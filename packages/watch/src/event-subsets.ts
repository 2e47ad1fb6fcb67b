/**
 * Which of some events each watcher matched, such that equal choices are one object: the base of encoding once.
 *
 * Events are matched in order. A watcher starts at the root and goes to the child for each event that it matched; two
 * watchers that matched the same events stand at the same node, and nothing was compared.
 */
import type { StoreEvent, StoredKeyValue } from '@kv/mvcc/model';
import { EventBatch } from './event-batch.js';
import type { PreviousKeyValues } from './event-batch.js';
import type { HistoryReader } from './history-reader.js';

/** The events on the path from the root to here. */
export class EventSubset {
  readonly parent: EventSubset | undefined;
  /** The last event of the subset, as its index; -1 in the root. */
  readonly index: number;
  readonly size: number;
  /** Batches made of it, without and with previous pairs. */
  plain: EventBatch | undefined;
  withPrevious: EventBatch | undefined;
  /** Nearly always there is one child only. */
  #child: EventSubset | undefined;
  #children: Map<number, EventSubset> | undefined;

  constructor(parent: EventSubset | undefined, index: number) {
    this.parent = parent;
    this.index = index;
    this.size = parent === undefined ? 0 : parent.size + 1;
  }

  /** This subset and one event more, which comes after all of its own. */
  with(index: number): EventSubset {
    if (this.#child === undefined) return (this.#child = new EventSubset(this, index));
    if (this.#child.index === index) return this.#child;
    this.#children ??= new Map();
    let child = this.#children.get(index);
    if (child === undefined) {
      child = new EventSubset(this, index);
      this.#children.set(index, child);
    }
    return child;
  }
}

/** The subsets of one list of events: those of a revision, or of a piece of history. */
export class EventSubsets {
  readonly root: EventSubset = new EventSubset(undefined, -1);
  readonly #events: readonly StoreEvent[];
  readonly #history: HistoryReader;
  /** Previous pairs that were looked up; `null` where there is none. */
  readonly #previous: (StoredKeyValue | null)[] = [];

  constructor(events: readonly StoreEvent[], history: HistoryReader) {
    this.#events = events;
    this.#history = history;
  }

  /** The batch of a subset: the same object for the same subset and option. */
  batchOf(subset: EventSubset, prevKv: boolean): EventBatch {
    if (!prevKv) return (subset.plain ??= new EventBatch(this.#eventsOf(subset), undefined));
    return (subset.withPrevious ??= this.#batchWithPrevious(subset));
  }

  #eventsOf(subset: EventSubset): readonly StoreEvent[] {
    if (subset.size === this.#events.length) return this.#events;
    return indexesOf(subset).flatMap((index) => this.#events[index] ?? []);
  }

  #batchWithPrevious(subset: EventSubset): EventBatch {
    const previous: PreviousKeyValues = indexesOf(subset).map((index) => this.#previousOf(index));
    return new EventBatch(this.#eventsOf(subset), previous);
  }

  #previousOf(index: number): StoredKeyValue | undefined {
    const event = this.#events[index];
    // A creation has none by definition, even where an older generation of the key exists.
    if (event === undefined || event.isCreate) return undefined;
    const known = this.#previous[index];
    if (known !== undefined) return known ?? undefined;
    const found = this.#history.previous(event);
    this.#previous[index] = found ?? null;
    return found;
  }
}

function indexesOf(subset: EventSubset): number[] {
  const indexes: number[] = [];
  for (let at = subset; at.parent !== undefined; at = at.parent) indexes.push(at.index);
  return indexes.reverse();
}
