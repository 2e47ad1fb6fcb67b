import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LeaseError } from './errors.js';
import { leaseId } from './lease.js';
import { decodeLeaseRecord, encodeLeaseRecord, leaseRecordKey } from './lease-record.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));

describe('leasepb.Lease', () => {
  // The left column is what Go's protobuf writes for the same message.
  test.each([
    ['', 0n, 0, 0],
    ['0807103c', 7n, 60, 0],
    ['0807103c1805', 7n, 60, 5],
    ['08ffffffffffffffffff011002', -1n, 2, 0],
    ['08ffffffffffffffff7f1080b4c4c321', 2n ** 63n - 1n, 9_000_000_000, 0],
    ['08808080808080808080011002', -(2n ** 63n), 2, 0],
  ])('is %s', (encoded, id, ttlSeconds, remainingTtlSeconds) => {
    const record = { id: leaseId(id), ttlSeconds, remainingTtlSeconds };
    expect(hex(encodeLeaseRecord(record))).toBe(encoded);
    expect(decodeLeaseRecord(bytes(encoded))).toEqual(record);
  });

  test('comes back unchanged for all identifiers and seconds (J-1)', () => {
    const seconds = fc.integer({ min: 0, max: 9_000_000_000 });
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        seconds,
        seconds,
        (id, ttlSeconds, remainingTtlSeconds) => {
          const record = { id: leaseId(id), ttlSeconds, remainingTtlSeconds };
          expect(decodeLeaseRecord(encodeLeaseRecord(record))).toEqual(record);
        },
      ),
    );
  });

  test('skips fields of a later version, and takes the last of equal ones', () => {
    const unknown = '2001290300000000000000' + '3203aabbcc' + '3d01020304';
    const record = decodeLeaseRecord(bytes(`0801${unknown}0802103c`));
    expect(record).toEqual({ id: 2n, ttlSeconds: 60, remainingTtlSeconds: 0 });
  });

  test.each([
    ['08', 'ends inside a number'],
    ['0880', 'ends inside a number'],
    ['08ffffffffffffffffffffff01', 'longer than 10 bytes'],
    ['3205aa', 'ends inside a field'],
    ['29010203', 'ends inside a field'],
    ['32ffffffffffffffff7f', 'ends inside a field'],
    ['0b', 'wire type 3'],
    ['10ffffffffffffffff7f', 'has ttl 9223372036854775807 s'],
  ])('%s is a bad record: %s', (encoded, what) => {
    expect(() => decodeLeaseRecord(bytes(encoded))).toThrow(what);
  });

  test('any bytes are a record or a typed error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (data) => {
        try {
          decodeLeaseRecord(data);
        } catch (error) {
          expect(error instanceof LeaseError && error.code === 'bad_record').toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

test('the key of a lease is its identifier, 8 bytes big endian', () => {
  expect(hex(leaseRecordKey(leaseId(258n)))).toBe('0000000000000102');
  expect(hex(leaseRecordKey(leaseId(-2n)))).toBe('fffffffffffffffe');
});
