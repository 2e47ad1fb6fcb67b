/**
 * What can be asked of the replicated state, in our own types: one member of a union per kind, decoded once.
 *
 * Byte fields (values, operands of compares) are views of the log entry that the command was read from; entries never
 * change, so views stay good for as long as anyone holds them. Keys are copies.
 */
import type { Key, KeyRange, LeaseId, RangeQuery } from '@kv/mvcc';
import type { MemberId } from '../ids.js';

export interface PutCommand {
  readonly type: 'put';
  readonly key: Key;
  readonly value: Uint8Array;
  readonly lease: LeaseId;
  readonly prevKv: boolean;
  readonly ignoreValue: boolean;
  readonly ignoreLease: boolean;
}

export interface RangeCommand {
  readonly type: 'range';
  readonly query: RangeQuery;
  /** 0 or negative: the newest. */
  readonly revision: number;
  readonly serializable: boolean;
  /** Whether sort order and target were numbers that exist; else the query says `none` by `key`. */
  readonly sortKnown: boolean;
}

export interface DeleteRangeCommand {
  readonly type: 'deleteRange';
  readonly range: KeyRange;
  readonly prevKv: boolean;
}

export type CompareResult = 'equal' | 'greater' | 'less' | 'notEqual' | 'unknown';

/** The stored side of a compare, with the operand given; absent or mismatched operands are 0 or empty. */
export type CompareOperand =
  | { readonly target: 'version' | 'create' | 'mod'; readonly counter: number }
  | { readonly target: 'lease'; readonly lease: LeaseId }
  | { readonly target: 'value'; readonly value: Uint8Array }
  /** A target that does not exist compares as equal. */
  | { readonly target: 'unknown' };

export interface Compare {
  /** `single` unless `range_end` was given. */
  readonly range: KeyRange;
  readonly result: CompareResult;
  readonly operand: CompareOperand;
}

export interface TxnCommand {
  readonly type: 'txn';
  readonly compares: readonly Compare[];
  readonly success: readonly TxnOp[];
  readonly failure: readonly TxnOp[];
}

/** An operation with no request set: refused by validation, and without effect if it is in a log all the same. */
export interface EmptyOp {
  readonly type: 'empty';
}

export type TxnOp = PutCommand | RangeCommand | DeleteRangeCommand | TxnCommand | EmptyOp;

export interface CompactCommand {
  readonly type: 'compact';
  readonly revision: number;
  readonly physical: boolean;
}

export interface LeaseGrantCommand {
  readonly type: 'leaseGrant';
  readonly id: LeaseId;
  readonly ttlSeconds: number;
}

export interface LeaseRevokeCommand {
  readonly type: 'leaseRevoke';
  readonly id: LeaseId;
}

export interface LeaseCheckpointCommand {
  readonly type: 'leaseCheckpoint';
  readonly checkpoints: readonly {
    readonly id: LeaseId;
    readonly remainingTtlSeconds: number;
  }[];
}

export type AlarmType = 'nospace' | 'corrupt';

export interface Alarm {
  readonly memberId: MemberId;
  readonly type: AlarmType;
}

export interface AlarmCommand {
  readonly type: 'alarm';
  /** `ignored`: an action that does not exist. It is refused before it is proposed; in a log it does nothing. */
  readonly action: 'get' | 'activate' | 'deactivate' | 'ignored';
  readonly memberId: MemberId;
  /** `none`: all types (get), or nothing (activate, deactivate). */
  readonly alarm: AlarmType | 'none';
}

export interface ClusterVersionSetCommand {
  readonly type: 'clusterVersionSet';
  /** `3.7.0`. */
  readonly version: string;
}

export interface MemberAttributesSetCommand {
  readonly type: 'memberAttributesSet';
  readonly memberId: MemberId;
  readonly name: string;
  readonly clientUrls: readonly string[];
}

export interface DowngradeSetCommand {
  readonly type: 'downgradeSet';
  readonly enabled: boolean;
  readonly targetVersion: string;
}

/** A request that etcd writes but that changes nothing when applied (`range`, `auth_status`, ...). */
export interface NoEffectCommand {
  readonly type: 'noEffect';
}

/** A request that this version can not apply. Skipping it would make members differ, so it stops the member. */
export interface UnsupportedCommand {
  readonly type: 'unsupported';
  /** Number of the field in `InternalRaftRequest`, 0 when there was none. */
  readonly field: number;
}

export type Command =
  | PutCommand
  | DeleteRangeCommand
  | TxnCommand
  | CompactCommand
  | LeaseGrantCommand
  | LeaseRevokeCommand
  | LeaseCheckpointCommand
  | AlarmCommand
  | ClusterVersionSetCommand
  | MemberAttributesSetCommand
  | DowngradeSetCommand
  | NoEffectCommand
  | UnsupportedCommand;

/** Names as etcd's metrics and logs have them (`etcd_server_apply_duration_seconds{op}`). */
export const commandNames: Readonly<Record<Command['type'], string>> = {
  put: 'Put',
  deleteRange: 'DeleteRange',
  txn: 'Txn',
  compact: 'Compaction',
  leaseGrant: 'LeaseGrant',
  leaseRevoke: 'LeaseRevoke',
  leaseCheckpoint: 'LeaseCheckpoint',
  alarm: 'Alarm',
  clusterVersionSet: 'ClusterVersionSet',
  memberAttributesSet: 'ClusterMemberAttrSet',
  downgradeSet: 'DowngradeInfoSet',
  noEffect: 'Unknown',
  unsupported: 'Unknown',
};
