// RangeRequest: filters, order, limit and the two quirks, against the rules of rpc.md §5.1 taken one after the other.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes, everything, finish, key, noLease, rev, textOf } from '../test/scratch.js';
import type { LeaseId, StoredKeyValue } from './model.js';
import { orderChunk, RangeTask, readsKeysOnly, runRangeQuery } from './range-query.js';
import type { RangeQuery, RangeSource } from './range-query.js';
import { MemoryBackend } from './testing/memory-backend.js';
import { MvccStore } from './store.js';

const plain: RangeQuery = {
  range: everything,
  limit: 0,
  sortOrder: 'none',
  sortTarget: 'key',
  keysOnly: false,
  countOnly: false,
  minModRevision: 0,
  maxModRevision: 0,
  minCreateRevision: 0,
  maxCreateRevision: 0,
};

/** Eight keys whose creation, modification, version and value orders all differ. */
async function sample(): Promise<MvccStore> {
  const store = await MvccStore.open(new MemoryBackend(), { limits: { readKeysPerStepMax: 3 } });
  const txn = store.begin();
  const names = ['e', 'b', 'h', 'a', 'd', 'g', 'c', 'f', 'b', 'b', 'h', 'a', 'c'];
  for (const [i, name] of names.entries()) {
    txn.beginRequest();
    txn.put(key(name), bytes(`${(i * 7) % 10}`), (name === 'a' ? 5n : 0n) as LeaseId);
    txn.endRequest();
  }
  txn.end();
  return store;
}

const describePair = (kv: StoredKeyValue): string =>
  `${kv.key} ${textOf(kv) ?? ''} c${kv.createRevision} m${kv.modRevision} v${kv.version} l${kv.lease}`;

/** The rules in order, over all pairs at once. */
function byTheBook(
  all: readonly StoredKeyValue[],
  query: RangeQuery,
): { kvs: string[]; more: boolean; count: number } {
  const filtered =
    query.minModRevision ||
    query.maxModRevision ||
    query.minCreateRevision ||
    query.maxCreateRevision;
  if (query.countOnly) return { kvs: [], more: false, count: all.length };
  let kvs = [...all];
  if (query.sortOrder === 'none' && !filtered && query.limit > 0)
    kvs = kvs.slice(0, query.limit + 1);
  kvs = kvs.filter(
    (kv) =>
      (!query.maxModRevision || kv.modRevision <= query.maxModRevision) &&
      (!query.minModRevision || kv.modRevision >= query.minModRevision) &&
      (!query.maxCreateRevision || kv.createRevision <= query.maxCreateRevision) &&
      (!query.minCreateRevision || kv.createRevision >= query.minCreateRevision),
  );
  const sortKey = (kv: StoredKeyValue): string | number => {
    switch (query.sortTarget) {
      case 'key':
        return kv.key;
      case 'version':
        return kv.version;
      case 'create':
        return kv.createRevision;
      case 'mod':
        return kv.modRevision;
      case 'value':
        return textOf(kv) ?? '';
    }
  };
  const sign = query.sortOrder === 'descend' ? -1 : 1;
  kvs.sort((a, b) => {
    const x = sortKey(a);
    const y = sortKey(b);
    if (x !== y) return (x < y ? -1 : 1) * sign;
    return a.key < b.key ? -1 : 1;
  });
  const more = query.limit > 0 && kvs.length > query.limit;
  if (more) kvs = kvs.slice(0, query.limit);
  const emptied = kvs.map((kv) =>
    query.keysOnly
      ? describePair({
          ...kv,
          encoded: new Uint8Array(0),
          lease: query.sortTarget === 'value' ? kv.lease : noLease,
        })
      : describePair(kv),
  );
  return { kvs: emptied, more, count: all.length };
}

const bound = fc.constantFrom(0, 0, 0, 2, 5, 9, 12, 20);
const queries: fc.Arbitrary<RangeQuery> = fc.record({
  range: fc.constant(everything),
  limit: fc.constantFrom(-1, 0, 1, 2, 7, 8, 9),
  sortOrder: fc.constantFrom('none', 'ascend', 'descend'),
  sortTarget: fc.constantFrom('key', 'version', 'create', 'mod', 'value'),
  keysOnly: fc.boolean(),
  countOnly: fc.boolean(),
  minModRevision: bound,
  maxModRevision: bound,
  minCreateRevision: bound,
  maxCreateRevision: bound,
});

