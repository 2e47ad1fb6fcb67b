/** Put and DeleteRange against the open write transaction (etcd v3.7.1 server/etcdserver/txn/put.go, delete.go). */
import { valueOf } from '@kv/mvcc';
import type { KeyRange, ReadView, Revision, StoredKeyValue, WriteTxn } from '@kv/mvcc';
import type { DeleteRangeCommand, PutCommand } from './command.js';
import type { DeleteRangeOutcome, PutOutcome, Rejection } from './outcome.js';

/** What a change of keys needs to know beside the store. */
export interface KvState {
  /** Whether the lease exists, as of the entries before this one. */
  hasLease(id: bigint): boolean;
  /** Lowest revision that can be read; -1 before any compaction. */
  readonly compactRevision: Revision;
}

const KEYS_PER_STEP = 1000;
const NO_PAIRS: readonly StoredKeyValue[] = [];
const NO_BYTES: Uint8Array = new Uint8Array(0);

/** Why the put can not be done, looking at the state before it. */
export function checkPut(
  put: PutCommand,
  view: () => ReadView,
  state: KvState,
): Rejection | undefined {
  if (put.lease !== 0n && !state.hasLease(put.lease)) return 'leaseNotFound';
  if ((put.ignoreValue || put.ignoreLease) && !view().has(put.key)) return 'keyNotFound';
  return undefined;
}

/** Inside of a request. `put` has passed {@link checkPut}. */
export function executePut(txn: WriteTxn, put: PutCommand): PutOutcome {
  if (!put.prevKv && !put.ignoreValue && !put.ignoreLease) {
    const stored = txn.put(put.key, put.value, put.lease);
    return { type: 'put', revision: stored.modRevision, previous: undefined };
  }
  const previous = txn.view().get(put.key);
  // Absent only where an earlier operation of the same transaction deleted it (the hole of rpc.md 5.5).
  const value = put.ignoreValue ? (previous ? valueOf(previous) : NO_BYTES) : put.value;
  const lease = put.ignoreLease ? (previous?.lease ?? put.lease) : put.lease;
  const stored = txn.put(put.key, value, lease);
  return {
    type: 'put',
    revision: stored.modRevision,
    previous: put.prevKv ? previous : undefined,
  };
}

/** Inside of a request. */
export function executeDeleteRange(txn: WriteTxn, command: DeleteRangeCommand): DeleteRangeOutcome {
  const previous = command.prevKv ? pairsIn(txn.view(), command.range) : NO_PAIRS;
  const deleted = txn.deleteRange(command.range);
  return { type: 'deleteRange', revision: txn.view().revision, deleted, previous };
}

function pairsIn(view: ReadView, range: KeyRange): readonly StoredKeyValue[] {
  const cursor = view.cursor(range, { keysOnly: false });
  try {
    const pairs: StoredKeyValue[] = [];
    while (!cursor.done) pairs.push(...cursor.next(KEYS_PER_STEP));
    return pairs;
  } finally {
    cursor.close();
  }
}
