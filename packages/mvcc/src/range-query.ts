/**
 * The semantics of etcd's RangeRequest (count, filters, sort, limit, in this order, and two quirks worth copying), pure
 * and free of the wire: what it needs of the store is {@link RangeSource}.
 */
import { encodeKeyOnly, valueOf } from './codec/record.js';
import type { KeyRange, Revision, StoredKeyValue } from './model.js';
import type { SlicedTask } from './options.js';

export type SortOrder = 'none' | 'ascend' | 'descend';
export type SortTarget = 'key' | 'version' | 'create' | 'mod' | 'value';

/** A RangeRequest, decoded and validated. Revisions of 0 in the four filters mean "off"; bounds are inclusive. */
export interface RangeQuery {
  readonly range: KeyRange;
  /** At most this many pairs; 0 or negative is no limit. */
  readonly limit: number;
  readonly sortOrder: SortOrder;
  readonly sortTarget: SortTarget;
  readonly keysOnly: boolean;
  readonly countOnly: boolean;
  readonly minModRevision: number;
  readonly maxModRevision: number;
  readonly minCreateRevision: number;
  readonly maxCreateRevision: number;
}

/** What a RangeResponse holds besides its header. */
export interface RangeQueryResult {
  readonly kvs: readonly StoredKeyValue[];
  /** Keys alive in the range at the read revision, before filters and limit. */
  readonly count: number;
  /** True when `limit` cut the result. */
  readonly more: boolean;
}

/** A walk over pairs in key order that can pause between turns of the event loop. */
export interface RangeCursor {
  /**
   * The next pairs in key order, at most `keysMax` and at most what one turn of the event loop may cost; can be empty
   * before the end. The array belongs to the caller.
   */
  next(keysMax: number): StoredKeyValue[];
  /** True when there is nothing left. */
  readonly done: boolean;
  /** Releases what an unfinished walk holds back from compaction. Idempotent. */
  close(): void;
}

/** The part of a read view that a query needs. */
export interface RangeSource {
  readonly revision: Revision;
  /** Keys alive in `range`. */
  count(range: KeyRange): number;
  /** Opens a walk; with `keysOnly` the pairs carry neither value nor lease and no value is read. */
  cursor(range: KeyRange, options: { readonly keysOnly: boolean }): RangeCursor;
}

/** How many pairs a whole-range walk asks for at a time; the cursor may return fewer. */
const stepKeysMax = 10_000;
/** Pairs that may wait to be sorted out, beside as many as the answer has. */
const surplusPairsMax = 10_000;

/** Filters of a query that are on. */
function hasFilter(query: RangeQuery): boolean {
  return (
    query.minModRevision !== 0 ||
    query.maxModRevision !== 0 ||
    query.minCreateRevision !== 0 ||
    query.maxCreateRevision !== 0
  );
}

