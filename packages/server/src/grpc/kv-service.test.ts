/**
 * The rows of reliability.md §5.1 through the services of a whole member, and what answers look like. Each test names the row
 * that it covers.
 */
import {
  CompactionRequest,
  Compare_CompareResult as Result,
  Compare_CompareTarget as Target,
  kvService,
  RangeRequest_SortOrder as Order,
  RangeRequest_SortTarget as Sort,
  TxnRequest,
} from '@kv/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryMember } from '../testing/index.js';
import {
  bytes,
  compare,
  deleteOp,
  deletion,
  pairs,
  put,
  putOp,
  range,
  rangeOp,
  text,
  txnOp,
} from '../testing/requests.js';

const IA = 3;
const NF = 5;
const RE = 8;
const OOR = 11;
const UI = 12;

let m: MemoryMember;
beforeEach(async () => {
  m = await MemoryMember.open({ config: { maxRequestBytes: 4096 } });
});
afterEach(async () => {
  await m.stop();
});

/** What a call fails with. */
function failure(code: number, message: string): unknown {
  return expect.objectContaining({ code, message: `etcdserver: ${message}` }) as unknown;
}

const error = async (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'answered',
    (thrown: unknown) => thrown,
  );

const doPut = (key: string, value: string, rest = {}) =>
  m.call(kvService.put, put(key, value, rest));
const get = (key: string, end = '', rest = {}) => m.call(kvService.range, range(key, end, rest));
const remove = (key: string, end = '', rest = {}) =>
  m.call(kvService.deleteRange, deletion(key, end, rest));
const txn = (request: Partial<TxnRequest>) => m.call(kvService.txn, TxnRequest.create(request));
const compact = (revision: bigint, physical = false) =>
  m.call(kvService.compact, CompactionRequest.create({ revision, physical }));

