/**
 * Goal: an attacker costs bounded memory, and other clients do not notice (J-16, S-32, B-132, B-134, B-135, H-P5). Method: each attack on real sockets
 * for as long as it is let, while another client calls; memory of the process (client side included) and the other client's slowest call
 * are measured, printed, and held against bounds that leave room for a slow machine.
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { RpcCode } from './errors.js';
import { Http2Transport } from './http2-transport.js';
import type { Http2TransportOptions } from './http2-transport.js';
import { TransportBench, bidiPath, unaryPath } from './testing/bench.js';
import {
  Flag,
  FrameSocket,
  FrameType,
  callFields,
  frame,
  grpcMessage,
  headerBlock,
  preface,
  setting,
  uint32,
} from './testing/frame-socket.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const mebibyte = 1024 * 1024;
/** Of the other client's calls; a machine with two cores and nine busy processes needs some of it. */
const slowestCallMsMax = 1500;

const problems: string[] = [];
let bench: TransportBench;
const sockets: Socket[] = [];

function useTransport(options: Partial<Http2TransportOptions> = {}): void {
  bench = new TransportBench(
    (given) =>
      new Http2Transport({
        ...given,
        ...options,
        onConnectionError: (_peer, message) => problems.push(message),
      }),
  );
}

beforeEach(() => {
  problems.length = 0;
  useTransport();
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await bench.close();
});

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A socket without any reader: the kernel's buffers are all that it takes. */
async function deafSocket(): Promise<Socket> {
  const socket = connect({ port: bench.port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => undefined);
  sockets.push(socket);
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

/** Writes until the socket closes, stops taking, or `bytesMax` are out. Returns the number of bytes taken. */
async function pour(
  socket: Socket,
  chunk: (round: number) => Buffer,
  bytesMax: number,
): Promise<number> {
  let bytes = 0;
  for (let round = 0; bytes < bytesMax && !socket.destroyed; round += 1) {
    const piece = chunk(round);
    bytes += piece.length;
    // Stalled for a hundred turns: the other side does not read any more.
    if (!socket.write(piece)) {
      for (let turn = 0; socket.writableNeedDrain && turn < 100; turn += 1) await settled();
      if (socket.writableNeedDrain) break;
    }
    await settled();
  }
  return bytes;
}

/** Runs the attack while another client calls, and says what it cost. */
async function measured(name: string, run: () => Promise<void>): Promise<number> {
  const other = await bench.frames();
  other.greet();
  const before = await memory();
  const attack = { over: false };
  let slowestMs = 0;
  const calls = (async () => {
    for (let id = 1; !attack.over || id < 20; id += 2) {
      const startMs = performance.now();
      other.call(id, unaryPath, Buffer.from('hello'));
      expect(await other.streamEnd(id)).toEqual({ reset: undefined });
      slowestMs = Math.max(slowestMs, performance.now() - startMs);
    }
  })();
  await run();
  attack.over = true;
  await calls;
  const heldBytes = (await memory()) - before;
  const held = (heldBytes / mebibyte).toFixed(1);
  process.stdout.write(
    `${name}: ${held} MiB held, slowest other call ${slowestMs.toFixed(0)} ms\n`,
  );
  expect(slowestMs).toBeLessThan(slowestCallMsMax);
  return heldBytes;
}

/** Waits until the server has read everything, so that the memory of what was on its way is gone. */
async function allRead(attacker: FrameSocket): Promise<void> {
  attacker.send(FrameType.ping, 0, 0, Buffer.alloc(8));
  await attacker.next(({ type, flags }) => type === FrameType.ping && flags === Flag.ack);
}

/** Bytes in use. Memory of buffers is given back a little after the collection that finds them unused. */
async function memory(): Promise<number> {
  for (let round = 0; round < 3; round += 1) {
    collectGarbage();
    await settled();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const echo = {
  unary: (call: { reply(bytes: Uint8Array): void }) => {
    call.reply(new Uint8Array(8));
  },
};
/** A large answer for the attacker, who asks by one byte; a small one for the other client. */
const large = {
  unary: (call: { readonly request: Uint8Array; reply(bytes: Uint8Array): void }) => {
    call.reply(new Uint8Array(call.request.length === 1 ? 100_000 : 8));
  },
};
const head = (id: number, flags: number = Flag.endHeaders): Buffer =>
  frame(FrameType.headers, flags, id, headerBlock(callFields(unaryPath)));
const repeated = (count: number, one: Buffer): Buffer =>
  Buffer.concat(Array<Buffer>(count).fill(one));

const floods: readonly (readonly [string, (round: number) => Buffer])[] = [
  ['PING', () => repeated(500, frame(FrameType.ping, 0, 0, Buffer.alloc(8)))],
  ['SETTINGS', () => repeated(500, frame(FrameType.settings, 0, 0, setting(4, 70_000)))],
  [
    'empty DATA',
    (round) =>
      Buffer.concat([
        round === 0 ? head(1) : Buffer.alloc(0),
        repeated(500, frame(FrameType.data, 0, 1, Buffer.alloc(0))),
      ]),
  ],
  ['PRIORITY', () => repeated(500, frame(FrameType.priority, 0, 1, Buffer.alloc(5)))],
  ['WINDOW_UPDATE', () => repeated(500, frame(FrameType.windowUpdate, 0, 0, uint32(1)))],
  [
    'rapid reset',
    (round) =>
      Buffer.concat(
        Array.from({ length: 100 }, (_, index) => {
          const id = 200 * round + 2 * index + 1;
          return Buffer.concat([head(id), frame(FrameType.rstStream, 0, id, uint32(8))]);
        }),
      ),
  ],
  [
    'CONTINUATION',
    (round) =>
      round === 0 ? head(1, 0) : frame(FrameType.continuation, 0, 1, Buffer.alloc(16_000, 0x84)),
  ],
];

it.each(floods)(
  'J-16: %s flood is cut, is logged once, and nobody else notices',
  async (name, chunk) => {
    await bench.serve(echo);
    const attacker = await FrameSocket.connect(bench.port);
    const heldBytes = await measured(name, async () => {
      attacker.greet();
      const end = attacker.end();
      const connection = { over: false };
      void end.then(() => (connection.over = true));
      for (let round = 0; round < 2000 && !connection.over; round += 1) {
        attacker.write(chunk(round));
        await settled();
      }
      expect(await end).toEqual({ goaway: 11 });
    });
    expect(heldBytes).toBeLessThan(8 * mebibyte);
    expect(problems).toHaveLength(1);
    attacker.destroy();
  },
);

it('J-16: a client that asks and never reads is held by its own socket', async () => {
  await bench.serve(echo);
  const socket = await deafSocket();
  socket.pause();
  let bytes = 0;
  const heldBytes = await measured('never reads', async () => {
    socket.write(Buffer.concat([preface, frame(FrameType.settings, 0, 0, Buffer.alloc(0))]));
    // Refused calls: their answers are a hundred times what they cost in the dynamic table.
    const block = headerBlock([
      [':method', 'GET'],
      [':scheme', 'http'],
      [':path', '/'],
    ]);
    bytes = await pour(
      socket,
      (round) =>
        Buffer.concat(
          Array.from({ length: 200 }, (_, index) =>
            frame(
              FrameType.headers,
              Flag.endHeaders | Flag.endStream,
              400 * round + 2 * index + 1,
              block,
            ),
          ),
        ),
      200 * mebibyte,
    );
  });
  expect(bytes).toBeLessThan(100 * mebibyte);
  expect(heldBytes).toBeLessThan(16 * mebibyte);
});

it('B-134: a client whose windows stay closed gets no new answers above the limit, and its updates are still read', async () => {
  const waitingBytesMax = mebibyte;
  useTransport({ connectionLimits: { waitingBytesMax } });
  await bench.serve(large);
  const attacker = await bench.frames();
  const heldBytes = await measured('zero window', async () => {
    attacker.greet(setting(4, 0));
    for (let id = 1; id < 2000; id += 2) attacker.call(id, unaryPath, Buffer.from('x'));
    const refused = await attacker.next(
      ({ type, flags }) => type === FrameType.headers && (flags & Flag.endStream) !== 0,
    );
    expect(refused.payload.toString('latin1')).toContain(
      `grpc-status${String.fromCharCode(1)}${String(RpcCode.resourceExhausted)}`,
    );
    attacker.send(FrameType.windowUpdate, 0, 1, uint32(50_000));
    expect((await attacker.nextOf(FrameType.data, 1)).payload.length).toBeGreaterThan(0);
  });
  expect(heldBytes).toBeLessThan(8 * mebibyte);
});

it('B-134: many connections share one limit for answers that nobody reads', async () => {
  useTransport({ connectionLimits: { waitingBytesTotalMax: 2 * mebibyte } });
  await bench.serve(large);
  const attackers = await Promise.all(Array.from({ length: 20 }, () => bench.frames()));
  const heldBytes = await measured('zero window, shared', async () => {
    for (const attacker of attackers) {
      attacker.greet(setting(4, 0));
      for (let id = 1; id < 100; id += 2) attacker.call(id, unaryPath, Buffer.from('x'));
      attacker.send(FrameType.ping, 0, 0, Buffer.alloc(8));
    }
    for (const attacker of attackers)
      await attacker.next(({ type, flags }) => type === FrameType.ping && flags === Flag.ack);
  });
  // Without the limit it would be 100 MB; each connection may hold one answer above it.
  expect(heldBytes).toBeLessThan(12 * mebibyte);
});

it('H-P5: bodies that never end are bounded by heldBytesMax, newest first', async () => {
  useTransport({ connectionLimits: { heldBytesMax: mebibyte } });
  await bench.serve(echo);
  const attacker = await bench.frames();
  const body = grpcMessage(Buffer.alloc(16_000), 0, 2_000_000);
  const heldBytes = await measured('unfinished bodies', async () => {
    attacker.greet();
    for (let id = 1; id < 400; id += 2) {
      attacker.write(Buffer.concat([head(id), frame(FrameType.data, 0, id, body)]));
    }
    const reset = await attacker.nextOf(FrameType.rstStream);
    expect(reset.payload.readUInt32BE(0)).toBe(11);
    expect(reset.streamId).toBeGreaterThan(100);
    await allRead(attacker);
  });
  expect(heldBytes).toBeLessThan(8 * mebibyte);
});

it('J-16: streams that are not read are bounded by heldBytesMax, whatever the size of their DATA', async () => {
  useTransport({ connectionLimits: { heldBytesMax: mebibyte } });
  await bench.serve({
    ...echo,
    bidi: (call) => {
      call.pause();
    },
  });
  const attacker = await bench.frames();
  const heldBytes = await measured('unread bytes one by one', async () => {
    attacker.greet();
    const block = headerBlock(callFields(bidiPath));
    for (let id = 1; id < 400; id += 2) {
      const open = frame(FrameType.headers, Flag.endHeaders, id, block);
      const piece = frame(FrameType.data, 0, id, Buffer.alloc(1));
      attacker.write(Buffer.concat([open, repeated(8192, piece)]));
      await settled();
    }
    const reset = await attacker.nextOf(FrameType.rstStream);
    expect(reset.payload.readUInt32BE(0)).toBe(11);
    expect(reset.streamId).toBeGreaterThan(100);
    await allRead(attacker);
  });
  expect(heldBytes).toBeLessThan(8 * mebibyte);
});

it('B-135: a message of 1.5 MiB in DATA of one byte is served', async () => {
  let receivedBytes = 0;
  await bench.serve({
    unary: (call) => {
      receivedBytes = Math.max(receivedBytes, call.request.length);
      call.reply(new Uint8Array(1));
    },
  });
  const client = await bench.frames();
  const size = 1.5 * mebibyte;
  const heldBytes = await measured('bytes one by one', async () => {
    client.greet();
    client.write(
      Buffer.concat([head(1), frame(FrameType.data, 0, 1, grpcMessage(Buffer.alloc(0), 0, size))]),
    );
    const piece = repeated(8192, frame(FrameType.data, 0, 1, Buffer.alloc(1)));
    for (let sent = 0; sent < size; sent += 8192) {
      client.write(piece);
      await settled();
    }
    expect(await client.streamEnd(1)).toMatchObject({});
  });
  // The 15 MiB of frames pass through the client's own buffers.
  expect(heldBytes).toBeLessThan(32 * mebibyte);
  expect(receivedBytes).toBe(size);
});

it('S-32: two thousand idle connections cost little, and half of a preface no more', async () => {
  await bench.serve(echo);
  const count = 2000;
  const greeted = Buffer.concat([
    preface,
    frame(FrameType.settings, 0, 0, Buffer.alloc(0)),
    Buffer.alloc(5),
  ]);
  const heldBytes = await measured(`${String(count)} idle connections, both ends`, async () => {
    for (let index = 0; index < count; index += 1) {
      const socket = await deafSocket();
      socket.write(index % 2 === 0 ? greeted : preface.subarray(0, 10));
    }
  });
  // Both ends live in this process; the server's own part is about half.
  expect(heldBytes / count).toBeLessThan(24 * 1024);
});
