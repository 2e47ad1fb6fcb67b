/** One lease as every member knows it: the names and shapes that the rest of this package is about. */
import type { Brand } from './brand.js';

/** Identifies a lease; a signed 64-bit number on the wire, negative ones included. `0n` means "no lease". */
export type LeaseId = Brand<bigint, 'LeaseId'>;

/** A key as in `@kv/mvcc/model`: a latin1 string, one unit per byte, so that `<` is byte order. */
export type Key = Brand<string, 'Key'>;

/** The absence of a lease, as on the wire. */
export const NO_LEASE: LeaseId = leaseId(0n);

/** Takes a signed 64-bit number for a lease's identifier. */
export function leaseId(value: bigint): LeaseId {
  return BigInt.asIntN(64, value) as LeaseId;
}

/** What is replicated and stored about a lease; its keys follow from the keys themselves, its expiry is the leader's. */
export interface LeaseRecord {
  readonly id: LeaseId;
  /** Granted time to live in seconds: at least the minimum of the cluster, at most {@link TTL_SECONDS_MAX}. */
  readonly ttlSeconds: number;
  /** The remainder that was last checkpointed, in seconds; 0 when none is recorded, and then the full TTL counts. */
  readonly remainingTtlSeconds: number;
}

/** A lease in memory. A live view: the fields change as entries are applied. Only the `Lessor` changes it. */
export interface Lease extends LeaseRecord {
  /** Number of keys attached now. */
  readonly keyCount: number;
}

/** A remaining time to log, so that a new leader need not start from the full TTL. 0 clears the record. */
export interface LeaseCheckpoint {
  readonly id: LeaseId;
  readonly remainingTtlSeconds: number;
}
