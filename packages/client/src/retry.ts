/** Which calls may be sent again, and when (reliability rule G-18; etcd client/v3/retry.go for the reads). */
import { GrpcCode, type StatusError } from './transport/status-error.js';

/** Attempts of one call, the first included. */
export const attemptsMax = 100;
/** Pause after each round over a majority of the endpoints, give or take a tenth. */
const pauseMs = 25;

/**
 * Methods that change nothing: sending them twice is harmless. Everything else is a write. Unlike etcd's client we do not repeat
 * LeaseGrant, LeaseRevoke and MoveLeader: done twice, they leave a second lease, or report an error for what succeeded.
 */
const reads: ReadonlySet<string> = new Set([
  '/etcdserverpb.KV/Range',
  '/etcdserverpb.Lease/LeaseTimeToLive',
  '/etcdserverpb.Lease/LeaseLeases',
  '/etcdserverpb.Cluster/MemberList',
  '/etcdserverpb.Maintenance/Status',
  '/etcdserverpb.Maintenance/Hash',
  '/etcdserverpb.Maintenance/HashKV',
  // Makes a token and changes nothing that is stored: a second one does no harm.
  '/etcdserverpb.Auth/Authenticate',
  '/etcdserverpb.Auth/AuthStatus',
  '/etcdserverpb.Auth/UserGet',
  '/etcdserverpb.Auth/UserList',
  '/etcdserverpb.Auth/RoleGet',
  '/etcdserverpb.Auth/RoleList',
]);

export function isRead(methodPath: string): boolean {
  return reads.has(methodPath);
}

/** Whether the call may be sent again after this failure. */
export function mayRepeat(methodPath: string, error: StatusError, endpointCount: number): boolean {
  if (error.unprocessed) return true;
  // A learner refuses before it does anything; another endpoint may be a voter.
  if (error.message === 'etcdserver: rpc not supported for learner') return endpointCount > 1;
  return error.grpcCode === GrpcCode.unavailable && isRead(methodPath);
}

/** Pause before attempt number `attempt` (from 0), in milliseconds. `random` is in [0, 1). */
export function pauseBeforeMs(attempt: number, endpointCount: number, random: number): number {
  const quorum = Math.floor(endpointCount / 2) + 1;
  if (attempt === 0 || attempt % quorum !== 0) return 0;
  return pauseMs * (0.9 + 0.2 * random);
}

/** Codes with which the server says that nothing happened. */
const definite: ReadonlySet<number> = new Set([
  GrpcCode.invalidArgument,
  GrpcCode.notFound,
  GrpcCode.alreadyExists,
  GrpcCode.permissionDenied,
  GrpcCode.resourceExhausted,
  GrpcCode.failedPrecondition,
  GrpcCode.outOfRange,
  GrpcCode.unimplemented,
  GrpcCode.unauthenticated,
]);

/** What is known of a request that failed with this status (G-18). */
export function outcomeOf(error: StatusError): 'definite' | 'unknown' {
  if (error.unprocessed) return 'definite';
  return definite.has(error.grpcCode) && !error.isLocal ? 'definite' : 'unknown';
}
