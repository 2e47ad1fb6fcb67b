/** The service of keys: its messages and its methods. */
import {
  CompactionRequest,
  CompactionResponse,
  DeleteRangeRequest,
  DeleteRangeResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  RangeStreamResponse,
  TxnRequest,
  TxnResponse,
} from './gen/etcdserverpb/kv.js';
import { method } from './method.js';
import type { ServerStreamMethod, UnaryMethod } from './method.js';

export {
  CompactionRequest,
  CompactionResponse,
  Compare,
  Compare_CompareResult,
  Compare_CompareTarget,
  DeleteRangeRequest,
  DeleteRangeResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeRequest_SortOrder,
  RangeRequest_SortTarget,
  RangeResponse,
  RangeStreamResponse,
  RequestOp,
  ResponseOp,
  TxnRequest,
  TxnResponse,
} from './gen/etcdserverpb/kv.js';
export { ResponseHeader } from './gen/etcdserverpb/header.js';
export { KeyValue } from './gen/mvccpb/kv.js';

const name = 'etcdserverpb.KV';

/** The methods of `etcdserverpb.KV`. */
export const kvService: {
  /** Reads; linearizable unless the request says `serializable`. */
  readonly range: UnaryMethod<RangeRequest, RangeResponse>;
  /** Reads in parts, so that large results need not be held whole. Since 3.7. */
  readonly rangeStream: ServerStreamMethod<RangeRequest, RangeStreamResponse>;
  /** Writes one key. */
  readonly put: UnaryMethod<PutRequest, PutResponse>;
  /** Deletes keys. */
  readonly deleteRange: UnaryMethod<DeleteRangeRequest, DeleteRangeResponse>;
  /** Compares, then reads and writes, atomically. */
  readonly txn: UnaryMethod<TxnRequest, TxnResponse>;
  /** Forgets history below a revision, on all members. */
  readonly compact: UnaryMethod<CompactionRequest, CompactionResponse>;
} = {
  range: method('unary', name, 'Range', RangeRequest, RangeResponse),
  rangeStream: method('serverStream', name, 'RangeStream', RangeRequest, RangeStreamResponse),
  put: method('unary', name, 'Put', PutRequest, PutResponse),
  deleteRange: method('unary', name, 'DeleteRange', DeleteRangeRequest, DeleteRangeResponse),
  txn: method('unary', name, 'Txn', TxnRequest, TxnResponse),
  compact: method('unary', name, 'Compact', CompactionRequest, CompactionResponse),
};
