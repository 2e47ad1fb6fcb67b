/**
 * What is refused before anything is proposed, in the order in which etcd looks
 * (etcd v3.7.1 server/etcdserver/api/v3rpc/key.go). Pure; `undefined` means allowed.
 */
import type { Key, KeyRange } from '@kv/mvcc';
import type {
  DeleteRangeCommand,
  PutCommand,
  RangeCommand,
  TxnCommand,
  TxnOp,
} from '../apply/command.js';
import { assertNever } from '../invariant.js';

export type RequestProblem =
  | 'emptyKey'
  | 'keyNotFound'
  | 'valueProvided'
  | 'leaseProvided'
  | 'tooManyOps'
  | 'duplicateKey'
  | 'invalidSortOption'
  | 'streamSort'
  | 'streamFilters';

function firstKey(range: KeyRange): Key | undefined {
  switch (range.type) {
    case 'single':
      return range.key;
    case 'range':
    case 'from':
      return range.start;
    case 'all':
      return undefined;
    default:
      return assertNever(range, 'a range has a known type');
  }
}

function lacksKey(range: KeyRange): boolean {
  return firstKey(range) === '';
}

export function checkRange(range: RangeCommand): RequestProblem | undefined {
  if (lacksKey(range.query.range)) return 'emptyKey';
  return range.sortKnown ? undefined : 'invalidSortOption';
}

export function checkRangeStream(range: RangeCommand): RequestProblem | undefined {
  const problem = checkRange(range);
  if (problem !== undefined) return problem;
  const { query } = range;
  const inKeyOrder =
    query.sortOrder === 'none' || (query.sortOrder === 'ascend' && query.sortTarget === 'key');
  if (!inKeyOrder) return 'streamSort';
  const filtered =
    query.minModRevision !== 0 ||
    query.maxModRevision !== 0 ||
    query.minCreateRevision !== 0 ||
    query.maxCreateRevision !== 0;
  return filtered ? 'streamFilters' : undefined;
}

export function checkPut(put: PutCommand): RequestProblem | undefined {
  if (put.key === '') return 'emptyKey';
  if (put.ignoreValue && put.value.length > 0) return 'valueProvided';
  if (put.ignoreLease && put.lease !== 0n) return 'leaseProvided';
  return undefined;
}

export function checkDeleteRange(command: DeleteRangeCommand): RequestProblem | undefined {
  return lacksKey(command.range) ? 'emptyKey' : undefined;
}

/** `opsMax`: the budget of the longest list; what it leaves is the budget of nested transactions. */
export function checkTxn(txn: TxnCommand, opsMax: number): RequestProblem | undefined {
  return checkTxnTree(txn, opsMax) ?? findClash(txn.success) ?? findClash(txn.failure);
}

function checkTxnTree(txn: TxnCommand, opsMax: number): RequestProblem | undefined {
  const longest = Math.max(txn.compares.length, txn.success.length, txn.failure.length);
  if (longest > opsMax) return 'tooManyOps';
  if (txn.compares.some((compare) => lacksKey(compare.range))) return 'emptyKey';
  for (const ops of [txn.success, txn.failure]) {
    for (const op of ops) {
      const problem = checkOp(op, opsMax - longest);
      if (problem !== undefined) return problem;
    }
  }
  return undefined;
}

function checkOp(op: TxnOp, opsMax: number): RequestProblem | undefined {
  switch (op.type) {
    case 'range':
      return checkRange(op);
    case 'put':
      return checkPut(op);
    case 'deleteRange':
      return checkDeleteRange(op);
    case 'txn':
      return checkTxnTree(op, opsMax);
    case 'empty':
      return 'keyNotFound';
    default:
      return assertNever(op, 'an operation has a known type');
  }
}

/** Up to this many puts, comparing each with each costs less than a set of them. */
const FEW_PUTS = 16;

