import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LeaseError } from './errors.js';
import { leaseId } from './lease.js';
import type { Key, LeaseId } from './lease.js';
import { Lessor } from './lessor.js';
import { minTtlSeconds } from './min-ttl.js';

const key = (text: string): Key => text as Key;
const id = (value: number | bigint): LeaseId => leaseId(BigInt(value));
const newLessor = (): Lessor => new Lessor({ minTtlSeconds: 2 });

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof LeaseError) return error.code;
    throw error;
  }
  return 'ok';
}

describe('grant', () => {
  test.each([0, -5, Number.MIN_SAFE_INTEGER, 1])('B-60: ttl %d is raised to the minimum', (ttl) => {
    expect(newLessor().grant(id(1), ttl).ttlSeconds).toBe(2);
  });

  test('B-61, H-L7: the longest ttl is granted, one second more is refused with nothing changed', () => {
    const lessor = newLessor();
    expect(lessor.grant(id(1), 9_000_000_000).ttlSeconds).toBe(9_000_000_000);
    expect(codeOf(() => lessor.grant(id(2), 9_000_000_001))).toBe('ttl_too_large');
    expect(() => lessor.grant(id(2), Number.MAX_SAFE_INTEGER)).toThrow(
      'lease ttl 9007199254740991 s exceeds 9000000000 s',
    );
    expect(lessor.size).toBe(1);
  });

  test('B-63: an identifier in use is refused, and the lease stays as it was', () => {
    const lessor = newLessor();
    lessor.grant(id(1), 10);
    expect(codeOf(() => lessor.grant(id(1), 20))).toBe('exists');
    expect(lessor.find(id(1))?.ttlSeconds).toBe(10);
  });

  test('a ttl that is too large ranks before an identifier in use, as in etcd', () => {
    const lessor = newLessor();
    lessor.grant(id(1), 10);
    expect(codeOf(() => lessor.grant(id(1), 9_000_000_001))).toBe('ttl_too_large');
  });

  test('B-64, H-D10: negative identifiers are ordinary; 0 is no lease', () => {
    const lessor = newLessor();
    lessor.grant(id(-1), 10);
    lessor.grant(id(-(2n ** 63n)), 10);
    expect(lessor.has(id(-1))).toBe(true);
    expect(codeOf(() => lessor.grant(id(0), 10))).toBe('not_found');
  });

  test('identifiers beyond 2^53 are told apart (J-1)', () => {
    const lessor = newLessor();
    lessor.grant(id(2n ** 53n), 10);
    lessor.grant(id(2n ** 53n + 1n), 10);
    expect(lessor.size).toBe(2);
  });
});

describe('revoke', () => {
  test('G-9 (d): returns all attached keys in byte order and forgets them', () => {
    const lessor = newLessor();
    lessor.grant(id(1), 10);
    for (const name of ['b', '\xff', 'a\x00', 'a', '__proto__', 'B'])
      lessor.attach(id(1), key(name));
    expect(lessor.revoke(id(1))).toEqual(['B', '__proto__', 'a', 'a\x00', 'b', '\xff']);
    expect(lessor.leaseOf(key('a'))).toBe(0n);
    expect(lessor.attachedKeyCount).toBe(0);
  });

  test('B-65: an unknown lease, 0, or the second of two at once is not found', () => {
    const lessor = newLessor();
    lessor.grant(id(1), 10);
    lessor.revoke(id(1));
    expect(codeOf(() => lessor.revoke(id(1)))).toBe('not_found');
    expect(codeOf(() => lessor.revoke(id(0)))).toBe('not_found');
    expect(() => lessor.revoke(id(-1))).toThrow('lease ffffffffffffffff not found');
  });

  test('an identifier can be granted again, without the old keys', () => {
    const lessor = newLessor();
    lessor.grant(id(1), 10);
    lessor.attach(id(1), key('a'));
    lessor.revoke(id(1));
    lessor.grant(id(1), 20);
    expect(lessor.keys(id(1))).toEqual([]);
  });
});

describe('attach and detach', () => {
  test('a key belongs to one lease: the last one that it was attached to', () => {
    const lessor = newLessor();
    lessor.grant(id(1), 10);
    lessor.grant(id(2), 10);
    lessor.attach(id(1), key('a'));
    lessor.attach(id(2), key('a'));
    expect(lessor.leaseOf(key('a'))).toBe(2n);
    expect(lessor.revoke(id(1))).toEqual([]);
    expect(lessor.revoke(id(2))).toEqual(['a']);
  });

  test('B-15: an unknown lease is not found, and the key stays where it was', () => {
    const lessor = newLessor();
    lessor.grant(id(1), 10);
    lessor.attach(id(1), key('a'));
    expect(
      codeOf(() => {
        lessor.attach(id(9), key('a'));
      }),
    ).toBe('not_found');
    expect(lessor.leaseOf(key('a'))).toBe(1n);
  });

  test('detaching a key without lease does nothing', () => {
    const lessor = newLessor();
    lessor.detach(key('a'));
    expect(lessor.leaseOf(key('a'))).toBe(0n);
  });

  test('H-L6: nothing is left behind after many leases and keys came and went', () => {
    const lessor = newLessor();
    for (let i = 1; i <= 10_000; i++) {
      lessor.grant(id(i), 10);
      lessor.attach(id(i), key(`k${i}`));
      lessor.attach(id(i), key('shared'));
      if (i % 2 === 0) lessor.detach(key(`k${i}`));
      if (i % 3 !== 0) lessor.revoke(id(i));
    }
    for (let i = 3; i <= 10_000; i += 3) lessor.revoke(id(i));
    expect([lessor.size, lessor.attachedKeyCount]).toEqual([0, 0]);
  });
});

