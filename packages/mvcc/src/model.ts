/**
 * The model of the multi-version store, free of Node types and of any engine: what `@kv/watch` imports.
 *
 * A `Key` is a latin1 string with one character per byte, made once at the edge by {@link keyFromBytes}: immutable,
 * usable in a `Map`, and `<` is byte order. It is never decoded as UTF-8.
 */
import type { Brand } from './brand.js';

/** A key: one UTF-16 unit (0 to 255) per byte. Comparing with `<` is comparing bytes. */
export type Key = Brand<string, 'Key'>;

/** A main revision of the store. A fresh store is at 1; the first change makes 2. Exceeds 2^53 only after 285 years. */
export type Revision = Brand<number, 'Revision'>;

/** Identifies a lease; a signed 64-bit number on the wire. 0n means "no lease". */
export type LeaseId = Brand<bigint, 'LeaseId'>;

/** A set of keys, decided once at the edge; past it there are no sentinel bytes. */
export type KeyRange =
  | { readonly type: 'single'; readonly key: Key }
  /** `start` inclusive, `end` exclusive; empty when `end <= start`. */
  | { readonly type: 'range'; readonly start: Key; readonly end: Key }
  /** All keys `>= start`. */
  | { readonly type: 'from'; readonly start: Key }
  | { readonly type: 'all' };

/**
 * One version of a pair, as stored. `encoded` is the protobuf message `mvccpb.KeyValue`, made once when the version is
 * written and shared ever after: range replies, watch events, hashes and snapshots splice these bytes. Never change it.
 */
export interface StoredKeyValue {
  readonly key: Key;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
  /** Number of puts in this generation, from 1; 0 in a tombstone. */
  readonly version: number;
  readonly lease: LeaseId;
  /** The encoded `mvccpb.KeyValue`. For a tombstone: `key` and, in events, `mod_revision` only. */
  readonly encoded: Uint8Array;
}

/** A change as watchers see it. Events of one request share `kv.modRevision` and come in order of sub-revision. */
export interface StoreEvent {
  readonly type: 'put' | 'delete';
  readonly kv: StoredKeyValue;
  /** True when this put created the key (etcd's `IsCreate`). */
  readonly isCreate: boolean;
}
