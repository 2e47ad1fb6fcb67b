/** Members and endpoints as rows of cells: lines of the simple format and rows of tables. */
import type { MemberListResponse } from '@kv/proto/cluster';
import { fromText, type ByteString } from '../bytes.js';
import type { EndpointHashKV, EndpointHealth, EndpointStatus } from './printer.js';
import { hexId, humanBytes } from './text.js';

export interface Rows {
  readonly header: readonly string[];
  readonly rows: readonly (readonly ByteString[])[];
}

export function memberRows(answer: MemberListResponse): Rows {
  return {
    header: ['ID', 'Status', 'Name', 'Peer Addrs', 'Client Addrs', 'Is Learner'],
    rows: answer.members.map((member) => [
      hexId(member.ID),
      member.name === '' ? 'unstarted' : 'started',
      fromText(member.name),
      fromText(member.peerURLs.join(',')),
      fromText(member.clientURLs.join(',')),
      String(member.isLearner),
    ]),
  };
}

export function healthRows(list: readonly EndpointHealth[]): Rows {
  return {
    header: ['endpoint', 'health', 'took', 'error'],
    rows: list.map(({ endpoint, health, took, error }) => [endpoint, String(health), took, error]),
  };
}

export function statusRows(list: readonly EndpointStatus[]): Rows {
  return {
    header: [
      'endpoint',
      'ID',
      'version',
      'storage version',
      'db size',
      'in use',
      'percentage not in use',
      'quota',
      'is leader',
      'is learner',
      'raft term',
      'raft index',
      'raft applied index',
      'errors',
      'downgrade target version',
      'downgrade enabled',
    ],
    rows: list.map(({ endpoint, status }) => [
      endpoint,
      hexId(status.header?.memberId ?? 0n),
      fromText(status.version),
      fromText(status.storageVersion),
      humanBytes(status.dbSize),
      humanBytes(status.dbSizeInUse),
      percentageNotInUse(status.dbSize, status.dbSizeInUse),
      humanBytes(status.dbSizeQuota),
      String(status.leader === (status.header?.memberId ?? 0n)),
      String(status.isLearner),
      String(status.raftTerm),
      String(status.raftIndex),
      String(status.raftAppliedIndex),
      fromText(status.errors.join(', ')),
      fromText(status.downgradeInfo?.targetVersion ?? ''),
      String(status.downgradeInfo?.enabled ?? false),
    ]),
  };
}

/** etcdctl crashes on an empty store (division by zero); nothing of nothing is unused. */
function percentageNotInUse(size: bigint, inUse: bigint): string {
  return size === 0n ? '0%' : `${100n - (inUse * 100n) / size}%`;
}

export function hashRows(list: readonly EndpointHashKV[]): Rows {
  return {
    header: ['endpoint', 'hash', 'hash_revision'],
    rows: list.map(({ endpoint, hashKV }) => [
      endpoint,
      String(hashKV.hash),
      String(hashKV.hashRevision),
    ]),
  };
}
