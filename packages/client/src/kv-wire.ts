/** Requests and results of keys and values, to and from the messages of the wire. */
import {
  Compare,
  Compare_CompareResult,
  Compare_CompareTarget,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  RangeRequest_SortOrder,
  RangeRequest_SortTarget,
  RequestOp,
  TxnRequest,
  type DeleteRangeResponse,
  type PutResponse,
  type RangeResponse,
  type ResponseOp,
  type TxnResponse,
} from '@kv/proto/kv';
import {
  counterFromWire,
  leaseToWire,
  revisionToWire,
  type Bytes,
  type KeySelector,
} from './data.js';
import { KvError } from './errors.js';
import type {
  Condition,
  DeleteResult,
  GetResult,
  Operation,
  Operations,
  PutResult,
  ReadOptions,
  RemoveOptions,
  ResultOf,
  Transaction,
  WriteOptions,
} from './operation.js';
import type { Scope } from './scope.js';

const compareResult = {
  '=': Compare_CompareResult.EQUAL,
  '!=': Compare_CompareResult.NOT_EQUAL,
  '<': Compare_CompareResult.LESS,
  '>': Compare_CompareResult.GREATER,
} as const;

const sortTarget = {
  key: RangeRequest_SortTarget.KEY,
  version: RangeRequest_SortTarget.VERSION,
  createRevision: RangeRequest_SortTarget.CREATE,
  modRevision: RangeRequest_SortTarget.MOD,
  value: RangeRequest_SortTarget.VALUE,
} as const;

export function rangeRequest(
  scope: Scope<unknown, never>,
  keys: KeySelector,
  options: ReadOptions,
): RangeRequest {
  return RangeRequest.create({
    ...scope.rangeToWire(keys),
    revision: revisionToWire('revision', options.revision ?? 0),
    limit: revisionToWire('limit', options.limit ?? 0),
    serializable: options.serializable ?? false,
    keysOnly: options.keysOnly ?? false,
    sortTarget: sortTarget[options.sortBy ?? 'key'],
    sortOrder: sortOrder(options),
    minModRevision: revisionToWire('minModRevision', options.minModRevision ?? 0),
    maxModRevision: revisionToWire('maxModRevision', options.maxModRevision ?? 0),
    minCreateRevision: revisionToWire('minCreateRevision', options.minCreateRevision ?? 0),
    maxCreateRevision: revisionToWire('maxCreateRevision', options.maxCreateRevision ?? 0),
  });
}

/** Ascending by key is what the server does anyway, and cheaper when not asked for. */
function sortOrder({ order, sortBy }: ReadOptions): RangeRequest_SortOrder {
  if (order === 'descending') return RangeRequest_SortOrder.DESCEND;
  return (sortBy ?? 'key') === 'key' ? RangeRequest_SortOrder.NONE : RangeRequest_SortOrder.ASCEND;
}

export function putRequest<Input>(
  scope: Scope<unknown, Input>,
  key: Bytes,
  value: Input,
  options: WriteOptions,
): PutRequest {
  const wireKey = scope.keyToWire(key);
  const ignoreValue = options.ignoreValue ?? false;
  return PutRequest.create({
    key: wireKey,
    value: ignoreValue ? new Uint8Array(0) : scope.valueToWire(wireKey, value),
    lease: leaseToWire(options.lease),
    prevKv: options.prevKv ?? false,
    ignoreValue,
    ignoreLease: options.ignoreLease ?? false,
  });
}

export function deleteRequest(
  scope: Scope<unknown, never>,
  keys: KeySelector,
  options: RemoveOptions,
): DeleteRangeRequest {
  return DeleteRangeRequest.create({
    ...scope.rangeToWire(keys),
    prevKv: options.prevKv ?? false,
  });
}

export function txnRequest<Input>(
  scope: Scope<unknown, Input>,
  transaction: Transaction<Input>,
): TxnRequest {
  return TxnRequest.create({
    compare: (transaction.if ?? []).map((condition) => compareToWire(scope, condition)),
    success: (transaction.then ?? []).map((operation) => operationToWire(scope, operation)),
    failure: (transaction.else ?? []).map((operation) => operationToWire(scope, operation)),
  });
}

