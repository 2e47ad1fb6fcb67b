/** Frames and messages survive any cutting of the byte stream; limits hold. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StatusError } from '../status-error.js';
import { Flag, FrameReader, FrameType, Http2Error, content, frameBytes } from './frame.js';
import { MessageReader, frameMessage } from './message.js';
import { decodeMessage, grpcTimeout } from './call.js';

/** Cuts bytes at the given places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort(
    (a, b) => a - b,
  );
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}

const places = fc.array(fc.nat(), { maxLength: 8 });

test('frames come out as they went in, wherever the stream is cut', () => {
  const frame = fc.record({
    type: fc.integer({ min: 0, max: 9 }),
    flags: fc.nat(255),
    streamId: fc.nat(0x7fffffff),
    payload: fc.uint8Array({ maxLength: 300 }),
  });
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 5 }), places, (frames, at) => {
      const all = Buffer.concat(
        frames.map((f) => frameBytes(f.type, f.flags, f.streamId, f.payload)),
      );
      const reader = new FrameReader();
      const got: unknown[] = [];
      for (const chunk of cut(all, at)) {
        reader.push(chunk, (f) => got.push({ ...f, payload: Uint8Array.from(f.payload) }));
      }
      expect(got).toEqual(frames.map((f) => ({ ...f, payload: Uint8Array.from(f.payload) })));
    }),
  );
});

test('messages come out as they went in, wherever the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 5 }),
      places,
      (messages, at) => {
        const all = Buffer.concat(messages.map(frameMessage));
        const reader = new MessageReader(1_000);
        const got = cut(all, at).flatMap((chunk) => reader.push(chunk));
        expect(got.map((message) => Uint8Array.from(message))).toEqual(
          messages.map((m) => Uint8Array.from(m)),
        );
        expect(reader.isInside).toBe(false);
      },
    ),
  );
});

test('a frame above the limit, padding above its frame, a compressed message, a message above the limit', () => {
  const long = Buffer.from('HTTP/1.1 400 Bad Request');
  expect(() => {
    new FrameReader().push(long, () => undefined);
  }).toThrow(Http2Error);
  const padded = {
    type: FrameType.data,
    flags: Flag.padded,
    streamId: 1,
    payload: Uint8Array.of(5, 1),
  };
  expect(() => content(padded)).toThrow(Http2Error);
  expect(() => new MessageReader(10).push(Uint8Array.of(1, 0, 0, 0, 0))).toThrow(StatusError);
  expect(() => new MessageReader(10).push(Uint8Array.of(0, 0, 0, 0, 11))).toThrow('(11 vs. 10)');
});

test('grpc-timeout has at most eight digits; grpc-message is percent-decoded', () => {
  expect(grpcTimeout(0.2)).toBe('1m');
  expect(grpcTimeout(5_000)).toBe('5000m');
  expect(grpcTimeout(200_000_000)).toBe('200000S');
  expect(grpcTimeout(1e15)).toBe('99999999S');
  expect(decodeMessage('n%C3%A9 100%25 %zz')).toBe('né 100% %zz');
});