describe('Range', () => {
  it('B-1 refuses an empty key, whatever the end', async () => {
    expect(await error(get(''))).toEqual(failure(IA, 'key is not provided'));
    expect(await error(get('', '\0'))).toEqual(failure(IA, 'key is not provided'));
    expect(await error(get('', 'z'))).toEqual(failure(IA, 'key is not provided'));
  });

  it('B-2 refuses sort orders and targets that do not exist', async () => {
    const unknown = 99 as never;
    expect(await error(get('a', '', { sortOrder: unknown }))).toEqual(
      failure(IA, 'invalid sort option'),
    );
    expect(await error(get('a', '', { sortTarget: -1 as never }))).toEqual(
      failure(IA, 'invalid sort option'),
    );
  });

  it('B-3 B-4 refuses compacted and future revisions, also to count', async () => {
    for (const value of ['1', '2', '3', '4']) await doPut('a', value);
    await compact(4n);
    for (const countOnly of [false, true]) {
      expect(await error(get('a', '', { revision: 3n, countOnly }))).toEqual(
        failure(OOR, 'mvcc: required revision has been compacted'),
      );
      expect(await error(get('a', '', { revision: 6n, countOnly }))).toEqual(
        failure(OOR, 'mvcc: required revision is a future revision'),
      );
    }
    expect(pairs((await get('a', '', { revision: 4n })).kvs)).toEqual(['a=3']);
  });

  it('B-5 takes negative revision and limit as newest and none; crossed bounds give nothing', async () => {
    await doPut('a', '1');
    await doPut('b', '2');
    expect((await get('a', 'z', { revision: -7n, limit: -1n })).kvs).toHaveLength(2);
    const crossed = await get('a', 'z', { minModRevision: 9n, maxModRevision: 2n });
    expect(crossed.kvs).toHaveLength(0);
    expect(crossed.count).toBe(2n);
    expect((await get('a', 'z', { minModRevision: -5n })).kvs).toHaveLength(2);
    expect((await get('a', 'z', { maxModRevision: -5n })).kvs).toHaveLength(0);
  });

  it('B-6 an inverted range is empty', async () => {
    await doPut('m', '1');
    const answer = await get('z', 'a');
    expect([answer.kvs.length, answer.count, answer.more]).toEqual([0, 0n, false]);
    expect((await get('m', 'm')).count).toBe(0n);
  });

  it('B-7 one zero byte: as a key itself, as an end everything', async () => {
    await doPut('\0', 'zero');
    await doPut('a', '1');
    expect(pairs((await get('\0')).kvs)).toEqual(['\0=zero']);
    expect((await get('\0', '\0')).count).toBe(2n);
    expect(pairs((await get('a', '\0')).kvs)).toEqual(['a=1']);
  });

  it('B-8 a limit of 2^63-1 does not overflow', async () => {
    await doPut('a', '1');
    const answer = await get('a', 'z', { limit: 2n ** 63n - 1n });
    expect([pairs(answer.kvs), answer.more]).toEqual([['a=1'], false]);
  });

  it('B-9 only counting ignores everything else', async () => {
    for (const key of ['a', 'b', 'c']) await doPut(key, '1');
    const answer = await get('a', 'z', {
      countOnly: true,
      keysOnly: true,
      limit: 1n,
      sortOrder: Order.DESCEND,
    });
    expect([answer.kvs.length, answer.count, answer.more]).toEqual([0, 3n, false]);
  });

  it('limit cuts after count, and says so', async () => {
    for (const key of ['a', 'b', 'c']) await doPut(key, '1');
    const answer = await get('a', 'z', { limit: 2n });
    expect([pairs(answer.kvs), answer.count, answer.more]).toEqual([['a=1', 'b=1'], 3n, true]);
  });

  it('sorts by what is asked', async () => {
    await doPut('a', '2');
    await doPut('b', '1');
    const byValue = await get('a', 'z', { sortOrder: Order.ASCEND, sortTarget: Sort.VALUE });
    expect(pairs(byValue.kvs)).toEqual(['b=1', 'a=2']);
    const byMod = await get('a', 'z', { sortOrder: Order.DESCEND, sortTarget: Sort.MOD });
    expect(pairs(byMod.kvs)).toEqual(['b=1', 'a=2']);
  });

  it('only keys: no values', async () => {
    await doPut('a', 'x');
    const [kv] = (await get('a', '', { keysOnly: true })).kvs;
    expect([text(kv?.key), text(kv?.value), kv?.version]).toEqual(['a', '', 1n]);
  });

  it('a header names cluster, member, revision and term', async () => {
    const { header } = await get('a');
    expect(header).toEqual({
      clusterId: m.member.view().clusterId,
      memberId: m.member.view().memberId,
      revision: 1n,
      raftTerm: 2n,
    });
  });

  it('a serializable read asks nobody: it is answered in the turn of the call', () => {
    const call = m.begin(
      kvService.range,
      kvService.range.request.encode(range('a', '', { serializable: true })),
    );
    expect(call.end).toEqual({ type: 'ok' });
  });

  it('bytes that are no message fail with INTERNAL and change nothing (observed 9)', async () => {
    for (const method of [kvService.range, kvService.put, kvService.txn, kvService.deleteRange]) {
      const thrown = await error(m.callBytes(method, Uint8Array.of(0x0a, 0x7f, 1)));
      expect(thrown).toMatchObject({
        code: 13,
        message: expect.stringMatching(/^grpc: error unmarshalling request: /) as string,
      });
    }
    expect((await get('a')).header?.revision).toBe(1n);
  });

  it('fields that are unknown are skipped', async () => {
    await doPut('a', '1');
    const known = kvService.range.request.encode(range('a'));
    const unknown = Buffer.concat([known, Buffer.from([0xa0, 0x06, 0x01, 0xaa, 0x06, 0x01, 0x00])]);
    const answer = kvService.range.response.decode(await m.callBytes(kvService.range, unknown));
    expect(pairs(answer.kvs)).toEqual(['a=1']);
  });
});

