/** What the gRPC layer itself answers, with the texts of grpc-go that etcd's clients see (row B-130, and B-131 for headers). */
import { gzipSync } from 'node:zlib';
import { expect } from 'vitest';
import { RpcCode } from '../errors.js';
import type { UnaryCall } from '../handler.js';
import { testService, unaryPath } from './bench.js';
import { bytes, text } from './deferred.js';
import { grpcMessage } from './frame-socket.js';
import { Http2Call } from './http2-call.js';
import type { TransportCheck } from './transport-contract.js';

const echo = (call: UnaryCall): void => {
  call.reply(call.request.slice());
};

function unimplemented(name: string, path: string, words: string): TransportCheck {
  return {
    name,
    async run(bench) {
      await bench.serve({ unary: echo });
      const session = bench.http2();
      const result = await new Http2Call(session, path).message(bytes('')).end().result;
      expect(result).toMatchObject({
        httpStatus: 200,
        grpcStatus: RpcCode.unimplemented,
        grpcMessage: words,
      });
      // The connection lives.
      const next = await new Http2Call(session, unaryPath).message(bytes('x')).end().result;
      expect(next.grpcStatus).toBe(RpcCode.ok);
    },
  };
}

/** A `grpc-timeout` that no client sends; grpc-go answers HTTP 400 with status 13. */
function badTimeout(value: string): TransportCheck {
  return {
    name: `B-131: grpc-timeout "${value}" is refused with HTTP 400`,
    async run(bench) {
      await bench.serve({ unary: echo });
      const result = await new Http2Call(bench.http2(), unaryPath, { 'grpc-timeout': value })
        .message(bytes(''))
        .end().result;
      expect(result).toMatchObject({ httpStatus: 400, grpcStatus: RpcCode.internal });
      expect(result.grpcMessage).toMatch(/^malformed grpc-timeout: /);
    },
  };
}

function badContentType(value: string): TransportCheck {
  return {
    name: `B-131: content-type "${value}" is refused with HTTP 415 and status 3`,
    async run(bench) {
      await bench.serve({ unary: echo });
      const result = await new Http2Call(bench.http2(), unaryPath, { 'content-type': value })
        .message(bytes(''))
        .end().result;
      expect(result).toMatchObject({
        httpStatus: 415,
        grpcStatus: RpcCode.invalidArgument,
        grpcMessage: `invalid gRPC request content-type "${value}"`,
      });
    },
  };
}

function goodContentType(value: string): TransportCheck {
  return {
    name: `content-type "${value}" is served`,
    async run(bench) {
      await bench.serve({ unary: echo });
      const result = await new Http2Call(bench.http2(), unaryPath, { 'content-type': value })
        .message(bytes('x'))
        .end().result;
      expect(result).toMatchObject({ httpStatus: 200, grpcStatus: RpcCode.ok });
      expect(result.contentType).toMatch(/^application\/grpc/);
    },
  };
}

