/**
 * What members write and what they say to each other: log entries, records of the write-ahead log, snapshots, stored users,
 * leases and members. Clients see none of it. Names that would collide carry their subject.
 */

// Entries of the log (etcdserverpb, membershippb).
export {
  DowngradeVersionTestRequest,
  EmptyResponse,
  InternalAuthenticateRequest,
  InternalRaftRequest,
  LeaseCheckpoint,
  LeaseCheckpointRequest,
  LeaseCheckpointResponse,
  RequestHeader,
} from './gen/etcdserverpb/raft_internal.js';
export {
  Attributes,
  ClusterMemberAttrSetRequest,
  ClusterVersionSetRequest,
  DowngradeInfoSetRequest,
  Member as StoredMember,
  RaftAttributes,
} from './gen/membershippb/membership.js';

// Records of the write-ahead log, snapshot files (walpb, snappb, etcdserverpb).
export { Metadata } from './gen/etcdserverpb/metadata.js';
export { Record as WalRecord, Snapshot as WalSnapshot } from './gen/walpb/record.js';
export { snapshot as SnapshotFile } from './gen/snappb/snap.js';

// Raft (raftpb).
export {
  ConfChange,
  ConfChangeSingle,
  ConfChangeTransition,
  ConfChangeType,
  ConfChangeV2,
  ConfState,
  Entry,
  EntryType,
  HardState,
  Message as RaftMessage,
  MessageType as RaftMessageType,
  Snapshot as RaftSnapshot,
  SnapshotMetadata,
} from './gen/raftpb/raft.js';

// Stored leases, users and roles, and what followers ask the leader (leasepb, authpb).
export {
  Lease as StoredLease,
  LeaseInternalRequest,
  LeaseInternalResponse,
} from './gen/leasepb/lease.js';
export { Role as StoredRole, User as StoredUser } from './gen/authpb/auth.js';
