/** Short ways to write the parts of a transaction. */
import type { RequestOp } from '@kv/proto';
import { Compare, DeleteRangeRequest, PutRequest, RangeRequest, TxnRequest } from '@kv/proto';
import { bytes } from '../script.js';

type Fields<T> = Partial<T>;

export const opPut = (key: string, value: string, more: Fields<PutRequest> = {}): RequestOp => ({
  request: {
    $case: 'requestPut',
    value: PutRequest.create({ key: bytes(key), value: bytes(value), ...more }),
  },
});
export const opRange = (key: string, more: Fields<RangeRequest> = {}): RequestOp => ({
  request: { $case: 'requestRange', value: RangeRequest.create({ key: bytes(key), ...more }) },
});
export const opDelete = (key: string, more: Fields<DeleteRangeRequest> = {}): RequestOp => ({
  request: {
    $case: 'requestDeleteRange',
    value: DeleteRangeRequest.create({ key: bytes(key), ...more }),
  },
});
export const opTxn = (request: Fields<TxnRequest>): RequestOp => ({
  request: { $case: 'requestTxn', value: TxnRequest.create(request) },
});

/** EQUAL, GREATER, LESS, NOT_EQUAL and the targets by their numbers on the wire. */
export const Result = { equal: 0, greater: 1, less: 2, notEqual: 3 } as const;
export const Target = { version: 0, create: 1, mod: 2, value: 3, lease: 4 } as const;

export const compare = (
  key: string,
  target: number,
  result: number,
  targetUnion: Compare['targetUnion'],
  rangeEnd = '',
): Compare =>
  Compare.create({ key: bytes(key), target, result, targetUnion, rangeEnd: bytes(rangeEnd) });
