/** Streams of either side: order, half-close, pausing, and backpressure by bytes. */
import { expect } from 'vitest';
import { RpcCode, RpcError } from '../errors.js';
import type { StreamCall } from '../handler.js';
import { bidiPath, serverStreamPath } from './bench.js';
import { bytes, deferred, text } from './deferred.js';
import { grpcMessage } from './frame-socket.js';
import { Http2Call } from './http2-call.js';
import type { TransportCheck } from './transport-contract.js';

const echoStream = (call: StreamCall): void => {
  call.onMessage((message) => {
    call.write(message.slice());
  });
  call.onHalfClose(() => {
    call.end();
  });
};

export const streamChecks: readonly TransportCheck[] = [
  {
    name: 'messages of a bidirectional stream arrive in order, then the half-close',
    async run(bench) {
      await bench.serve({ bidi: echoStream });
      const call = new Http2Call(bench.http2(), bidiPath);
      const sent = Array.from({ length: 1000 }, (_, index) => `message ${index}`);
      for (const message of sent) call.message(bytes(message));
      const { grpcStatus, messages } = await call.end().result;
      expect(grpcStatus).toBe(RpcCode.ok);
      expect(messages.map(text)).toEqual(sent);
    },
  },
  {
    name: 'ten thousand small messages in one chunk do not overflow the stack',
    async run(bench) {
      let count = 0;
      await bench.serve({
        bidi: (call) => {
          call.onMessage(() => {
            count += 1;
          });
          call.onHalfClose(() => {
            call.end();
          });
        },
      });
      const all = Buffer.concat(Array.from({ length: 10_000 }, () => grpcMessage(bytes(''))));
      const { grpcStatus } = await new Http2Call(bench.http2(), bidiPath).write(all).end().result;
      expect(grpcStatus).toBe(RpcCode.ok);
      expect(count).toBe(10_000);
    },
  },
  {
    name: 'a bidirectional stream starts with the headers and may speak first',
    async run(bench) {
      await bench.serve({
        bidi: (call) => {
          call.write(bytes('welcome'));
          call.end();
        },
      });
      const { messages } = await new Http2Call(bench.http2(), bidiPath).result;
      expect(messages.map(text)).toEqual(['welcome']);
    },
  },
  {
    name: 'the server may write while the client is still sending',
    async run(bench) {
      await bench.serve({ bidi: echoStream });
      const call = new Http2Call(bench.http2(), bidiPath).message(bytes('one'));
      await new Promise<void>((resolve) => call.stream.once('data', resolve));
      const { messages } = await call.message(bytes('two')).end().result;
      expect(messages.map(text)).toEqual(['one', 'two']);
    },
  },
  {
    name: 'a stream whose client sends one message starts at the half-close',
    async run(bench) {
      let started = false;
      await bench.serve({
        unary: (call) => {
          call.reply(bytes(''));
        },
        serverStream: (call) => {
          started = true;
          call.onMessage((message) => {
            for (const part of text(message).split(' ')) call.write(bytes(part));
          });
          call.onHalfClose(() => {
            call.end();
          });
        },
      });
      const session = bench.http2();
      const call = new Http2Call(session, serverStreamPath).message(bytes('a b c'));
      await new Http2Call(session, '/contract.Test/Unary').message(bytes('')).end().result;
      expect(started).toBe(false);
      const { grpcStatus, messages } = await call.end().result;
      expect(grpcStatus).toBe(RpcCode.ok);
      expect(messages.map(text)).toEqual(['a', 'b', 'c']);
    },
  },
  {
    name: 'two messages where one is allowed are INTERNAL, and the handler does not run',
    async run(bench) {
      let started = false;
      await bench.serve({
        serverStream: () => {
          started = true;
        },
      });
      const { grpcStatus, grpcMessage: words } = await new Http2Call(
        bench.http2(),
        serverStreamPath,
      )
        .message(bytes('a'))
        .message(bytes('b'))
        .end().result;
      expect(grpcStatus).toBe(RpcCode.internal);
      expect(words).toBe(
        'cardinality violation: received multiple request messages for non-client-streaming RPC',
      );
      expect(started).toBe(false);
    },
  },
  {
    name: 'no message where one is needed is INTERNAL',
    async run(bench) {
      await bench.serve({ serverStream: () => undefined });
      const { grpcStatus, grpcMessage: words } = await new Http2Call(
        bench.http2(),
        serverStreamPath,
      ).end().result;
      expect(grpcStatus).toBe(RpcCode.internal);
      expect(words).toBe(
        'cardinality violation: received no request message from non-client-streaming RPC',
      );
    },
  },
  {
    name: 'a failure comes after what was written',
    async run(bench) {
      await bench.serve({
        bidi: (call) => {
          call.write(bytes('partial'));
          call.fail(new RpcError(RpcCode.outOfRange, 'compacted'));
          call.write(bytes('never'));
        },
      });
      const result = await new Http2Call(bench.http2(), bidiPath).end().result;
      expect(result.messages.map(text)).toEqual(['partial']);
      expect(result).toMatchObject({ grpcStatus: RpcCode.outOfRange, grpcMessage: 'compacted' });
    },
  },
  {
    name: 'a callback that throws answers INTERNAL and is reported',
    async run(bench) {
      await bench.serve({
        bidi: (call) => {
          call.onMessage(() => {
            throw new Error('bug');
          });
        },
      });
      const { grpcStatus } = await new Http2Call(bench.http2(), bidiPath).message(bytes('')).result;
      expect(grpcStatus).toBe(RpcCode.internal);
      expect(bench.handlerErrors).toHaveLength(1);
    },
  },
  {
    name: 'a paused stream delivers nothing until it is resumed, and loses nothing',
    async run(bench) {
      const seen: string[] = [];
      const paused = deferred<StreamCall>();
      await bench.serve({
        unary: (call) => {
          call.reply(bytes(''));
        },
        bidi: (call) => {
          call.onMessage((message) => {
            seen.push(text(message));
            if (seen.length === 1) {
              call.pause();
              paused.resolve(call);
            }
          });
          call.onHalfClose(() => {
            call.end();
          });
        },
      });
      const session = bench.http2();
      const call = new Http2Call(session, bidiPath);
      for (const message of ['a', 'b', 'c']) call.message(bytes(message));
      call.end();
      const server = await paused.promise;
      await new Http2Call(session, '/contract.Test/Unary').message(bytes('')).end().result;
      expect(seen).toEqual(['a']);
      server.resume();
      expect(seen).toEqual(['a']);
      await call.result;
      expect(seen).toEqual(['a', 'b', 'c']);
    },
  },
  {
    name: 'a paused stream closes the window of its client, and only its own',
    async run(bench) {
      const held = deferred<StreamCall>();
      await bench.serve({
        unary: (call) => {
          call.reply(bytes(''));
        },
        bidi: (call) => {
          call.pause();
          call.onMessage(() => undefined);
          call.onHalfClose(() => {
            call.end();
          });
          held.resolve(call);
        },
      });
      const session = bench.http2();
      const call = new Http2Call(session, bidiPath);
      const message = new Uint8Array(64 * 1024);
      for (let index = 0; index < 16; index += 1) call.message(message);
      const server = await held.promise;
      await new Http2Call(bench.http2(), '/contract.Test/Unary').message(bytes('')).end().result;
      // A megabyte was offered; what the server buffers for a stream that it does not read stays far below.
      expect(call.stream.writableLength).toBeGreaterThan(512 * 1024);
      server.resume();
      expect((await call.end().result).grpcStatus).toBe(RpcCode.ok);
    },
  },
  {
    name: 'write says when to stop, and onDrain when to go on',
    async run(bench) {
      const message = new Uint8Array(16 * 1024);
      const blocked = deferred();
      const wanted = 400;
      let written = 0;
      let mostBuffered = 0;
      await bench.serve({
        bidi: (call) => {
          const fill = (): void => {
            while (written < wanted) {
              written += 1;
              const more = call.write(message);
              mostBuffered = Math.max(mostBuffered, call.bufferedBytes);
              if (!more) {
                blocked.resolve();
                return;
              }
            }
            call.end();
          };
          call.onDrain(fill);
          fill();
        },
      });
      const call = new Http2Call(bench.http2(), bidiPath);
      call.stream.pause();
      await blocked.promise;
      expect(written).toBeLessThan(wanted);
      call.stream.resume();
      const { messages } = await call.end().result;
      expect(messages).toHaveLength(wanted);
      expect(mostBuffered).toBeLessThanOrEqual(64 * 1024 + message.length);
    },
  },
  {
    name: 'bufferedBytes returns to zero when the peer has taken everything',
    async run(bench) {
      const drained = deferred<number>();
      await bench.serve({
        bidi: (call) => {
          call.write(new Uint8Array(1000));
          call.onMessage(() => {
            drained.resolve(call.bufferedBytes);
            call.end();
          });
        },
      });
      const call = new Http2Call(bench.http2(), bidiPath);
      call.stream.once('data', () => {
        // The next turn of the server lies between its last write callback and this message.
        call.message(bytes('got it'));
      });
      await call.result;
      expect(await drained.promise).toBe(0);
    },
  },
];