export const statusChecks: readonly TransportCheck[] = [
  unimplemented('B-130: an unknown service is UNIMPLEMENTED', '/a.B/C', 'unknown service a.B'),
  unimplemented(
    'B-130: an unknown method of a known service is UNIMPLEMENTED',
    `/${testService}/Nope`,
    `unknown method Nope for service ${testService}`,
  ),
  unimplemented(
    'B-130: a path without two parts is UNIMPLEMENTED',
    '/alone',
    'malformed method name: "/alone"',
  ),
  unimplemented('B-130: the root path is UNIMPLEMENTED', '/', 'malformed method name: "/"'),
  unimplemented(
    'B-130: of more than two parts the last is the method',
    '/a/b/c',
    'unknown service a/b',
  ),
  {
    name: 'B-130: a method that looks like a member of every object is unknown',
    async run(bench) {
      await bench.serve({ unary: echo });
      for (const method of ['constructor', '__proto__', 'toString']) {
        const result = await new Http2Call(bench.http2(), `/${testService}/${method}`).end().result;
        expect(result.grpcStatus).toBe(RpcCode.unimplemented);
      }
    },
  },
  badContentType('application/json'),
  badContentType('application/grpc-web'),
  goodContentType('application/grpc'),
  goodContentType('application/grpc+proto'),
  goodContentType('application/grpc;charset=utf-8'),
  badTimeout(''),
  badTimeout('1'),
  badTimeout('-1S'),
  badTimeout('1x'),
  badTimeout('99999999999H'),
  {
    name: 'a timeout of years is a timeout of years',
    async run(bench) {
      const remaining: number[] = [];
      await bench.serve({
        unary: (call) => {
          remaining.push((call.deadlineMs ?? 0) - performance.now());
          echo(call);
        },
      });
      const session = bench.http2();
      for (const value of ['99999999H', '5000000S', '99999999M']) {
        await new Http2Call(session, unaryPath, { 'grpc-timeout': value }).message(bytes('')).end()
          .result;
      }
      for (const ms of remaining) expect(ms).toBeGreaterThan(4_000_000_000);
      expect(remaining).toHaveLength(3);
    },
  },
  {
    name: 'a timeout of zero has passed',
    async run(bench) {
      await bench.serve({ unary: () => undefined });
      const result = await new Http2Call(bench.http2(), unaryPath, { 'grpc-timeout': '0S' })
        .message(bytes(''))
        .end().result;
      expect(result.grpcStatus).toBe(RpcCode.deadlineExceeded);
    },
  },
  {
    name: 'B-131: a request that is not a POST is refused with HTTP 405',
    async run(bench) {
      await bench.serve({ unary: echo });
      const result = await new Http2Call(bench.http2(), unaryPath, { ':method': 'PUT' })
        .message(bytes(''))
        .end().result;
      expect(result).toMatchObject({ httpStatus: 405, grpcStatus: RpcCode.internal });
    },
  },
  {
    name: 'B-131: a missing te header is accepted',
    async run(bench) {
      await bench.serve({ unary: echo });
      const result = await new Http2Call(bench.http2(), unaryPath, { te: undefined })
        .message(bytes(''))
        .end().result;
      expect(result.grpcStatus).toBe(RpcCode.ok);
    },
  },
  {
    name: 'B-131: binary metadata that is not base64 is refused with HTTP 400',
    async run(bench) {
      await bench.serve({ unary: echo });
      const result = await new Http2Call(bench.http2(), unaryPath, { 'x-bin': '@@@' })
        .message(bytes(''))
        .end().result;
      expect(result).toMatchObject({ httpStatus: 400, grpcStatus: RpcCode.internal });
    },
  },
  {
    name: 'gzip requests are served',
    async run(bench) {
      await bench.serve({ unary: echo });
      const result = await new Http2Call(bench.http2(), unaryPath, { 'grpc-encoding': 'gzip' })
        .write(grpcMessage(gzipSync(bytes('squeezed')), 1))
        .end().result;
      expect(result.grpcStatus).toBe(RpcCode.ok);
      expect(result.messages.map(text)).toEqual(['squeezed']);
    },
  },
  {
    name: 'broken gzip is INTERNAL',
    async run(bench) {
      await bench.serve({ unary: echo });
      const result = await new Http2Call(bench.http2(), unaryPath, { 'grpc-encoding': 'gzip' })
        .write(grpcMessage(bytes('not gzip'), 1))
        .end().result;
      expect(result.grpcStatus).toBe(RpcCode.internal);
      expect(result.grpcMessage).toMatch(/^grpc: failed to decompress the message/);
    },
  },
  {
    name: 'a small message that unpacks to more than the limit is RESOURCE_EXHAUSTED',
    async run(bench) {
      await bench.serve({ unary: echo, limits: { receiveMessageBytesMax: 100_000 } });
      const bomb = gzipSync(new Uint8Array(10_000_000));
      const result = await new Http2Call(bench.http2(), unaryPath, { 'grpc-encoding': 'gzip' })
        .write(grpcMessage(bomb, 1))
        .end().result;
      expect(result.grpcStatus).toBe(RpcCode.resourceExhausted);
    },
  },
  {
    name: 'B-131: an unknown encoding of a compressed message is UNIMPLEMENTED',
    async run(bench) {
      await bench.serve({ unary: echo });
      const result = await new Http2Call(bench.http2(), unaryPath, { 'grpc-encoding': 'zstd' })
        .write(grpcMessage(bytes('x'), 1))
        .end().result;
      expect(result).toMatchObject({
        grpcStatus: RpcCode.unimplemented,
        grpcMessage: 'grpc: Decompressor is not installed for grpc-encoding "zstd"',
      });
    },
  },
];
