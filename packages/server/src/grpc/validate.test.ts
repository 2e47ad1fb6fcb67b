/** The check for clashing keys against the naive reading of its rules (rpc.md §5.5), and its cost. */
import type { Key, KeyRange, LeaseId } from '@kv/mvcc';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TxnCommand, TxnOp } from '../apply/command.js';
import { checkTxn } from './validate.js';

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const putOf = (name: string): TxnOp => ({
  type: 'put',
  key: name as Key,
  value: new Uint8Array(0),
  lease: 0n as LeaseId,
  prevKv: false,
  ignoreValue: false,
  ignoreLease: false,
});
const putOp = key.map(putOf);
const txnOf = (success: readonly TxnOp[], failure: readonly TxnOp[] = []): TxnCommand => ({
  type: 'txn',
  compares: [],
  success,
  failure,
});
const keyRange = fc.oneof(
  key.map((name): KeyRange => ({ type: 'single', key: name as Key })),
  fc
    .tuple(key, key)
    .map(([start, end]): KeyRange => ({ type: 'range', start: start as Key, end: end as Key })),
  key.map((start): KeyRange => ({ type: 'from', start: start as Key })),
);
const deleteOp = keyRange.map((range): TxnOp => ({ type: 'deleteRange', range, prevKv: false }));

const txns: fc.Memo<TxnCommand> = fc.memo((depth) => {
  const op = depth > 1 ? fc.oneof(putOp, deleteOp, txns(depth - 1)) : fc.oneof(putOp, deleteOp);
  const ops = fc.array(op, { maxLength: 3 });
  return fc.tuple(ops, ops).map(([success, failure]) => txnOf(success, failure));
});

interface Naive {
  readonly puts: ReadonlySet<string>;
  readonly deletes: readonly KeyRange[];
}

/** The algorithm as it is written down; undefined for a clash. */
function naive(ops: readonly TxnOp[]): Naive | undefined {
  const deletes: KeyRange[] = ops.flatMap((op) => (op.type === 'deleteRange' ? [op.range] : []));
  const puts = new Set<string>();
  const covered = (name: string): boolean =>
    deletes.some((range) =>
      range.type === 'single'
        ? range.key === name
        : range.type === 'range' && range.start <= name && name < range.end,
    );
  for (const op of ops) {
    if (op.type !== 'txn') continue;
    const then = naive(op.success);
    const otherwise = naive(op.failure);
    if (then === undefined || otherwise === undefined) return undefined;
    for (const name of then.puts) {
      if (puts.has(name) || covered(name)) return undefined;
      puts.add(name);
    }
    for (const name of otherwise.puts) {
      if ((puts.has(name) && !then.puts.has(name)) || covered(name)) return undefined;
      puts.add(name);
    }
    deletes.push(...then.deletes, ...otherwise.deletes);
  }
  for (const op of ops) {
    if (op.type !== 'put') continue;
    if (puts.has(op.key) || covered(op.key)) return undefined;
    puts.add(op.key);
  }
  return { puts, deletes };
}

describe('clashing keys of a transaction', () => {
  it('are found exactly where the rules say', () => {
    fc.assert(
      fc.property(txns(3), (txn) => {
        const clash = naive(txn.success) === undefined || naive(txn.failure) === undefined;
        expect(checkTxn(txn, 128)).toBe(clash ? 'duplicateKey' : undefined);
      }),
      { numRuns: 3000 },
    );
  });

  it('are found among few puts and among many, whichever two they are', () => {
    const puts = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 2, maxLength: 40 });
    fc.assert(
      fc.property(puts, fc.nat(), (names, place) => {
        const list = names.map((name) => putOf(name));
        expect(checkTxn(txnOf(list), 128)).toBeUndefined();
        const doubled = list.toSpliced(place % (list.length + 1), 0, ...list.slice(0, 1));
        expect(checkTxn(txnOf(doubled), 128)).toBe('duplicateKey');
      }),
    );
  });
});
