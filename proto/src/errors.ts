/**
 * The one table of errors on the wire: gRPC code and exact text of each. Clients of etcd match on the text, so every character counts.
 *
 * Source: etcd v3.7.1 api/v3rpc/rpctypes/error.go, and for those that it does not list what the server was seen to send. The
 * table keeps one row per line and its codes as numbers (`GrpcCode` names them): that is how it is compared and read.
 */
import { goErrorText } from './grpc-code.js';
import type { GrpcCode } from './grpc-code.js';

export { GrpcCode } from './grpc-code.js';

/** One error as a client sees it. */
export interface WireError {
  /** The code that etcd v3.7.1 puts on the wire. */
  readonly code: GrpcCode;
  /** The exact text. */
  readonly message: string;
  /** The code that client libraries list for this text, where the server sends UNKNOWN (2) instead. */
  readonly listedCode?: GrpcCode;
}

// prettier-ignore
/** Every error that a server of etcd v3.7.1 makes itself, by a stable key. */
export const wireErrors = {
  // Keys, watches, leases.
  emptyKey: { code: 3, message: 'etcdserver: key is not provided' },
  keyNotFound: { code: 3, message: 'etcdserver: key not found' },
  valueProvided: { code: 3, message: 'etcdserver: value is provided' },
  leaseProvided: { code: 3, message: 'etcdserver: lease is provided' },
  tooManyOps: { code: 3, message: 'etcdserver: too many operations in txn request' },
  duplicateKey: { code: 3, message: 'etcdserver: duplicate key given in txn request' },
  invalidSortOption: { code: 3, message: 'etcdserver: invalid sort option' },
  requestTooLarge: { code: 3, message: 'etcdserver: request is too large' },
  compacted: { code: 11, message: 'etcdserver: mvcc: required revision has been compacted' },
  futureRevision: { code: 11, message: 'etcdserver: mvcc: required revision is a future revision' },
  noSpace: { code: 8, message: 'etcdserver: mvcc: database space exceeded' },
  streamSortUnsupported: { code: 12, message: 'RangeStream does not support custom sort orders' },
  streamFilterUnsupported: { code: 12, message: 'RangeStream does not support revision filters' },
  watchCanceled: { code: 1, message: 'etcdserver: watch canceled' },
  leaseNotFound: { code: 5, message: 'etcdserver: requested lease not found' },
  leaseExists: { code: 9, message: 'etcdserver: lease already exists' },
  leaseTtlTooLarge: { code: 11, message: 'etcdserver: too large lease TTL' },

  // Membership.
  memberExists: { code: 9, message: 'etcdserver: member ID already exist' },
  peerUrlExists: { code: 9, message: 'etcdserver: Peer URLs already exists' },
  memberBadUrls: { code: 3, message: 'etcdserver: given member URLs are invalid' },
  memberNotFound: { code: 5, message: 'etcdserver: member not found' },
  memberNotLearner: { code: 9, message: 'etcdserver: can only promote a learner member' },
  learnerNotReady: { code: 9, message: 'etcdserver: can only promote a learner member which is in sync with leader' },
  tooManyLearners: { code: 9, message: 'etcdserver: too many learner members in cluster' },
  memberNotEnoughStarted: { code: 2, listedCode: 9, message: 'etcdserver: re-configuration failed due to not enough started members' },
  /** Listed, never sent to clients: members use it between themselves. */
  clusterIdMismatch: { code: 9, message: 'etcdserver: cluster ID mismatch' },
  unhealthy: { code: 14, message: 'etcdserver: unhealthy cluster' },

  // Users, roles, tokens.
  rootUserNotExist: { code: 9, message: 'etcdserver: root user does not exist' },
  rootRoleNotGranted: { code: 9, message: 'etcdserver: root user does not have root role' },
  userExists: { code: 9, message: 'etcdserver: user name already exists' },
  userEmpty: { code: 3, message: 'etcdserver: user name is empty' },
  userNotFound: { code: 9, message: 'etcdserver: user name not found' },
  roleExists: { code: 9, message: 'etcdserver: role name already exists' },
  roleNotFound: { code: 9, message: 'etcdserver: role name not found' },
  roleEmpty: { code: 3, message: 'etcdserver: role name is empty' },
  authFailed: { code: 3, message: 'etcdserver: authentication failed, invalid user ID or password' },
  permissionNotGiven: { code: 3, message: 'etcdserver: permission not given' },
  permissionDenied: { code: 7, message: 'etcdserver: permission denied' },
  roleNotGranted: { code: 9, message: 'etcdserver: role is not granted to the user' },
  permissionNotGranted: { code: 9, message: 'etcdserver: permission is not granted to the role' },
  authNotEnabled: { code: 9, message: 'etcdserver: authentication is not enabled' },
  invalidAuthToken: { code: 16, message: 'etcdserver: invalid auth token' },
  invalidAuthManagement: { code: 3, message: 'etcdserver: invalid auth management' },
  authOldRevision: { code: 3, message: 'etcdserver: revision of auth store is old' },
  noPasswordUser: { code: 2, message: 'auth: authentication failed, password was given for no password user' },
  verifyOnlyToken: { code: 2, message: 'auth: token signing attempted with verify-only key' },
  passwordTooLong: { code: 2, message: 'bcrypt: password length exceeds 72 bytes' },

  // State of the cluster and of the member.
  noLeader: { code: 14, message: 'etcdserver: no leader' },
  notLeader: { code: 9, message: 'etcdserver: not leader' },
  leaderChanged: { code: 14, message: 'etcdserver: leader changed' },
  notCapable: { code: 9, message: 'etcdserver: not capable' },
  stopped: { code: 14, message: 'etcdserver: server stopped' },
  timeout: { code: 14, message: 'etcdserver: request timed out' },
  timeoutLeaderFail: { code: 14, message: 'etcdserver: request timed out, possibly due to previous leader failure' },
  timeoutConnectionLost: { code: 14, message: 'etcdserver: request timed out, possibly due to connection lost' },
  timeoutWaitAppliedIndex: { code: 14, message: 'etcdserver: request timed out, waiting for the applied index took too long' },
  corrupt: { code: 15, message: 'etcdserver: corrupt cluster' },
  notSupportedForLearner: { code: 9, message: 'etcdserver: rpc not supported for learner' },
  tooManyRequests: { code: 2, listedCode: 8, message: 'etcdserver: too many requests' },
  notPrimaryLessor: { code: 2, message: 'not a primary lessor' },
  proposalDropped: { code: 2, message: 'raft proposal dropped' },
  raftStopped: { code: 2, message: 'raft: stopped' },
  invalidClientApiVersion: { code: 3, message: 'etcdserver: invalid client api version' },
  canceled: { code: 1, message: 'etcdserver: request canceled' },
  /** Listed, never sent: `contextDeadlineExceeded` is. */
  deadlineExceeded: { code: 4, message: 'etcdserver: context deadline exceeded' },

  // Maintenance.
  badLeaderTransferee: { code: 9, message: 'etcdserver: bad leader transferee' },
  timeoutLeaderTransfer: { code: 2, message: 'etcdserver: request timed out, leader transfer took too long' },
  wrongDowngradeVersionFormat: { code: 3, message: 'etcdserver: wrong downgrade target version format' },
  invalidDowngradeTargetVersion: { code: 3, message: 'etcdserver: invalid downgrade target version' },
  clusterVersionUnavailable: { code: 9, message: 'etcdserver: cluster version not found during downgrade' },
  downgradeInProcess: { code: 9, message: 'etcdserver: cluster has a downgrade job in progress' },
  /** Listed, never sent: Downgrade CANCEL answers OK. */
  noInflightDowngrade: { code: 9, message: 'etcdserver: no inflight downgrade job' },
  unknownMethod: { code: 2, message: 'etcdserver: unknown method' },

  // Locks and elections. What their inner calls raise arrives as UNKNOWN with the text of the inner error.
  electionNoLeader: { code: 2, message: 'election: no leader' },
  electionNotLeader: { code: 2, message: 'election: not leader' },
  electionLeaderMissing: { code: 2, message: '"leader" field must be provided' },
  lockSessionExpired: { code: 2, message: 'mutex: session is expired' },
  lockWatcherLost: { code: 2, message: 'lost watcher waiting for delete' },

  // What grpc-go says for etcd.
  contextCanceled: { code: 1, message: 'context canceled' },
  contextDeadlineExceeded: { code: 4, message: 'context deadline exceeded' },
  unknownHealthService: { code: 5, message: 'unknown service' },
} as const;

