/** Who may end a call besides its handler: the client, its deadline, its connection. */
import { expect } from 'vitest';
import { RpcCode } from '../errors.js';
import type { StreamCall, UnaryCall } from '../handler.js';
import { bidiPath, unaryPath } from './bench.js';
import { bytes, deferred } from './deferred.js';
import { ErrorCode, Flag, FrameType, callFields, headerBlock, uint32 } from './frame-socket.js';
import { Http2Call } from './http2-call.js';
import type { TransportCheck } from './transport-contract.js';

const NGHTTP2_CANCEL = 8;

/** Notes each call and each cancellation. */
function recorder(): {
  readonly started: Promise<UnaryCall | StreamCall>;
  readonly cancelled: Promise<void>;
  readonly count: () => number;
  readonly handler: (call: UnaryCall | StreamCall) => void;
} {
  const started = deferred<UnaryCall | StreamCall>();
  const cancelled = deferred();
  let count = 0;
  return {
    started: started.promise,
    cancelled: cancelled.promise,
    count: () => count,
    handler(call) {
      call.onCancel(() => {
        count += 1;
        cancelled.resolve();
      });
      started.resolve(call);
    },
  };
}

export const cancellationChecks: readonly TransportCheck[] = [
  {
    name: 'a reset by the client cancels a unary call, once',
    async run(bench) {
      const seen = recorder();
      await bench.serve({ unary: seen.handler });
      const call = new Http2Call(bench.http2(), unaryPath).message(bytes('')).end();
      const server = await seen.started;
      expect(server.cancelled).toBe(false);
      call.stream.close(NGHTTP2_CANCEL);
      await seen.cancelled;
      expect(server.cancelled).toBe(true);
      await bench.transport.stop(0);
      expect(seen.count()).toBe(1);
    },
  },
  {
    name: 'a reset by the client cancels a stream, and no message follows',
    async run(bench) {
      const seen = recorder();
      let messages = 0;
      await bench.serve({
        bidi: (call) => {
          call.onMessage(() => {
            messages += 1;
            call.pause();
          });
          seen.handler(call);
        },
      });
      const call = new Http2Call(bench.http2(), bidiPath).message(bytes('a')).message(bytes('b'));
      const server = await seen.started;
      call.stream.close(NGHTTP2_CANCEL);
      await seen.cancelled;
      if ('resume' in server) server.resume();
      await bench.transport.stop(0);
      expect(messages).toBeLessThanOrEqual(1);
    },
  },
  {
    name: 'a connection that breaks cancels every call on it',
    async run(bench) {
      let cancelled = 0;
      const all = deferred();
      const started = deferred();
      let count = 0;
      await bench.serve({
        unary: (call) => {
          call.onCancel(() => {
            cancelled += 1;
            if (cancelled === 10) all.resolve();
          });
          count += 1;
          if (count === 10) started.resolve();
        },
      });
      const session = bench.http2();
      for (let index = 0; index < 10; index += 1) {
        new Http2Call(session, unaryPath).message(bytes('')).end();
      }
      await started.promise;
      session.destroy();
      await all.promise;
      expect(cancelled).toBe(10);
    },
  },
  {
    name: 'a passed deadline cancels the call and answers DEADLINE_EXCEEDED',
    async run(bench) {
      const seen = recorder();
      await bench.serve({ unary: seen.handler });
      const result = await new Http2Call(bench.http2(), unaryPath, { 'grpc-timeout': '50m' })
        .message(bytes(''))
        .end().result;
      expect(result).toMatchObject({
        grpcStatus: RpcCode.deadlineExceeded,
        grpcMessage: 'context deadline exceeded',
      });
      await seen.cancelled;
      expect(seen.count()).toBe(1);
    },
  },
  {
    name: 'a passed deadline cancels a stream whose client does not read',
    async run(bench) {
      const seen = recorder();
      await bench.serve({
        bidi: (call) => {
          seen.handler(call);
          call.write(new Uint8Array(1 << 20));
        },
      });
      const call = new Http2Call(bench.http2(), bidiPath, { 'grpc-timeout': '50m' });
      call.stream.pause();
      await seen.cancelled;
      expect((await seen.started).cancelled).toBe(true);
    },
  },
  {
    name: 'a call that was answered is not cancelled by what comes later',
    async run(bench) {
      const seen = recorder();
      await bench.serve({
        unary: (call) => {
          seen.handler(call);
          call.reply(bytes('done'));
        },
      });
      const session = bench.http2();
      await new Http2Call(session, unaryPath, { 'grpc-timeout': '100m' }).message(bytes('')).end()
        .result;
      session.destroy();
      await bench.transport.stop(0);
      expect(seen.count()).toBe(0);
      expect((await seen.started).cancelled).toBe(false);
    },
  },
  {
    name: 'answers after cancellation are ignored',
    async run(bench) {
      const seen = recorder();
      await bench.serve({
        unary: (call) => {
          seen.handler(call);
        },
      });
      const frames = await bench.frames();
      frames.greet();
      frames.call(1, unaryPath, bytes(''));
      const server = await seen.started;
      frames.send(FrameType.rstStream, 0, 1, uint32(ErrorCode.cancel));
      await seen.cancelled;
      if ('reply' in server) server.reply(bytes('too late'));
      frames.send(FrameType.ping, 0, 0, Buffer.alloc(8, 7));
      const pong = await frames.next((f) => f.streamId === 1 || f.type === FrameType.ping);
      expect(pong.type).toBe(FrameType.ping);
    },
  },
  {
    name: 'a stream that is reset before its message is complete never reaches a unary handler',
    async run(bench) {
      let started = 0;
      await bench.serve({
        unary: (call) => {
          started += 1;
          call.reply(bytes(''));
        },
      });
      const frames = await bench.frames();
      frames.greet();
      frames.send(FrameType.headers, Flag.endHeaders, 1, headerBlock(callFields(unaryPath)));
      frames.send(FrameType.data, 0, 1, Buffer.from([0, 0, 0, 0, 9, 1]));
      frames.send(FrameType.rstStream, 0, 1, uint32(ErrorCode.cancel));
      frames.call(3, unaryPath, bytes(''));
      await frames.streamEnd(3);
      expect(started).toBe(1);
    },
  },
];
