/** Goal: a deadline fires once, never early, and not after it was removed. Method: random schedules against a list. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Deadlines } from './deadlines.js';
import type { DeadlineNode } from './deadlines.js';

class Node implements DeadlineNode {
  nextInBucket: DeadlineNode | undefined;
  previousInBucket: DeadlineNode | undefined;
  fired = 0;
  onDeadline(): void {
    this.fired += 1;
  }
}

it('fires each node that is due and was not removed, once, and none early', () => {
  const plan = fc.array(fc.record({ atMs: fc.nat(1000), removed: fc.boolean() }));
  fc.assert(
    fc.property(plan, fc.array(fc.nat(1100)), (nodes, instants) => {
      const deadlines = new Deadlines(() => undefined);
      const all = nodes.map(({ atMs, removed }) => {
        const node = new Node();
        deadlines.add(node, atMs);
        return { node, atMs, removed };
      });
      for (const { node, removed } of all) if (removed) deadlines.remove(node);
      for (const nowMs of [...instants].sort((a, b) => a - b)) {
        deadlines.expire(nowMs);
        for (const { node, atMs } of all) if (atMs > nowMs) expect(node.fired).toBe(0);
      }
      deadlines.expire(2000);
      for (const { node, removed } of all) expect(node.fired).toBe(removed ? 0 : 1);
      expect(deadlines.nextMs).toBe(Infinity);
    }),
  );
});

it('says when to come back', () => {
  const deadlines = new Deadlines(() => undefined);
  deadlines.add(new Node(), 500);
  deadlines.add(new Node(), 100);
  expect(deadlines.nextMs).toBeGreaterThanOrEqual(100);
  expect(deadlines.nextMs).toBeLessThan(120);
});

it('reports each deadline that is earlier than all before it', () => {
  let earlier = 0;
  const deadlines = new Deadlines(() => (earlier += 1));
  for (const atMs of [500, 600, 100, 100, 300]) deadlines.add(new Node(), atMs);
  expect(earlier).toBe(2);
});

it('J-16: calls that ended leave nothing behind, however far their deadlines were', () => {
  const deadlines = new Deadlines(() => undefined);
  for (let call = 0; call < 100_000; call += 1) {
    const node = new Node();
    deadlines.add(node, 1e9 + call * 1000);
    deadlines.remove(node);
  }
  expect(deadlines.bucketCount).toBeLessThanOrEqual(1024);
});
