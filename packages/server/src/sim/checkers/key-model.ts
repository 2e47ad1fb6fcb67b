/**
 * The keys of a naive store: every version of every key, kept for ever and searched from one end to the other. So simple that it can
 * be read and believed; nothing of it is shared with `@kv/mvcc`.
 */
import type { Event, RangeResponse } from '@kv/proto';
import { DeleteRangeResponse, KeyValue, type RangeRequest } from '@kv/proto';

export interface Version {
  readonly revision: number;
  /** Undefined for a deletion. */
  readonly kv: KeyValue | undefined;
}

const NO_BYTES: Uint8Array = new Uint8Array(0);

export function keyText(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
}

function keyBytes(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

/** A key and a range end as requests give them: nothing for one key, a zero byte for all that follow. */
export function inRange(key: string, start: string, end: string): boolean {
  if (end === '') return key === start;
  return key >= start && (end === '\0' || key < end);
}

export class KeyModel {
  /** Ascending by revision; several of one revision if a transaction wrote the key more than once. */
  readonly #versions = new Map<string, Version[]>();
  /** All keys that there ever were, in byte order. */
  #keys: string[] = [];

  /** As of after this revision. */
  get(key: string, revision: number): KeyValue | undefined {
    return this.#versions.get(key)?.findLast((version) => version.revision <= revision)?.kv;
  }

  /** In byte order. */
  list(start: string, end: string, revision: number): KeyValue[] {
    const found: KeyValue[] = [];
    for (const key of this.#keys) {
      const kv = inRange(key, start, end) ? this.get(key, revision) : undefined;
      if (kv !== undefined) found.push(kv);
    }
    return found;
  }

  put(key: string, value: Uint8Array, lease: bigint, revision: number): Event {
    const previous = this.get(key, revision);
    const kv: KeyValue = {
      key: keyBytes(key),
      createRevision: previous?.createRevision ?? BigInt(revision),
      modRevision: BigInt(revision),
      version: (previous?.version ?? 0n) + 1n,
      value,
      lease,
    };
    this.#add(key, { revision, kv });
    return { type: 0, kv, prevKv: previous };
  }

  /** Undefined when there is no such key. */
  delete(key: string, revision: number): Event | undefined {
    const previous = this.get(key, revision);
    if (previous === undefined) return undefined;
    this.#add(key, { revision, kv: undefined });
    const kv = KeyValue.create({ key: keyBytes(key), modRevision: BigInt(revision) });
    return { type: 1, kv, prevKv: previous };
  }

  /** What a range answers as of a revision, without its header. */
  range(request: RangeRequest, revision: number): RangeResponse {
    const found = this.list(keyText(request.key), keyText(request.rangeEnd), revision);
    const count = BigInt(found.length);
    if (request.countOnly) return { header: undefined, kvs: [], more: false, count };
    if (request.sortOrder === 2) found.reverse();
    const limit = Number(request.limit);
    const kvs = limit > 0 ? found.slice(0, limit) : found;
    return {
      header: undefined,
      // Keys alone are answered from etcd's index, which knows nothing of leases (rpc.md §5.2).
      kvs: request.keysOnly ? kvs.map((kv) => ({ ...kv, value: NO_BYTES, lease: 0n })) : kvs,
      more: kvs.length < found.length,
      count,
    };
  }

  /** What a deletion would answer if it finds nothing; undefined if it would find something. */
  emptyDeletion(start: string, end: string, revision: number): DeleteRangeResponse | undefined {
    return this.list(start, end, revision).length > 0 ? undefined : DeleteRangeResponse.create();
  }

  #add(key: string, version: Version): void {
    const versions = this.#versions.get(key);
    if (versions !== undefined) {
      versions.push(version);
      return;
    }
    this.#versions.set(key, [version]);
    this.#keys.push(key);
    // Byte order: keys are latin1 text, one character per byte.
    this.#keys = this.#keys.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  }
}
