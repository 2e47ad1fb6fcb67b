/** How a failure inside of the member looks on the wire: one row for each of our codes, from the one table of texts. */
import { MvccError } from '@kv/mvcc';
import { wireErrorOf, type WireErrorKey } from '@kv/proto/errors';
import { RpcCode, RpcError } from '@kv/rpc';
import type { Rejection } from '../apply/outcome.js';
import type { PromotionFailure } from '../cluster/promotion.js';
import type { ReadFailure } from '../request/linearizable.js';
import type { ProposalFailure } from '../request/proposal.js';
import type { RequestProblem } from './validate.js';

/** What only services decide. */
export type ServiceProblem =
  | 'noLeader'
  | 'notLeader'
  | 'notSupportedForLearner'
  | 'invalidClientApiVersion'
  | 'notPrimaryLessor'
  | 'waitAppliedIndexTimeout'
  | 'badLeaderTransferee'
  | 'leaderTransferTimeout'
  | 'watchCanceled'
  | 'unknownHealthService'
  | 'unknownMethod'
  | 'wrongDowngradeVersionFormat'
  | 'invalidDowngradeTargetVersion'
  | 'clusterVersionUnavailable'
  | 'downgradeInProcess'
  | 'memberBadUrls';

export type CallProblem =
  Rejection | RequestProblem | ProposalFailure | ReadFailure | PromotionFailure | ServiceProblem;

const wireKeys = {
  // Rejected when applied.
  corruptCluster: 'corrupt',
  noSpace: 'noSpace',
  compacted: 'compacted',
  futureRevision: 'futureRevision',
  keyNotFound: 'keyNotFound',
  leaseNotFound: 'leaseNotFound',
  leaseExists: 'leaseExists',
  leaseTtlTooLarge: 'leaseTtlTooLarge',
  // Refused by validation.
  emptyKey: 'emptyKey',
  valueProvided: 'valueProvided',
  leaseProvided: 'leaseProvided',
  tooManyOps: 'tooManyOps',
  duplicateKey: 'duplicateKey',
  invalidSortOption: 'invalidSortOption',
  streamSort: 'streamSortUnsupported',
  streamFilters: 'streamFilterUnsupported',
  // Proposals and reads without a result.
  tooManyRequests: 'tooManyRequests',
  requestTooLarge: 'requestTooLarge',
  notHandedOver: 'contextDeadlineExceeded',
  dropped: 'proposalDropped',
  timedOut: 'timeout',
  timedOutLeaderFailed: 'timeoutLeaderFail',
  timedOutConnectionLost: 'timeoutConnectionLost',
  leaderChanged: 'leaderChanged',
  stopped: 'stopped',
  // Membership.
  memberNotFound: 'memberNotFound',
  memberExists: 'memberExists',
  peerUrlExists: 'peerUrlExists',
  notLearner: 'memberNotLearner',
  tooManyLearners: 'tooManyLearners',
  memberBadUrls: 'memberBadUrls',
  notEnoughStarted: 'memberNotEnoughStarted',
  unhealthy: 'unhealthy',
  learnerNotReady: 'learnerNotReady',
  // Services.
  noLeader: 'noLeader',
  notLeader: 'notLeader',
  notSupportedForLearner: 'notSupportedForLearner',
  invalidClientApiVersion: 'invalidClientApiVersion',
  notPrimaryLessor: 'notPrimaryLessor',
  waitAppliedIndexTimeout: 'timeoutWaitAppliedIndex',
  badLeaderTransferee: 'badLeaderTransferee',
  leaderTransferTimeout: 'timeoutLeaderTransfer',
  watchCanceled: 'watchCanceled',
  unknownHealthService: 'unknownHealthService',
  unknownMethod: 'unknownMethod',
  wrongDowngradeVersionFormat: 'wrongDowngradeVersionFormat',
  invalidDowngradeTargetVersion: 'invalidDowngradeTargetVersion',
  clusterVersionUnavailable: 'clusterVersionUnavailable',
  downgradeInProcess: 'downgradeInProcess',
} as const satisfies Record<CallProblem, WireErrorKey>;

/** Made once each: an error costs a stack trace, and some of these are sent by the thousand when a member is overloaded. */
const made = new Map<CallProblem, RpcError>();

/** The error that a client sees for a problem of ours. Shared: nothing is ever added to it. */
export function rpcErrorOf(problem: CallProblem): RpcError {
  const known = made.get(problem);
  if (known !== undefined) return known;
  const { code, message } = wireErrorOf(wireKeys[problem]);
  const error = new RpcError(code, message);
  made.set(problem, error);
  return error;
}

/**
 * Whether a read was cut because a snapshot of the leader took the place of the store. It is no failure of the member: clients
 * hear `leader changed`, on which they try again.
 */
export function isReplaced(error: unknown): boolean {
  return error instanceof MvccError && error.code === 'replaced';
}

/** Bytes that are no message (observed 9): what grpc-go says before the handler runs. */
export function malformedRequest(cause: unknown): RpcError {
  const reason = 'proto: cannot parse invalid wire-format data';
  return new RpcError(RpcCode.internal, `grpc: error unmarshalling request: ${reason}`, { cause });
}

/** A response that would not fit into memory (ours; etcd has only gRPC's 2 GiB). */
export function responseTooLarge(bytes: number, bytesMax: number): RpcError {
  return new RpcError(
    RpcCode.resourceExhausted,
    `etcdserver: response of ${bytes} bytes exceeds ${bytesMax}, use limit or RangeStream`,
  );
}

/** A method that this version does not have yet, in the words of gRPC. */
export function unimplemented(method: string): RpcError {
  return new RpcError(RpcCode.unimplemented, `method ${method} not implemented`);
}
