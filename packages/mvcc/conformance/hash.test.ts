// The same history in the real etcd and here gives the same HashKV, bit for bit: at every revision, before, during and
// after compaction, with deletions, transactions, leases and keys of any bytes. Skipped where the real etcd is absent.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytes, finish, key, rev } from '../test/scratch.js';
import type { Key, KeyRange, LeaseId } from '../src/model.js';
import { MemoryBackend } from '../src/testing/memory-backend.js';
import { MvccStore } from '../src/store.js';
import { base64, ReferenceEtcd, referenceIsHere } from './reference-etcd.js';

if (!referenceIsHere)
  console.log('skipped: the real etcd is not here (reference/build.sh builds it)');

const port = 21_100;
const leases = [7n, 2n ** 53n + 1n, 2n ** 63n - 1n];

type Operation =
  | { readonly type: 'put'; readonly key: string; readonly value: string; readonly lease: bigint }
  | { readonly type: 'delete'; readonly key: string; readonly end?: string };

/** Applies each request to both sides. */
class Pair {
  readonly etcd: ReferenceEtcd;
  readonly store: MvccStore;

  constructor(etcd: ReferenceEtcd, store: MvccStore) {
    this.etcd = etcd;
    this.store = store;
  }

  async request(operations: readonly Operation[]): Promise<void> {
    await this.etcd.call('kv/txn', {
      success: operations.map((operation) =>
        operation.type === 'put'
          ? {
              request_put: {
                key: base64(operation.key),
                value: base64(operation.value),
                lease: operation.lease.toString(),
              },
            }
          : {
              request_delete_range: {
                key: base64(operation.key),
                range_end: operation.end === undefined ? '' : base64(operation.end),
              },
            },
      ),
    });
    const txn = this.store.begin();
    txn.beginRequest();
    for (const operation of operations) {
      if (operation.type === 'put') {
        txn.put(key(operation.key), bytes(operation.value), operation.lease as LeaseId);
      } else txn.deleteRange(rangeOf(operation.key, operation.end));
    }
    txn.endRequest();
    txn.end();
  }

  async compact(revision: number): Promise<void> {
    await this.etcd.call('kv/compaction', { revision: String(revision), physical: true });
    const txn = this.store.begin();
    expect(txn.compact(rev(revision)).type).toBe('scheduled');
    txn.end();
  }

  /** Compares at all revisions that can be asked for. */
  expectSame(): void {
    // While removal runs here, the hash of the compaction itself is known there only.
    const { compactRevision, finishedCompactRevision } = this.store;
    const removed = compactRevision === finishedCompactRevision;
    const first = Math.max(1, removed ? compactRevision : compactRevision + 1);
    for (let revision = first; revision <= this.store.revision; revision++) {
      expect(finish(this.store.hashKv(revision)), `revision ${revision}`).toEqual(
        this.etcd.hashKv(revision),
      );
    }
  }

  removeAll(): void {
    while (this.store.compactSlice() === 'more');
  }
}

function rangeOf(start: string, end: string | undefined): KeyRange {
  return end === undefined
    ? { type: 'single', key: start as Key }
    : { type: 'range', start: start as Key, end: end as Key };
}

const put = (name: string, value: string, lease = 0n): Operation => ({
  type: 'put',
  key: name,
  value,
  lease,
});
const remove = (name: string, end?: string): Operation => ({
  type: 'delete',
  key: name,
  ...(end === undefined ? {} : { end }),
});

describe.skipIf(!referenceIsHere)('HashKV equals that of etcd 3.7.1', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kv-mvcc-hash-'));
  let pair: Pair;

  beforeAll(async () => {
    const etcd = await ReferenceEtcd.start(folder, port);
    pair = new Pair(etcd, await MvccStore.open(new MemoryBackend(), { verify: true }));
    for (const lease of leases) {
      await etcd.call('lease/grant', { ID: lease.toString(), TTL: '3600' });
    }
  }, 60_000);

  afterAll(async () => {
    await pair.etcd.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('of an empty store', () => {
    pair.expectSame();
  });

  it('over puts, deletions, transactions and leases, with keys and values of any bytes', async () => {
    const odd = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i));
    await pair.request([put('a', '1')]);
    await pair.request([put('b', ''), put('c', odd, leases[0])]);
    await pair.request([put(odd, 'x'.repeat(3000), leases[1]), put('\0', '\0', leases[2])]);
    await pair.request([remove('none')]);
    await pair.request([put('a', '2'), remove('b', 'd')]);
    await pair.request([put('b', 'again'), remove('\0')]);
    await pair.request([remove('a'), put('d', '1', leases[0])]);
    pair.expectSame();
  }, 60_000);

  it('after a compaction, whether or not its removal is finished', async () => {
    await pair.compact(5);
    pair.expectSame();
    pair.removeAll();
    pair.expectSame();
    expect(pair.store.compactionHashes).toHaveLength(1);
  }, 60_000);

  it('when the compaction revision is a deletion', async () => {
    await pair.request([put('e', '1')]);
    await pair.request([remove('e'), remove('d')]);
    const deletion = pair.store.revision;
    await pair.request([put('f', '1')]);
    await pair.compact(deletion);
    pair.removeAll();
    pair.expectSame();
    await pair.request([put('g', '1')]);
    await pair.compact(deletion + 1);
    pair.removeAll();
    pair.expectSame();
  }, 60_000);

  it('when nothing is left alive', async () => {
    await pair.request([remove('\0', '\xff\xff')]);
    await pair.request([remove('\xff')]);
    pair.expectSame();
    await pair.compact(pair.store.revision);
    pair.removeAll();
    pair.expectSame();
    await pair.request([put('h', '1')]);
    await pair.compact(pair.store.revision);
    pair.removeAll();
    pair.expectSame();
  }, 60_000);
});