function compareToWire<Input>(scope: Scope<unknown, Input>, condition: Condition<Input>): Compare {
  const { key, rangeEnd } = scope.rangeToWire(condition.key);
  const base = { key, rangeEnd, result: compareResult[condition.op] };
  const { operand, target } = condition;
  switch (target) {
    case 'version':
    case 'createRevision':
    case 'modRevision':
      return Compare.create({
        ...base,
        target: {
          version: Compare_CompareTarget.VERSION,
          createRevision: Compare_CompareTarget.CREATE,
          modRevision: Compare_CompareTarget.MOD,
        }[target],
        targetUnion: { $case: target, value: revisionToWire('operand', operand) },
      });
    case 'value':
      return Compare.create({
        ...base,
        target: Compare_CompareTarget.VALUE,
        targetUnion: { $case: 'value', value: scope.valueToWire(key, operand as Input) },
      });
    case 'lease':
      return Compare.create({
        ...base,
        target: Compare_CompareTarget.LEASE,
        targetUnion: { $case: 'lease', value: leaseToWire(operand as bigint) },
      });
  }
}

function operationToWire<Input>(
  scope: Scope<unknown, Input>,
  operation: Operation<Input>,
): RequestOp {
  switch (operation.type) {
    case 'put': {
      const value = putRequest(scope, operation.key, operation.value, operation.options ?? {});
      return RequestOp.create({ request: { $case: 'requestPut', value } });
    }
    case 'get':
    case 'find': {
      const keys = operation.type === 'get' ? operation.keys : operation.key;
      const value = rangeRequest(scope, keys, operation.options ?? {});
      return RequestOp.create({ request: { $case: 'requestRange', value } });
    }
    case 'delete': {
      const value = deleteRequest(scope, operation.keys, operation.options ?? {});
      return RequestOp.create({ request: { $case: 'requestDeleteRange', value } });
    }
    case 'txn': {
      const value = txnRequest(scope, operation);
      return RequestOp.create({ request: { $case: 'requestTxn', value } });
    }
  }
}

/** The results of the branch that the server took. */
export function txnResults<Value, Input>(
  scope: Scope<Value, Input>,
  transaction: Transaction<Input>,
  answer: TxnResponse,
  revision: number,
): readonly ResultOf<Operation<Input>, Value>[] {
  const operations: Operations<Input> =
    (answer.succeeded ? transaction.then : transaction.else) ?? [];
  if (operations.length !== answer.responses.length) throw unasked();
  return operations.map((operation, at) =>
    operationResult(scope, operation, answer.responses[at], revision),
  );
}

function operationResult<Value, Input>(
  scope: Scope<Value, Input>,
  operation: Operation<Input>,
  op: ResponseOp | undefined,
  revision: number,
): ResultOf<Operation<Input>, Value> {
  const response = op?.response;
  switch (operation.type) {
    case 'put':
      if (response?.$case !== 'responsePut') break;
      return { type: 'put', ...putResult(scope, response.value, revision) };
    case 'get':
      if (response?.$case !== 'responseRange') break;
      return { type: 'get', ...getResult(scope, response.value, revision) };
    case 'find':
      if (response?.$case !== 'responseRange') break;
      return getResult(scope, response.value, revision).kvs[0];
    case 'delete':
      if (response?.$case !== 'responseDeleteRange') break;
      return { type: 'delete', ...deleteResult(scope, response.value, revision) };
    case 'txn': {
      if (response?.$case !== 'responseTxn') break;
      const { succeeded } = response.value;
      const results = txnResults(scope, operation, response.value, revision);
      return { type: 'txn', succeeded, results };
    }
  }
  throw unasked();
}

function unasked(): KvError {
  const message = 'the server answered an operation that was not asked';
  return new KvError('protocol', message, { outcome: 'unknown' });
}

export function getResult<Value>(
  scope: Scope<Value, never>,
  answer: RangeResponse,
  revision: number,
): GetResult<Value> {
  return {
    revision,
    kvs: answer.kvs.map((kv) => scope.kvFromWire(kv)),
    count: counterFromWire('count', answer.count),
    more: answer.more,
  };
}

export function putResult<Value>(
  scope: Scope<Value, never>,
  answer: PutResponse,
  revision: number,
): PutResult<Value> {
  return {
    revision,
    prevKv: answer.prevKv === undefined ? undefined : scope.kvFromWire(answer.prevKv),
  };
}

export function deleteResult<Value>(
  scope: Scope<Value, never>,
  answer: DeleteRangeResponse,
  revision: number,
): DeleteResult<Value> {
  return {
    revision,
    deleted: counterFromWire('count', answer.deleted),
    prevKvs: answer.prevKvs.map((kv) => scope.kvFromWire(kv)),
  };
}

export function revisionOf(answer: {
  readonly header: { readonly revision: bigint } | undefined;
}): number {
  return counterFromWire('revision', answer.header?.revision ?? 0n);
}
