/** Grant, revoke and checkpoint of leases, and the links between keys and leases, as entries are applied. */
import { encodeLeaseRecord, leaseRecordKey, LeaseError } from '@kv/lease';
import type { LeaseErrorCode, Lessor } from '@kv/lease';
import type { RequestResult, StoreEvent, WriteTxn } from '@kv/mvcc';
import type { LeaseCheckpointCommand, LeaseGrantCommand, LeaseRevokeCommand } from './command.js';
import { done, rejected, type Outcome, type Rejection } from './outcome.js';

const rejections: Readonly<Record<LeaseErrorCode, Rejection | undefined>> = {
  not_found: 'leaseNotFound',
  exists: 'leaseExists',
  ttl_too_large: 'leaseTtlTooLarge',
  // Of stored bytes only: never from a command.
  bad_record: undefined,
};

/** Runs what the lessor may refuse; it refuses before it changes anything. */
function refusing<T>(operation: () => T): T | Rejection {
  try {
    return operation();
  } catch (error) {
    const reason = error instanceof LeaseError ? rejections[error.code] : undefined;
    if (reason === undefined) throw error;
    return reason;
  }
}

export function applyLeaseGrant(
  txn: WriteTxn,
  lessor: Lessor,
  command: LeaseGrantCommand,
): Outcome {
  const lease = refusing(() => lessor.grant(command.id, command.ttlSeconds));
  if (typeof lease === 'string') return rejected(lease);
  txn.bucket('lease').put(leaseRecordKey(lease.id), encodeLeaseRecord(lease));
  return {
    type: 'leaseGrant',
    revision: txn.revision,
    id: lease.id,
    ttlSeconds: lease.ttlSeconds,
  };
}

/** Deletes the attached keys, ascending and in one revision, and the lease with them. `changed` hears what that was. */
export function applyLeaseRevoke(
  txn: WriteTxn,
  lessor: Lessor,
  command: LeaseRevokeCommand,
  changed: (result: RequestResult) => void,
): Outcome {
  const keys = refusing(() => lessor.revoke(command.id));
  if (typeof keys === 'string') return rejected(keys);
  txn.bucket('lease').delete(leaseRecordKey(command.id));
  txn.beginRequest();
  for (const key of keys) txn.deleteRange({ type: 'single', key });
  const result = txn.endRequest();
  changed(result);
  return { type: 'leaseRevoke', revision: result.revision };
}

export function applyLeaseCheckpoint(
  txn: WriteTxn,
  lessor: Lessor,
  command: LeaseCheckpointCommand,
): Outcome {
  for (const checkpoint of command.checkpoints) {
    const lease = lessor.checkpoint(checkpoint);
    // A lease that was revoked meanwhile has nothing to record.
    if (lease === undefined) continue;
    txn.bucket('lease').put(leaseRecordKey(lease.id), encodeLeaseRecord(lease));
  }
  return done;
}

/**
 * Follows the changes of one request: a put attaches its key to the lease it names, or frees it; a deletion frees it.
 * In order, so that the last change of a key counts.
 */
export function followLeases(lessor: Lessor, events: readonly StoreEvent[]): void {
  if (lessor.size === 0) return;
  for (const { type, kv } of events) {
    if (type === 'put' && kv.lease !== 0n) lessor.attach(kv.lease, kv.key);
    else lessor.detach(kv.key);
  }
}
