/** RFC 9113 from the side of a server, and rows B-133 and B-134: bad frames end one connection, or one stream, never more. */
import { expect } from 'vitest';
import { RpcCode } from '../errors.js';
import type { UnaryCall } from '../handler.js';
import { unaryPath } from './bench.js';
import type { TransportBench } from './bench.js';
import { bytes, deferred, text } from './deferred.js';
import {
  ErrorCode,
  Flag,
  FrameType,
  callFields,
  grpcMessage,
  headerBlock,
  preface,
  setting,
  uint32,
} from './frame-socket.js';
import type { FrameSocket } from './frame-socket.js';
import { Http2Call } from './http2-call.js';
import type { TransportCheck } from './transport-contract.js';
import { unary } from './unary-checks.js';

const echo = (call: UnaryCall): void => {
  call.reply(call.request.slice());
};

const headers = headerBlock(callFields(unaryPath));

/** What the attack does must end its connection, and must not disturb the connection of another client. */
function connectionError(name: string, attack: (frames: FrameSocket) => void): TransportCheck {
  return {
    name: `B-134: ${name} ends the connection, and only that`,
    async run(bench) {
      await bench.serve({ unary: echo });
      const bystander = bench.grpcClient();
      await unary(bystander, bytes('before'));
      const frames = await bench.frames();
      frames.greet();
      attack(frames);
      const { goaway } = await frames.end();
      if (goaway !== undefined) expect(goaway).not.toBe(0);
      expect(text(await unary(bystander, bytes('after')))).toBe('after');
    },
  };
}

/** The stream is refused, the next one on the same connection is served. */
function streamError(name: string, fields: readonly (readonly [string, string])[]): TransportCheck {
  return {
    name: `B-133: ${name} is refused, and the connection lives`,
    async run(bench) {
      let calls = 0;
      await bench.serve({
        unary: (call) => {
          calls += 1;
          echo(call);
        },
      });
      const frames = await bench.frames();
      frames.greet();
      frames.send(FrameType.headers, Flag.endHeaders, 1, headerBlock(fields));
      frames.send(FrameType.data, Flag.endStream, 1, grpcMessage(bytes('')));
      frames.call(3, unaryPath, bytes('next'));
      await frames.streamEnd(3);
      expect(calls).toBe(1);
    },
  };
}

async function greeted(
  bench: TransportBench,
  ...settings: readonly Buffer[]
): Promise<FrameSocket> {
  const frames = await bench.frames();
  frames.greet(...settings);
  return frames;
}

const Setting = {
  headerTableSize: 1,
  enablePush: 2,
  initialWindowSize: 4,
  maxFrameSize: 5,
} as const;

