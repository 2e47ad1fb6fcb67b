/** Length-prefixed messages (rows B-131 and B-135): sizes, flags, and pieces of any length. */
import { expect } from 'vitest';
import { RpcCode } from '../errors.js';
import type { UnaryCall } from '../handler.js';
import { bidiPath, unaryPath } from './bench.js';
import { bytes, text } from './deferred.js';
import { Flag, FrameType, callFields, grpcMessage, headerBlock } from './frame-socket.js';
import { Http2Call } from './http2-call.js';
import type { TransportCheck } from './transport-contract.js';

const echo = (call: UnaryCall): void => {
  call.reply(call.request.slice());
};

const limit = 2 * 1024 * 1024;

export const framingChecks: readonly TransportCheck[] = [
  {
    name: 'a message of exactly the limit is served',
    async run(bench) {
      await bench.serve({
        unary: (call) => {
          call.reply(bytes(String(call.request.length)));
        },
      });
      const result = await new Http2Call(bench.http2(), unaryPath)
        .message(new Uint8Array(limit))
        .end().result;
      expect(result.messages.map(text)).toEqual([String(limit)]);
    },
  },
  {
    name: 'a message over the limit is RESOURCE_EXHAUSTED with both numbers',
    async run(bench) {
      await bench.serve({ unary: echo });
      const result = await new Http2Call(bench.http2(), unaryPath)
        .message(new Uint8Array(limit + 1))
        .end().result;
      expect(result).toMatchObject({
        grpcStatus: RpcCode.resourceExhausted,
        grpcMessage: `grpc: received message larger than max (${limit + 1} vs. ${limit})`,
      });
    },
  },
  {
    name: 'the size is judged by the prefix, before the bytes have come',
    async run(bench) {
      await bench.serve({ unary: echo });
      const result = await new Http2Call(bench.http2(), unaryPath).write(
        grpcMessage(bytes(''), 0, 0xffff_ffff),
      ).result;
      expect(result).toMatchObject({
        grpcStatus: RpcCode.resourceExhausted,
        grpcMessage: `grpc: received message larger than max (4294967295 vs. ${limit})`,
      });
    },
  },
  {
    name: 'a message over the limit in a stream cancels the call',
    async run(bench) {
      let cancelled = false;
      await bench.serve({
        bidi: (call) => {
          call.onCancel(() => {
            cancelled = true;
          });
        },
      });
      const result = await new Http2Call(bench.http2(), bidiPath)
        .message(bytes('fine'))
        .write(grpcMessage(bytes(''), 0, limit + 1)).result;
      expect(result.grpcStatus).toBe(RpcCode.resourceExhausted);
      expect(cancelled).toBe(true);
    },
  },
  {
    name: 'B-135: a message in frames of one byte is served',
    async run(bench) {
      await bench.serve({ unary: echo });
      const frames = await bench.frames();
      frames.greet();
      const message = bytes('one byte at a time, as slowly as anyone can');
      frames.send(FrameType.headers, Flag.endHeaders, 1, headerBlock(callFields(unaryPath)));
      for (const byte of grpcMessage(message))
        frames.send(FrameType.data, 0, 1, Buffer.from([byte]));
      frames.send(FrameType.data, Flag.endStream, 1, Buffer.alloc(0));
      const reply = await frames.next((f) => f.type === FrameType.data && f.streamId === 1);
      expect(text(reply.payload.subarray(5))).toBe(text(message));
    },
  },
  {
    name: 'two messages in one frame, and one message over two frames, are the same messages',
    async run(bench) {
      const seen: string[] = [];
      await bench.serve({
        bidi: (call) => {
          call.onMessage((message) => seen.push(text(message)));
          call.onHalfClose(() => {
            call.end();
          });
        },
      });
      const both = Buffer.concat([grpcMessage(bytes('first')), grpcMessage(bytes('second'))]);
      for (let cut = 1; cut < both.length; cut += 3) {
        const frames = await bench.frames();
        frames.greet();
        frames.send(FrameType.headers, Flag.endHeaders, 1, headerBlock(callFields(bidiPath)));
        frames.send(FrameType.data, 0, 1, both.subarray(0, cut));
        frames.send(FrameType.data, Flag.endStream, 1, both.subarray(cut));
        await frames.streamEnd(1);
        expect(seen.splice(0)).toEqual(['first', 'second']);
      }
    },
  },
  {
    name: 'B-131: no message for a unary call is UNKNOWN "EOF"',
    async run(bench) {
      await bench.serve({ unary: echo });
      const result = await new Http2Call(bench.http2(), unaryPath).end().result;
      expect(result).toMatchObject({ grpcStatus: RpcCode.unknown, grpcMessage: 'EOF' });
    },
  },
  {
    name: 'B-131: a message cut short by the half-close is UNKNOWN "unexpected EOF"',
    async run(bench) {
      await bench.serve({ unary: echo });
      const result = await new Http2Call(bench.http2(), unaryPath)
        .write(grpcMessage(bytes('short'), 0, 100))
        .end().result;
      expect(result).toMatchObject({ grpcStatus: RpcCode.unknown, grpcMessage: 'unexpected EOF' });
    },
  },
  {
    name: 'B-131: a compressed message without an encoding is INTERNAL',
    async run(bench) {
      await bench.serve({ unary: echo });
      const result = await new Http2Call(bench.http2(), unaryPath)
        .write(grpcMessage(bytes('x'), 1))
        .end().result;
      expect(result).toMatchObject({
        grpcStatus: RpcCode.internal,
        grpcMessage: 'grpc: compressed flag set with identity or empty encoding',
      });
    },
  },
  {
    name: 'B-131: a flag byte of 2 or more is INTERNAL',
    async run(bench) {
      await bench.serve({ unary: echo });
      for (const flag of [2, 128, 255]) {
        const result = await new Http2Call(bench.http2(), unaryPath)
          .write(grpcMessage(bytes('x'), flag))
          .end().result;
        expect(result).toMatchObject({
          grpcStatus: RpcCode.internal,
          grpcMessage: `grpc: received unexpected payload format ${flag}`,
        });
      }
    },
  },
];
