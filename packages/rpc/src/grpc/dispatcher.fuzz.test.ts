/**
 * Goal: no bytes of a peer break calls (B-131, H-P1). Method: from a seed, header blocks and messages that are nearly right, in DATA of any size,
 * against real handlers; nothing may throw, handlers get whole messages or none, and nothing is held afterwards.
 */
import { expect, it } from 'vitest';
import { ConnectionBench } from '../testing/connection-bench.js';
import { Flag, FrameType, callFields, grpcMessage, headerBlock } from '../testing/frame-socket.js';
import { Deadlines } from './deadlines.js';
import { Dispatcher, RequestHeads } from './dispatcher.js';
import { Routes } from './routes.js';

type Random = (below: number) => number;

/** xorshift32: a seed gives the same bytes on every machine. */
function randomOf(seed: number): Random {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const oddFields: readonly (readonly [string, string])[] = [
  ['grpc-timeout', '1S'],
  ['grpc-timeout', '-1'],
  ['grpc-timeout', '0n'],
  ['grpc-encoding', 'gzip'],
  ['grpc-encoding', 'zstd'],
  ['content-length', '7'],
  ['x-bin', '****'],
  ['X-Upper', 'a'],
  [':path', '/again'],
  ['connection', 'close'],
];

function block(random: Random): Buffer {
  const paths = ['/t.T/Unary', '/t.T/One', '/t.T/Many', '/t.T/None', 'T', ''];
  const fields = [...callFields(paths[random(paths.length)] ?? '')];
  const odd = oddFields[random(oddFields.length)];
  if (random(3) === 0 && odd !== undefined) fields.push(odd);
  if (random(20) === 0) fields.splice(random(fields.length), 1);
  return headerBlock(fields);
}

function body(random: Random): Buffer {
  const messages = Array.from({ length: random(4) }, () => {
    const length = random(4) === 0 ? random(3000) : random(20);
    const flag = random(10) === 0 ? random(4) : 0;
    const claimed = random(10) === 0 ? random(5000) : length;
    return grpcMessage(Buffer.alloc(length, 0x61), flag, claimed);
  });
  return Buffer.concat(messages);
}

/** One connection with some calls whose frames are mixed. Returns the bytes still counted as held at its end. */
function run(random: Random): number {
  const errors: unknown[] = [];
  const deadlines = new Deadlines(() => undefined);
  const routes = new Routes(
    [
      {
        name: 't.T',
        methods: {
          Unary: {
            type: 'unary',
            handler: (call) => {
              call.reply(call.request.slice());
            },
          },
          One: {
            type: 'stream',
            requestStream: false,
            handler: (call) => {
              call.onMessage((message) => {
                call.write(message.slice());
              });
              call.onHalfClose(() => {
                call.end();
              });
            },
          },
          Many: {
            type: 'stream',
            requestStream: true,
            handler: (call) => {
              call.onMessage((message) => {
                call.write(message.slice());
                if (message.length % 3 === 0) call.pause();
              });
              call.onHalfClose(() => {
                call.end();
              });
            },
          },
        },
      },
    ],
    undefined,
  );
  const bench = new ConnectionBench({
    requests: new Dispatcher(new RequestHeads(routes), {
      peer: { address: 'fuzz' },
      deadlines,
      receiveMessageBytesMax: 2000,
      bufferedBytesMax: 4000,
      onHandlerError: (_path, error) => errors.push(error),
    }),
  });
  bench.greet();
  const calls = Array.from({ length: 5 }, (_, index) => ({
    id: 2 * index + 1,
    bytes: body(random),
  }));
  for (const { id } of calls) bench.send(FrameType.headers, Flag.endHeaders, id, block(random));
  for (let step = 0; step < 40; step += 1) {
    const call = calls[random(calls.length)];
    if (call === undefined) continue;
    const piece = call.bytes.subarray(0, 1 + random(800));
    call.bytes = call.bytes.subarray(piece.length);
    const end = call.bytes.length === 0 && random(2) === 0 ? Flag.endStream : 0;
    bench.send(FrameType.data, end, call.id, piece);
    if (random(10) === 0) bench.send(FrameType.rstStream, 0, call.id, Buffer.alloc(4));
    if (random(5) === 0) deadlines.expire(random(2000));
    bench.take();
  }
  bench.connection.end(undefined);
  expect(errors).toEqual([]);
  return bench.connection.heldBytes;
}

it('survives calls that are nearly right, and holds nothing afterwards', () => {
  const seed = 20_261_121;
  process.stdout.write(`seed ${String(seed)}\n`);
  for (let round = 0; round < 2000; round += 1) {
    expect(run(randomOf(seed + round * 7919)), `round ${String(round)}`).toBe(0);
  }
});
