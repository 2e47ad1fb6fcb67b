/** Watches beyond the simple case: lists, compactions, fragments, filters, progress, closing, slow readers. */
import { describe, expect, test } from 'vitest';
import { allKeys, prefix } from '../../src/data.js';
import type { KvClient } from '../../src/kv.js';
import { del, put } from '../../src/operation.js';
import { open, own, type SuiteContext } from './context.js';

/** What a reader of lists and events knows: key to value. */
async function follow(
  watch: ReturnType<KvClient['listThenWatch']>,
  until: (known: ReadonlyMap<string, string>) => boolean,
): Promise<ReadonlyMap<string, string>> {
  const known = new Map<string, string>();
  for await (const batch of watch) {
    if (batch.type === 'list') {
      known.clear();
      for (const kv of batch.kvs) known.set(kv.keyText(), kv.text());
    } else {
      for (const { type, kv } of batch.events) {
        if (type === 'put') known.set(kv.keyText(), kv.text());
        else known.delete(kv.keyText());
      }
    }
    if (until(known)) break;
  }
  return known;
}

export function watchesSuite(context: SuiteContext): void {
  describe('watches', () => {
    test('list, then watch: nothing in between is lost', async () => {
      await using client = await open(context);
      const kv = own(client);
      await kv.transact({ then: [put('a', '1'), put('b', '1'), put('c', '1')] });
      const stop = new AbortController();
      const writing = (async () => {
        for (let n = 0; !stop.signal.aborted; n++)
          await kv.transact({ then: [put('a', String(n)), del('b')] });
        await kv.put('end', '');
      })();
      const known = follow(kv.listThenWatch(allKeys), (map) => map.has('end'));
      await kv.put('d', '1');
      stop.abort();
      await writing;
      const expected = new Map(
        (await kv.range(allKeys).toArray()).map((pair) => [pair.keyText(), pair.text()]),
      );
      expect(new Map([...(await known)].sort())).toEqual(expected);
    });

    test('compacted: thrown by default, listed again where asked', async () => {
      await using client = await open(context);
      const kv = own(client);
      const { revision } = await kv.put('k', '1');
      const last = await kv.put('k', '2');
      await client.kv.compact(last.revision);
      await expect(kv.watch('k', { startRevision: revision }).next()).rejects.toMatchObject({
        code: 'compacted',
        remedy: expect.any(String) as string,
      });
      await using watch = kv.watch('k', { startRevision: revision, onCompacted: 'relist' });
      const first = await watch.next();
      expect(first.value).toMatchObject({ type: 'list', kvs: [{ modRevision: last.revision }] });
      const third = await kv.put('k', '3');
      const second = await watch.next();
      expect(second.value).toMatchObject({ type: 'events', revision: third.revision });
    });

    test('answers of many megabytes come in whole revisions', { timeout: 60_000 }, async () => {
      await using client = await open(context);
      const kv = own(client);
      const { revision } = await kv.put('begin', '');
      const big = 'x'.repeat(100_000);
      // 20 transactions of 5 x 100 kB: 10 MB, some fragments of etcd's 2 MiB.
      for (let n = 0; n < 20; n++)
        await kv.transact({ then: [0, 1, 2, 3, 4].map((at) => put(`${n}/${at}`, big)) });
      const sizes = new Map<number, number>();
      let seen = 0;
      for await (const { events } of kv.watch(allKeys, { startRevision: revision + 1 })) {
        const inBatch = new Set(events.map(({ kv: { modRevision } }) => modRevision));
        for (const each of inBatch) expect(sizes.has(each)).toBe(false);
        for (const {
          kv: { modRevision },
        } of events)
          sizes.set(modRevision, (sizes.get(modRevision) ?? 0) + 1);
        seen += events.length;
        if (seen >= 100) break;
      }
      expect([...sizes.values()]).toEqual(Array.from({ length: 20 }, () => 5));
    });

    test('only deletes, with what was there before', async () => {
      await using client = await open(context);
      const kv = own(client);
      await using watch = kv.watch(prefix('a'), { only: 'delete', prevKv: true });
      await watch.created();
      await kv.put('a', 'old');
      await kv.delete('a');
      const { value } = await watch.next();
      expect(value?.events).toHaveLength(1);
      expect(value?.events[0]).toMatchObject({ type: 'delete', isCreate: false });
      expect(value?.events[0]?.prevKv?.text()).toBe('old');
    });

    test('progress can be asked for', async () => {
      await using client = await open(context);
      const kv = own(client);
      await using watch = kv.watch('quiet');
      await watch.created();
      const { revision } = await kv.put('other', '');
      const next = watch.next();
      const asking = setInterval(() => {
        watch.requestProgress();
      }, 20);
      const { value } = await next;
      clearInterval(asking);
      expect(value?.events).toEqual([]);
      expect(value?.revision).toBeGreaterThanOrEqual(revision);
    });

    test('closing ends a `next` that waits; a closed watch stays closed', async () => {
      await using client = await open(context);
      const watch = own(client).watch(allKeys);
      await watch.created();
      const waiting = watch.next();
      await watch.close();
      expect(await waiting).toEqual({ done: true, value: undefined });
      expect(await watch.next()).toEqual({ done: true, value: undefined });
      await watch.close();
    });

    test('aborting rejects with the reason; a client that closes ends its watches', async () => {
      await using client = await open(context);
      const controller = new AbortController();
      const aborted = own(client).watch(allKeys, { signal: controller.signal });
      await aborted.created();
      const first = aborted.next();
      controller.abort(new Error('enough'));
      await expect(first).rejects.toThrow('enough');
      const other = own(client).watch(allKeys);
      await other.created();
      const second = other.next();
      await client.close();
      await expect(second).rejects.toMatchObject({ code: 'closed' });
    });

    test(
      'J-7: a reader that stands still holds no more than the window, and then gets all',
      { timeout: 60_000 },
      async () => {
        await using client = await open(context);
        const kv = own(client);
        await using watch = kv.watch(allKeys);
        await watch.created();
        const value = 'x'.repeat(50_000);
        const puts = 120;
        for (let n = 0; n < puts; n++) await kv.put(`k${n % 3}`, value);
        let seen = 0;
        for await (const { events } of watch) {
          seen += events.length;
          if (seen === puts) break;
        }
        expect(seen).toBe(puts);
      },
    );
  });
}
