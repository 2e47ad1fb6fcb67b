/** Transactions on the naive store: which branch is taken, whether it is refused, what it answers. */
import type { TxnResponse } from '@kv/proto';
import type { Compare, KeyValue, RequestOp, ResponseOp, TxnRequest } from '@kv/proto';
import { keyText, type KeyModel } from './key-model.js';

/** A request that was refused changed nothing. */
export interface Refusal {
  readonly refused: 'lease not found' | 'lease exists' | 'key not found' | 'compacted' | 'future';
}

/** What is looked at, as of before the transaction. */
export interface TxnGround {
  readonly keys: KeyModel;
  readonly revision: number;
  readonly compactRevision: number;
  readonly hasLease: (id: bigint) => boolean;
}

/** The operations that will run, with those of nested transactions decided as well. */
export interface TxnPlan {
  readonly succeeded: boolean;
  readonly ops: readonly { readonly op: RequestOp; readonly nested: TxnPlan | undefined }[];
}

/** All branches are decided by the state before the whole. */
export function planOf(txn: TxnRequest, ground: TxnGround): TxnPlan {
  const succeeded = txn.compare.every((compare) => holds(compare, ground));
  const ops = (succeeded ? txn.success : txn.failure).map((op) => ({
    op,
    nested: op.request?.$case === 'requestTxn' ? planOf(op.request.value, ground) : undefined,
  }));
  return { succeeded, ops };
}

/** The first refusal among the operations that would run; undefined if all may. */
export function refusalOf(plan: TxnPlan, ground: TxnGround): Refusal | undefined {
  for (const { op, nested } of plan.ops) {
    const refusal = nested === undefined ? opRefusal(op, ground) : refusalOf(nested, ground);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function opRefusal({ request }: RequestOp, ground: TxnGround): Refusal | undefined {
  if (request?.$case === 'requestRange') {
    const at = Number(request.value.revision);
    if (at === 0) return undefined;
    if (at > ground.revision) return { refused: 'future' };
    return at < ground.compactRevision ? { refused: 'compacted' } : undefined;
  }
  if (request?.$case === 'requestPut') {
    const { lease } = request.value;
    return lease !== 0n && !ground.hasLease(lease) ? { refused: 'lease not found' } : undefined;
  }
  return undefined;
}

/**
 * What a transaction answers that changes nothing, as of a revision; undefined if it would change something. Used for
 * transactions that left no revision behind.
 */
export function answerWithoutChange(plan: TxnPlan, ground: TxnGround): TxnResponse | undefined {
  const responses: ResponseOp[] = [];
  for (const { op, nested } of plan.ops) {
    const response = opWithoutChange(op, nested, ground);
    if (response === undefined) return undefined;
    responses.push({ response });
  }
  return { header: undefined, succeeded: plan.succeeded, responses };
}

function opWithoutChange(
  { request }: RequestOp,
  nested: TxnPlan | undefined,
  ground: TxnGround,
): ResponseOp['response'] {
  const { keys, revision } = ground;
  switch (request?.$case) {
    case 'requestRange': {
      const at = Number(request.value.revision) > 0 ? Number(request.value.revision) : revision;
      return { $case: 'responseRange', value: keys.range(request.value, at) };
    }
    case 'requestDeleteRange': {
      const { key, rangeEnd } = request.value;
      const value = keys.emptyDeletion(keyText(key), keyText(rangeEnd), revision);
      return value === undefined ? undefined : { $case: 'responseDeleteRange', value };
    }
    case 'requestTxn': {
      const value = nested === undefined ? undefined : answerWithoutChange(nested, ground);
      return value === undefined ? undefined : { $case: 'responseTxn', value };
    }
    case 'requestPut':
    case undefined:
      return undefined;
  }
}

function holds(compare: Compare, { keys, revision }: TxnGround): boolean {
  const [start, end] = [keyText(compare.key), keyText(compare.rangeEnd)];
  if (end === '') return holdsFor(compare, keys.get(start, revision));
  const found = keys.list(start, end, revision);
  // An empty range is compared as a key that does not exist.
  if (found.length === 0) return holdsFor(compare, undefined);
  return found.every((kv) => holdsFor(compare, kv));
}

function holdsFor({ target, targetUnion, result }: Compare, kv: KeyValue | undefined): boolean {
  // A value that is not there can not be named, so no comparison with one holds.
  if (target === 3 && kv === undefined) return false;
  const order = target === 3 ? valueOrder(targetUnion, kv) : counterOrder(target, targetUnion, kv);
  return [order === 0, order > 0, order < 0, order !== 0][result] ?? false;
}

function valueOrder(union: Compare['targetUnion'], kv: KeyValue | undefined): number {
  const given = union?.$case === 'value' ? union.value : new Uint8Array(0);
  return Buffer.compare(kv?.value ?? new Uint8Array(0), given);
}

function counterOrder(
  target: number,
  union: Compare['targetUnion'],
  kv: KeyValue | undefined,
): number {
  const given = union === undefined || union.$case === 'value' ? 0n : union.value;
  const stored = [kv?.version, kv?.createRevision, kv?.modRevision, 0n, kv?.lease][target] ?? 0n;
  return stored < given ? -1 : stored > given ? 1 : 0;
}
