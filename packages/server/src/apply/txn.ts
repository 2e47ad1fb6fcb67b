/** Transactions: decide all branches, check all that will run, then run it (etcd v3.7.1 server/etcdserver/txn/txn.go). */
import { runRangeQuery } from '@kv/mvcc';
import type { ReadView, Revision, StoredKeyValue, WriteTxn } from '@kv/mvcc';
import { assertNever, invariant } from '../invariant.js';
import type { RangeCommand, TxnCommand, TxnOp } from './command.js';
import { choosePath, type TxnPath } from './compare.js';
import { checkPut, executeDeleteRange, executePut, type KvState } from './kv.js';
import type { RangeOutcome, Rejection, TxnOpOutcome, TxnOutcome } from './outcome.js';

const NO_PAIRS: readonly StoredKeyValue[] = [];

/**
 * Decides the branches and checks every operation that will run, before any of them does: a rejection has no effect.
 * A view is read; nothing is written.
 */
export function planTxn(
  txn: TxnCommand,
  view: ReadView,
  state: KvState,
): TxnPath | { readonly rejection: Rejection } {
  const path = choosePath(view, txn);
  const rejection = checkPath(path, view, state);
  return rejection === undefined ? path : { rejection };
}

function checkPath(path: TxnPath, view: ReadView, state: KvState): Rejection | undefined {
  for (const [n, op] of path.ops.entries()) {
    const rejection = checkOp(op, path.nested[n], view, state);
    if (rejection !== undefined) return rejection;
  }
  return undefined;
}

function checkOp(
  op: TxnOp,
  nested: TxnPath | undefined,
  view: ReadView,
  state: KvState,
): Rejection | undefined {
  switch (op.type) {
    case 'range':
      return checkRevision(op.revision, view.revision, state.compactRevision);
    case 'put':
      return checkPut(op, () => view, state);
    case 'txn':
      invariant(nested !== undefined, 'a nested transaction has a path');
      return checkPath(nested, view, state);
    case 'deleteRange':
    case 'empty':
      return undefined;
    default:
      return assertNever(op, 'an operation has a known type');
  }
}

/** As etcd checks inside of transactions: a negative revision is a number, so it is compacted, except for -1 before any. */
function checkRevision(
  revision: number,
  newest: Revision,
  compactRevision: Revision,
): Rejection | undefined {
  if (revision === 0) return undefined;
  if (revision > newest) return 'futureRevision';
  return revision < compactRevision ? 'compacted' : undefined;
}

/**
 * Runs what was planned, in order and depth first, inside of a request. `withReads` is false where nobody waits for the
 * answer: then ranges are not executed, which changes no state.
 */
export function executeTxn(txn: WriteTxn, path: TxnPath, withReads: boolean): TxnOutcome {
  const responses = executePath(txn, path, withReads);
  return {
    type: 'txn',
    revision: txn.view().revision,
    succeeded: path.succeeded,
    responses,
  };
}

function executePath(txn: WriteTxn, path: TxnPath, withReads: boolean): readonly TxnOpOutcome[] {
  return path.ops.map((op, n) => executeOp(txn, op, path.nested[n], withReads));
}

function executeOp(
  txn: WriteTxn,
  op: TxnOp,
  nested: TxnPath | undefined,
  withReads: boolean,
): TxnOpOutcome {
  switch (op.type) {
    case 'range':
      return withReads ? rangeInside(txn, op) : emptyRange(txn);
    case 'put':
      return executePut(txn, op);
    case 'deleteRange':
      return executeDeleteRange(txn, op);
    case 'txn':
      invariant(nested !== undefined, 'a nested transaction has a path');
      return {
        type: 'txn',
        revision: 0,
        succeeded: nested.succeeded,
        responses: executePath(txn, nested, withReads),
      };
    case 'empty':
      return op;
    default:
      return assertNever(op, 'an operation has a known type');
  }
}

function rangeInside(txn: WriteTxn, range: RangeCommand): RangeOutcome {
  const newest = txn.view();
  const view = range.revision <= 0 ? newest : txn.read(range.revision as Revision);
  invariant(view.type === 'view', 'a range of a transaction was checked before it', {
    revision: range.revision,
  });
  return rangeOf(view, newest.revision, range);
}

function emptyRange(txn: WriteTxn): RangeOutcome {
  const { revision } = txn.view();
  return { type: 'range', revision, kvs: NO_PAIRS, count: 0, more: false };
}

/** A range on a view, with the revision that its header shows. */
function rangeOf(view: ReadView, revision: Revision, range: RangeCommand): RangeOutcome {
  const { kvs, count, more } = runRangeQuery(view, range.query);
  return { type: 'range', revision, kvs, count, more };
}

/** A transaction that only reads, on a view of its own: it does not go through the log. */
export function readTxn(
  txn: TxnCommand,
  view: ReadView,
  readAt: (revision: Revision) => ReadView | undefined,
  state: KvState,
): TxnOutcome | { readonly rejection: Rejection } {
  const path = planTxn(txn, view, state);
  if ('rejection' in path) return path;
  const responses: RangeOutcome[] = [];
  for (const op of path.ops) {
    invariant(op.type === 'range', 'a transaction that only reads has only ranges', {
      type: op.type,
    });
    const at = op.revision <= 0 ? view : readAt(op.revision as Revision);
    if (at === undefined) return { rejection: 'compacted' };
    responses.push(rangeOf(at, view.revision, op));
  }
  return { type: 'txn', revision: view.revision, succeeded: path.succeeded, responses };
}

/** Whether all operations of both branches are ranges; a nested transaction counts as none, as in etcd. */
export function isReadOnly(txn: TxnCommand): boolean {
  return onlyRanges(txn.success) && onlyRanges(txn.failure);
}

/** Whether a transaction that only reads may be answered without asking for leadership. True when it has no operation. */
export function isSerializable(txn: TxnCommand): boolean {
  const serializable = (op: TxnOp): boolean => op.type === 'range' && op.serializable;
  return txn.success.every(serializable) && txn.failure.every(serializable);
}

function onlyRanges(ops: readonly TxnOp[]): boolean {
  return ops.every((op) => op.type === 'range');
}
