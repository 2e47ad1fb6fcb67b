/** The service of maintenance: its messages and its methods. */
import {
  AlarmRequest,
  AlarmResponse,
  DefragmentRequest,
  DefragmentResponse,
  DowngradeRequest,
  DowngradeResponse,
  HashKVRequest,
  HashKVResponse,
  HashRequest,
  HashResponse,
  MoveLeaderRequest,
  MoveLeaderResponse,
  SnapshotRequest,
  SnapshotResponse,
  StatusRequest,
  StatusResponse,
} from './gen/etcdserverpb/maintenance.js';
import { method } from './method.js';
import type { ServerStreamMethod, UnaryMethod } from './method.js';

export {
  AlarmMember,
  AlarmRequest,
  AlarmRequest_AlarmAction,
  AlarmResponse,
  AlarmType,
  DefragmentRequest,
  DefragmentResponse,
  DowngradeInfo,
  DowngradeRequest,
  DowngradeRequest_DowngradeAction,
  DowngradeResponse,
  HashKVRequest,
  HashKVResponse,
  HashRequest,
  HashResponse,
  MoveLeaderRequest,
  MoveLeaderResponse,
  SnapshotRequest,
  SnapshotResponse,
  StatusRequest,
  StatusResponse,
} from './gen/etcdserverpb/maintenance.js';
export { ResponseHeader } from './gen/etcdserverpb/header.js';

const name = 'etcdserverpb.Maintenance';

/** The methods of `etcdserverpb.Maintenance`. */
export const maintenanceService: {
  /** Lists, raises or clears alarms. */
  readonly alarm: UnaryMethod<AlarmRequest, AlarmResponse>;
  /** How this member is. */
  readonly status: UnaryMethod<StatusRequest, StatusResponse>;
  /** Gives free space back; this member only. */
  readonly defragment: UnaryMethod<DefragmentRequest, DefragmentResponse>;
  /** Hash of the whole store; for tests. */
  readonly hash: UnaryMethod<HashRequest, HashResponse>;
  /** Hash of the keys, to compare members. */
  readonly hashKV: UnaryMethod<HashKVRequest, HashKVResponse>;
  /** An image of the store, in pieces. */
  readonly snapshot: ServerStreamMethod<SnapshotRequest, SnapshotResponse>;
  /** Hands leadership over; only the leader can. */
  readonly moveLeader: UnaryMethod<MoveLeaderRequest, MoveLeaderResponse>;
  /** Prepares or cancels running an older version. */
  readonly downgrade: UnaryMethod<DowngradeRequest, DowngradeResponse>;
} = {
  alarm: method('unary', name, 'Alarm', AlarmRequest, AlarmResponse),
  status: method('unary', name, 'Status', StatusRequest, StatusResponse),
  defragment: method('unary', name, 'Defragment', DefragmentRequest, DefragmentResponse),
  hash: method('unary', name, 'Hash', HashRequest, HashResponse),
  hashKV: method('unary', name, 'HashKV', HashKVRequest, HashKVResponse),
  snapshot: method('serverStream', name, 'Snapshot', SnapshotRequest, SnapshotResponse),
  moveLeader: method('unary', name, 'MoveLeader', MoveLeaderRequest, MoveLeaderResponse),
  downgrade: method('unary', name, 'Downgrade', DowngradeRequest, DowngradeResponse),
};