/** True when the pair passes the filters: each bound inclusive, 0 is off. */
function passes(query: RangeQuery, kv: StoredKeyValue): boolean {
  const { maxModRevision, minModRevision, maxCreateRevision, minCreateRevision } = query;
  return (
    (maxModRevision === 0 || kv.modRevision <= maxModRevision) &&
    (minModRevision === 0 || kv.modRevision >= minModRevision) &&
    (maxCreateRevision === 0 || kv.createRevision <= maxCreateRevision) &&
    (minCreateRevision === 0 || kv.createRevision >= minCreateRevision)
  );
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function compareKeys(a: StoredKeyValue, b: StoredKeyValue): number {
  if (a.key === b.key) return 0;
  return a.key < b.key ? -1 : 1;
}

function comparator(target: SortTarget): (a: StoredKeyValue, b: StoredKeyValue) => number {
  switch (target) {
    case 'key':
      return compareKeys;
    case 'version':
      return (a, b) => a.version - b.version;
    case 'create':
      return (a, b) => a.createRevision - b.createRevision;
    case 'mod':
      return (a, b) => a.modRevision - b.modRevision;
    case 'value':
      return (a, b) => compareBytes(valueOf(a), valueOf(b));
  }
}

/** Sorts in place; pairs that compare equal stay ascending by key, also when descending. */
function sortPairs(query: RangeQuery, kvs: StoredKeyValue[]): void {
  if (query.sortTarget === 'key' && query.sortOrder !== 'descend') return;
  const compare = comparator(query.sortTarget);
  if (query.sortOrder === 'descend') kvs.sort((a, b) => compare(b, a));
  else kvs.sort(compare);
}

/**
 * A RangeRequest in steps, for ranges of any size. Quirks that are etcd's (rpc.md §5.1):
 * - with order `none` and no filter, only the first `limit + 1` pairs in key order are fetched, whatever the sort target;
 * - with `keysOnly`, the lease is 0 unless the target is `value`.
 *
 * Filtering happens as pairs arrive, and what a limit cuts off after sorting goes now and then: so memory is bounded by the
 * answer, not by the range.
 */
export class RangeTask implements SlicedTask<RangeQueryResult> {
  private readonly query: RangeQuery;
  private readonly kvs: StoredKeyValue[] = [];
  private readonly fetchMax: number;
  private readonly filtered: boolean;
  private readonly cursor: RangeCursor | undefined;
  private readonly count: number;
  /** Whether every pair at hand will be in the answer as it is: nothing is cut by the limit after a sort, nothing loses its value. */
  private readonly keepsAll: boolean;
  private bytes = 0;

  constructor(source: RangeSource, query: RangeQuery) {
    this.query = query;
    this.filtered = hasFilter(query);
    this.count = source.count(query.range);
    // What comes in key order and stays in it may be cut early; and so is, wrongly but as in etcd, what has no order.
    const staysInOrder = query.sortTarget === 'key' && query.sortOrder !== 'descend';
    const cutsEarly = staysInOrder || (query.sortOrder === 'none' && !this.filtered);
    this.keepsAll = (query.limit <= 0 || cutsEarly) && readsKeysOnly(query) === query.keysOnly;
    this.fetchMax = query.limit > 0 && cutsEarly ? query.limit + 1 : Infinity;
    this.cursor =
      query.countOnly || this.count === 0
        ? undefined
        : source.cursor(query.range, { keysOnly: readsKeysOnly(query) });
  }

  step(): RangeQueryResult | undefined {
    const { cursor, query } = this;
    if (cursor === undefined) return { kvs: [], count: this.count, more: false };
    // With a filter, how many pairs must be visited is unknown; without one, exactly what is missing.
    const wanted = this.filtered ? stepKeysMax : this.fetchMax - this.kvs.length;
    for (const kv of cursor.next(Math.min(wanted, stepKeysMax))) {
      if (!this.filtered || passes(query, kv)) {
        this.kvs.push(kv);
        this.bytes += kv.encoded.length;
      }
      if (this.kvs.length >= this.fetchMax) break;
    }
    this.sortOut();
    if (!cursor.done && this.kvs.length < this.fetchMax) return undefined;
    cursor.close();
    return this.finish();
  }

  /** Bytes of pairs that the answer holds for certain, while it is not complete: what is too large is known before all is read. */
  get answerBytesMin(): number {
    return this.keepsAll ? this.bytes : 0;
  }

  /** Pairs at hand, for tests of the bound on memory. */
  get pairsHeld(): number {
    return this.kvs.length;
  }

  close(): void {
    this.cursor?.close();
  }

  /**
   * Drops what cannot be in the answer any more. One pair above the limit stays: it says that there is more. Pairs that come
   * later and compare equal have greater keys and belong behind, where a stable sort leaves them.
   */
  private sortOut(): void {
    const { kvs, query } = this;
    if (query.limit <= 0 || kvs.length <= 2 * query.limit + surplusPairsMax) return;
    sortPairs(query, kvs);
    kvs.length = query.limit + 1;
  }

  private finish(): RangeQueryResult {
    const { kvs, query } = this;
    sortPairs(query, kvs);
    const more = query.limit > 0 && kvs.length > query.limit;
    if (more) kvs.length = query.limit;
    return { kvs: asAsked(query, kvs), count: this.count, more };
  }
}

/** Whether the index alone can answer: a sort by value needs the values, also when only keys are wanted. */
export function readsKeysOnly(query: RangeQuery): boolean {
  return query.keysOnly && query.sortTarget !== 'value';
}

/** Takes away values that were read for sorting only. */
function asAsked(query: RangeQuery, kvs: StoredKeyValue[]): StoredKeyValue[] {
  return query.keysOnly && query.sortTarget === 'value' ? kvs.map(withoutValue) : kvs;
}

/** One chunk of a walk in key order, as RangeStream sends it: etcd sorts within a chunk where there is a target and no order. */
export function orderChunk(query: RangeQuery, kvs: StoredKeyValue[]): StoredKeyValue[] {
  sortPairs(query, kvs);
  return asAsked(query, kvs);
}

function withoutValue(kv: StoredKeyValue): StoredKeyValue {
  const { key, createRevision, modRevision, version, lease } = kv;
  return { ...kv, encoded: encodeKeyOnly(key, createRevision, modRevision, version, lease) };
}

/** A whole RangeRequest at once: where the range is known to be small, and inside transactions. */
export function runRangeQuery(source: RangeSource, query: RangeQuery): RangeQueryResult {
  const task = new RangeTask(source, query);
  for (;;) {
    const result = task.step();
    if (result !== undefined) return result;
  }
}
