/** Namespaces, codecs, transactions, compare-and-swap and software transactions: the same on every server. */
import { describe, expect, expectTypeOf, test } from 'vitest';
import { json, text } from '../../src/codec.js';
import { allKeys, fromKey, prefix, range } from '../../src/data.js';
import type { KeyValue } from '../../src/key-value.js';
import { del, find, get, put, when, type GetResult } from '../../src/operation.js';
import type { Isolation } from '../../src/stm.js';
import { collect, open, own, type SuiteContext } from './context.js';

export function transactionsSuite(context: SuiteContext): void {
  describe('namespaces', () => {
    test('keys go in and come out without the prefix, and nothing outside is seen', async () => {
      await using client = await open(context);
      const space = own(client).withCodec(text);
      const [a, b] = [space.namespace('a/'), space.namespace('b/')];
      await a.put('1', 'one');
      await a.put('2', 'two');
      await b.put('1', 'other');
      const names = async (keys: Parameters<typeof a.range>[0]): Promise<string[]> =>
        (await collect(a.range(keys))).map((kv) => kv.keyText());
      expect(await names(allKeys)).toEqual(['1', '2']);
      expect(await names(prefix(''))).toEqual(['1', '2']);
      expect(await names(fromKey('2'))).toEqual(['2']);
      expect(await names(range('1', '2'))).toEqual(['1']);
      expect(await names(fromKey(Uint8Array.of(0xff)))).toEqual([]);
      expect((await a.find('1'))?.value).toBe('one');
      expect((await space.find('a/1'))?.value).toBe('one');
      expect(await a.delete(allKeys)).toMatchObject({ deleted: 2 });
      expect(await b.count(allKeys)).toBe(1);
      await expect(a.put('', 'x')).rejects.toMatchObject({ code: 'emptyKey', outcome: 'definite' });
    });

    test('watches, transactions and previous pairs, too', async () => {
      await using client = await open(context);
      const space = own(client).namespace('n/').withCodec(json<{ n: number }>());
      const watch = space.watch(allKeys, { prevKv: true });
      await watch.created();
      await space.put('k', { n: 1 });
      await space.txn.then(put('k', { n: 2 })).commit();
      const seen: string[] = [];
      for await (const { events } of watch) {
        for (const { kv, prevKv, isCreate } of events)
          seen.push(`${kv.keyText()} ${prevKv?.value.n ?? 0}>${kv.value.n} ${isCreate}`);
        if (seen.length === 2) break;
      }
      expect(seen).toEqual(['k 0>1 true', 'k 1>2 false']);
    });

    test('a value that does not decode is reported where it is read, by its key', async () => {
      await using client = await open(context);
      const space = own(client);
      await space.put('bad', '{not json');
      const kv = await space.withCodec(json).find('bad');
      expect(kv?.text()).toBe('{not json');
      expect(() => kv?.value).toThrow(/codec "json" cannot decode the value of key "bad"/);
      await expect(space.withCodec(json<unknown>()).put('x', undefined)).rejects.toMatchObject({
        code: 'codec',
      });
    });
  });

  describe('transactions', () => {
    test('the types of the results follow the branches', async () => {
      await using client = await open(context);
      const kv = own(client).withCodec(text);
      const result = await kv.txn
        .if(when.missing('a'), when.version('b', '=', 0))
        .then(put('a', '1'), get(allKeys), find('a'))
        .else(del('a'))
        .commit();
      if (!result.succeeded) throw new Error('expected the first branch');
      expectTypeOf(result.results[1]).toExtend<GetResult<string>>();
      expectTypeOf(result.results[2]).toEqualTypeOf<KeyValue<string> | undefined>();
      expectTypeOf(result.results).toHaveProperty('length').toEqualTypeOf<3>();
      expect(result.results[1].count).toBe(1);
      expect(result.results[2]?.value).toBe('1');

      const again = await kv.txn
        .if(when.missing('a'))
        .else(find('a'), del('a', { prevKv: true }))
        .commit();
      expect(again.succeeded).toBe(false);
      if (again.succeeded) return;
      expect(again.results[0]?.value).toBe('1');
      expect(again.results[1].prevKvs[0]?.value).toBe('1');
    });

    test('nested, with ranges of keys as conditions', async () => {
      await using client = await open(context);
      const kv = own(client).withCodec(text);
      const inner = kv.txn
        .if(when.value('x', '=', 'no'))
        .else(put('inner', 'yes'))
        .nested();
      const result = await kv.txn
        .if(when.version(allKeys, '=', 0))
        .then(inner, put('x', '1'))
        .commit();
      if (!result.succeeded) throw new Error('expected the first branch');
      expect(result.results[0].succeeded).toBe(false);
      expect((await kv.find('inner'))?.value).toBe('yes');
    });

    test('a builder that is awaited by mistake says so', async () => {
      await using client = await open(context);
      // The compiler refuses it, too: hence the detour.
      const builder: unknown = client.txn.then(put('a', 'b'));
      const mistake = async (): Promise<unknown> => await builder;
      await expect(mistake()).rejects.toThrow('call commit()');
    });
  });

  describe('compare and swap', () => {
    test('create, replace, remove', async () => {
      await using client = await open(context);
      const kv = own(client).withCodec(text);
      const made = await kv.create('k', '1');
      expect(made.succeeded).toBe(true);
      const twice = await kv.create('k', '2');
      expect(twice).toMatchObject({ succeeded: false, current: { value: '1' } });
      const replaced = await kv.replace('k', made.revision, '3');
      expect(replaced.succeeded).toBe(true);
      expect(await kv.replace('k', made.revision, '4')).toMatchObject({ succeeded: false });
      expect(await kv.remove('k', made.revision)).toMatchObject({ succeeded: false });
      expect(await kv.remove('k', replaced.revision)).toMatchObject({ succeeded: true });
      expect(await kv.find('k')).toBeUndefined();
    });

    test('update: twenty at once, and none is lost', async () => {
      await using client = await open(context);
      const kv = own(client).withCodec(json<number>());
      await Promise.all(
        Array.from({ length: 20 }, () =>
          kv.update('n', (n) => (n ?? 0) + 1, { attemptsMax: 1_000, timeoutMs: 30_000 }),
        ),
      );
      expect(await kv.find('n')).toMatchObject({ value: 20, version: 20 });
      expect(await kv.update('n', () => undefined)).toBeUndefined();
    });

    test('update gives up after its bound', async () => {
      await using client = await open(context);
      const kv = own(client).withCodec(json<number>());
      const losing = kv.update(
        'n',
        async (n) => {
          await kv.put('n', 7);
          return (n ?? 0) + 1;
        },
        { attemptsMax: 3 },
      );
      await expect(losing).rejects.toMatchObject({ code: 'conflict', outcome: 'definite' });
    });
  });

  describe('software transactions', () => {
    const isolations: readonly Isolation[] = [
      'serializableSnapshot',
      'serializable',
      'repeatableReads',
    ];
    test.each(isolations)('%s: money moves, and none is made or lost', async (isolation) => {
      await using client = await open(context);
      const kv = own(client).withCodec(json<number>());
      const accounts = ['a', 'b', 'c', 'd'];
      for (const account of accounts) await kv.put(account, 100);
      const transfer = (seed: number): Promise<unknown> =>
        kv.stm(
          async (stm) => {
            const from = accounts[seed % 4] ?? 'a';
            const to = accounts[(seed + 1 + (seed % 3)) % 4] ?? 'b';
            const [source, target] = [await stm.get(from), await stm.get(to)];
            stm.put(from, (source ?? 0) - 1);
            stm.put(to, (target ?? 0) + 1);
            expect(await stm.get(from)).toBe((source ?? 0) - 1);
          },
          { isolation, attemptsMax: 1_000, timeoutMs: 30_000 },
        );
      await Promise.all(Array.from({ length: 30 }, (_, seed) => transfer(seed)));
      const sum = (await kv.range(allKeys).toArray()).reduce(
        (total, { value }) => total + value,
        0,
      );
      expect(sum).toBe(400);
    });

    test('serializable: two reads see one revision, whatever happens in between', async () => {
      await using client = await open(context);
      const kv = own(client).withCodec(text);
      await kv.transact({ then: [put('x', '1'), put('y', '1')] });
      const { value } = await kv.stm(
        async (stm) => {
          const x = await stm.get('x');
          await kv.transact({ then: [put('x', '2'), put('y', '2')] });
          return [x, await stm.get('y')];
        },
        { isolation: 'serializable' },
      );
      expect(value).toEqual(['1', '1']);
    });

    test('serializableSnapshot: a key that was only written is watched over, too', async () => {
      await using client = await open(context);
      const kv = own(client).withCodec(text);
      await kv.put('w', '0');
      const run = async (isolation: Isolation): Promise<number> => {
        let interfered = false;
        const { attempts } = await kv.stm(
          async (stm) => {
            await stm.get('r');
            if (!interfered) await kv.put('w', 'other');
            interfered = true;
            stm.put('w', 'mine');
          },
          { isolation },
        );
        return attempts;
      };
      expect(await run('serializableSnapshot')).toBe(2);
      expect(await run('serializable')).toBe(1);
    });

    test('readCommitted never fails; deletes and prefetched reads work', async () => {
      await using client = await open(context);
      const kv = own(client).withCodec(text);
      await kv.put('a', '1');
      const { attempts } = await kv.stm(
        async (stm) => {
          await stm.get('a');
          await kv.put('a', 'other');
          stm.delete('a');
          expect(await stm.get('a')).toBeUndefined();
        },
        { isolation: 'readCommitted', prefetch: ['a', 'b'] },
      );
      expect(attempts).toBe(1);
      expect(await kv.find('a')).toBeUndefined();
    });
  });
}
