/** How a transport stops: politely for a while, then at once (rule T5 of whoever implements it). */
import { once } from 'node:events';
import { expect } from 'vitest';
import { RpcCode } from '../errors.js';
import type { StreamCall, UnaryCall } from '../handler.js';
import { bidiPath, unaryPath } from './bench.js';
import { bytes, deferred, text } from './deferred.js';
import { Flag, FrameType, callFields, headerBlock } from './frame-socket.js';
import { Http2Call } from './http2-call.js';
import type { TransportCheck } from './transport-contract.js';
import { unary } from './unary-checks.js';

const LONG_MS = 60_000;

export const lifecycleChecks: readonly TransportCheck[] = [
  {
    name: 'bytes of a connection that were read and put back are served',
    async run(bench) {
      await bench.serve({
        putBack: true,
        unary: (call) => {
          call.reply(call.request.slice());
        },
      });
      const first = new Http2Call(bench.http2(), unaryPath).message(bytes('one')).end();
      expect((await first.result).messages.map(text)).toEqual(['one']);
      const frames = await bench.frames();
      frames.greet();
      frames.call(1, unaryPath, bytes('two'));
      expect(await frames.streamEnd(1)).toEqual({ reset: undefined });
    },
  },
  {
    name: 'stop without connections resolves at once, and again',
    async run(bench) {
      await bench.serve({});
      await bench.transport.stop(LONG_MS);
      await bench.transport.stop(LONG_MS);
    },
  },
  {
    name: 'a graceful stop sends GOAWAY and lets calls end',
    async run(bench) {
      const held = deferred<UnaryCall>();
      await bench.serve({
        unary: (call) => {
          held.resolve(call);
        },
      });
      const session = bench.http2();
      const goaway = new Promise<number>((resolve) => session.once('goaway', resolve));
      const call = new Http2Call(session, unaryPath).message(bytes('')).end();
      const server = await held.promise;
      const stopped = bench.transport.stop(LONG_MS);
      expect(await goaway).toBe(0);
      expect(server.cancelled).toBe(false);
      server.reply(bytes('finished'));
      expect((await call.result).messages.map(text)).toEqual(['finished']);
      await stopped;
    },
  },
  {
    name: 'a graceful stop ends idle connections at once',
    async run(bench) {
      await bench.serve({
        unary: (call) => {
          call.reply(bytes(''));
        },
      });
      const session = bench.http2();
      await new Http2Call(session, unaryPath).message(bytes('')).end().result;
      const closed = once(session, 'close');
      await bench.transport.stop(LONG_MS);
      await closed;
    },
  },
  {
    name: 'what is left after the grace is cut, and its calls are cancelled',
    async run(bench) {
      const started = deferred<StreamCall>();
      const cancelled = deferred();
      await bench.serve({
        bidi: (call) => {
          call.onCancel(() => {
            cancelled.resolve();
          });
          started.resolve(call);
        },
      });
      const call = new Http2Call(bench.http2(), bidiPath).message(bytes(''));
      const server = await started.promise;
      await bench.transport.stop(50);
      await cancelled.promise;
      expect(server.cancelled).toBe(true);
      expect((await call.result).grpcStatus).not.toBe(RpcCode.ok);
    },
  },
  {
    name: 'a second stop with a shorter grace wins',
    async run(bench) {
      const started = deferred();
      await bench.serve({
        bidi: () => {
          started.resolve();
        },
      });
      new Http2Call(bench.http2(), bidiPath).message(bytes(''));
      await started.promise;
      const patient = bench.transport.stop(LONG_MS);
      await bench.transport.stop(0);
      await patient;
    },
  },
  {
    name: 'a connection that comes after stop is closed',
    async run(bench) {
      await bench.serve({});
      await bench.transport.stop(0);
      const frames = await bench.frames();
      frames.greet();
      await frames.end();
    },
  },
  {
    name: 'a connection on which nothing ever came is closed by stop',
    async run(bench) {
      await bench.serve({
        unary: (call) => {
          call.reply(bytes(''));
        },
      });
      const silent = await bench.frames();
      await unary(bench.grpcClient(), bytes(''));
      await bench.transport.stop(50);
      await silent.end();
    },
  },
  {
    name: 'a server ping that is not answered ends the connection',
    async run(bench) {
      const cancelled = deferred();
      await bench.serve({
        bidi: (call) => {
          call.onCancel(() => {
            cancelled.resolve();
          });
        },
        limits: { keepaliveIntervalMs: 30, keepaliveTimeoutMs: 30 },
      });
      const frames = await bench.frames();
      frames.greet();
      frames.send(FrameType.headers, Flag.endHeaders, 1, headerBlock(callFields(bidiPath)));
      await frames.nextOf(FrameType.ping);
      await cancelled.promise;
      await frames.end();
    },
  },
];
