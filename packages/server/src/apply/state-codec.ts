/** Requests other than those of the KV service, from their bytes to commands: rare ones, by the generated decoders. */
import {
  AlarmRequest,
  AlarmRequest_AlarmAction,
  AlarmType as WireAlarmType,
  CompactionRequest,
  LeaseGrantRequest,
  LeaseRevokeRequest,
} from '@kv/proto';
import {
  ClusterMemberAttrSetRequest,
  ClusterVersionSetRequest,
  DowngradeInfoSetRequest,
  LeaseCheckpointRequest,
} from '@kv/proto/internal';
import type { LeaseId } from '@kv/lease';
import { counterFromInt64, int64FromCounter } from '../grpc/int64.js';
import type { MemberId } from '../ids.js';
import type {
  AlarmCommand,
  AlarmType,
  ClusterVersionSetCommand,
  CompactCommand,
  DowngradeSetCommand,
  LeaseCheckpointCommand,
  LeaseGrantCommand,
  LeaseRevokeCommand,
  MemberAttributesSetCommand,
} from './command.js';

export function decodeCompact(bytes: Uint8Array): CompactCommand {
  const request = CompactionRequest.decode(bytes);
  return {
    type: 'compact',
    revision: counterFromInt64(request.revision),
    physical: request.physical,
  };
}

export function decodeLeaseGrant(bytes: Uint8Array): LeaseGrantCommand {
  const request = LeaseGrantRequest.decode(bytes);
  return {
    type: 'leaseGrant',
    id: request.ID as LeaseId,
    ttlSeconds: counterFromInt64(request.TTL),
  };
}

export function decodeLeaseRevoke(bytes: Uint8Array): LeaseRevokeCommand {
  return { type: 'leaseRevoke', id: LeaseRevokeRequest.decode(bytes).ID as LeaseId };
}

export function decodeLeaseCheckpoint(bytes: Uint8Array): LeaseCheckpointCommand {
  const { checkpoints } = LeaseCheckpointRequest.decode(bytes);
  return {
    type: 'leaseCheckpoint',
    checkpoints: checkpoints.map((checkpoint) => ({
      id: checkpoint.ID as LeaseId,
      remainingTtlSeconds: counterFromInt64(checkpoint.remainingTTL),
    })),
  };
}

const alarmActions: ReadonlyMap<number, AlarmCommand['action']> = new Map([
  [AlarmRequest_AlarmAction.GET, 'get'],
  [AlarmRequest_AlarmAction.ACTIVATE, 'activate'],
  [AlarmRequest_AlarmAction.DEACTIVATE, 'deactivate'],
]);

const alarmTypes: ReadonlyMap<number, AlarmType | 'none'> = new Map([
  [WireAlarmType.NONE, 'none'],
  [WireAlarmType.NOSPACE, 'nospace'],
  [WireAlarmType.CORRUPT, 'corrupt'],
]);

/** The number of an alarm on the wire. */
export function wireAlarmOf(type: AlarmType): WireAlarmType {
  return type === 'nospace' ? WireAlarmType.NOSPACE : WireAlarmType.CORRUPT;
}

/** The alarm with this number; undefined for one that does not exist. */
export function alarmOfWire(type: number): AlarmType | 'none' | undefined {
  return alarmTypes.get(type);
}

/** An action or a type that does not exist gives a command without effect: the service refuses it before. */
export function decodeAlarm(bytes: Uint8Array): AlarmCommand {
  const request = AlarmRequest.decode(bytes);
  const action = alarmActions.get(request.action);
  const alarm = alarmTypes.get(request.alarm);
  return {
    type: 'alarm',
    action: action === undefined || alarm === undefined ? 'ignored' : action,
    memberId: request.memberID as MemberId,
    alarm: alarm ?? 'none',
  };
}

export function decodeClusterVersionSet(bytes: Uint8Array): ClusterVersionSetCommand {
  return { type: 'clusterVersionSet', version: ClusterVersionSetRequest.decode(bytes).ver };
}

export function decodeMemberAttributesSet(bytes: Uint8Array): MemberAttributesSetCommand {
  const request = ClusterMemberAttrSetRequest.decode(bytes);
  return {
    type: 'memberAttributesSet',
    memberId: request.memberID as MemberId,
    name: request.memberAttributes?.name ?? '',
    clientUrls: request.memberAttributes?.clientUrls ?? [],
  };
}

export function decodeDowngradeSet(bytes: Uint8Array): DowngradeSetCommand {
  const request = DowngradeInfoSetRequest.decode(bytes);
  return { type: 'downgradeSet', enabled: request.enabled, targetVersion: request.ver };
}

// The member's own requests, the other way round.

export function encodeCompact(revision: number): Uint8Array {
  return CompactionRequest.encode(
    CompactionRequest.create({ revision: int64FromCounter(revision) }),
  ).finish();
}

export function encodeLeaseGrant(id: LeaseId, ttlSeconds: number): Uint8Array {
  return LeaseGrantRequest.encode({ ID: id, TTL: int64FromCounter(ttlSeconds) }).finish();
}

export function encodeLeaseRevoke(id: LeaseId): Uint8Array {
  return LeaseRevokeRequest.encode({ ID: id }).finish();
}

export function encodeLeaseCheckpoint(
  checkpoints: LeaseCheckpointCommand['checkpoints'],
): Uint8Array {
  return LeaseCheckpointRequest.encode({
    checkpoints: checkpoints.map(({ id, remainingTtlSeconds }) => ({
      ID: id,
      remainingTTL: int64FromCounter(remainingTtlSeconds),
    })),
  }).finish();
}

export function encodeAlarmActivation(memberId: MemberId, type: AlarmType): Uint8Array {
  return AlarmRequest.encode({
    action: AlarmRequest_AlarmAction.ACTIVATE,
    memberID: memberId,
    alarm: wireAlarmOf(type),
  }).finish();
}

export function encodeClusterVersionSet(version: string): Uint8Array {
  return ClusterVersionSetRequest.encode({ ver: version }).finish();
}

export function encodeMemberAttributesSet(
  memberId: MemberId,
  name: string,
  clientUrls: readonly string[],
): Uint8Array {
  return ClusterMemberAttrSetRequest.encode({
    memberID: memberId,
    memberAttributes: { name, clientUrls: [...clientUrls] },
  }).finish();
}

export function encodeDowngradeSet(enabled: boolean, targetVersion: string): Uint8Array {
  return DowngradeInfoSetRequest.encode({ enabled, ver: targetVersion }).finish();
}