/** The stable name of an error in programs. */
export type WireErrorKey = keyof typeof wireErrors;

/** The table with its rows seen as `WireError`: `wireErrors.compacted` has literal types, `wireErrorOf(key)` takes any key. */
const rows: Readonly<Record<WireErrorKey, WireError>> = wireErrors;

const keysByMessage: ReadonlyMap<string, WireErrorKey> = new Map(
  (Object.keys(wireErrors) as WireErrorKey[]).map((key) => [rows[key].message, key]),
);

/** The row of a key. */
export function wireErrorOf(key: WireErrorKey): WireError {
  return rows[key];
}

/**
 * The key of an error by its text, or undefined for a text that is not in the table. The code is not asked: errors of
 * inner calls of locks and elections carry UNKNOWN with the usual text. Etcd's Go client looks up by text alone, too.
 */
export function findWireErrorKey(message: string): WireErrorKey | undefined {
  return keysByMessage.get(message);
}

/** Texts of `WatchResponse.cancel_reason`. Absent for the client's own cancel, and where `compact_revision` says why. */
export const watchCancelReasons: {
  readonly compacted: string;
  readonly emptyRange: string;
  readonly duplicateId: string;
  readonly permissionDenied: string;
  readonly invalidAuthToken: string;
  readonly userEmpty: string;
  readonly authOldRevision: string;
} = {
  /** A start revision below zero. */
  compacted: wireErrors.compacted.message,
  emptyRange: 'mvcc: watcher range is empty',
  duplicateId: 'mvcc: duplicate watch ID provided on the WatchStream',
  permissionDenied: goErrorText(wireErrors.permissionDenied),
  invalidAuthToken: goErrorText(wireErrors.invalidAuthToken),
  userEmpty: goErrorText(wireErrors.userEmpty),
  authOldRevision: goErrorText(wireErrors.authOldRevision),
};

/** The stable name of a reason in programs. */
export type WatchCancelReasonKey = keyof typeof watchCancelReasons;

/** The key of a reason by its text, or undefined for a text that is not in the table. */
export function findWatchCancelReasonKey(reason: string): WatchCancelReasonKey | undefined {
  const keys = Object.keys(watchCancelReasons) as WatchCancelReasonKey[];
  return keys.find((key) => watchCancelReasons[key] === reason);
}
