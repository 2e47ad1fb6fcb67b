/**
 * Goal: a transaction means what Go's decoder makes of its bytes. Method: random ones, written by the generated encoder, then cut
 * into members that come twice, with fields in between that no message has; read by both (SEED repeats a run).
 */
import type { Key, LeaseId } from '@kv/mvcc';
import { Compare, DeleteRangeRequest, PutRequest, RangeRequest, TxnRequest } from '@kv/proto';
import type { RequestOp } from '@kv/proto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { counterFromInt64 } from '../grpc/int64.js';
import { bufferOver } from '../wire/buffer.js';
import type { Compare as CompareCommand, CompareOperand, TxnCommand, TxnOp } from './command.js';
import { decodeTxn, keyRangeOf } from './kv-codec.js';

const seed = Number(process.env['SEED'] ?? Date.now() % 1e9);
console.log(`transactions: SEED=${seed}`);
const runs = { seed, numRuns: 500 };

const int64 = fc.oneof(
  fc.constantFrom(0n, 1n, -1n, 2n ** 31n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);
const bytes = fc.uint8Array({ maxLength: 9 });
const flag = fc.boolean();
const enumeration = fc.nat({ max: 6 });

const put = fc.record({
  key: bytes,
  value: bytes,
  lease: int64,
  prevKv: flag,
  ignoreValue: flag,
  ignoreLease: flag,
});
const deleteRange = fc.record({ key: bytes, rangeEnd: bytes, prevKv: flag });
const range = fc.record({
  key: bytes,
  rangeEnd: bytes,
  limit: int64,
  revision: int64,
  sortOrder: enumeration,
  sortTarget: enumeration,
  serializable: flag,
  keysOnly: flag,
  countOnly: flag,
  minModRevision: int64,
  maxModRevision: int64,
  minCreateRevision: int64,
  maxCreateRevision: int64,
});
const compare: fc.Arbitrary<Compare> = fc.record({
  result: enumeration,
  target: enumeration,
  key: bytes,
  rangeEnd: bytes,
  targetUnion: fc.oneof(
    fc.constant(undefined),
    fc.record({
      $case: fc.constantFrom('version', 'createRevision', 'modRevision', 'lease'),
      value: int64,
    }),
    fc.record({ $case: fc.constant('value'), value: bytes }),
  ),
});

const field = (number: number, message: Uint8Array): Buffer => {
  const length = message.length;
  const prefix = length < 0x80 ? [length] : [(length & 0x7f) | 0x80, length >>> 7];
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...prefix]), message]);
};

/** Of each wire type one that no message has, and one that a message has by another type. */
const strange = fc
  .array(
    fc.constantFrom(
      [0xf8, 0x3f, 0x01],
      [0xfa, 0x3f, 0x01, 0x6b],
      [0xfb, 0x3f, 0x0a, 0x01, 0x6b, 0xfc, 0x3f],
      [0xfd, 0x3f, 1, 2, 3, 4],
      [0x08, 0x00],
      [0x20, 0x01],
      [0x38, 0x05],
    ),
    { maxLength: 2 },
  )
  .map((fields) => Buffer.from(fields.flat()));
