/** Goal: timers come out in order, whatever was cancelled. Method: random histories against a sorted list. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TimerQueue, type VirtualTimer } from './timer-queue.js';

type Step = { readonly add: number } | { readonly cancel: number } | 'take';

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ add: fc.integer({ min: 0, max: 20 }) }) },
  { weight: 2, arbitrary: fc.record({ cancel: fc.nat() }) },
  { weight: 1, arbitrary: fc.constant('take' as const) },
);

test('V2: as a sorted list would', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 100, maxLength: 400 }), (steps) => {
      const queue = new TimerQueue();
      let model: VirtualTimer[] = [];
      steps.forEach((each, order) => {
        if (each === 'take') {
          model.sort((a, b) => a.dueMs - b.dueMs || a.order - b.order);
          expect(queue.take()).toBe(model.shift());
        } else if ('add' in each) {
          const timer = { dueMs: each.add, order, run: () => undefined, cancelled: false };
          queue.add(timer);
          model.push(timer);
        } else {
          const timer = model[each.cancel % Math.max(1, model.length)];
          if (timer !== undefined) queue.cancel(timer);
          model = model.filter((other) => other !== timer);
        }
        expect(queue.size).toBe(model.length);
      });
    }),
  );
});
