/** Ranges that are read in parts: complete, ordered, at one revision, bounded, and free when left. */
import { describe, expect, test } from 'vitest';
import { allKeys, prefix } from '../../src/data.js';
import type { KvClient } from '../../src/kv.js';
import { put } from '../../src/operation.js';
import type { RangeOptions } from '../../src/range.js';
import { collect, open, own, type SuiteContext } from './context.js';

const keyOf = (n: number): string => `k/${String(n).padStart(5, '0')}`;

/** Keys 0 to count-1, a hundred in a transaction. */
async function fill(kv: KvClient, count: number, value = 'v'): Promise<number> {
  let revision = 0;
  for (let from = 0; from < count; from += 100) {
    const size = Math.min(100, count - from);
    const then = Array.from({ length: size }, (_, at) => put(keyOf(from + at), value));
    ({ revision } = await kv.transact({ then }));
  }
  return revision;
}

const names = (kvs: readonly { keyText(): string }[]): string[] => kvs.map((kv) => kv.keyText());
const all = (count: number): string[] => Array.from({ length: count }, (_, n) => keyOf(n));

export function rangesSuite(context: SuiteContext): void {
  describe('ranges', () => {
    const ways: readonly (readonly [string, RangeOptions])[] = [
      ['by RangeStream', {}],
      ['by pages', { stream: false, pageCountMax: 37 }],
    ];
    test.each(ways)(
      '%s: all pairs, in order, at the revision of the first page',
      async (_way, options) => {
        await using client = await open(context);
        const kv = own(client);
        const revision = await fill(kv, 700);
        const seen: string[] = [];
        for await (const pair of kv.range(prefix('k/'), options)) {
          // What others do meanwhile is not seen.
          if (seen.length === 0) await kv.delete(allKeys);
          seen.push(pair.keyText());
          expect(pair.modRevision).toBeLessThanOrEqual(revision);
        }
        expect(seen).toEqual(all(700));
        expect(await kv.count(allKeys)).toBe(0);
        expect(names(await kv.range(allKeys, { ...options, revision }).toArray())).toEqual(
          all(700),
        );
      },
    );

    test.each(ways)('%s: a limit, keys only, nothing, one key', async (_way, options) => {
      await using client = await open(context);
      const kv = own(client);
      await fill(kv, 90);
      expect(names(await collect(kv.range(allKeys, { ...options, limit: 41 })))).toEqual(all(41));
      expect(names(await collect(kv.range(allKeys, { ...options, limit: 16 })))).toEqual(all(16));
      const keys = await collect(kv.range(allKeys, { ...options, keysOnly: true }));
      expect(keys.every(({ bytes }) => bytes.length === 0)).toBe(true);
      expect(await collect(kv.range(prefix('none'), options))).toEqual([]);
      expect(names(await collect(kv.range(keyOf(7), options)))).toEqual([keyOf(7)]);
    });

    test('descending, and sorted by something else than the key', async () => {
      await using client = await open(context);
      const kv = own(client);
      await fill(kv, 60);
      await kv.put(keyOf(3), 'newest');
      const down = await collect(kv.range(allKeys, { order: 'descending', pageCountMax: 7 }));
      expect(names(down)).toEqual(all(60).reverse());
      const newest = await collect(
        kv.range(allKeys, { sortBy: 'modRevision', order: 'descending', limit: 1 }),
      );
      expect(names(newest)).toEqual([keyOf(3)]);
      const minModRevision = newest[0]?.modRevision ?? 0;
      expect(names(await collect(kv.range(allKeys, { minModRevision })))).toEqual([keyOf(3)]);
    });

    test('descending down to the lowest key of all ends there', async () => {
      await using client = await open(context);
      await client.kv.put(Uint8Array.of(0), 'lowest');
      const last = await collect(
        client.range(
          { from: Uint8Array.of(0), end: Uint8Array.of(1) },
          { order: 'descending', pageCountMax: 1 },
        ),
      );
      expect(last).toHaveLength(1);
    });

    test('pages grow to their bytes, not beyond', async () => {
      await using client = await open(context);
      const kv = own(client);
      await fill(kv, 200, 'x'.repeat(4_000));
      const sizes: number[] = [];
      for await (const { kvs } of kv.range(allKeys, { stream: false, pageBytes: 100_000 }).pages())
        sizes.push(kvs.length);
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(200);
      expect(Math.max(...sizes)).toBeLessThan(27);
    });

    test('a loop that is left reads no further', async () => {
      await using client = await open(context);
      const kv = own(client);
      await fill(kv, 700);
      for (let round = 0; round < 20; round++) {
        let count = 0;
        for await (const _pair of kv.range(allKeys)) {
          count += 1;
          if (count > 100) break;
        }
      }
      expect(await kv.count(allKeys)).toBe(700);
    });

    test('history that goes away meanwhile ends the range with `compacted`', async () => {
      await using client = await open(context);
      const kv = own(client);
      await fill(kv, 100);
      const reading = (async () => {
        for await (const _page of kv.range(allKeys, { pageCountMax: 10, stream: false }).pages()) {
          const { revision } = await kv.put('k/00000', 'again');
          await client.kv.compact(revision);
        }
      })();
      await expect(reading).rejects.toMatchObject({ code: 'compacted' });
    });
  });
}
