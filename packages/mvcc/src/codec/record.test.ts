// Records: the KeyValue inside is what Go writes; every flipped bit is noticed.
import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes, key, noLease } from '../../test/scratch.js';
import type { LeaseId, Revision, StoredKeyValue } from '../model.js';
import { deletedKeyValue, encodeKeyOnly, HeadReader, RecordEncoder, valueOf } from './record.js';

const encoder = new RecordEncoder();
const whole = (record: { readonly head: Uint8Array; readonly tail: Uint8Array }): Uint8Array =>
  Buffer.concat([record.head, record.tail]);
const hex = (found: Uint8Array): string => Buffer.from(found).toString('hex');

describe('a put record', () => {
  it('holds the KeyValue as the protobuf of Go writes it', () => {
    const plain = encoder.put(1, key('foo'), bytes('bar'), 300, 0, 2, 3, noLease);
    expect(hex(plain.keyValue)).toBe('0a03666f6f100218ac0220032a03626172');
    const leased = encoder.put(2, key('k'), bytes(''), 2, 0, 2, 1, 2n as LeaseId);
    expect(hex(leased.keyValue)).toBe('0a016b1002180220013002');
  });

  it('reads back', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 300 }),
        fc.uint8Array({ maxLength: 20_000 }),
        fc.maxSafeNat(),
        fc.nat(),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        (keyBytes, value, main, sub, lease) => {
          const name = key(Buffer.from(keyBytes).toString('latin1'));
          const record = encoder.put(9, name, value, main, sub, main, 1, lease as LeaseId);
          const head = new HeadReader();
          const stored = whole(record);
          expect(head.read(stored, 0, stored.length)).toBe(true);
          expect(head.readTail(stored, stored.length)).toBe(true);
          expect([
            head.seq,
            head.main,
            head.sub,
            head.version,
            head.lease,
            head.isTombstone,
          ]).toEqual([9, main, sub, 1, lease, false]);
          expect(hex(stored.subarray(head.keyStart, head.keyEnd))).toBe(hex(keyBytes));
          expect(hex(stored.subarray(head.keyValueStart))).toBe(hex(record.keyValue));
          expect(hex(valueOf({ encoded: record.keyValue } as StoredKeyValue))).toBe(hex(value));
        },
      ),
    );
  });

  it('F-17 no single flipped bit goes unnoticed', () => {
    const stored = whole(encoder.put(7, key('key'), bytes('value'), 5, 1, 4, 2, 77n as LeaseId));
    const head = new HeadReader();
    for (let bit = 0; bit < stored.length * 8; bit++) {
      const flipped = stored.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const intact =
        head.read(flipped, 0, flipped.length) && head.readTail(flipped, flipped.length);
      expect(intact, `bit ${bit}`).toBe(false);
      expect(head.problem).toBeDefined();
    }
  });

  it('B-200 no truncation goes unnoticed', () => {
    const stored = whole(encoder.put(7, key('key'), bytes('value'), 5, 1, 4, 2, noLease));
    const head = new HeadReader();
    for (let length = 0; length < stored.length; length++) {
      expect(head.read(stored, 0, length) && head.readTail(stored, length)).toBe(false);
    }
  });
});

describe('a tombstone record', () => {
  it('holds a KeyValue with only the key, as in etcd', () => {
    const record = encoder.tombstone(3, key('foo'), 5, 2);
    expect(hex(record.keyValue)).toBe('0a03666f6f');
    const head = new HeadReader();
    expect(head.read(record.head, 0, record.head.length)).toBe(true);
    expect([head.isTombstone, head.main, head.sub, head.tailBytes]).toEqual([true, 5, 2, 0]);
  });

  it('becomes an event with key and mod_revision', () => {
    const event = deletedKeyValue(key('foo'), 300);
    expect(hex(event.encoded)).toBe('0a03666f6f18ac02');
    expect(event.modRevision).toBe(300 as Revision);
  });
});

describe('a pair without its value', () => {
  it('keeps the revisions, and the lease if given', () => {
    expect(hex(encodeKeyOnly(key('k'), 2, 3, 4))).toBe('0a016b100218032004');
    expect(hex(encodeKeyOnly(key('k'), 2, 3, 4, 5n as LeaseId))).toBe('0a016b1002180320043005');
  });
});
