import fc from 'fast-check';
import type { StoreEvent, StoredKeyValue } from '@kv/mvcc/model';
import { describe, expect, test } from 'vitest';
import { key, rev } from '../test/store.js';
import { EventBatch } from './event-batch.js';

function kv(encoded: Uint8Array): StoredKeyValue {
  return {
    key: key('k'),
    createRevision: rev(2),
    modRevision: rev(2),
    version: 1,
    lease: 0n as StoredKeyValue['lease'],
    encoded,
  };
}
const event = (type: 'put' | 'delete', encoded: Uint8Array): StoreEvent => ({
  type,
  kv: kv(encoded),
  isCreate: false,
});
const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(0xab);
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex');

describe('encoding', () => {
  test('is the repeated field 11: type left out for PUT, kv 2, prev_kv 3', () => {
    const batch = new EventBatch(
      [event('put', Buffer.from('0a0161', 'hex')), event('delete', Buffer.from('0a0162', 'hex'))],
      [undefined, kv(Buffer.from('0a01622a0178', 'hex'))],
    );
    const put = '5a05' + '12030a0161';
    const deleted = '5a0f' + '0801' + '12030a0162' + '1a060a01622a0178';
    expect(hex(batch.encode())).toBe(put + deleted);
  });

  test('happens once: the same bytes object, of the size known before', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 8 });
    fc.assert(
      fc.property(sizes, fc.boolean(), (lengths, hasPrevious) => {
        const events = lengths.map((n, i) => event(i % 2 === 0 ? 'put' : 'delete', bytes(n)));
        const previous = lengths.map((n) => (n % 3 === 0 ? undefined : kv(bytes(n))));
        const batch = new EventBatch(events, hasPrevious ? previous : undefined);
        expect(batch.encode()).toHaveLength(batch.encodedBytes);
        expect(batch.encode()).toBe(batch.encode());
      }),
    );
  });
});

/** etcd's loop (api/v3rpc/watch.go, sendFragments), on sizes alone. */
function etcdFragments(sizes: readonly number[], envelope: number, max: number): number[] {
  const total = sizes.reduce((sum, size) => sum + size, envelope);
  if (total < max || sizes.length < 2) return [sizes.length];
  const counts: number[] = [];
  for (let at = 0; at < sizes.length;) {
    let size = envelope + 2;
    let count = 0;
    for (const more of sizes.slice(at)) {
      if (count > 0 && size + more >= max) break;
      size += more;
      count++;
    }
    counts.push(count);
    at += count;
  }
  return counts;
}

describe('fragments (B-52)', () => {
  test('are etcd’s, for any sizes around the bound', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 10, max: 30 }),
        (lengths, max, envelope) => {
          const events = lengths.map((n) => event('put', bytes(n)));
          const batch = new EventBatch(events, undefined);
          const sizes = lengths.map(
            (n) => new EventBatch([event('put', bytes(n))], undefined).encodedBytes,
          );
          const pieces = batch.fragments(max, envelope);
          const expected = etcdFragments(sizes, envelope, max);
          expect(pieces.map((piece) => piece.events.length)).toEqual(expected);
          expect(pieces.flatMap((piece) => piece.events)).toEqual(events);
          const joined = Buffer.concat(pieces.map((piece) => piece.encode()));
          expect(hex(joined)).toBe(hex(batch.encode()));
        },
      ),
    );
  });

  test('previous pairs stay with their events', () => {
    const events = [1, 2, 3].map((n) => event('put', bytes(n)));
    const previous = [kv(bytes(4)), undefined, kv(bytes(6))];
    const pieces = new EventBatch(events, previous).fragments(1, 10);
    expect(pieces.map((piece) => piece.previous)).toEqual(previous.map((one) => [one]));
  });

  test('are shared while the bound is the same', () => {
    const batch = new EventBatch([event('put', bytes(9)), event('put', bytes(9))], undefined);
    expect(batch.fragments(20, 10)).toBe(batch.fragments(20, 10));
    expect(batch.fragments(1_000, 10)).toEqual([batch]);
  });
});
