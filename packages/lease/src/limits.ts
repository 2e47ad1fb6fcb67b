/** Every bound and interval of this package, with its default and its reason. */

/** Longest TTL that is granted, in seconds (etcd's MaxLeaseTTL; 285 years). In milliseconds it is still exact. */
export const TTL_SECONDS_MAX = 9_000_000_000;

/** Leases offered for revocation by one call of `due`; with a round each 500 ms this is 1,000 a second. */
export const REVOKES_PER_ROUND_MAX = 500;

/** Time after which a lease that was offered for revocation, and is still there, is offered again. */
export const REVOKE_RETRY_MS = 7_000;

/** From this number of leases on, a new primary spreads expiries that would fall due together. */
export const SPREAD_LEASES_MIN = 1_000;

/** Expiries that a new primary lets fall due within any second: three quarters of what can be revoked in one. */
export const SPREAD_EXPIRIES_PER_SECOND_MAX = 750;

/** Time between two checkpoints of a lease. Leases with less time left than this are not checkpointed. */
export const CHECKPOINT_INTERVAL_MS = 300_000;

/** Checkpoints in one log entry. */
export const CHECKPOINTS_PER_ENTRY_MAX = 1_000;
