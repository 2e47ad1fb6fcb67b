/**
 * Goal: nothing is lost between messages and bytes at the edges of the types, and bad input is a typed error. Method: the values
 * where doubles, signs and lengths go wrong, one by one.
 */
import { describe, expect, it } from 'vitest';
import { AuthenticateRequest } from './auth.js';
import { decodeMessage, encodeMessage, isKnownEnum } from './codec.js';
import { ProtoError } from './proto-error.js';
import { HardState } from './internal.js';
import { PutRequest, RangeRequest, RangeRequest_SortOrder, RequestOp, TxnRequest } from './kv.js';
import { MemberRemoveRequest } from './cluster.js';
import { HashResponse } from './maintenance.js';

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex');

function protoErrorOf(run: () => unknown): ProtoError {
  try {
    run();
  } catch (error) {
    if (error instanceof ProtoError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('64-bit integers (J-1)', () => {
  it.each([
    [0n, ''],
    [1n, '1801'],
    [-1n, '18ffffffffffffffffff01'],
    [2n ** 31n, '188080808008'],
    [2n ** 32n, '188080808010'],
    [2n ** 53n, '188080808080808010'],
    [2n ** 53n + 1n, '188180808080808010'],
    [2n ** 63n - 1n, '18ffffffffffffffff7f'],
    [-(2n ** 63n), '1880808080808080808001'],
    [-(2n ** 53n) - 1n, '18ffffffffffffffefff01'],
  ])('int64 %s is exact both ways', (lease, encoded) => {
    const put = PutRequest.create({ lease });
    expect(hex(encodeMessage(PutRequest, put))).toBe(encoded);
    expect(decodeMessage(PutRequest, bytes(encoded)).lease).toBe(lease);
  });

  it.each([
    [2n ** 64n - 1n, '08ffffffffffffffffff01'],
    [2n ** 63n, '0880808080808080808001'],
    [2n ** 53n + 1n, '088180808080808010'],
  ])('uint64 %s is exact both ways', (ID, encoded) => {
    expect(hex(encodeMessage(MemberRemoveRequest, { ID }))).toBe(encoded);
    expect(decodeMessage(MemberRemoveRequest, bytes(encoded)).ID).toBe(ID);
  });

  it('uint32 reaches its end', () => {
    const hash = 2 ** 32 - 1;
    const response = HashResponse.create({ hash });
    expect(decodeMessage(HashResponse, encodeMessage(HashResponse, response)).hash).toBe(hash);
  });

  it('a value outside of the field is an error, not another value', () => {
    const tooLarge = PutRequest.create({ lease: 2n ** 63n });
    expect(protoErrorOf(() => encodeMessage(PutRequest, tooLarge)).code).toBe('out_of_range');
    const negative = { ID: -1n };
    const error = protoErrorOf(() => encodeMessage(MemberRemoveRequest, negative));
    expect(error.code).toBe('out_of_range');
    expect(error.message).toContain('etcdserverpb.MemberRemoveRequest');
  });
});

describe('enums', () => {
  it('an unknown number arrives as it is, is seen to be unknown, and leaves as it came', () => {
    for (const sortOrder of [7, -1, 2 ** 31 - 1, -(2 ** 31)]) {
      const encoded = encodeMessage(RangeRequest, RangeRequest.create({ sortOrder }));
      const decoded = decodeMessage(RangeRequest, encoded);
      expect(decoded.sortOrder).toBe(sortOrder);
      expect(isKnownEnum(RangeRequest_SortOrder, decoded.sortOrder)).toBe(false);
    }
    expect(isKnownEnum(RangeRequest_SortOrder, RangeRequest_SortOrder.DESCEND)).toBe(true);
  });
});

describe('oneofs', () => {
  it('a message without content is told from no message', () => {
    const noop = RequestOp.create({ request: { $case: 'requestTxn', value: {} } });
    expect(hex(encodeMessage(RequestOp, noop))).toBe('2200');
    expect(decodeMessage(RequestOp, bytes('2200'))).toEqual(noop);
    expect(decodeMessage(RequestOp, bytes('')).request).toBeUndefined();
  });

  it('the last member wins', () => {
    const both = decodeMessage(RequestOp, bytes('0a030a01611a030a0162'));
    expect(both.request?.$case).toBe('requestDeleteRange');
  });
});

describe('proto2', () => {
  it('a field that is set to its default is not a field that is absent', () => {
    expect(hex(encodeMessage(HardState, { term: 1n, vote: 0n }))).toBe('08011000');
    expect(decodeMessage(HardState, bytes('08011000'))).toEqual({
      term: 1n,
      vote: 0n,
      commit: undefined,
    });
  });
});

describe('bytes', () => {
  it('are borrowed: a decoded field is a view of the input (P5)', () => {
    const input = bytes('0a0161120162');
    const put = decodeMessage(PutRequest, input);
    expect(put.key.buffer).toBe(input.buffer);
    input[2] = 0x7a;
    expect(hex(put.key)).toBe('7a');
  });

  it('are read at the right place of a view into a larger buffer', () => {
    const input = bytes('ffff0a0161120162ffff').subarray(2, 8);
    expect(hex(decodeMessage(PutRequest, input).value)).toBe('62');
  });

  it('what encode returns belongs to the caller', () => {
    const put = PutRequest.create({ key: bytes('61') });
    const first = encodeMessage(PutRequest, put);
    first.fill(0);
    expect(hex(encodeMessage(PutRequest, put))).toBe('0a0161');
  });
});

describe('bad input (S-26, H-P1)', () => {
  const malformed = (type: Parameters<typeof decodeMessage>[0], input: string): ProtoError =>
    protoErrorOf(() => decodeMessage(type, bytes(input)));

  it('is an error that says which message and how many bytes', () => {
    const error = malformed(PutRequest, '0a05616263');
    expect(error.code).toBe('malformed');
    expect(error.message).toMatch(/^5 bytes are no etcdserverpb\.PutRequest: /);
    expect(error.cause).toBeInstanceOf(Error);
  });

  it('text that is not UTF-8 is refused, and a byte order mark is kept', () => {
    expect(malformed(AuthenticateRequest, '0a02c328').code).toBe('malformed');
    const long = '0a40' + 'ff'.repeat(64);
    expect(malformed(AuthenticateRequest, long).code).toBe('malformed');
    expect(decodeMessage(AuthenticateRequest, bytes('0a03efbbbf')).name).toBe('\ufeff');
  });

  it('a field that reaches past the message around it is refused, also where bytes follow', () => {
    expect(malformed(TxnRequest, '120512050a01611200').code).toBe('malformed');
  });

  it('nesting has a bound: a budget of 128 nested transactions fits, endless ones do not', () => {
    const nested = (levels: number): Uint8Array => {
      let txn = TxnRequest.create({});
      for (let i = 0; i < levels; i++) {
        txn = TxnRequest.create({ success: [{ request: { $case: 'requestTxn', value: txn } }] });
      }
      return encodeMessage(TxnRequest, txn);
    };
    expect(decodeMessage(TxnRequest, nested(128)).success).toHaveLength(1);
    expect(protoErrorOf(() => decodeMessage(TxnRequest, nested(200))).code).toBe('malformed');
  });

  it('unknown groups have a bound, too', () => {
    const groups = (depth: number): string => 'fb3f'.repeat(depth) + 'fc3f'.repeat(depth);
    expect(decodeMessage(PutRequest, bytes(groups(100))).key).toHaveLength(0);
    expect(malformed(PutRequest, groups(101)).code).toBe('malformed');
  });

  it('is refused by each field kind at every place where bytes can end', () => {
    const put = encodeMessage(
      PutRequest,
      PutRequest.create({ key: bytes('61'), value: bytes('6262'), lease: 300n, prevKv: true }),
    );
    const wholeFields = new Set([0, 3, 7, 10, put.length]);
    for (let end = 0; end < put.length; end++) {
      const cut = hex(put.subarray(0, end));
      if (wholeFields.has(end)) decodeMessage(PutRequest, bytes(cut));
      else expect(malformed(PutRequest, cut).code).toBe('malformed');
    }
  });
});

describe('ProtoError', () => {
  it('is recognised across duplicate installs by its brand', () => {
    const foreign = Object.assign(new Error('x'), { [Symbol.for('@kv/proto.ProtoError')]: true });
    expect(foreign).toBeInstanceOf(ProtoError);
    expect(new Error('x')).not.toBeInstanceOf(ProtoError);
  });
});
