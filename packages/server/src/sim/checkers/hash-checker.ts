/** Equal content at equal positions (G-14): the hash of keys at a revision is the same whoever is asked, and so is all the rest. */
import type { HashKVResponse } from '@kv/proto';
import type { MemoryBackend } from '@kv/mvcc/testing';
import { Violation } from '../violation.js';

/** Whatever is replicated and is no key. `meta` holds positions, which differ until the last compaction has ended everywhere. */
const BUCKETS: readonly string[] = [
  'lease',
  'alarm',
  'cluster',
  'members',
  'members_removed',
  'auth',
  'authUsers',
  'authRoles',
];

export class HashChecker {
  /** Hash by revision and compaction. */
  readonly #hashes = new Map<string, { readonly hash: number; readonly who: string }>();
  readonly #fail: (violation: Violation) => void;

  constructor(fail: (violation: Violation) => void) {
    this.#fail = fail;
  }

  told(who: string, { hash, hashRevision, compactRevision }: HashKVResponse): void {
    const at = `revision ${hashRevision} compacted at ${compactRevision}`;
    const known = this.#hashes.get(at);
    if (known === undefined) this.#hashes.set(at, { hash, who });
    else if (known.hash !== hash) {
      const text = `${who} hashes ${at} to ${hash}, ${known.who} to ${known.hash}`;
      this.#fail(new Violation('correctness', 'state-hash', text));
    }
  }
}

/** All rows of a store that every member must have, as text. */
export function rowsOf(backend: MemoryBackend): ReadonlyMap<string, string> {
  const rows = new Map<string, string>();
  for (const bucket of BUCKETS) {
    for (const { key, value } of backend.scanRows(bucket, undefined, Number.MAX_SAFE_INTEGER)) {
      const name = `${bucket}/${Buffer.from(key).toString('latin1')}`;
      rows.set(name, Buffer.from(value).toString('latin1'));
    }
  }
  return rows;
}

/** The first row in which two stores differ. */
export function findDifference(
  a: ReadonlyMap<string, string>,
  b: ReadonlyMap<string, string>,
): string | undefined {
  return [...new Set([...a.keys(), ...b.keys()])].find((name) => a.get(name) !== b.get(name));
}
