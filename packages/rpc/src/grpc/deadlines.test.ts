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
      const deadlines = new Deadlines();
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
  const deadlines = new Deadlines();
  deadlines.add(new Node(), 500);
  deadlines.add(new Node(), 100);
  expect(deadlines.nextMs).toBeGreaterThanOrEqual(100);
  expect(deadlines.nextMs).toBeLessThan(120);
});
