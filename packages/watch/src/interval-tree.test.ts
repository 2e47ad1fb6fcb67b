import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IntervalTree } from './interval-tree.js';
import type { Interval } from './interval.js';

const point = fc.constantFrom('', 'a', 'a\0', 'b', 'c', 'd', 'e', '\xff');
const intervalArb: fc.Arbitrary<Interval> = fc.record({
  start: point,
  end: fc.option(point, { nil: undefined }),
});
const holds = ({ start, end }: Interval, key: string): boolean =>
  start <= key && (end === undefined || key < end);
const heightMax = (size: number): number => 1.4405 * Math.log2(size + 2);

describe('interval tree', () => {
  test('finds what a list finds, in order, after any insertions and removals', () => {
    const operation = fc.record({ isDelete: fc.boolean(), interval: intervalArb });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 120, size: 'max' }), (operations) => {
        const tree = new IntervalTree<Interval>();
        let naive: Interval[] = [];
        for (const { isDelete, interval } of operations) {
          const equal = (other: Interval): boolean =>
            other.start === interval.start && other.end === interval.end;
          naive = naive.filter((other) => !equal(other));
          if (isDelete) tree.delete(interval);
          else {
            tree.set(interval, interval);
            naive.push(interval);
          }
          expect(tree.size).toBe(naive.length);
          expect(tree.find(interval)).toEqual(isDelete ? undefined : interval);
          expect(tree.height).toBeLessThanOrEqual(heightMax(naive.length));
        }
        for (const key of [
          '',
          'a',
          'a\0',
          'aa',
          'b',
          'bb',
          'c',
          'd',
          'e',
          'z',
          '\xff',
          '\xff\xff',
        ]) {
          const found: Interval[] = [];
          tree.collectAt(key, found);
          expect(new Set(found)).toEqual(new Set(naive.filter((one) => holds(one, key))));
          expect(found).toHaveLength(new Set(found).size);
          const starts = found.map((one) => one.start);
          expect(starts).toEqual([...starts].sort());
        }
      }),
      { numRuns: 300 },
    );
  });

  test.each(['ascending', 'descending', 'inside out'])('stays balanced: %s', (order) => {
    const count = 4_000;
    const numbers = Array.from({ length: count }, (_, i) => i);
    if (order === 'descending') numbers.reverse();
    if (order === 'inside out') numbers.sort((a, b) => Math.abs(a - 2_000) - Math.abs(b - 2_000));
    const name = (i: number): string => String(i).padStart(5, '0');
    const tree = new IntervalTree<number>();
    for (const i of numbers) tree.set({ start: name(i), end: name(i + 1) }, i);
    expect(tree.height).toBeLessThanOrEqual(heightMax(count));
    for (const i of numbers) if (i % 4 !== 0) tree.delete({ start: name(i), end: name(i + 1) });
    expect(tree.height).toBeLessThanOrEqual(heightMax(count / 4));
    const found: number[] = [];
    tree.collectAt(name(1_000), found);
    expect(found).toEqual([1_000]);
  });

  test('a point among 10,000 disjoint intervals costs about the height, not the number', () => {
    const tree = new IntervalTree<number>();
    const name = (i: number): string => String(i).padStart(5, '0');
    for (let i = 0; i < 10_000; i++) tree.set({ start: name(i), end: name(i + 1) }, i);
    tree.collectAt(name(5_000), []);
    expect(tree.visits).toBeLessThan(4 * heightMax(10_000));
  });

  test('removing what is not there changes nothing', () => {
    const tree = new IntervalTree<number>();
    tree.delete({ start: 'a', end: 'b' });
    tree.set({ start: 'a', end: 'c' }, 1);
    tree.delete({ start: 'a', end: 'b' });
    tree.delete({ start: 'a', end: undefined });
    expect(tree.size).toBe(1);
  });
});