describe('checkpoint', () => {
  test('is recorded and cleared; an unknown lease is ignored', () => {
    const lessor = newLessor();
    lessor.grant(id(1), 600);
    expect(lessor.checkpoint({ id: id(1), remainingTtlSeconds: 300 })).toMatchObject({
      remainingTtlSeconds: 300,
    });
    lessor.checkpoint({ id: id(1), remainingTtlSeconds: 0 });
    expect(lessor.find(id(1))?.remainingTtlSeconds).toBe(0);
    expect(lessor.checkpoint({ id: id(2), remainingTtlSeconds: 300 })).toBeUndefined();
  });
});

test('restore replaces everything, and raises short ttls', () => {
  const lessor = newLessor();
  lessor.grant(id(1), 10);
  lessor.attach(id(1), key('a'));
  lessor.restore([
    { id: id(2), ttlSeconds: 1, remainingTtlSeconds: 0 },
    { id: id(3), ttlSeconds: 600, remainingTtlSeconds: 400 },
  ]);
  lessor.attach(id(3), key('b'));
  expect([...lessor.leases()]).toMatchObject([
    { id: 2n, ttlSeconds: 2, remainingTtlSeconds: 0, keyCount: 0 },
    { id: 3n, ttlSeconds: 600, remainingTtlSeconds: 400, keyCount: 1 },
  ]);
  expect(lessor.leaseOf(key('a'))).toBe(0n);
});

test.each([
  [10, 100, 2],
  [5, 1000, 7],
  [50, 100, 8],
  [10, 1000, 15],
])(
  'the minimum ttl of %d election ticks of %d ms is %d s',
  (electionTicks, heartbeatMs, seconds) => {
    expect(minTtlSeconds({ electionTicks, heartbeatMs })).toBe(seconds);
  },
);

test('G-14: any order of entries leaves the same leases and keys as the naive model', () => {
  const ids = fc.integer({ min: 1, max: 4 });
  const keys = fc.constantFrom('a', 'b', 'c', 'd', '\xff');
  const operation = fc.oneof(
    fc.record({ type: fc.constant('grant' as const), lease: ids }),
    fc.record({ type: fc.constant('revoke' as const), lease: ids }),
    fc.record({ type: fc.constant('attach' as const), lease: ids, key: keys }),
    fc.record({ type: fc.constant('detach' as const), key: keys }),
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      const lessor = newLessor();
      const leases = new Set<number>();
      const leaseOf = new Map<string, number>();
      const keysOf = (lease: number): string[] =>
        [...leaseOf].filter(([, owner]) => owner === lease).map(([name]) => name);
      for (const op of operations) {
        switch (op.type) {
          case 'grant':
            expect(codeOf(() => lessor.grant(id(op.lease), 5))).toBe(
              leases.has(op.lease) ? 'exists' : 'ok',
            );
            leases.add(op.lease);
            break;
          case 'revoke':
            if (leases.delete(op.lease)) {
              const names = keysOf(op.lease);
              expect(lessor.revoke(id(op.lease))).toEqual(names.sort());
              for (const name of names) leaseOf.delete(name);
            } else expect(codeOf(() => lessor.revoke(id(op.lease)))).toBe('not_found');
            break;
          case 'attach':
            expect(
              codeOf(() => {
                lessor.attach(id(op.lease), key(op.key));
              }),
            ).toBe(leases.has(op.lease) ? 'ok' : 'not_found');
            if (leases.has(op.lease)) leaseOf.set(op.key, op.lease);
            break;
          case 'detach':
            lessor.detach(key(op.key));
            leaseOf.delete(op.key);
            break;
        }
        for (const name of ['a', 'b', 'c', 'd', '\xff'])
          expect(lessor.leaseOf(key(name))).toBe(BigInt(leaseOf.get(name) ?? 0));
        for (const lease of leases) expect(lessor.keys(id(lease))).toEqual(keysOf(lease).sort());
        expect(lessor.size).toBe(leases.size);
      }
    }),
    { numRuns: 300 },
  );
});