const legalUses: readonly TransportCheck[] = [
  {
    name: 'SETTINGS are acknowledged and PING is answered with its own bytes',
    async run(bench) {
      await bench.serve({});
      const frames = await greeted(bench);
      await frames.next((f) => f.type === FrameType.settings && f.flags === Flag.ack);
      frames.send(FrameType.ping, 0, 0, Buffer.from('12345678'));
      const pong = await frames.nextOf(FrameType.ping);
      expect(pong.flags).toBe(Flag.ack);
      expect(pong.payload.toString()).toBe('12345678');
    },
  },
  {
    name: 'a preface in two pieces is a preface',
    async run(bench) {
      await bench.serve({ unary: echo });
      const frames = await bench.frames();
      frames.write(preface.subarray(0, 10));
      await new Promise((resolve) => setImmediate(resolve));
      frames.write(preface.subarray(10));
      frames.send(FrameType.settings, 0, 0, Buffer.alloc(0));
      frames.call(1, unaryPath, bytes('x'));
      expect((await frames.streamEnd(1)).reset).toBeUndefined();
    },
  },
  {
    name: 'headers over CONTINUATION frames, padding and priority are understood',
    async run(bench) {
      await bench.serve({ unary: echo });
      const frames = await greeted(bench);
      const padded = Buffer.concat([
        Buffer.from([3]),
        uint32(0),
        Buffer.from([15]),
        headers.subarray(0, 20),
        Buffer.alloc(3),
      ]);
      frames.send(FrameType.headers, Flag.padded | Flag.priority, 1, padded);
      frames.send(FrameType.continuation, 0, 1, headers.subarray(20, 21));
      frames.send(FrameType.continuation, Flag.endHeaders, 1, headers.subarray(21));
      const data = Buffer.concat([Buffer.from([5]), grpcMessage(bytes('padded')), Buffer.alloc(5)]);
      frames.send(FrameType.data, Flag.padded | Flag.endStream, 1, data);
      const reply = await frames.nextOf(FrameType.data, 1);
      expect(text(reply.payload.subarray(5))).toBe('padded');
    },
  },
  {
    name: 'trailers of the client are a half-close',
    async run(bench) {
      await bench.serve({ unary: echo });
      const frames = await greeted(bench);
      frames.send(FrameType.headers, Flag.endHeaders, 1, headers);
      frames.send(FrameType.data, 0, 1, grpcMessage(bytes('x')));
      const trailers = headerBlock([['x-checksum', '1']]);
      frames.send(FrameType.headers, Flag.endHeaders | Flag.endStream, 1, trailers);
      expect((await frames.streamEnd(1)).reset).toBeUndefined();
    },
  },
  {
    name: 'frames of unknown types and settings of unknown numbers are ignored',
    async run(bench) {
      await bench.serve({ unary: echo });
      const frames = await greeted(bench, setting(0xffff, 1));
      frames.send(0x42, 0xff, 0, Buffer.from('?'));
      frames.send(0x42, 0, 1, Buffer.from('?'));
      frames.call(1, unaryPath, bytes('x'));
      expect((await frames.streamEnd(1)).reset).toBeUndefined();
    },
  },
  {
    name: 'a reply waits for the window of its stream, and takes what it gets',
    async run(bench) {
      await bench.serve({ unary: echo });
      const frames = await greeted(bench, setting(Setting.initialWindowSize, 0));
      frames.call(1, unaryPath, bytes('windowed'));
      await frames.nextOf(FrameType.headers, 1);
      frames.send(FrameType.ping, 0, 0, Buffer.alloc(8));
      const first = await frames.next(
        (f) => f.type === FrameType.data || f.type === FrameType.ping,
      );
      expect(first.type).toBe(FrameType.ping);
      let body = Buffer.alloc(0);
      for (let received = 0; received < 5 + 'windowed'.length; received += 1) {
        frames.send(FrameType.windowUpdate, 0, 1, uint32(1));
        const data = await frames.next((f) => f.type === FrameType.data && f.payload.length > 0);
        expect(data.payload).toHaveLength(1);
        body = Buffer.concat([body, data.payload]);
      }
      expect(text(body.subarray(5))).toBe('windowed');
    },
  },
  {
    name: 'a window that SETTINGS shrink below zero is paid back before data flows',
    async run(bench) {
      const held = deferred<UnaryCall>();
      await bench.serve({
        unary: (call) => {
          if (text(call.request) === 'hold') held.resolve(call);
          else call.reply(new Uint8Array(100));
        },
      });
      const frames = await greeted(bench, setting(Setting.initialWindowSize, 50));
      frames.call(1, unaryPath, bytes('go'));
      const first = await frames.nextOf(FrameType.data, 1);
      expect(first.payload).toHaveLength(50);
      frames.send(FrameType.settings, 0, 0, setting(Setting.initialWindowSize, 0));
      await frames.next((f) => f.type === FrameType.settings && f.flags === Flag.ack);
      // The window is now -50: these 60 leave room for 10.
      frames.send(FrameType.windowUpdate, 0, 1, uint32(60));
      const second = await frames.nextOf(FrameType.data, 1);
      expect(second.payload).toHaveLength(10);
    },
  },
  {
    name: 'the window of the connection is shared by its streams',
    async run(bench) {
      await bench.serve({
        unary: (call) => {
          call.reply(new Uint8Array(60_000));
        },
      });
      const frames = await greeted(bench, setting(Setting.initialWindowSize, 1 << 20));
      frames.call(1, unaryPath, bytes(''));
      frames.call(3, unaryPath, bytes(''));
      let received = 0;
      while (received < 65_535) received += (await frames.nextOf(FrameType.data)).payload.length;
      expect(received).toBe(65_535);
      frames.send(FrameType.windowUpdate, 0, 0, uint32(1 << 20));
      while (received < 2 * 60_005)
        received += (await frames.nextOf(FrameType.data)).payload.length;
      expect(received).toBe(2 * 60_005);
    },
  },
  {
    name: 'replies respect the largest frame of the peer',
    async run(bench) {
      await bench.serve({
        unary: (call) => {
          call.reply(new Uint8Array(60_000));
        },
      });
      const frames = await greeted(bench);
      frames.call(1, unaryPath, bytes(''));
      for (let received = 0; received < 60_005;) {
        const { payload } = await frames.nextOf(FrameType.data, 1);
        expect(payload.length).toBeLessThanOrEqual(16_384);
        received += payload.length;
      }
    },
  },
  {
    name: 'a thousand calls run at once on one connection',
    async run(bench) {
      const held: UnaryCall[] = [];
      const all = deferred();
      await bench.serve({
        unary: (call) => {
          held.push(call);
          if (held.length === 1000) all.resolve();
        },
      });
      const session = bench.http2();
      const calls = Array.from({ length: 1000 }, () =>
        new Http2Call(session, unaryPath).message(bytes('x')).end(),
      );
      await all.promise;
      for (const call of held) call.reply(bytes('y'));
      const results = await Promise.all(calls.map((call) => call.result));
      expect(results.every((result) => result.grpcStatus === RpcCode.ok)).toBe(true);
    },
  },
  {
    name: 'more calls than the limit are refused, not served and not fatal',
    async run(bench) {
      const held: UnaryCall[] = [];
      const two = deferred();
      await bench.serve({
        unary: (call) => {
          held.push(call);
          if (held.length === 2) two.resolve();
        },
        limits: { concurrentStreamsMax: 2 },
      });
      const frames = await greeted(bench);
      await frames.next((f) => f.type === FrameType.settings && f.flags === Flag.ack);
      frames.send(FrameType.settings, Flag.ack, 0, Buffer.alloc(0));
      frames.call(1, unaryPath, bytes(''));
      frames.call(3, unaryPath, bytes(''));
      await two.promise;
      frames.call(5, unaryPath, bytes(''));
      const reset = await frames.nextOf(FrameType.rstStream, 5);
      expect(reset.payload.readUInt32BE(0)).toBe(ErrorCode.refusedStream);
      expect(held).toHaveLength(2);
    },
  },
];