const afterStrange = (part: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Buffer> =>
  fc.tuple(strange, part, strange).map((parts) => Buffer.concat(parts));

/** Members of one operation, as often as they come: the bytes of TxnRequest and RequestOp at all levels. */
const { txn } = fc.letrec<{ readonly txn: Buffer; readonly op: Buffer }>((tie) => {
  const member = fc.oneof(
    { depthSize: 'small' },
    put.map((message) => field(2, PutRequest.encode(message).finish())),
    deleteRange.map((message) => field(3, DeleteRangeRequest.encode(message).finish())),
    range.map((message) => field(1, RangeRequest.encode(message).finish())),
    tie('txn').map((message) => field(4, message)),
  );
  const op = afterStrange(fc.array(member, { maxLength: 3 }).map((list) => Buffer.concat(list)));
  const part = fc.oneof(
    { depthSize: 'small' },
    compare.map((message) => field(1, Compare.encode(message).finish())),
    // An operand by a number that is none.
    compare.map((message) =>
      field(1, Buffer.concat([Compare.encode(message).finish(), Buffer.from([0x38, 0x05])])),
    ),
    fc.tuple(fc.constantFrom(2, 3), op).map(([number, message]) => field(number, message)),
  );
  return {
    op,
    txn: afterStrange(fc.array(part, { maxLength: 4 }).map((list) => Buffer.concat(list))),
  };
});

const text = (part: Uint8Array): Key => Buffer.from(part).toString('latin1') as Key;

function expectedOperand({ target, targetUnion: given }: Compare): CompareOperand {
  const counter = (name: string): number =>
    given?.$case === name && given.$case !== 'value' ? counterFromInt64(given.value) : 0;
  switch (target) {
    case 0:
      return { target: 'version', counter: counter('version') };
    case 1:
      return { target: 'create', counter: counter('createRevision') };
    case 2:
      return { target: 'mod', counter: counter('modRevision') };
    case 3:
      return { target: 'value', value: given?.$case === 'value' ? given.value : new Uint8Array(0) };
    case 4:
      return { target: 'lease', lease: (given?.$case === 'lease' ? given.value : 0n) as LeaseId };
    default:
      return { target: 'unknown' };
  }
}

function expectedCompare(message: Compare): CompareCommand {
  const results = ['equal', 'greater', 'less', 'notEqual'] as const;
  return {
    range: keyRangeOf(text(message.key), text(message.rangeEnd)),
    result: results[message.result] ?? 'unknown',
    operand: expectedOperand(message),
  };
}

function expectedOp({ request }: RequestOp): TxnOp {
  switch (request?.$case) {
    case undefined:
      return { type: 'empty' };
    case 'requestPut': {
      const { key, lease, ...rest } = request.value;
      return { type: 'put', key: text(key), lease: lease as LeaseId, ...rest };
    }
    case 'requestDeleteRange': {
      const { key, rangeEnd, prevKv } = request.value;
      return { type: 'deleteRange', range: keyRangeOf(text(key), text(rangeEnd)), prevKv };
    }
    case 'requestRange':
      return expectedRange(request.value);
    case 'requestTxn':
      return expectedTxn(request.value);
  }
}

function expectedRange(message: RangeRequest): TxnOp {
  const sortOrder = (['none', 'ascend', 'descend'] as const)[message.sortOrder];
  const sortTarget = (['key', 'version', 'create', 'mod', 'value'] as const)[message.sortTarget];
  return {
    type: 'range',
    query: {
      range: keyRangeOf(text(message.key), text(message.rangeEnd)),
      limit: counterFromInt64(message.limit),
      sortOrder: sortOrder ?? 'none',
      sortTarget: sortTarget ?? 'key',
      keysOnly: message.keysOnly,
      countOnly: message.countOnly,
      minModRevision: counterFromInt64(message.minModRevision),
      maxModRevision: counterFromInt64(message.maxModRevision),
      minCreateRevision: counterFromInt64(message.minCreateRevision),
      maxCreateRevision: counterFromInt64(message.maxCreateRevision),
    },
    revision: counterFromInt64(message.revision),
    serializable: message.serializable,
    sortKnown: sortOrder !== undefined && sortTarget !== undefined,
  };
}

function expectedTxn(message: TxnRequest): TxnCommand {
  return {
    type: 'txn',
    compares: message.compare.map(expectedCompare),
    success: message.success.map(expectedOp),
    failure: message.failure.map(expectedOp),
  };
}

/** Views and buffers as plain bytes, which compare by content. */
const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, part: unknown) => {
      if (typeof part === 'bigint') return `${part}n`;
      const isBuffer = typeof part === 'object' && part !== null && 'data' in part;
      if (isBuffer) return Buffer.from(part.data as number[]).toString('hex');
      return part instanceof Uint8Array ? Buffer.from(part).toString('hex') : part;
    }),
  );

describe('a transaction', () => {
  it('is read as the generated decoder reads it, with members that come twice and strange fields', () => {
    fc.assert(
      fc.property(txn, (wire) => {
        const command = decodeTxn(bufferOver(wire), 0, wire.length);
        expect(plain(command)).toEqual(plain(expectedTxn(TxnRequest.decode(wire))));
      }),
      runs,
    );
  });

  it('takes time in proportion to its bytes, also where each level comes twice', () => {
    let message: Buffer = Buffer.alloc(0);
    for (let depth = 0; depth < 100; depth++) {
      const member = field(4, message);
      message = field(
        2,
        Buffer.concat([field(4, Buffer.alloc(0)), member, field(4, Buffer.alloc(0))]),
      );
    }
    let op: TxnOp | undefined = decodeTxn(message, 0, message.length);
    let depth = 0;
    for (; op?.type === 'txn'; depth++) op = op.success[0];
    expect(depth).toBe(101);
  });
});
