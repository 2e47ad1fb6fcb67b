/** What applying a command gave: the answer for whoever waits for it, still in our own types. */
import type { Revision, StoredKeyValue } from '@kv/mvcc';
import type { LeaseId } from '@kv/lease';
import type { Alarm } from './command.js';

/** Why a command changed nothing. The same on every member, as it follows from the state alone. */
export type Rejection =
  | 'corruptCluster'
  | 'noSpace'
  | 'compacted'
  | 'futureRevision'
  | 'keyNotFound'
  | 'leaseNotFound'
  | 'leaseExists'
  | 'leaseTtlTooLarge';

export interface PutOutcome {
  readonly type: 'put';
  /** The revision that the put made. */
  readonly revision: Revision;
  /** The pair before, if it was asked for and existed. */
  readonly previous: StoredKeyValue | undefined;
}

export interface DeleteRangeOutcome {
  readonly type: 'deleteRange';
  readonly revision: Revision;
  readonly deleted: number;
  /** In key order; empty if not asked for. */
  readonly previous: readonly StoredKeyValue[];
}

/** A range, inside of a transaction or alone. The pairs are as they go out: without values if only keys were asked for. */
export interface RangeOutcome {
  readonly type: 'range';
  readonly revision: Revision;
  readonly kvs: readonly StoredKeyValue[];
  readonly count: number;
  readonly more: boolean;
}

export interface TxnOutcome {
  readonly type: 'txn';
  /** Of the whole request; 0 in a nested transaction, whose header stays empty. */
  readonly revision: number;
  readonly succeeded: boolean;
  readonly responses: readonly TxnOpOutcome[];
}

export type TxnOpOutcome =
  PutOutcome | DeleteRangeOutcome | RangeOutcome | TxnOutcome | { readonly type: 'empty' };

export type Outcome =
  | PutOutcome
  | DeleteRangeOutcome
  | TxnOutcome
  | { readonly type: 'compact'; readonly revision: Revision }
  | {
      readonly type: 'leaseGrant';
      readonly revision: Revision;
      readonly id: LeaseId;
      readonly ttlSeconds: number;
    }
  | { readonly type: 'leaseRevoke'; readonly revision: Revision }
  | { readonly type: 'alarm'; readonly revision: Revision; readonly alarms: readonly Alarm[] }
  /** Applied, and there is nothing to tell. */
  | { readonly type: 'done' }
  | { readonly type: 'rejected'; readonly reason: Rejection };

export const done: Outcome = Object.freeze({ type: 'done' });

const rejections: Readonly<Record<Rejection, Outcome>> = {
  corruptCluster: { type: 'rejected', reason: 'corruptCluster' },
  noSpace: { type: 'rejected', reason: 'noSpace' },
  compacted: { type: 'rejected', reason: 'compacted' },
  futureRevision: { type: 'rejected', reason: 'futureRevision' },
  keyNotFound: { type: 'rejected', reason: 'keyNotFound' },
  leaseNotFound: { type: 'rejected', reason: 'leaseNotFound' },
  leaseExists: { type: 'rejected', reason: 'leaseExists' },
  leaseTtlTooLarge: { type: 'rejected', reason: 'leaseTtlTooLarge' },
};

export function rejected(reason: Rejection): Outcome {
  return rejections[reason];
}
