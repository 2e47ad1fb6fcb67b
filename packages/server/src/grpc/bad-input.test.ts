/**
 * B-0 of reliability.md §5: every method with messages that nobody should send. Goal: a status or an answer, no crash, no
 * change that was not asked for. Method: all methods of all services, edge values first, then bytes from a seed.
 */
import {
  clusterService,
  healthService,
  kvService,
  leaseService,
  maintenanceService,
  PutRequest,
  RangeRequest,
  TxnRequest,
  watchService,
} from '@kv/proto';
import type { MethodDescriptor } from '@kv/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryMember, seededRandom } from '../testing/index.js';
import { put, range } from '../testing/requests.js';

const all: readonly MethodDescriptor[] = [
  kvService,
  watchService,
  leaseService,
  clusterService,
  maintenanceService,
  healthService,
].flatMap((service) => Object.values(service) as MethodDescriptor[]);
const unary = all.filter(({ kind }) => kind === 'unary');
const streams = all.filter(({ kind }) => kind !== 'unary');

let m: MemoryMember;
beforeAll(async () => {
  m = await MemoryMember.open();
});
afterAll(async () => {
  await m.stop();
});

/** The member goes on as if nothing had happened. */
async function expectAlive(): Promise<void> {
  await m.call(kvService.put, put('alive', '1'));
  expect((await m.call(kvService.range, range('alive'))).count).toBe(1n);
}

async function callWith(method: MethodDescriptor, bytes: Uint8Array): Promise<void> {
  const call = m.begin(method, bytes);
  await m.clock.settle();
  // Physical compactions wait for a pause of theirs.
  if (call.end === undefined) await m.clock.advance(200);
  expect(call.end, `${method.path} with ${Buffer.from(bytes).toString('hex')}`).toBeDefined();
}

describe.each(unary.map((method) => [method.path, method] as const))('%s', (_, method) => {
  it('answers an empty message', async () => {
    await callWith(method, new Uint8Array(0));
    await expectAlive();
  });

  it('answers every field at its edges', async () => {
    const edges = [
      // Each of the first 16 fields as a varint of 0, 1, -1, 2^53, 2^63-1, -2^63, 99.
      ...[0n, 1n, -1n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n), 99n].map((value) => varint(value)),
    ];
    for (let field = 1; field <= 16; field++) {
      for (const edge of edges)
        await callWith(method, Buffer.concat([varint(BigInt(field * 8)), edge]));
      for (const body of [Buffer.alloc(0), Buffer.from([0]), Buffer.alloc(1000, 0xff)]) {
        const tag = varint(BigInt(field * 8 + 2));
        await callWith(method, Buffer.concat([tag, varint(BigInt(body.length)), body]));
      }
    }
    await expectAlive();
  });

  it('answers noise', async () => {
    const seed = 20_261_121;
    const random = seededRandom(seed);
    for (let n = 0; n < 150; n++) {
      const bytes = Buffer.alloc(random(40));
      for (let i = 0; i < bytes.length; i++) bytes[i] = random(256);
      await callWith(method, bytes);
    }
    await expectAlive();
  });
});

describe.each(streams.map((method) => [method.path, method] as const))('%s', (_, method) => {
  it('lives with noise', async () => {
    const random = seededRandom(7);
    for (let n = 0; n < 100; n++) {
      const stream = m.stream(method as Parameters<typeof m.stream>[0]);
      const bytes = Buffer.alloc(random(30));
      for (let i = 0; i < bytes.length; i++) bytes[i] = random(256);
      stream.call.send(bytes);
      stream.call.halfClose();
      await m.clock.settle();
      stream.call.cancel();
    }
    await expectAlive();
  });
});

it('lives with requests that were right but for a few bytes', async () => {
  const random = seededRandom(99);
  const good: readonly (readonly [MethodDescriptor, Uint8Array])[] = [
    [kvService.put, PutRequest.encode(put('key', 'value', { lease: 7n, prevKv: true })).finish()],
    [kvService.range, RangeRequest.encode(range('a', 'z', { limit: 5n, revision: 2n })).finish()],
    [kvService.txn, TxnRequest.encode(TxnRequest.create({ success: [] })).finish()],
  ];
  for (let n = 0; n < 500; n++) {
    const [method, bytes] = good[random(good.length)] ?? [kvService.put, new Uint8Array(0)];
    const changed = Buffer.from(bytes);
    for (let i = 0; i < 3; i++) changed[random(changed.length)] = random(256);
    await callWith(method, changed);
  }
  await expectAlive();
});

function varint(value: bigint): Buffer {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, value);
  while (rest >= 0x80n) {
    out.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  return Buffer.from([...out, Number(rest)]);
}
