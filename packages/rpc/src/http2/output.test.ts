/** Goal: what is taken is what was appended, in few pieces. Method: random frames against a plain concatenation. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { frame } from '../testing/frame-socket.js';
import { Output } from './output.js';

const payload = fc.oneof(
  fc.uint8Array({ maxLength: 50 }),
  fc.nat(9000).map((n) => new Uint8Array(n)),
);

it('gives back every byte in order, turn by turn', () => {
  fc.assert(
    fc.property(fc.array(fc.array(payload, { maxLength: 30 }), { maxLength: 6 }), (turns) => {
      const output = new Output();
      for (const payloads of turns) {
        payloads.forEach((bytes, index) => {
          output.frame(index % 10, 1, index, bytes);
        });
        const expected = Buffer.concat(payloads.map((bytes, i) => frame(i % 10, 1, i, bytes)));
        expect(output.bytes).toBe(expected.length);
        expect(Buffer.concat(output.take())).toEqual(expected);
        expect(output.bytes).toBe(0);
      }
    }),
  );
});

it('pieces that were taken do not change when more is written', () => {
  const output = new Output();
  output.frame(0, 0, 1, Buffer.from('first'));
  const taken = Buffer.concat(output.take());
  const pieces = ((): Uint8Array[] => {
    output.frame(0, 0, 1, Buffer.from('first'));
    return output.take();
  })();
  for (let index = 0; index < 1000; index += 1) output.frame(9, 9, 9, Buffer.from('later'));
  expect(Buffer.concat(pieces)).toEqual(taken);
});

it('needs one piece for a turn like the turn before', () => {
  const output = new Output();
  const pieces = Array.from({ length: 12 }, () => {
    for (let index = 0; index < 400; index += 1) output.frame(0, 0, 1, Buffer.alloc(30));
    return output.take().length;
  });
  expect(pieces.slice(6)).toEqual([1, 1, 1, 1, 1, 1]);
});

it('does not copy large payloads', () => {
  const output = new Output();
  const large = new Uint8Array(10_000);
  output.frame(0, 0, 1, large);
  expect(output.take()).toContain(large);
});
