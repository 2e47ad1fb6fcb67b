/** Keys and values: put, get, delete, transactions, compaction. */
import {
  Compare,
  Compare_CompareResult,
  Compare_CompareTarget,
  CompactionRequest,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  RequestOp,
  TxnRequest,
  kvService,
  type DeleteRangeResponse,
  type PutResponse,
  type RangeResponse,
  type ResponseOp,
} from '@kv/proto/kv';
import {
  bytesOf,
  counterFromWire,
  identifierToWire,
  keyValueFromWire,
  rangeOf,
  revisionToWire,
  type Bytes,
  type KeySelector,
  type KeyValue,
} from './data.js';
import { KvError } from './errors.js';
import type { CallSettings, RawClient } from './raw.js';

export interface GetOptions extends CallSettings {
  /** Read at this revision instead of the newest. */
  readonly revision?: number;
  readonly limit?: number;
  /** Answer from the member at hand, which may be behind. Default false: linearizable. */
  readonly serializable?: boolean;
  readonly keysOnly?: boolean;
}

export interface GetResult {
  /** Of the store when it was read. */
  readonly revision: number;
  readonly kvs: readonly KeyValue[];
  /** Keys in the range, also beyond `limit`. */
  readonly count: number;
  readonly more: boolean;
}

export interface PutOptions extends CallSettings {
  readonly lease?: bigint;
  readonly prevKv?: boolean;
}

export interface PutResult {
  /** At which the put took effect. */
  readonly revision: number;
  readonly prevKv: KeyValue | undefined;
}

export interface DeleteOptions extends CallSettings {
  readonly prevKv?: boolean;
}

export interface DeleteResult {
  readonly revision: number;
  readonly deleted: number;
  readonly prevKvs: readonly KeyValue[];
}

/** A condition of a transaction. */
export interface Condition {
  readonly key: Bytes;
  readonly target: 'version' | 'createRevision' | 'modRevision' | 'value' | 'lease';
  readonly op: '=' | '!=' | '<' | '>';
  /** A revision or version, a value, or a lease, as the target says. */
  readonly operand: number | Bytes | bigint;
}

export type Operation =
  | {
      readonly type: 'put';
      readonly key: Bytes;
      readonly value: Bytes;
      readonly options?: PutOptions;
    }
  | { readonly type: 'get'; readonly keys: KeySelector; readonly options?: GetOptions }
  | { readonly type: 'delete'; readonly keys: KeySelector; readonly options?: DeleteOptions };

export interface Transaction {
  /** All must hold. */
  readonly if?: readonly Condition[];
  readonly then?: readonly Operation[];
  readonly else?: readonly Operation[];
}

export type OperationResult =
  | ({ readonly type: 'put' } & PutResult)
  | ({ readonly type: 'get' } & GetResult)
  | ({ readonly type: 'delete' } & DeleteResult);

export interface TransactionResult {
  readonly revision: number;
  /** Which branch was taken. */
  readonly succeeded: boolean;
  readonly results: readonly OperationResult[];
}

const compareResult = {
  '=': Compare_CompareResult.EQUAL,
  '!=': Compare_CompareResult.NOT_EQUAL,
  '<': Compare_CompareResult.LESS,
  '>': Compare_CompareResult.GREATER,
} as const;

export class KvClient {
  readonly #raw: RawClient;

  constructor(raw: RawClient) {
    this.#raw = raw;
  }

  /** Reads keys in byte order. */
  async get(keys: KeySelector, options: GetOptions = {}): Promise<GetResult> {
    const answer = await this.#raw.call(kvService.range, rangeRequest(keys, options), options);
    return getResult(answer, revisionOf(answer));
  }

  /** The pair of one key, or undefined. */
  async find(key: Bytes, options: GetOptions = {}): Promise<KeyValue | undefined> {
    const { kvs } = await this.get(bytesOf('key', key), options);
    return kvs[0];
  }

  async put(key: Bytes, value: Bytes, options: PutOptions = {}): Promise<PutResult> {
    const answer = await this.#raw.call(kvService.put, putRequest(key, value, options), options);
    return putResult(answer, revisionOf(answer));
  }

