/** Leases as replicated state, and the leader's view of when they run out. */
export { LeaseError } from './errors.js';
export type { LeaseErrorCode } from './errors.js';
export { leaseId, NO_LEASE } from './lease.js';
export type { Key, Lease, LeaseCheckpoint, LeaseId, LeaseRecord } from './lease.js';
export { decodeLeaseRecord, encodeLeaseRecord, leaseRecordKey } from './lease-record.js';
export { Lessor } from './lessor.js';
export type { LessorObserver, LessorOptions } from './lessor.js';
export {
  CHECKPOINTS_PER_ENTRY_MAX,
  CHECKPOINT_INTERVAL_MS,
  REVOKES_PER_ROUND_MAX,
  REVOKE_RETRY_MS,
  SPREAD_EXPIRIES_PER_SECOND_MAX,
  SPREAD_LEASES_MIN,
  TTL_SECONDS_MAX,
} from './limits.js';
export { minTtlSeconds } from './min-ttl.js';
export { Primary } from './primary.js';
export type { GoneOutcome, PrimaryOptions, RenewOutcome, TimeToLiveOutcome } from './primary.js';