describe('a large range', () => {
  it('is read in steps, between which others are served, at one revision', async () => {
    const count = 25_000;
    for (let n = 0; n < count; n++) {
      m.begin(kvService.put, kvService.put.request.encode(put(`k${n}`, 'v')));
    }
    await m.clock.settle();
    const { header } = await get('k0');
    const request = range('k', 'l', { serializable: true });
    const large = m.begin(kvService.range, kvService.range.request.encode(request));
    expect(large.end).toBeUndefined();
    m.begin(kvService.deleteRange, kvService.deleteRange.request.encode(deletion('k', 'l')));
    await m.clock.settle();
    const answer = kvService.range.response.decode(large.response ?? new Uint8Array(0));
    expect([answer.kvs.length, answer.count]).toEqual([count, BigInt(count)]);
    expect(answer.header?.revision).toBe(header?.revision);
    expect((await get('k', 'l')).count).toBe(0n);
  });
});

describe('RangeStream', () => {
  const stream = async (request: ReturnType<typeof range>) => {
    const opened = m.stream(kvService.rangeStream);
    await opened.send(request);
    const messages = await opened.received();
    return { messages, end: opened.call.finished };
  };

  it('B-11 refuses custom sorting and revision filters', async () => {
    const sorted = await stream(range('a', 'z', { sortOrder: Order.DESCEND }));
    expect(sorted.end).toMatchObject({
      error: { code: UI, message: 'RangeStream does not support custom sort orders' },
    });
    const filtered = await stream(range('a', 'z', { minModRevision: 1n }));
    expect(filtered.end).toMatchObject({
      error: { code: UI, message: 'RangeStream does not support revision filters' },
    });
  });

  it('gives in chunks what Range gives at once; only the last one has a header', async () => {
    for (let n = 0; n < 50; n++) await doPut(`k${String(n).padStart(3, '0')}`, 'v'.repeat(100));
    const whole = await get('k', 'l');
    const { messages, end } = await stream(range('k', 'l'));
    expect(end).toEqual({ type: 'ok' });
    expect(messages.length).toBeGreaterThan(1);
    const parts = messages.map((message) => message.rangeResponse);
    expect(parts.flatMap((part) => pairs(part?.kvs ?? []))).toEqual(pairs(whole.kvs));
    expect(parts.map((part) => part?.header !== undefined)).toEqual(
      parts.map((_, n) => n === parts.length - 1),
    );
    expect([parts.at(-1)?.count, parts.at(-1)?.more]).toEqual([50n, false]);
    expect(parts.at(-1)?.header?.revision).toBe(51n);
  });

  it('a limit ends it, and more says whether something is left', async () => {
    for (const key of ['a', 'b', 'c']) await doPut(key, '1');
    for (const [limit, more] of [
      [2n, true],
      [3n, false],
    ] as const) {
      const { messages } = await stream(range('a', 'z', { limit }));
      const kvs = messages.flatMap((message) => message.rangeResponse?.kvs ?? []);
      const last = messages.at(-1)?.rangeResponse;
      expect([kvs.length, last?.more, last?.count]).toEqual([Number(limit), more, 3n]);
    }
  });

  it('nothing found, or only counted: one message', async () => {
    const { messages } = await stream(range('a', 'z'));
    expect(messages).toHaveLength(1);
    expect(messages[0]?.rangeResponse?.count).toBe(0n);
    await doPut('a', '1');
    const counted = await stream(range('a', 'z', { countOnly: true }));
    expect(counted.messages).toHaveLength(1);
    expect(counted.messages[0]?.rangeResponse).toMatchObject({ count: 1n, kvs: [] });
  });

  it('waits for a client that does not keep up, and lets go when it leaves', async () => {
    for (let n = 0; n < 200; n++) await doPut(`k${n}`, 'v');
    const opened = m.stream(kvService.rangeStream);
    opened.call.room = 1;
    await opened.send(range('k', 'l'));
    await m.clock.settle();
    expect(opened.call.received).toHaveLength(1);
    opened.call.cancel();
    await m.clock.settle();
    expect(opened.call.received).toHaveLength(1);
  });
});

