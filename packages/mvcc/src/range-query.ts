/**
 * The semantics of etcd's RangeRequest (count, filters, sort, limit, in this order, and two quirks worth copying), pure
 * and free of the wire: what it needs of the store is {@link RangeSource}.
 */
import type { KeyRange, Revision, StoredKeyValue } from './model.js';

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
   * The next pairs in key order, at most what one turn may cost and at most `keysMax`; empty only at the end.
   * The array belongs to the caller.
   */
  next(keysMax: number): StoredKeyValue[];
  readonly done: boolean;
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
