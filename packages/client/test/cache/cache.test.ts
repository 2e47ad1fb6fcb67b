/**
 * Goal: a cache stays equal to the store. Method: a store in memory whose feeds are cut and whose history is compacted; after every change
 * the cache must be the range as it was at the cache's revision.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Cache, KvError, type CacheChange } from '../../src/index.js';
import { ModelStore } from './model-store.js';

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();

function pairsOf(
  kvs: Iterable<{ readonly key: Uint8Array; readonly value: Uint8Array }>,
): string[] {
  return [...kvs].map(({ key, value }) => `${text(key)}=${text(value)}`);
}

const key = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor', '\u{10000}', '\uffff');
const step = fc.oneof(
  fc.record({
    do: fc.constant('write' as const),
    changes: fc.dictionary(key, fc.option(fc.string({ maxLength: 3 }), { nil: undefined }), {
      minKeys: 1,
      maxKeys: 3,
      noNullPrototype: true,
    }),
  }),
  fc.record({ do: fc.constantFrom('cut' as const, 'compact' as const, 'turn' as const) }),
);

describe('a cache', () => {
  test('J-2, J-8: is the store at its revision, whatever is cut or compacted', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const store = new ModelStore();
        await using cache = new Cache(store, 'all keys');
        let revision = 0;
        cache.onChange((change) => {
          expect(change.revision).toBeGreaterThan(revision);
          revision = change.revision;
          expect(pairsOf(cache)).toEqual(pairsOf(store.at(cache.revision)));
        });
        for (const each of steps) {
          if (each.do === 'write') store.write(each.changes);
          else if (each.do === 'cut') store.cut();
          else if (each.do === 'compact') store.compact(store.revision);
          else await new Promise(setImmediate);
        }
        expect(await cache.sync()).toBe(store.revision);
        expect(cache.revision).toBe(store.revision);
        expect(pairsOf(cache)).toEqual(pairsOf(store.at(store.revision)));
        for (const kv of store.at(store.revision)) {
          expect(cache.get(kv.key)?.modRevision).toBe(kv.modRevision);
        }
      }),
      { numRuns: 150 },
    );
  });

  test('tells each change once, with what was before', async () => {
    const store = new ModelStore();
    store.write({ a: '1' });
    await using cache = new Cache(store, 'all keys');
    const seen: CacheChange[] = [];
    const stop = cache.onChange((change) => seen.push(change));
    await cache.ready;
    store.write({ a: '2', b: '3' });
    store.write({ a: undefined });
    await cache.sync();
    stop();
    store.write({ c: '4' });
    await cache.sync();
    const told = seen.map(({ listed, changes }) => [
      listed,
      ...changes.map(({ before, after }) => `${text(before?.value)}>${text(after?.value)}`),
    ]);
    expect(told).toEqual([
      [true, '>1'],
      [false, '1>2', '>3', '2>'],
    ]);
  });

  test('lists again when its revision was compacted while it was cut off, and tells the difference only', async () => {
    const store = new ModelStore();
    store.write({ same: '1', old: '1' });
    await using cache = new Cache(store, 'all keys');
    await cache.ready;
    const same = cache.get('same');
    const seen: CacheChange[] = [];
    cache.onChange((change) => seen.push(change));
    store.cut();
    store.write({ old: undefined, new: '1' });
    store.compact(2);
    await cache.sync();
    expect(store.listings).toBeGreaterThan(1);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ listed: true, revision: 2 });
    expect(seen[0]?.changes.map((change) => text(change.key)).sort()).toEqual(['new', 'old']);
    expect(cache.get('same')).toBe(same);
  });

  test('what `all` gave stays as it was', async () => {
    const store = new ModelStore();
    store.write({ a: '1' });
    await using cache = new Cache(store, 'all keys');
    await cache.ready;
    const then = cache.all();
    store.write({ b: '2' });
    await cache.sync();
    expect(pairsOf(then)).toEqual(['a=1']);
    expect(pairsOf(cache.all())).toEqual(['a=1', 'b=2']);
  });

  test('a revision that does not come is a deadline, and a wait ends with its signal', async () => {
    const store = new ModelStore();
    await using cache = new Cache(store, 'all keys');
    await expect(cache.waitFor(7, { timeoutMs: 20 })).rejects.toMatchObject({ code: 'deadline' });
    const controller = new AbortController();
    const waiting = cache.waitFor(7, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });

  test('a listing that fails for a while is tried again', async () => {
    const store = new ModelStore();
    store.write({ a: '1' });
    store.nextListError = new KvError('connectionLost', 'gone', { outcome: 'definite' });
    await using cache = new Cache(store, 'all keys');
    await cache.ready;
    expect(text(cache.get('a')?.value)).toBe('1');
    expect(store.listings).toBe(2);
  });
});

describe('the end of a cache', () => {
  test('a refusal is final: `ready` rejects with it, and every read throws it', async () => {
    const store = new ModelStore();
    const refusal = new KvError('permissionDenied', 'no', { outcome: 'definite', grpcCode: 7 });
    store.nextListError = refusal;
    await using cache = new Cache(store, 'all keys');
    await expect(cache.ready).rejects.toBe(refusal);
    expect(cache.state).toBe('failed');
    expect(() => cache.get('a')).toThrow(refusal);
    await expect(cache.waitFor(1)).rejects.toBe(refusal);
  });

  test.each([{ keysMax: 2 }, { bytesMax: 700 }])(
    '%j is a bound: beyond it the cache fails',
    async (options) => {
      const store = new ModelStore();
      store.write({ a: '1', b: '2' });
      await using cache = new Cache(store, 'all keys', options);
      await cache.ready;
      const waiting = cache.waitFor(3);
      store.write({ a: '1', c: '3', d: 'x'.repeat(100) });
      await expect(waiting).rejects.toMatchObject({ code: 'limit' });
      expect(() => cache.all()).toThrow(/above its (keysMax|bytesMax)/);
      await using tooMany = new Cache(store, 'all keys', options);
      await expect(tooMany.ready).rejects.toMatchObject({ code: 'limit' });
    },
  );

  test('before `ready` reads throw, after `close` too; closing twice is fine', async () => {
    const cache = new Cache(new ModelStore(), 'all keys');
    expect(() => cache.size).toThrow(expect.objectContaining({ code: 'notReady' }));
    await cache.ready;
    const waiting = cache.waitFor(9);
    const ended = expect(waiting).rejects.toMatchObject({ code: 'closed' });
    await cache.close();
    await cache.close();
    await ended;
    expect(cache.state).toBe('closed');
    expect(() => cache.size).toThrow(expect.objectContaining({ code: 'closed' }));
  });

  test('its signal closes it', async () => {
    const controller = new AbortController();
    await using cache = new Cache(new ModelStore(), 'all keys', { signal: controller.signal });
    await cache.ready;
    controller.abort();
    expect(cache.state).toBe('closed');
    await using never = new Cache(new ModelStore(), 'all keys', { signal: controller.signal });
    await expect(never.ready).rejects.toMatchObject({ code: 'closed' });
  });
});
