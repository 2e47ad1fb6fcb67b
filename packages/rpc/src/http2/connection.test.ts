/** Goal: what a connection promises beyond h2spec's checks. Method: frames in, frames out. */
import { expect, it } from 'vitest';
import type { DecodedBlock } from '../hpack/decoder.js';
import { defaultConnectionLimits } from '../limits.js';
import {
  ConnectionBench,
  SilentStream,
  shortBlock,
  silentRequests,
} from '../testing/connection-bench.js';
import { Flag, FrameType, uint32 } from '../testing/frame-socket.js';
import { ErrorCode, windowBytesDefault } from './frame.js';
import type { Http2Stream } from './stream.js';

/** Reads nothing: its window closes. */
class StuckStream extends SilentStream {
  override onData(): void {
    // Nothing is consumed.
  }
}

it('streamWindowBytes: more DATA on a stream than its window resets that stream only', () => {
  const streams: Http2Stream[] = [];
  const bench = new ConnectionBench({
    limits: { streamWindowBytes: 30_000 },
    requests: {
      ...silentRequests,
      openStream(connection, id) {
        const stream = new StuckStream(connection, id);
        streams.push(stream);
        return stream;
      },
    },
  });
  bench.greet();
  bench.send(FrameType.headers, Flag.endHeaders, 1, shortBlock);
  bench.send(FrameType.data, 0, 1, Buffer.alloc(15_000));
  bench.send(FrameType.data, 0, 1, Buffer.alloc(15_000));
  expect(streams[0]?.localClosed).toBe(false);
  bench.send(FrameType.data, 0, 1, Buffer.alloc(1));
  expect(bench.take().at(-1)).toMatchObject({
    type: FrameType.rstStream,
    payload: uint32(ErrorCode.flowControlError),
  });
  expect(bench.ended).toBe(0);
});

it('connectionWindowBytes: what is granted beyond the default is announced, and given back for ever', () => {
  const bench = new ConnectionBench();
  bench.greet();
  const { connectionWindowBytes } = defaultConnectionLimits;
  const granted = (): number =>
    bench
      .take()
      .filter(({ type, streamId }) => type === FrameType.windowUpdate && streamId === 0)
      .reduce((sum, { payload }) => sum + payload.readUInt32BE(0), 0);
  let open = windowBytesDefault + granted();
  expect(open).toBe(connectionWindowBytes);
  bench.send(FrameType.headers, Flag.endHeaders, 1, shortBlock);
  for (let sent = 0; sent < 5000; sent += 1) {
    bench.send(FrameType.data, 0, 1, Buffer.alloc(16_000));
    open += granted() - 16_000;
    if (open < connectionWindowBytes / 2 - 16_000) expect.unreachable(`window at ${String(open)}`);
  }
  expect(bench.ended).toBe(0);
});

it('C2: the header block of a refused call counts for the next one', () => {
  const seen: DecodedBlock[] = [];
  const bench = new ConnectionBench({
    concurrentStreamsMax: 1,
    requests: {
      ...silentRequests,
      openStream(connection, id, fields) {
        seen.push(fields);
        return new SilentStream(connection, id);
      },
    },
  });
  bench.greet();
  bench.send(FrameType.headers, Flag.endHeaders, 1, shortBlock);
  const field = Buffer.from([0x40, 1, 0x61, 1, 0x62]);
  bench.send(FrameType.headers, Flag.endHeaders, 3, Buffer.concat([shortBlock, field]));
  expect(bench.take().at(-1)).toMatchObject({
    streamId: 3,
    payload: uint32(ErrorCode.refusedStream),
  });
  bench.send(FrameType.rstStream, 0, 1, uint32(ErrorCode.cancel));
  bench.send(
    FrameType.headers,
    Flag.endHeaders,
    5,
    Buffer.concat([shortBlock, Buffer.from([0xbe])]),
  );
  expect(seen.at(-1)?.at(-1)).toEqual({ name: 'a', value: 'b' });
});

it('drain: new calls are ignored, with what belongs to them, and the last answer ends the connection', () => {
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
  bench.send(FrameType.headers, Flag.endHeaders | Flag.endStream, 1, shortBlock);
  bench.take();
  bench.connection.drain();
  expect(bench.take()).toMatchObject([{ type: FrameType.goaway, payload: uint32(1, 0) }]);
  bench.send(FrameType.headers, Flag.endHeaders, 3, shortBlock);
  bench.send(FrameType.data, 0, 3, Buffer.alloc(10));
  bench.send(FrameType.windowUpdate, 0, 3, uint32(10));
  bench.send(FrameType.rstStream, 0, 3, uint32(ErrorCode.cancel));
  expect(bench.ended).toBe(0);
  expect(streams).toHaveLength(1);
  for (const stream of streams) {
    bench.connection.sender.refuse(stream, 200, { code: 0, message: '' });
  }
  expect(bench.ended).toBe(1);
  expect(bench.reason).toBeUndefined();
});

it('DATA that was on its way when its stream was reset is no flood', () => {
  const bench = new ConnectionBench({ limits: { idleFramesMax: 10 } });
  bench.greet();
  bench.send(FrameType.headers, Flag.endHeaders, 1, shortBlock);
  bench.connection.reset(1, ErrorCode.cancel);
  for (let index = 0; index < 1000; index += 1) bench.send(FrameType.data, 0, 1, Buffer.alloc(9));
  expect(bench.ended).toBe(0);
  for (let index = 0; index < 11; index += 1) bench.send(FrameType.data, 0, 1);
  expect(bench.reason?.code).toBe(ErrorCode.enhanceYourCalm);
});

it('C1: after the end nothing is read, and every call has been aborted once', () => {
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
  for (const id of [1, 3, 5]) bench.send(FrameType.headers, Flag.endHeaders, id, shortBlock);
  bench.connection.end(undefined);
  bench.connection.end(undefined);
  bench.send(FrameType.headers, Flag.endHeaders, 7, shortBlock);
  expect(streams.map(({ aborted }) => aborted)).toEqual([1, 1, 1]);
  expect(bench.ended).toBe(1);
});
