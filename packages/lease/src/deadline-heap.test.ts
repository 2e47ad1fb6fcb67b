import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Deadline, DeadlineHeap } from './deadline-heap.js';
import { leaseId } from './lease.js';

test('peek is the soonest after any adds, moves and removals, as in a sorted list', () => {
  const operation = fc.record({
    type: fc.constantFrom('add', 'add', 'move', 'remove', 'take'),
    pick: fc.nat(),
    atMs: fc.integer({ min: 0, max: 50 }),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
      const heap = new DeadlineHeap();
      const naive: Deadline[] = [];
      for (const op of operations) {
        const picked = naive[op.pick % Math.max(1, naive.length)];
        if (op.type === 'add' || picked === undefined) {
          const deadline = new Deadline(leaseId(BigInt(naive.length)), op.atMs);
          heap.add(deadline);
          naive.push(deadline);
        } else if (op.type === 'move') {
          heap.move(picked, op.atMs);
        } else {
          const gone = op.type === 'take' ? heap.peek() : picked;
          expect(gone).toBeDefined();
          if (gone === undefined) continue;
          heap.remove(gone);
          naive.splice(naive.indexOf(gone), 1);
        }
        expect(heap.size).toBe(naive.length);
        const soonest = Math.min(...naive.map((deadline) => deadline.atMs));
        expect(heap.peek()?.atMs ?? Infinity).toBe(soonest);
      }
    }),
    { numRuns: 500 },
  );
});

test('a deadline is in one heap, and only there can it be moved', () => {
  const deadline = new Deadline(leaseId(1n), 5);
  const heap = new DeadlineHeap();
  expect(() => {
    heap.move(deadline, 1);
  }).toThrow('in this heap');
  heap.add(deadline);
  expect(() => {
    heap.add(deadline);
  }).toThrow('in one heap');
  expect(() => {
    new DeadlineHeap().remove(deadline);
  }).toThrow('in this heap');
  heap.clear();
  heap.add(deadline);
  expect(heap.peek()).toBe(deadline);
});
