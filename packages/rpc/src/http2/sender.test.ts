/** Goal: DATA leaves under the windows, in order, fairly, and each byte once (RFC 9113 §5.2). Method: a sender with streams and windows that the test opens. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { defaultConnectionLimits } from '../limits.js';
import {
  ConnectionBench,
  SilentStream,
  shortBlock,
  silentRequests,
} from '../testing/connection-bench.js';
import { Flag, FrameType, setting, uint32 } from '../testing/frame-socket.js';
import { ErrorCode, windowBytesDefault, windowBytesMax } from './frame.js';
import { SendQueue } from './stream.js';

interface Opened {
  readonly bench: ConnectionBench;
  readonly streams: readonly SilentStream[];
}

/** A connection with some calls, each of whose windows is `windowBytes`. */
function open(count: number, windowBytes = windowBytesDefault): Opened {
  const streams: SilentStream[] = [];
  const bench = new ConnectionBench({
    requests: {
      ...silentRequests,
      openStream(connection, id) {
        const stream = new SilentStream(connection, id);
        streams.push(stream);
        return stream;
      },
    },
  });
  bench.greet();
  bench.send(FrameType.settings, 0, 0, setting(4, windowBytes));
  for (let index = 0; index < count; index += 1) {
    bench.send(FrameType.headers, Flag.endHeaders | Flag.endStream, 2 * index + 1, shortBlock);
  }
  bench.take();
  return { bench, streams };
}

const dataOf = (bench: ConnectionBench): readonly (readonly [number, number])[] =>
  bench
    .take()
    .filter(({ type }) => type === FrameType.data)
    .map(({ streamId, payload }) => [streamId, payload.length]);

it('a window of zero holds everything, and an opened one lets out exactly what it is', () => {
  const { bench, streams } = open(1, 0);
  const { sender } = bench.connection;
  for (const stream of streams) {
    sender.head(stream);
    sender.message(stream, new Uint8Array(15));
    sender.finish(stream, { code: 0, message: '' });
  }
  expect(dataOf(bench)).toEqual([]);
  expect(sender.waitingBytes).toBe(20);
  bench.send(FrameType.windowUpdate, 0, 1, uint32(7));
  expect(dataOf(bench)).toEqual([[1, 7]]);
  bench.send(FrameType.windowUpdate, 0, 1, uint32(100));
  const last = bench.take();
  expect(last.map(({ type }) => type)).toEqual([FrameType.data, FrameType.headers]);
  expect(last.at(-1)?.flags).toBe(Flag.endHeaders | Flag.endStream);
  expect(sender.waitingBytes).toBe(0);
});

it('SETTINGS are acknowledged before the data that they let out (RFC 9113 §6.5.3)', () => {
  const { bench, streams } = open(1, 0);
  for (const stream of streams) bench.connection.sender.message(stream, new Uint8Array(15));
  bench.send(FrameType.settings, 0, 0, setting(4, 1));
  expect(bench.take()).toMatchObject([
    { type: FrameType.settings, flags: Flag.ack },
    { type: FrameType.data, streamId: 1, payload: { length: 1 } },
  ]);
});

it('streams that wait for the connection take turns', () => {
  const { bench, streams } = open(3, 1_000_000);
  for (const stream of streams) bench.connection.sender.message(stream, new Uint8Array(60_000));
  expect(dataOf(bench).map(([id]) => id)).toEqual([1, 1, 1, 1, 3]);
  bench.send(FrameType.windowUpdate, 0, 0, uint32(4 * 16_384));
  expect(dataOf(bench).map(([id]) => id)).toEqual([3, 5, 3, 5]);
});

it('a socket that does not take holds everything back', () => {
  const { bench, streams } = open(1);
  const { sender } = bench.connection;
  sender.setSocketTakes(false);
  for (const stream of streams) sender.message(stream, new Uint8Array(10));
  expect(dataOf(bench)).toEqual([]);
  sender.setSocketTakes(true);
  expect(dataOf(bench)).toEqual([[1, 15]]);
});

it('outputBytesMax: more than that is not made ready at once', () => {
  const { bench, streams } = open(1, 10_000_000);
  bench.send(FrameType.windowUpdate, 0, 0, uint32(10_000_000));
  const { sender } = bench.connection;
  for (const stream of streams) sender.message(stream, new Uint8Array(3_000_000));
  const { outputBytesMax } = defaultConnectionLimits;
  expect(sender.output.bytes).toBeLessThan(outputBytesMax + 20_000);
  bench.take();
  sender.setSocketTakes(true);
  expect(sender.output.bytes).toBeGreaterThan(0);
});

it('what a stream leaves behind is not counted any more', () => {
  const { bench, streams } = open(2, 0);
  const { sender } = bench.connection;
  for (const stream of streams) sender.message(stream, new Uint8Array(95));
  expect(sender.waitingBytes).toBe(200);
  bench.send(FrameType.rstStream, 0, 1, uint32(8));
  expect(sender.waitingBytes).toBe(100);
  bench.connection.end(undefined);
  expect(sender.waitingBytes).toBe(0);
});

it('a window that would overflow is refused (RFC 9113 §6.9.1)', () => {
  const { bench } = open(1);
  bench.send(FrameType.windowUpdate, 0, 1, uint32(windowBytesMax));
  expect(bench.take().at(-1)).toMatchObject({
    type: FrameType.rstStream,
    payload: uint32(ErrorCode.flowControlError),
  });
  bench.send(FrameType.windowUpdate, 0, 0, uint32(windowBytesMax));
  expect(bench.reason?.code).toBe(ErrorCode.flowControlError);
});

it('every byte leaves once and in order, whatever the windows do', () => {
  const messages = fc.array(fc.nat(40_000), { minLength: 1, maxLength: 5 });
  const windows = fc.array(fc.integer({ min: 1, max: 30_000 }), { maxLength: 20 });
  fc.assert(
    fc.property(messages, windows, fc.nat(5000), (sizes, updates, windowBytes) => {
      const { bench, streams } = open(1, windowBytes);
      const { sender } = bench.connection;
      bench.send(FrameType.windowUpdate, 0, 0, uint32(1_000_000));
      let value = 0;
      const sent: Buffer[] = [];
      const seen: Buffer[] = [];
      const collect = (): void => {
        for (const { type, payload } of bench.take())
          if (type === FrameType.data) seen.push(payload);
      };
      for (const stream of streams) {
        for (const size of sizes) {
          const message = Buffer.alloc(size, (value += 1));
          sent.push(Buffer.from([0]), uint32(size), message);
          sender.message(stream, message);
          collect();
        }
      }
      let granted = windowBytes;
      for (const update of updates) {
        bench.send(FrameType.windowUpdate, 0, 1, uint32(update));
        granted += update;
        collect();
      }
      const all = Buffer.concat(sent);
      expect(Buffer.concat(seen)).toEqual(all.subarray(0, Math.min(granted, all.length)));
    }),
  );
});

it('a queue gives its bytes in pieces of any size', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 20 })),
      fc.array(fc.nat(15)),
      (parts, takes) => {
        const queue = new SendQueue();
        for (const part of parts) queue.push(part);
        const out: Uint8Array[] = [];
        for (const bytes of [...takes, Infinity]) {
          queue.take(bytes, (part, start, end) => out.push(part.subarray(start, end)));
        }
        expect(Buffer.concat(out)).toEqual(Buffer.concat(parts));
        expect(queue.bytes).toBe(0);
      },
    ),
  );
});
