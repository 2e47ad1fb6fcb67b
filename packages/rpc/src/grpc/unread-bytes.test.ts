/** Goal: bytes come out once and in order, and cost about what they are. Method: random operations against a list. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { UnreadBytes } from './unread-bytes.js';

it('gives back what was pushed, whatever is put back meanwhile', () => {
  const operation = fc.oneof(
    fc.record({ push: fc.uint8Array({ maxLength: 9000 }) }),
    fc.record({ putBack: fc.nat(10_000) }),
  );
  fc.assert(
    fc.property(fc.array(operation), (operations) => {
      const unread = new UnreadBytes();
      const pushed: Uint8Array[] = [];
      const taken: Uint8Array[] = [];
      for (const step of operations) {
        if ('push' in step) {
          pushed.push(step.push);
          unread.push(Buffer.from(step.push), 0, step.push.length);
        } else {
          const chunk = unread.shift();
          if (chunk === undefined) continue;
          const kept = Math.min(step.putBack, chunk.length);
          taken.push(Buffer.from(chunk.subarray(0, chunk.length - kept)));
          unread.unshift(chunk.subarray(chunk.length - kept));
        }
        const left = Buffer.concat(pushed).length - Buffer.concat(taken).length;
        expect(unread.bytes).toBe(left);
      }
      for (let chunk = unread.shift(); chunk !== undefined; chunk = unread.shift()) {
        taken.push(Buffer.from(chunk));
      }
      expect(Buffer.concat(taken)).toEqual(Buffer.concat(pushed));
    }),
  );
});

it('J-16: a window full of single bytes is held in about a window of memory', () => {
  const unread = new UnreadBytes();
  const byte = Buffer.from([1]);
  const windowBytes = 256 * 1024;
  for (let index = 0; index < windowBytes; index += 1) unread.push(byte, 0, 1);
  expect(unread.bytes).toBe(windowBytes);
  expect(unread.heldBytes).toBeLessThanOrEqual(windowBytes + 4096);
  unread.clear();
  expect(unread.heldBytes).toBe(0);
});