const connectionErrors: readonly TransportCheck[] = [
  connectionError('a SETTINGS payload that is no multiple of six', (frames) => {
    frames.send(FrameType.settings, 0, 0, Buffer.alloc(5));
  }),
  connectionError('a window larger than 2^31-1 in SETTINGS', (frames) => {
    frames.send(FrameType.settings, 0, 0, setting(Setting.initialWindowSize, 0x8000_0000));
  }),
  connectionError('a largest frame below 16384 in SETTINGS', (frames) => {
    frames.send(FrameType.settings, 0, 0, setting(Setting.maxFrameSize, 100));
  }),
  connectionError('ENABLE_PUSH with a value that is no boolean', (frames) => {
    frames.send(FrameType.settings, 0, 0, setting(Setting.enablePush, 2));
  }),
  connectionError('SETTINGS on a stream', (frames) => {
    frames.send(FrameType.settings, 0, 1, Buffer.alloc(0));
  }),
  connectionError('PING of seven bytes', (frames) => {
    frames.send(FrameType.ping, 0, 0, Buffer.alloc(7));
  }),
  connectionError('DATA on stream 0', (frames) => {
    frames.send(FrameType.data, 0, 0, Buffer.alloc(1));
  }),
  connectionError('DATA on a stream that nobody opened', (frames) => {
    frames.send(FrameType.data, 0, 5, Buffer.alloc(1));
  }),
  connectionError('RST_STREAM on a stream that nobody opened', (frames) => {
    frames.send(FrameType.rstStream, 0, 5, uint32(ErrorCode.cancel));
  }),
  connectionError('a stream with an even number', (frames) => {
    frames.send(FrameType.headers, Flag.endHeaders, 2, headers);
  }),
  connectionError('a frame longer than was allowed', (frames) => {
    frames.send(FrameType.data, 0, 1, Buffer.alloc(20_000_000).subarray(0, 16_777_215));
  }),
  connectionError('a frame between HEADERS and CONTINUATION', (frames) => {
    frames.send(FrameType.headers, 0, 1, headers.subarray(0, 10));
    frames.send(FrameType.ping, 0, 0, Buffer.alloc(8));
  }),
  connectionError('CONTINUATION without HEADERS', (frames) => {
    frames.send(FrameType.continuation, Flag.endHeaders, 1, headers);
  }),
  connectionError('an index outside of the header tables', (frames) => {
    frames.send(FrameType.headers, Flag.endHeaders | Flag.endStream, 1, Buffer.from([0xff, 0x7f]));
  }),
  connectionError('a header block that is cut short', (frames) => {
    frames.send(FrameType.headers, Flag.endHeaders | Flag.endStream, 1, headers.subarray(0, 5));
  }),
  connectionError('PUSH_PROMISE of a client', (frames) => {
    frames.send(FrameType.pushPromise, Flag.endHeaders, 1, Buffer.concat([uint32(2), headers]));
  }),
  connectionError('padding that is longer than its frame', (frames) => {
    frames.send(FrameType.headers, Flag.endHeaders, 1, headers);
    frames.send(FrameType.data, Flag.padded, 1, Buffer.from([200, 1, 2]));
  }),
  connectionError('a connection window that overflows', (frames) => {
    frames.send(FrameType.windowUpdate, 0, 0, uint32(0x7fff_ffff));
    frames.send(FrameType.windowUpdate, 0, 0, uint32(0x7fff_ffff));
  }),
  connectionError('headers without end (CONTINUATION flood)', (frames) => {
    frames.send(FrameType.headers, 0, 1, headers);
    const more = headerBlock([['x-flood', 'a'.repeat(120)]]);
    for (let index = 0; index < 20_000; index += 1) frames.send(FrameType.continuation, 0, 1, more);
  }),
  connectionError('a flood of SETTINGS', (frames) => {
    const entry = setting(Setting.headerTableSize, 4096);
    for (let index = 0; index < 200_000; index += 1) frames.send(FrameType.settings, 0, 0, entry);
  }),
  connectionError('a storm of streams that are reset at once', (frames) => {
    for (let id = 1; id < 40_000; id += 2) {
      frames.send(FrameType.headers, Flag.endHeaders, id, headers);
      frames.send(FrameType.rstStream, 0, id, uint32(ErrorCode.cancel));
    }
  }),
];