/** Two changes of one key in one list, nested transactions included. Most lists are a few puts, and need no sets. */
function findClash(ops: readonly TxnOp[]): RequestProblem | undefined {
  if (ops.length > FEW_PUTS) return changesOf(ops).problem;
  for (let n = 0; n < ops.length; n++) {
    const op = ops[n];
    if (op?.type === 'range') continue;
    if (op?.type !== 'put') return changesOf(ops).problem;
    for (let m = 0; m < n; m++) {
      const earlier = ops[m];
      if (earlier?.type === 'put' && earlier.key === op.key) return 'duplicateKey';
    }
  }
  return undefined;
}

/** What one list of operations puts and deletes, nested transactions included, or why it may not. */
interface Changes {
  readonly puts: ReadonlySet<Key>;
  readonly deletes: Intervals;
  readonly problem: RequestProblem | undefined;
}

/**
 * Puts and deletes of one list, from the leaves up (etcd's checkIntervals). Two puts of a key clash, and a put inside of
 * a deleted range; the two branches of one nested transaction exclude each other and do not. Runs after the budget
 * check, which bounds the work.
 */
function changesOf(ops: readonly TxnOp[]): Changes {
  if (ops.length === 0) return NO_CHANGES;
  const deletes = new Intervals();
  const puts = new Set<Key>();
  const clash = (problem: RequestProblem): Changes => ({ puts, deletes, problem });

  for (const op of ops) if (op.type === 'deleteRange') deletes.add(op.range);
  for (const op of ops) {
    if (op.type !== 'txn') continue;
    const success = changesOf(op.success);
    if (success.problem !== undefined) return success;
    const failure = changesOf(op.failure);
    if (failure.problem !== undefined) return failure;
    for (const key of success.puts) {
      if (puts.has(key) || deletes.has(key)) return clash('duplicateKey');
    }
    for (const key of failure.puts) {
      if (puts.has(key) || deletes.has(key)) return clash('duplicateKey');
    }
    for (const key of success.puts) puts.add(key);
    for (const key of failure.puts) puts.add(key);
    deletes.addAll(success.deletes);
    deletes.addAll(failure.deletes);
  }
  for (const op of ops) {
    if (op.type !== 'put') continue;
    if (puts.has(op.key) || deletes.has(op.key)) return clash('duplicateKey');
    puts.add(op.key);
  }
  return { puts, deletes, problem: undefined };
}

interface Interval {
  /** Inclusive. */
  readonly start: string;
  /** Exclusive. */
  readonly end: string;
}

/** A set of intervals that is added to first and asked afterwards: sorted and merged when asked. */
class Intervals {
  #all: Interval[] = [];
  #merged = true;

  add(range: KeyRange): void {
    // An open end is entered literally, as [key, 0x00), by etcd: it covers nothing (the hole of rpc.md 5.5).
    if (range.type === 'from' || range.type === 'all') return;
    const start = range.type === 'single' ? range.key : range.start;
    const end = range.type === 'single' ? `${range.key}\0` : range.end;
    if (end <= start) return;
    this.#all.push({ start, end });
    this.#merged = false;
  }

  addAll(other: Intervals): void {
    if (other.#all.length === 0) return;
    this.#all.push(...other.#all);
    this.#merged = false;
  }

  has(key: Key): boolean {
    if (!this.#merged) this.#merge();
    let low = 0;
    let high = this.#all.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const interval = this.#all[middle];
      if (interval !== undefined && interval.end <= key) low = middle + 1;
      else high = middle;
    }
    const found = this.#all[low];
    return found !== undefined && found.start <= key;
  }

  #merge(): void {
    const sorted = this.#all.toSorted((a, b) => (a.start < b.start ? -1 : 1));
    const merged: Interval[] = [];
    for (const interval of sorted) {
      const last = merged.at(-1);
      if (last !== undefined && interval.start <= last.end) {
        merged[merged.length - 1] = {
          start: last.start,
          end: last.end > interval.end ? last.end : interval.end,
        };
      } else merged.push(interval);
    }
    this.#all = merged;
    this.#merged = true;
  }
}

/** Of an empty list, as the second branch of most transactions is. */
const NO_CHANGES: Changes = { puts: new Set(), deletes: new Intervals(), problem: undefined };
