import fc from 'fast-check';
import type { KeyRange } from '@kv/mvcc/model';
import { expect, test } from 'vitest';
import { key } from '../test/store.js';
import { hull, intervalOf, isEmpty, rangeOf } from './interval.js';

const keyArb = fc.constantFrom('a', 'a\0', 'b', 'c', '\xff').map(key);
const rangeArb: fc.Arbitrary<KeyRange> = fc.oneof(
  keyArb.map((name) => ({ type: 'single' as const, key: name })),
  fc.record({ type: fc.constant('range' as const), start: keyArb, end: keyArb }),
  keyArb.map((start) => ({ type: 'from' as const, start })),
  fc.constant({ type: 'all' as const }),
);

test('a range is an interval and back', () => {
  fc.assert(
    fc.property(rangeArb, (range) => {
      expect(intervalOf(rangeOf(intervalOf(range)))).toEqual(intervalOf(range));
    }),
  );
  expect(rangeOf(intervalOf({ type: 'single', key: key('a') }))).toEqual({
    type: 'single',
    key: 'a',
  });
  expect(rangeOf(intervalOf({ type: 'all' }))).toEqual({ type: 'all' });
});

test('the hull holds both and begins and ends with one of them', () => {
  fc.assert(
    fc.property(rangeArb, rangeArb, (a, b) => {
      const [x, y] = [intervalOf(a), intervalOf(b)];
      const both = hull(x, y);
      expect(both).toEqual(hull(y, x));
      expect([x.start, y.start].sort()[0]).toBe(both.start);
      if (x.end === undefined || y.end === undefined) expect(both.end).toBeUndefined();
      else expect([x.end, y.end].sort()[1]).toBe(both.end);
    }),
  );
});

test.each([
  ['b', 'a', true],
  ['a', 'a', true],
  ['a', 'a\0', false],
  ['a', undefined, false],
])('[%j, %j) is empty: %s', (start, end, empty) => {
  expect(isEmpty({ start, end })).toBe(empty);
});
