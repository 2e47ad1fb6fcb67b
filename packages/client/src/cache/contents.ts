/**
 * What a cache holds: the pairs of a range as they were at one revision, in byte order, within bounds. Pure; `cache.ts` feeds it.
 *
 * Invariants: `#keys` is sorted and has exactly the keys of `#kvs`; `revision` never falls. After a throw the contents are of no use.
 */
import { KvError } from '../errors.js';
import type { KeyValue } from '../key-value.js';
import type { WatchEvent } from '../watch.js';

/** Bytes counted for a pair beside its key and value: the objects that hold them. */
const overheadBytes = 200;

export interface ContentLimits {
  readonly keysMax: number;
  readonly bytesMax: number;
}

/** How one key changed: `before` is absent for a new key, `after` for a deleted one. */
export interface KeyChange<Value = Uint8Array> {
  readonly key: Uint8Array;
  readonly before: KeyValue<Value> | undefined;
  readonly after: KeyValue<Value> | undefined;
}

export class Contents<Value> {
  readonly #limits: ContentLimits;
  readonly #name: string;
  #kvs = new Map<string, KeyValue<Value>>();
  #keys: string[] = [];
  #bytes = 0;
  #revision = 0;
  #sorted: readonly KeyValue<Value>[] | undefined;

  /** `name` is how messages call what is cached. */
  constructor(name: string, limits: ContentLimits) {
    this.#name = name;
    this.#limits = limits;
  }

  get revision(): number {
    return this.#revision;
  }

  get size(): number {
    return this.#keys.length;
  }

  /** Estimate of the memory held. */
  get bytes(): number {
    return this.#bytes;
  }

  find(key: Uint8Array): KeyValue<Value> | undefined {
    return this.#kvs.get(textOf(key));
  }

  /** All pairs in byte order. The array is never changed afterwards: it stays as it was at this revision. */
  all(): readonly KeyValue<Value>[] {
    this.#sorted ??= Object.freeze(
      this.#keys.flatMap((key) => {
        const kv = this.#kvs.get(key);
        return kv === undefined ? [] : [kv];
      }),
    );
    return this.#sorted;
  }

  /** Takes a whole listing of the range, in byte order, in place of what is held; tells the difference. Throws `limit`. */
  replace(revision: number, listed: readonly KeyValue<Value>[]): readonly KeyChange<Value>[] {
    const kvs = new Map<string, KeyValue<Value>>();
    const changes: KeyChange<Value>[] = [];
    let bytes = 0;
    for (const kv of listed) {
      const key = textOf(kv.key);
      const before = this.#kvs.get(key);
      // What did not change stays the same object.
      const after = before?.modRevision === kv.modRevision ? before : kv;
      if (after !== before) changes.push({ key: after.key, before, after });
      bytes += sizeOf(after);
      kvs.set(key, after);
    }
    this.#check(kvs.size, bytes);
    for (const [key, before] of this.#kvs) {
      if (!kvs.has(key)) changes.push({ key: before.key, before, after: undefined });
    }
    this.#kvs = kvs;
    this.#keys = [...kvs.keys()].sort();
    this.#bytes = bytes;
    this.#revision = Math.max(this.#revision, revision);
    this.#sorted = undefined;
    return changes;
  }

  /** Takes the events of whole revisions up to `revision`. What is older than the contents is passed over. Throws `limit`. */
  apply(revision: number, events: readonly WatchEvent<Value>[]): readonly KeyChange<Value>[] {
    const kvs = this.#kvs;
    const changes: KeyChange<Value>[] = [];
    for (const { type, kv } of events) {
      if (kv.modRevision <= this.#revision) continue;
      const key = textOf(kv.key);
      const before = kvs.get(key);
      const after = type === 'put' ? kv : undefined;
      this.#bytes += (after === undefined ? 0 : sizeOf(after)) - (before ? sizeOf(before) : 0);
      if (after === undefined) {
        if (kvs.delete(key)) this.#keys.splice(placeOf(this.#keys, key), 1);
      } else {
        kvs.set(key, after);
        if (before === undefined) this.#keys.splice(placeOf(this.#keys, key), 0, key);
      }
      if (after !== before) changes.push({ key: (after ?? before ?? kv).key, before, after });
    }
    this.#revision = Math.max(this.#revision, revision);
    if (changes.length > 0) this.#sorted = undefined;
    this.#check(this.#keys.length, this.#bytes);
    return changes;
  }

  #check(keys: number, bytes: number): void {
    const { keysMax, bytesMax } = this.#limits;
    if (keys > keysMax) throw this.#full(`${keys} keys`, `keysMax ${keysMax}`);
    if (bytes > bytesMax) throw this.#full(`${bytes} bytes`, `bytesMax ${bytesMax}`);
  }

  #full(what: string, bound: string): KvError {
    return new KvError('limit', `the cache of ${this.#name} has ${what}, above its ${bound}`, {
      outcome: 'definite',
    });
  }
}

/** One character per byte: `<` is byte order. */
function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
}

function sizeOf({ key, bytes }: KeyValue<unknown>): number {
  return overheadBytes + 2 * key.length + bytes.length;
}

/** Index of the first of `keys`, which are sorted, that is not below `key`. */
function placeOf(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
