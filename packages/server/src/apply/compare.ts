/** Guards of a transaction (etcd v3.7.1 server/etcdserver/txn/txn.go, applyCompare). Pure but for reading the view. */
import { valueOf } from '@kv/mvcc';
import type { ReadView, StoredKeyValue } from '@kv/mvcc';
import { assertNever } from '../invariant.js';
import type { Compare, CompareOperand, CompareResult, TxnCommand, TxnOp } from './command.js';

/** Keys that one step of a ranged compare looks at. */
const KEYS_PER_STEP = 1000;

/** The branch that a transaction takes, and those that its nested transactions in that branch take, by position. */
export interface TxnPath {
  readonly succeeded: boolean;
  readonly ops: readonly TxnOp[];
  /** One per op; undefined for an op that is no transaction. */
  readonly nested: readonly (TxnPath | undefined)[];
}

/** Decides all branches of the tree against one state: the one before the transaction. */
export function choosePath(view: ReadView, txn: TxnCommand): TxnPath {
  const succeeded = txn.compares.every((compare) => holds(view, compare));
  const ops = succeeded ? txn.success : txn.failure;
  const nested = ops.map((op) => (op.type === 'txn' ? choosePath(view, op) : undefined));
  return { succeeded, ops, nested };
}

/** Whether every key of the range satisfies the relation. */
function holds(view: ReadView, compare: Compare): boolean {
  const { range, operand, result } = compare;
  if (range.type === 'single') {
    return holdsFor(view.get(range.key), operand, result);
  }
  const keysOnly = operand.target !== 'value' && operand.target !== 'lease';
  const cursor = view.cursor(range, { keysOnly });
  try {
    let any = false;
    while (!cursor.done) {
      for (const kv of cursor.next(KEYS_PER_STEP)) {
        any = true;
        if (!holdsFor(kv, operand, result)) return false;
      }
    }
    return any || holdsFor(undefined, operand, result);
  } finally {
    cursor.close();
  }
}

function holdsFor(
  kv: StoredKeyValue | undefined,
  operand: CompareOperand,
  result: CompareResult,
): boolean {
  // There is no way to name a missing value, so comparing with one always fails.
  if (operand.target === 'value' && kv === undefined) return false;
  return relationHolds(order(kv, operand), result);
}

/** Negative, zero or positive: stored below, equal to, above given. */
function order(kv: StoredKeyValue | undefined, operand: CompareOperand): number {
  switch (operand.target) {
    case 'version':
      return (kv?.version ?? 0) - operand.counter;
    case 'create':
      return (kv?.createRevision ?? 0) - operand.counter;
    case 'mod':
      return (kv?.modRevision ?? 0) - operand.counter;
    case 'lease': {
      const stored: bigint = kv?.lease ?? 0n;
      return stored < operand.lease ? -1 : stored > operand.lease ? 1 : 0;
    }
    case 'value':
      return kv === undefined ? -1 : Buffer.compare(valueOf(kv), operand.value);
    case 'unknown':
      return 0;
    default:
      return assertNever(operand, 'a compare has a known target');
  }
}

function relationHolds(order: number, result: CompareResult): boolean {
  switch (result) {
    case 'equal':
      return order === 0;
    case 'notEqual':
      return order !== 0;
    case 'greater':
      return order > 0;
    case 'less':
      return order < 0;
    case 'unknown':
      return true;
    default:
      return assertNever(result, 'a compare has a known result');
  }
}