const [method, scheme, path, authority, contentType, te] = callFields(unaryPath);
const pseudo = [method, scheme, path, authority].filter((field) => field !== undefined);
const regular = [contentType, te].filter((field) => field !== undefined);

const streamErrors: readonly TransportCheck[] = [
  streamError('an upper-case header name', [...pseudo, ...regular, ['X-Upper', '1']]),
  streamError('a pseudo-header after a regular one', [...regular, ...pseudo]),
  streamError('a request without a path', [
    ...pseudo.filter(([name]) => name !== ':path'),
    ...regular,
  ]),
  streamError('a path that is there twice', [...pseudo, [':path', '/other'], ...regular]),
  streamError('an unknown pseudo-header', [...pseudo, [':secret', '1'], ...regular]),
  streamError('a header of the connection', [...pseudo, ...regular, ['connection', 'close']]),
  {
    name: 'B-134: a window of a stream that overflows resets that stream only',
    async run(bench) {
      await bench.serve({
        unary: (call) => {
          if (text(call.request) === 'x') call.reply(bytes('y'));
        },
      });
      const frames = await greeted(bench);
      frames.call(1, unaryPath, bytes('hold'));
      frames.send(FrameType.windowUpdate, 0, 1, uint32(0x7fff_ffff));
      const reset = await frames.nextOf(FrameType.rstStream, 1);
      expect(reset.payload.readUInt32BE(0)).toBe(ErrorCode.flowControlError);
      frames.call(3, unaryPath, bytes('x'));
      expect((await frames.streamEnd(3)).reset).toBeUndefined();
    },
  },
  {
    name: 'B-132: bytes that are no HTTP/2 end the connection',
    async run(bench) {
      await bench.serve({ unary: echo });
      const frames = await bench.frames();
      frames.write(Buffer.from('SSH-2.0-OpenSSH_9.6 and enough bytes to fill a preface\r\n'));
      await frames.end();
      expect(text(await unary(bench.grpcClient(), bytes('after')))).toBe('after');
    },
  },
];

export const http2Checks: readonly TransportCheck[] = [
  ...legalUses,
  ...connectionErrors,
  ...streamErrors,
];