  async delete(keys: KeySelector, options: DeleteOptions = {}): Promise<DeleteResult> {
    const answer = await this.#raw.call(
      kvService.deleteRange,
      deleteRequest(keys, options),
      options,
    );
    return deleteResult(answer, revisionOf(answer));
  }

  /** Compares and acts atomically: at one revision. */
  async transact(
    transaction: Transaction,
    settings: CallSettings = {},
  ): Promise<TransactionResult> {
    const request = TxnRequest.create({
      compare: (transaction.if ?? []).map(compareToWire),
      success: (transaction.then ?? []).map(operationToWire),
      failure: (transaction.else ?? []).map(operationToWire),
    });
    const answer = await this.#raw.call(kvService.txn, request, settings);
    const revision = revisionOf(answer);
    return {
      revision,
      succeeded: answer.succeeded,
      results: answer.responses.map((op) => operationResult(op, revision)),
    };
  }

  /** Forgets history below `revision`. With `physical`, answers when it is gone from disk too. */
  async compact(
    revision: number,
    options: CallSettings & { readonly physical?: boolean } = {},
  ): Promise<void> {
    const request = CompactionRequest.create({
      revision: revisionToWire('revision', revision),
      physical: options.physical ?? false,
    });
    await this.#raw.call(kvService.compact, request, options);
  }
}

function rangeRequest(keys: KeySelector, options: GetOptions): RangeRequest {
  return RangeRequest.create({
    ...rangeOf(keys),
    revision: revisionToWire('revision', options.revision ?? 0),
    limit: revisionToWire('limit', options.limit ?? 0),
    serializable: options.serializable ?? false,
    keysOnly: options.keysOnly ?? false,
  });
}

function putRequest(key: Bytes, value: Bytes, options: PutOptions): PutRequest {
  return PutRequest.create({
    key: bytesOf('key', key),
    value: bytesOf('value', value),
    lease: identifierToWire('lease', options.lease ?? 0n),
    prevKv: options.prevKv ?? false,
  });
}

function deleteRequest(keys: KeySelector, options: DeleteOptions): DeleteRangeRequest {
  return DeleteRangeRequest.create({ ...rangeOf(keys), prevKv: options.prevKv ?? false });
}

function compareToWire(condition: Condition): Compare {
  const base = { key: bytesOf('key', condition.key), result: compareResult[condition.op] };
  const { operand } = condition;
  switch (condition.target) {
    case 'version':
      return Compare.create({
        ...base,
        target: Compare_CompareTarget.VERSION,
        targetUnion: { $case: 'version', value: revisionToWire('operand', operand) },
      });
    case 'createRevision':
      return Compare.create({
        ...base,
        target: Compare_CompareTarget.CREATE,
        targetUnion: { $case: 'createRevision', value: revisionToWire('operand', operand) },
      });
    case 'modRevision':
      return Compare.create({
        ...base,
        target: Compare_CompareTarget.MOD,
        targetUnion: { $case: 'modRevision', value: revisionToWire('operand', operand) },
      });
    case 'value':
      return Compare.create({
        ...base,
        target: Compare_CompareTarget.VALUE,
        targetUnion: { $case: 'value', value: bytesOf('operand', operand) },
      });
    case 'lease':
      return Compare.create({
        ...base,
        target: Compare_CompareTarget.LEASE,
        targetUnion: { $case: 'lease', value: identifierToWire('operand', operand) },
      });
  }
}

function operationToWire(operation: Operation): RequestOp {
  switch (operation.type) {
    case 'put': {
      const value = putRequest(operation.key, operation.value, operation.options ?? {});
      return RequestOp.create({ request: { $case: 'requestPut', value } });
    }
    case 'get': {
      const value = rangeRequest(operation.keys, operation.options ?? {});
      return RequestOp.create({ request: { $case: 'requestRange', value } });
    }
    case 'delete': {
      const value = deleteRequest(operation.keys, operation.options ?? {});
      return RequestOp.create({ request: { $case: 'requestDeleteRange', value } });
    }
  }
}

function operationResult(op: ResponseOp, revision: number): OperationResult {
  switch (op.response?.$case) {
    case 'responsePut':
      return { type: 'put', ...putResult(op.response.value, revision) };
    case 'responseRange':
      return { type: 'get', ...getResult(op.response.value, revision) };
    case 'responseDeleteRange':
      return { type: 'delete', ...deleteResult(op.response.value, revision) };
    case 'responseTxn':
    case undefined:
      throw new KvError('protocol', 'the server answered an operation that was not asked', {
        outcome: 'unknown',
      });
  }
}

function getResult(answer: RangeResponse, revision: number): GetResult {
  return {
    revision,
    kvs: answer.kvs.map(keyValueFromWire),
    count: counterFromWire('count', answer.count),
    more: answer.more,
  };
}

function putResult(answer: PutResponse, revision: number): PutResult {
  return {
    revision,
    prevKv: answer.prevKv === undefined ? undefined : keyValueFromWire(answer.prevKv),
  };
}

function deleteResult(answer: DeleteRangeResponse, revision: number): DeleteResult {
  return {
    revision,
    deleted: counterFromWire('count', answer.deleted),
    prevKvs: answer.prevKvs.map(keyValueFromWire),
  };
}

function revisionOf(answer: {
  readonly header: { readonly revision: bigint } | undefined;
}): number {
  return counterFromWire('revision', answer.header?.revision ?? 0n);
}
