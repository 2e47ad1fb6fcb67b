/** Leases as replicated state, and the leader's view of when they run out. */
export { leaseId, NO_LEASE } from './lease.js';
export type { Key, Lease, LeaseCheckpoint, LeaseId, LeaseRecord } from './lease.js';
export { LeaseError } from './errors.js';
export type { LeaseErrorCode } from './errors.js';
export { TTL_SECONDS_MAX } from './limits.js';