describe('Put', () => {
  it('B-12 refuses an empty key', async () => {
    expect(await error(doPut('', '1'))).toEqual(failure(IA, 'key is not provided'));
  });

  it('B-13 refuses a value or lease that is to be ignored', async () => {
    expect(await error(doPut('a', '1', { ignoreValue: true }))).toEqual(
      failure(IA, 'value is provided'),
    );
    expect(await error(doPut('a', '', { ignoreLease: true, lease: 7n }))).toEqual(
      failure(IA, 'lease is provided'),
    );
  });

  it('B-14 refuses to keep the value or lease of a key that does not exist', async () => {
    for (const flag of [{ ignoreValue: true }, { ignoreLease: true }]) {
      expect(await error(doPut('a', '', flag))).toEqual(failure(IA, 'key not found'));
    }
    expect((await get('a')).header?.revision).toBe(1n);
  });

  it('B-15 refuses a lease that does not exist, negative ones included', async () => {
    for (const lease of [5n, -5n, 2n ** 63n - 1n]) {
      expect(await error(doPut('a', '1', { lease }))).toEqual(
        failure(NF, 'requested lease not found'),
      );
    }
  });

  it('B-16 refuses what makes too large an entry', async () => {
    expect(await error(doPut('a', 'v'.repeat(4096)))).toEqual(failure(IA, 'request is too large'));
    const ops = [putOp('a', 'v'.repeat(2048)), putOp('b', 'v'.repeat(2048))];
    expect(await error(txn({ success: ops }))).toEqual(failure(IA, 'request is too large'));
    await doPut('a', 'v'.repeat(4000));
  });

  it('B-18 an empty value is a value', async () => {
    await doPut('a', '');
    const { kvs } = await get('a');
    expect(kvs.map((kv) => kv.value.length)).toEqual([0]);
  });

  it('counts versions, and gives what was there before', async () => {
    const first = await doPut('a', '1', { prevKv: true });
    expect([first.header?.revision, first.prevKv]).toEqual([2n, undefined]);
    const second = await doPut('a', '2', { prevKv: true });
    expect([second.header?.revision, text(second.prevKv?.value)]).toEqual([3n, '1']);
    const [kv] = (await get('a')).kvs;
    expect(kv).toMatchObject({ createRevision: 2n, modRevision: 3n, version: 2n });
  });

  it('keeps the value when told to', async () => {
    await doPut('a', 'kept');
    await doPut('a', '', { ignoreValue: true });
    const [kv] = (await get('a')).kvs;
    expect([text(kv?.value), kv?.version]).toEqual(['kept', 2n]);
  });
});

describe('DeleteRange', () => {
  it('B-19 refuses an empty key', async () => {
    expect(await error(remove('', '\0'))).toEqual(failure(IA, 'key is not provided'));
  });

  it('B-20 a miss makes no revision', async () => {
    await doPut('a', '1');
    const answer = await remove('b', 'z');
    expect([answer.deleted, answer.header?.revision]).toEqual([0n, 2n]);
  });

  it('deletes a range in one revision, and gives what was there', async () => {
    for (const key of ['a', 'b', 'c']) await doPut(key, key);
    const answer = await remove('a', 'c', { prevKv: true });
    expect([answer.deleted, answer.header?.revision]).toEqual([2n, 5n]);
    expect(pairs(answer.prevKvs)).toEqual(['a=a', 'b=b']);
    expect((await get('\0', '\0')).count).toBe(1n);
  });
});

