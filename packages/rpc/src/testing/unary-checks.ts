/** One request, one response: rules 1 to 6 of `handler.ts` where they concern unary calls. */
import { Metadata } from '@grpc/grpc-js';
import type { Client, ServiceError } from '@grpc/grpc-js';
import { expect } from 'vitest';
import { RpcCode, RpcError } from '../errors.js';
import type { UnaryCall } from '../handler.js';
import { unaryPath } from './bench.js';
import { bytes, deferred, text } from './deferred.js';
import { Flag, FrameType, callFields, grpcMessage, headerBlock } from './frame-socket.js';
import { Http2Call } from './http2-call.js';
import type { TransportCheck } from './transport-contract.js';

const asBuffer = (message: Uint8Array): Buffer =>
  Buffer.from(message.buffer, message.byteOffset, message.byteLength);

/** A unary call of the grpc-js client; rejects with its `ServiceError`. */
export function unary(
  client: Client,
  message: Uint8Array,
  metadata: Metadata = new Metadata(),
  deadlineMs?: number,
): Promise<Uint8Array> {
  const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      unaryPath,
      asBuffer,
      (response: Buffer): Uint8Array => response,
      message,
      metadata,
      options,
      (error: ServiceError | null, response?: Uint8Array) => {
        if (error !== null) reject(error);
        else resolve(response ?? bytes(''));
      },
    );
  });
}

const echo = (call: UnaryCall): void => {
  call.reply(call.request.slice());
};

