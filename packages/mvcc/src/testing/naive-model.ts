/**
 * The store in its most obvious form, for comparison: every revision keeps a whole copy of all pairs. Slow and plainly
 * right.
 */
import type { Key, KeyRange, LeaseId, Revision } from '../model.js';
import { rangeContains } from '../key-range.js';

export interface ModelPair {
  readonly key: Key;
  readonly value: string;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
  readonly lease: LeaseId;
}

export interface ModelEvent {
  readonly type: 'put' | 'delete';
  readonly key: Key;
  readonly modRevision: number;
}

export class NaiveModel {
  revision = 1;
  compactRevision = -1;
  /** `states[r]` is the store at revision r. */
  private readonly states: ReadonlyMap<Key, ModelPair>[] = [new Map(), new Map()];
  private readonly events: ModelEvent[] = [];
  private draft = new Map<Key, ModelPair>();
  private drafted: ModelEvent[] = [];

  beginRequest(): void {
    this.draft = new Map(this.states.at(-1));
    this.drafted = [];
  }

  put(key: Key, value: string, lease: LeaseId): void {
    const main = this.revision + 1;
    const before = this.draft.get(key);
    this.draft.set(key, {
      key,
      value,
      lease,
      createRevision: before?.createRevision ?? main,
      modRevision: main,
      version: (before?.version ?? 0) + 1,
    });
    this.drafted.push({ type: 'put', key, modRevision: main });
  }

  deleteRange(range: KeyRange): number {
    const keys = [...this.draft.keys()].filter((key) => rangeContains(range, key)).sort();
    for (const key of keys) {
      this.draft.delete(key);
      this.drafted.push({ type: 'delete', key, modRevision: this.revision + 1 });
    }
    return keys.length;
  }

  /** Pairs of the running request. */
  readDraft(range: KeyRange): ModelPair[] {
    return select(this.draft, range);
  }

  endRequest(): void {
    if (this.drafted.length === 0) return;
    this.revision++;
    this.states.push(this.draft);
    this.events.push(...this.drafted);
  }

  /** Pairs in key order, or why not. */
  read(range: KeyRange, at: number = this.revision): ModelPair[] | 'compacted' | 'future' {
    if (at > this.revision) return 'future';
    if (at < this.compactRevision) return 'compacted';
    return select(this.states[at] ?? new Map(), range);
  }

  /** Events in `[from, to]`. Those at or below the compaction revision survive only as the last of their key. */
  history(range: KeyRange, from: number, to: number): ModelEvent[] {
    return this.events.filter(
      (event) =>
        event.modRevision >= from && event.modRevision <= to && rangeContains(range, event.key),
    );
  }

  compact(revision: Revision): 'scheduled' | 'compacted' | 'future' {
    if (revision <= this.compactRevision) return 'compacted';
    if (revision > this.revision) return 'future';
    this.compactRevision = revision;
    return 'scheduled';
  }
}

function select(state: ReadonlyMap<Key, ModelPair>, range: KeyRange): ModelPair[] {
  const pairs = [...state.values()].filter((pair) => rangeContains(range, pair.key));
  return pairs.sort((a, b) => (a.key < b.key ? -1 : 1));
}