describe('Txn', () => {
  it('B-22 refuses too many operations, in any list and nested over the budget', async () => {
    const many = Array.from({ length: 129 }, (_, n) => rangeOp(`k${n}`));
    const tooMany = failure(IA, 'too many operations in txn request');
    expect(await error(txn({ success: many }))).toEqual(tooMany);
    expect(await error(txn({ failure: many }))).toEqual(tooMany);
    const compares = many.map((_, n) => compare(`k${n}`, {}));
    expect(await error(txn({ compare: compares }))).toEqual(tooMany);
    const nested = txnOp({ success: many.slice(0, 100) });
    const outer = [nested, ...many.slice(0, 40)];
    expect(await error(txn({ success: outer }))).toEqual(tooMany);
  });

  it('B-23 refuses a compare without a key', async () => {
    expect(await error(txn({ compare: [compare('', {})] }))).toEqual(
      failure(IA, 'key is not provided'),
    );
  });

  it('B-24 refuses an operation that asks for nothing', async () => {
    expect(await error(txn({ success: [txnOp({}), { request: undefined }] }))).toEqual(
      failure(IA, 'key not found'),
    );
  });

  it('B-25 refuses clashes of puts, also with deletions and across nesting', async () => {
    const clash = failure(IA, 'duplicate key given in txn request');
    expect(await error(txn({ success: [putOp('a', '1'), putOp('a', '2')] }))).toEqual(clash);
    expect(await error(txn({ failure: [deleteOp('a', 'c'), putOp('b', '1')] }))).toEqual(clash);
    const inner = txnOp({ success: [putOp('a', '1')] });
    expect(await error(txn({ success: [putOp('a', '2'), inner] }))).toEqual(clash);
    const excluded = txnOp({ success: [putOp('x', '1')], failure: [putOp('x', '2')] });
    expect((await txn({ success: [excluded] })).succeeded).toBe(true);
  });

  it('B-25 an open-ended deletion covers nothing, as in etcd', async () => {
    const answer = await txn({ success: [deleteOp('a', '\0'), putOp('b', '1')] });
    expect(answer.succeeded).toBe(true);
    expect(pairs((await get('\0', '\0')).kvs)).toEqual(['b=1']);
  });

  it('B-26 unknown results hold, unknown targets are equal, operands of another target are 0', async () => {
    await doPut('a', '1');
    const holds = async (rest: object): Promise<boolean> =>
      (await txn({ compare: [compare('a', rest)], success: [putOp('t', '1')] })).succeeded;
    expect(await holds({ result: 99 as never })).toBe(true);
    expect(await holds({ target: 99 as never, result: Result.EQUAL })).toBe(true);
    expect(await holds({ target: 99 as never, result: Result.LESS })).toBe(false);
    const mismatched = { $case: 'modRevision', value: 1n } as const;
    expect(
      await holds({ target: Target.VERSION, result: Result.GREATER, targetUnion: mismatched }),
    ).toBe(true);
    expect(await holds({ target: Target.VERSION, result: Result.EQUAL })).toBe(false);
  });

  it('B-27 a ranged compare holds for all keys; of none, a value never compares', async () => {
    await doPut('k1', 'same');
    await doPut('k2', 'same');
    const all = async (value: string, key = 'k', end = 'l'): Promise<boolean> => {
      const guard = compare(key, {
        rangeEnd: bytes(end),
        target: Target.VALUE,
        targetUnion: { $case: 'value', value: bytes(value) },
      });
      return (await txn({ compare: [guard] })).succeeded;
    };
    expect(await all('same')).toBe(true);
    await doPut('k3', 'other');
    expect(await all('same')).toBe(false);
    expect(await all('same', 'x', 'y')).toBe(false);
    const absent = compare('x', { rangeEnd: bytes('y'), target: Target.CREATE });
    expect((await txn({ compare: [absent] })).succeeded).toBe(true);
  });

  it('B-28 a range at a compacted or future revision fails the whole transaction', async () => {
    for (const value of ['1', '2', '3']) await doPut('a', value);
    await compact(3n);
    const at = (revision: bigint) =>
      txn({ success: [putOp('b', '1'), rangeOp('a', '', { revision })] });
    expect(await error(at(2n))).toEqual(failure(OOR, 'mvcc: required revision has been compacted'));
    expect(await error(at(9n))).toEqual(
      failure(OOR, 'mvcc: required revision is a future revision'),
    );
    const { count, header } = await get('b');
    expect([count, header?.revision]).toEqual([0n, 4n]);
  });

  it('B-29 an empty one succeeds at once; only the failure branch is fine', async () => {
    expect((await txn({})).succeeded).toBe(true);
    const answer = await txn({
      compare: [compare('a', { target: Target.VERSION, result: Result.GREATER })],
      failure: [putOp('a', '1')],
    });
    expect([answer.succeeded, answer.header?.revision]).toEqual([false, 2n]);
  });

  it('B-29 nesting as deep as the budget goes runs; beyond it, and beyond reason, it is refused', async () => {
    const deep = (levels: number) => {
      let inner: Partial<TxnRequest> = { success: [putOp('deep', '1')] };
      for (let n = 0; n < levels; n++) inner = { success: [txnOp(inner)] };
      return inner;
    };
    expect((await txn(deep(64))).succeeded).toBe(true);
    expect(await error(txn(deep(200)))).toEqual(failure(IA, 'too many operations in txn request'));
    let bottomless = Buffer.alloc(0);
    for (let n = 0; n < 3000; n++) {
      const op = Buffer.concat([Buffer.from([0x22]), lengthOf(bottomless), bottomless]);
      bottomless = Buffer.concat([Buffer.from([0x12]), lengthOf(op), op]);
    }
    expect(await error(m.callBytes(kvService.txn, bottomless))).toMatchObject({ code: 13 });
  });

  it('B-30 an unknown lease in one operation undoes nothing, as nothing was done', async () => {
    const ops = [putOp('a', '1'), putOp('b', '2'), putOp('c', '3', { lease: 77n })];
    expect(await error(txn({ success: ops }))).toEqual(failure(NF, 'requested lease not found'));
    expect((await get('\0', '\0')).count).toBe(0n);
    expect((await doPut('x', '1')).header?.revision).toBe(2n);
  });

  it('answers each operation, with bare headers, and reads what it wrote', async () => {
    await doPut('a', 'old');
    const answer = await txn({
      success: [rangeOp('a'), putOp('a', 'new', { prevKv: true }), rangeOp('a'), deleteOp('zz')],
    });
    expect(answer.header?.revision).toBe(3n);
    const [before, written, after, deleted] = answer.responses.map(({ response }) => response);
    expect(before).toMatchObject({ $case: 'responseRange', value: { header: { revision: 2n } } });
    expect(written).toMatchObject({ $case: 'responsePut', value: { header: { revision: 3n } } });
    expect(after?.$case === 'responseRange' && pairs(after.value.kvs)).toEqual(['a=new']);
    expect(deleted).toMatchObject({
      $case: 'responseDeleteRange',
      value: { deleted: 0n, header: { revision: 3n, memberId: 0n } },
    });
  });

  it('decides nested branches against the state before it', async () => {
    const absent = compare('a', { target: Target.VERSION, result: Result.EQUAL });
    const answer = await txn({
      success: [putOp('a', '1'), txnOp({ compare: [absent], success: [putOp('b', 'absent')] })],
    });
    expect(answer.header?.revision).toBe(2n);
    expect(pairs((await get('\0', '\0')).kvs)).toEqual(['a=1', 'b=absent']);
  });

  it('one that only reads goes not through the log', async () => {
    await doPut('a', '1');
    const before = m.member.view();
    const answer = await txn({ success: [rangeOp('a')] });
    expect(answer.header?.revision).toBe(2n);
    expect(m.member.view()).toEqual(before);
  });
});