export const unaryChecks: readonly TransportCheck[] = [
  {
    name: 'a handler gets the bytes of the request and the client those of the reply',
    async run(bench) {
      await bench.serve({ unary: echo });
      const client = bench.grpcClient();
      expect(text(await unary(client, bytes('ping')))).toBe('ping');
      expect(await unary(client, bytes(''))).toHaveLength(0);
    },
  },
  {
    name: 'messages of 1 MiB travel both ways unchanged',
    async run(bench) {
      await bench.serve({ unary: echo });
      const message = Uint8Array.from({ length: 1 << 20 }, (_, index) => (index * 31) & 0xff);
      expect(Buffer.compare(await unary(bench.grpcClient(), message), message)).toBe(0);
    },
  },
  {
    name: 'a reply may come in a later turn',
    async run(bench) {
      await bench.serve({
        unary: (call) => {
          const copy = call.request.slice();
          setImmediate(() => {
            call.reply(copy);
          });
        },
      });
      expect(text(await unary(bench.grpcClient(), bytes('later')))).toBe('later');
    },
  },
  {
    name: 'a failure carries code and text, percent-encoded on the wire',
    async run(bench) {
      const words = 'etcdserver: 50% of "clés" are\nnot found';
      await bench.serve({
        unary: (call) => {
          call.fail(new RpcError(RpcCode.notFound, words));
        },
      });
      await expect(unary(bench.grpcClient(), bytes(''))).rejects.toMatchObject({
        code: RpcCode.notFound,
        details: words,
      });
    },
  },
  {
    name: 'only the first of reply and fail counts',
    async run(bench) {
      await bench.serve({
        unary: (call) => {
          call.reply(bytes('first'));
          call.fail(new RpcError(RpcCode.internal, 'second'));
          call.reply(bytes('third'));
        },
      });
      const client = bench.grpcClient();
      expect(text(await unary(client, bytes('')))).toBe('first');
      expect(text(await unary(client, bytes('')))).toBe('first');
    },
  },
  {
    name: 'a handler that throws answers INTERNAL, is reported, and harms no other call',
    async run(bench) {
      const bug = new TypeError('secret detail');
      await bench.serve({
        unary: (call) => {
          if (text(call.request) === 'bad') throw bug;
          call.reply(bytes('fine'));
        },
      });
      const client = bench.grpcClient();
      const failure = await unary(client, bytes('bad')).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: RpcCode.internal });
      expect(String(failure)).not.toContain('secret detail');
      expect(bench.handlerErrors).toEqual([bug]);
      expect(text(await unary(client, bytes('good')))).toBe('fine');
    },
  },
  {
    name: 'metadata: first values, lower-case keys, binary keys decoded',
    async run(bench) {
      const seen = deferred<UnaryCall>();
      await bench.serve({
        unary: (call) => {
          seen.resolve(call);
          call.reply(bytes(''));
        },
      });
      const metadata = new Metadata();
      metadata.set('token', 'abc.1');
      metadata.set('HasLeader', 'true');
      metadata.set('trace-bin', Buffer.from([0, 1, 254, 255]));
      await unary(bench.grpcClient(), bytes(''), metadata);
      const call = await seen.promise;
      expect(call.metadata.get('token')).toBe('abc.1');
      expect(call.metadata.get('hasleader')).toBe('true');
      expect(Array.from(call.metadata.getBinary('trace-bin') ?? [])).toEqual([0, 1, 254, 255]);
      expect(call.metadata.get('absent')).toBeUndefined();
      expect(call.metadata.getBinary('absent-bin')).toBeUndefined();
    },
  },
  {
    name: 'metadata: of two values of a key the first counts',
    async run(bench) {
      const seen = deferred<string | undefined>();
      await bench.serve({
        unary: (call) => {
          seen.resolve(call.metadata.get('token'));
          call.reply(bytes(''));
        },
      });
      await new Http2Call(bench.http2(), unaryPath, { token: ['one', 'two'] })
        .message(bytes(''))
        .end().result;
      expect(await seen.promise).toBe('one');
    },
  },
  {
    name: 'the peer is the address that the client calls from',
    async run(bench) {
      const seen = deferred<string>();
      await bench.serve({
        unary: (call) => {
          seen.resolve(call.peer.address);
          call.reply(bytes(''));
        },
      });
      await unary(bench.grpcClient(), bytes(''));
      expect(await seen.promise).toMatch(/^127\.0\.0\.1:\d+$/);
    },
  },
  {
    name: 'deadlineMs is on the monotonic clock, and undefined without a timeout',
    async run(bench) {
      const remaining: (number | undefined)[] = [];
      await bench.serve({
        unary: (call) => {
          const { deadlineMs } = call;
          remaining.push(deadlineMs === undefined ? undefined : deadlineMs - performance.now());
          call.reply(bytes(''));
        },
      });
      const client = bench.grpcClient();
      await unary(client, bytes(''));
      await unary(client, bytes(''), new Metadata(), 20_000);
      expect(remaining[0]).toBeUndefined();
      expect(remaining[1]).toBeGreaterThan(5_000);
      expect(remaining[1]).toBeLessThanOrEqual(20_001);
    },
  },
  {
    name: 'a unary handler does not wait for the half-close',
    async run(bench) {
      await bench.serve({ unary: echo });
      const call = new Http2Call(bench.http2(), unaryPath).message(bytes('open'));
      const { grpcStatus, messages } = await call.result;
      expect(grpcStatus).toBe(RpcCode.ok);
      expect(messages.map(text)).toEqual(['open']);
    },
  },
  {
    name: 'an answer before the half-close frees the stream',
    async run(bench) {
      await bench.serve({ unary: echo });
      const frames = await bench.frames();
      frames.greet();
      frames.send(FrameType.headers, Flag.endHeaders, 1, headerBlock(callFields(unaryPath)));
      frames.send(FrameType.data, 0, 1, grpcMessage(bytes('x')));
      // RFC 9113 §8.1: RST_STREAM with NO_ERROR after a complete response. The pong says when to stop waiting for it.
      await frames.streamEnd(1);
      frames.send(FrameType.ping, 0, 0, Buffer.alloc(8));
      const reset = await frames.next(
        (f) =>
          (f.type === FrameType.rstStream && f.streamId === 1) ||
          (f.type === FrameType.ping && f.flags === Flag.ack),
      );
      expect(reset.type).toBe(FrameType.rstStream);
      expect(reset.payload.readUInt32BE(0)).toBe(0);
    },
  },
  {
    name: 'a second message of a unary call is ignored',
    async run(bench) {
      let calls = 0;
      await bench.serve({
        unary: (call) => {
          calls += 1;
          echo(call);
        },
      });
      const { grpcStatus, messages } = await new Http2Call(bench.http2(), unaryPath)
        .message(bytes('one'))
        .message(bytes('two'))
        .end().result;
      expect(grpcStatus).toBe(RpcCode.ok);
      expect(messages.map(text)).toEqual(['one']);
      expect(calls).toBe(1);
    },
  },
  {
    name: 'handlers of one connection start in the order in which messages were complete',
    async run(bench) {
      const order: string[] = [];
      const all = deferred();
      await bench.serve({
        unary: (call) => {
          order.push(text(call.request));
          call.reply(bytes(''));
          if (order.length === 201) all.resolve();
        },
      });
      const frames = await bench.frames();
      frames.greet();
      const late = grpcMessage(bytes('late'));
      frames.send(FrameType.headers, Flag.endHeaders, 1, headerBlock(callFields(unaryPath)));
      frames.send(FrameType.data, 0, 1, late.subarray(0, 7));
      for (let index = 0; index < 200; index += 1) {
        frames.call(3 + 2 * index, unaryPath, bytes(String(index)));
      }
      frames.send(FrameType.data, Flag.endStream, 1, late.subarray(7));
      await all.promise;
      expect(order).toEqual([...Array.from({ length: 200 }, (_, index) => String(index)), 'late']);
    },
  },
  {
    name: 'calls wait for each other only if their handlers do',
    async run(bench) {
      const held: UnaryCall[] = [];
      await bench.serve({
        unary: (call) => {
          if (text(call.request) === 'hold') held.push(call);
          else {
            call.reply(bytes('done'));
          }
        },
      });
      const client = bench.grpcClient();
      const first = unary(client, bytes('hold'));
      expect(text(await unary(client, bytes('go')))).toBe('done');
      for (const call of held) call.reply(bytes('released'));
      expect(text(await first)).toBe('released');
    },
  },
  {
    name: 'an observer sees starts, sizes and codes',
    async run(bench) {
      const log: string[] = [];
      await bench.serve({
        unary: (call) => {
          if (call.request.length === 3) call.reply(bytes('four'));
          else call.fail(new RpcError(RpcCode.aborted, ''));
        },
        observe: (service, method, type) => ({
          started: () => log.push(`started ${service}/${method} ${type}`),
          received: (size) => log.push(`received ${size}`),
          sent: (size) => log.push(`sent ${size}`),
          handled: (code) => log.push(`handled ${code}`),
        }),
      });
      const client = bench.grpcClient();
      await unary(client, bytes('abc'));
      await unary(client, bytes('')).catch(() => undefined);
      const started = 'started contract.Test/Unary unary';
      expect(log).toEqual([
        ...[started, 'received 3', 'sent 4', 'handled 0'],
        ...[started, 'received 0', 'handled 10'],
      ]);
    },
  },
];