describe('a range query', () => {
  it('B-5 B-9 follows the rules for every combination', async () => {
    const store = await sample();
    const all = runRangeQuery(store.readNewest(), plain).kvs;
    expect(all).toHaveLength(8);
    fc.assert(
      fc.property(queries, (query) => {
        const found = runRangeQuery(store.readNewest(), query);
        expect({ ...found, kvs: found.kvs.map(describePair) }).toEqual(byTheBook(all, query));
      }),
      { numRuns: 2000 },
    );
  });

  it('quirk: without an order, sorts only the first limit + 1 keys', async () => {
    const store = await sample();
    const query: RangeQuery = { ...plain, sortTarget: 'version', limit: 2 };
    expect(runRangeQuery(store.readNewest(), query).kvs.map((kv) => kv.key)).toEqual(['a', 'c']);
  });

  it('quirk: keys only hides the lease, unless sorted by value', async () => {
    const store = await sample();
    const lease = (sortTarget: RangeQuery['sortTarget']): bigint | undefined =>
      runRangeQuery(store.readNewest(), { ...plain, keysOnly: true, sortTarget }).kvs.find(
        (kv) => kv.key === 'a',
      )?.lease;
    expect(lease('key')).toBe(0n);
    expect(lease('value')).toBe(5n);
  });

  it('in steps gives the same, at the revision of its start', async () => {
    const store = await sample();
    const expected = runRangeQuery(store.readNewest(), { ...plain, limit: 7 });
    const task = new RangeTask(store.readNewest(), { ...plain, limit: 7 });
    expect(task.step()).toBeUndefined();
    const txn = store.begin();
    txn.beginRequest();
    txn.deleteRange(everything);
    txn.endRequest();
    txn.end();
    expect(finish(task)).toEqual(expected);
    task.close();
  });

  it('B-10 tells while it runs what the answer holds at least, never more than it will', async () => {
    const store = await sample();
    const order = fc.constantFrom<RangeQuery['sortOrder']>('none', 'ascend', 'descend');
    const target = fc.constantFrom<RangeQuery['sortTarget']>('key', 'mod', 'value');
    const filter = fc.constantFrom(0, 6);
    fc.assert(
      fc.property(order, target, fc.nat(9), fc.boolean(), filter, (...choices) => {
        const [sortOrder, sortTarget, limit, keysOnly, minModRevision] = choices;
        const query = { ...plain, sortOrder, sortTarget, limit, keysOnly, minModRevision };
        const task = new RangeTask(store.readNewest(), query);
        const told: number[] = [];
        let result = task.step();
        for (; result === undefined; result = task.step()) told.push(task.answerBytesMin);
        const bytes = result.kvs.reduce((sum, kv) => sum + kv.encoded.length, 0);
        expect(Math.max(0, ...told)).toBeLessThanOrEqual(bytes);
      }),
    );
    const task = new RangeTask(store.readNewest(), plain);
    expect(task.step()).toBeUndefined();
    expect(task.answerBytesMin).toBeGreaterThan(0);
    task.close();
  });

  it('holds about as many pairs as the answer has, however many it looks at, and finds the same', () => {
    const count = 60_000;
    const pair = (i: number): StoredKeyValue => ({
      key: key(String(i).padStart(6, '0')),
      createRevision: rev(1 + (i % 7)),
      modRevision: rev(1 + ((i * 7919) % count)),
      version: 1 + (i % 13),
      lease: noLease,
      encoded: new Uint8Array(0),
    });
    const all = Array.from({ length: count }, (_, i) => pair(i));
    const source = (): RangeSource => {
      let at = 0;
      return {
        revision: rev(count),
        count: () => count,
        cursor: () => ({
          next: (keysMax) => all.slice(at, (at += Math.min(keysMax, 2000))),
          get done() {
            return at >= count;
          },
          close: () => undefined,
        }),
      };
    };
    for (const sortOrder of ['ascend', 'descend'] as const) {
      for (const sortTarget of ['key', 'version', 'create', 'mod'] as const) {
        for (const limit of [1, 300]) {
          const query = { ...plain, sortOrder, sortTarget, limit, minModRevision: 2 };
          const task = new RangeTask(source(), query);
          let result = task.step();
          for (; result === undefined; result = task.step())
            expect(task.pairsHeld).toBeLessThanOrEqual(2 * limit + 10_000);
          const { kvs, more } = byTheBook(all, query);
          expect({ kvs: result.kvs.map(describePair), more: result.more }).toEqual({ kvs, more });
        }
      }
    }
  });

  it('orders a chunk of a stream by its target, and hides values that served only that', async () => {
    const store = await sample();
    const query: RangeQuery = { ...plain, sortTarget: 'value', keysOnly: true };
    expect(readsKeysOnly(query)).toBe(false);
    expect(readsKeysOnly({ ...query, sortTarget: 'mod' })).toBe(true);
    const cursor = store.readNewest().cursor(everything, { keysOnly: readsKeysOnly(query) });
    const chunk = orderChunk(query, cursor.next(3));
    cursor.close();
    expect(chunk.map((kv) => [kv.key, textOf(kv)])).toEqual([
      ['b', ''],
      ['c', ''],
      ['a', ''],
    ]);
  });

  it('B-8 the largest limit is no limit, and does not overflow', async () => {
    const store = await sample();
    const query: RangeQuery = { ...plain, limit: Number.MAX_SAFE_INTEGER };
    expect(runRangeQuery(store.readNewest(), query)).toMatchObject({ count: 8, more: false });
    expect(runRangeQuery(store.readNewest(), query).kvs).toHaveLength(8);
  });

  it('B-6 counts empty and inverted ranges as empty', async () => {
    const store = await sample();
    for (const [start, end] of [
      ['c', 'c'],
      ['d', 'b'],
      ['z', 'zz'],
    ] as const) {
      const query: RangeQuery = {
        ...plain,
        range: { type: 'range', start: key(start), end: key(end) },
      };
      expect(runRangeQuery(store.readNewest(), query)).toEqual({ kvs: [], count: 0, more: false });
    }
  });
});