describe('Compact', () => {
  it('B-31 B-32 refuses what is compacted already, and the future', async () => {
    await doPut('a', '1');
    await doPut('a', '2');
    expect((await compact(3n)).header?.revision).toBe(3n);
    expect(await error(compact(3n))).toEqual(
      failure(OOR, 'mvcc: required revision has been compacted'),
    );
    expect(await error(compact(9n))).toEqual(
      failure(OOR, 'mvcc: required revision is a future revision'),
    );
  });

  it('B-33 zero works once on a fresh store; negative ones are compacted', async () => {
    await compact(0n);
    for (const revision of [0n, -1n, -(2n ** 63n)]) {
      expect(await error(compact(revision))).toEqual(
        failure(OOR, 'mvcc: required revision has been compacted'),
      );
    }
  });

  it('B-34 a physical one answers when the removal is done, also when it comes too late', async () => {
    for (let n = 0; n < 30; n++) await doPut('a', String(n));
    const call = m.begin(
      kvService.compact,
      kvService.compact.request.encode(CompactionRequest.create({ revision: 20n, physical: true })),
    );
    await m.clock.settle();
    expect(call.end).toBeUndefined();
    await m.clock.advance(100);
    expect(call.end).toEqual({ type: 'ok' });
  });
});

describe('an answer that would be too large', () => {
  const MIB = 1024 * 1024;

  it('B-10 B-21 is refused with its size; a deletion before anything is deleted', async () => {
    const big = await MemoryMember.open({ config: { maxRequestBytes: 2 * MIB } });
    for (let n = 0; n < 100; n++) {
      await big.call(kvService.put, put(`k${100 + n}`, 'v'.repeat(MIB)));
    }
    const tooLarge = {
      code: RE,
      message: expect.stringMatching(
        /^etcdserver: response of \d+ bytes exceeds 67108864/,
      ) as string,
    };
    const refused = await error(big.call(kvService.range, range('k', 'l')));
    expect(refused).toMatchObject(tooLarge);
    // What shows that it is too large is read, and not the rest.
    const bytes = Number(/of (\d+) bytes/.exec((refused as { message: string }).message)?.[1]);
    expect(bytes).toBeLessThan(80 * MIB);
    const deleting = big.call(kvService.deleteRange, deletion('k', 'l', { prevKv: true }));
    expect(await error(deleting)).toMatchObject(tooLarge);
    expect((await big.call(kvService.range, range('k', 'l', { countOnly: true }))).count).toBe(
      100n,
    );
    const { deleted } = await big.call(kvService.deleteRange, deletion('k', 'l'));
    expect(deleted).toBe(100n);
    await big.stop();
  });
});

