/** Short names for the requests that tests make most. Keys and values are given as latin1 text, one character per byte. */
import {
  Compare,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  RequestOp,
  TxnRequest,
} from '@kv/proto';
import type { KeyValue } from '@kv/proto';

export function bytes(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

export function text(of: Uint8Array | undefined): string {
  return Buffer.from(of ?? new Uint8Array(0)).toString('latin1');
}

export function put(key: string, value: string, rest: Partial<PutRequest> = {}): PutRequest {
  return PutRequest.create({ key: bytes(key), value: bytes(value), ...rest });
}

/** `end`: exclusive; empty for one key, one zero byte for all that follow. */
export function range(key: string, end = '', rest: Partial<RangeRequest> = {}): RangeRequest {
  return RangeRequest.create({ key: bytes(key), rangeEnd: bytes(end), ...rest });
}

export function deletion(
  key: string,
  end = '',
  rest: Partial<DeleteRangeRequest> = {},
): DeleteRangeRequest {
  return DeleteRangeRequest.create({ key: bytes(key), rangeEnd: bytes(end), ...rest });
}

export function putOp(key: string, value: string, rest: Partial<PutRequest> = {}): RequestOp {
  return RequestOp.create({ request: { $case: 'requestPut', value: put(key, value, rest) } });
}

export function rangeOp(key: string, end = '', rest: Partial<RangeRequest> = {}): RequestOp {
  return RequestOp.create({ request: { $case: 'requestRange', value: range(key, end, rest) } });
}

export function deleteOp(key: string, end = ''): RequestOp {
  return RequestOp.create({
    request: { $case: 'requestDeleteRange', value: deletion(key, end) },
  });
}

export function txnOp(txn: Partial<TxnRequest>): RequestOp {
  return RequestOp.create({ request: { $case: 'requestTxn', value: TxnRequest.create(txn) } });
}

export function compare(key: string, rest: Partial<Compare>): Compare {
  return Compare.create({ key: bytes(key), ...rest });
}

/** `key=value` of each pair. */
export function pairs(kvs: readonly KeyValue[]): readonly string[] {
  return kvs.map((kv) => `${text(kv.key)}=${text(kv.value)}`);
}
