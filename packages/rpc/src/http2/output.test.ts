/** Goal: what is taken is what was appended, in few pieces. Method: random frames against a plain concatenation. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { frame } from '../testing/frame-socket.js';
import { FrameType } from './frame.js';
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

it('messages of one stream in one turn share frames of DATA, as long as nothing is between them', () => {
  const input = fc.array(
    fc.array(fc.record({ streamId: fc.constantFrom(1, 3), bytes: payload }), { maxLength: 40 }),
    { maxLength: 6 },
  );
  const max = 9000;
  fc.assert(
    fc.property(input, (turns) => {
      const output = new Output();
      for (const messages of turns) {
        const frames: { readonly streamId: number; bytes: Buffer }[] = [];
        for (const { streamId, bytes } of messages) {
          output.data(bytes.length, streamId, max);
          output.append(bytes, 0, bytes.length);
          const last = frames.at(-1);
          if (last?.streamId === streamId && last.bytes.length + bytes.length <= max) {
            last.bytes = Buffer.concat([last.bytes, bytes]);
          } else frames.push({ streamId, bytes: Buffer.from(bytes) });
        }
        const expected = Buffer.concat(
          frames.map(({ streamId, bytes }) => frame(FrameType.data, 0, streamId, bytes)),
        );
        expect(output.bytes).toBe(expected.length);
        expect(Buffer.concat(output.take())).toEqual(expected);
      }
    }),
  );
});

it('a frame of DATA is over when another frame follows or it was taken', () => {
  const output = new Output();
  const write = (): void => {
    output.data(1, 1, 100);
    output.append(Buffer.from('x'), 0, 1);
  };
  const single = frame(FrameType.data, 0, 1, Buffer.from('x'));
  const other = frame(FrameType.headers, 0, 1, Buffer.alloc(0));
  write();
  output.frame(FrameType.headers, 0, 1, Buffer.alloc(0));
  write();
  expect(Buffer.concat(output.take())).toEqual(Buffer.concat([single, other, single]));
  write();
  expect(Buffer.concat(output.take())).toEqual(single);
});