describe('B-17 a store at its quota', () => {
  it('refuses puts and raises the alarm; deletions, reads and compactions go on', async () => {
    const small = await MemoryMember.open({ config: { quotaBackendBytes: 2000 } });
    const full = failure(RE, 'mvcc: database space exceeded');
    const fill = async (): Promise<unknown> => {
      for (let n = 0; n < 50; n++) {
        const thrown = await error(small.call(kvService.put, put(`k${n}`, 'v'.repeat(100))));
        if (thrown !== 'answered') return thrown;
      }
      return undefined;
    };
    expect(await fill()).toEqual(full);
    await small.clock.settle();
    expect(small.member.view().alarms).toMatchObject([{ type: 'nospace' }]);
    expect(await error(small.call(kvService.put, put('x', '')))).toEqual(full);
    expect(
      await error(small.call(kvService.txn, TxnRequest.create({ success: [putOp('x', '')] }))),
    ).toEqual(full);
    await small.call(kvService.deleteRange, deletion('k0'));
    await small.call(kvService.range, range('k1'));
    await small.call(kvService.txn, TxnRequest.create({ success: [deleteOp('k1')] }));
    await small.call(kvService.compact, CompactionRequest.create({ revision: 2n }));
    await small.stop();
  });
});

function lengthOf(body: Buffer): Buffer {
  const out: number[] = [];
  let rest = body.length;
  while (rest >= 0x80) {
    out.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  out.push(rest);
  return Buffer.from(out);
}
