/**
 * The replicated half: which leases there are, and which key belongs to which. Every member applies the same entries to
 * it, so nothing here depends on time. Source of the behaviour: etcd server/lease/lessor.go.
 */
import { LeaseError } from './errors.js';
import { invariant } from './invariant.js';
import { NO_LEASE } from './lease.js';
import type { Key, Lease, LeaseCheckpoint, LeaseId, LeaseRecord } from './lease.js';
import { TTL_SECONDS_MAX } from './limits.js';

export interface LessorOptions {
  /** Shorter grants are raised to this. The same on all members: see `minTtlSeconds`. */
  readonly minTtlSeconds: number;
}

/** Told of changes after they happened. The leader's clockwork is the one observer that there is. */
export interface LessorObserver {
  granted(id: LeaseId): void;
  revoked(id: LeaseId): void;
  checkpointed(lease: LeaseRecord): void;
  /** Everything was replaced. */
  restored(): void;
}

/** A lease that the lessor may change. */
class HeldLease implements Lease {
  readonly id: LeaseId;
  readonly ttlSeconds: number;
  remainingTtlSeconds: number;
  readonly keys = new Set<Key>();

  constructor(id: LeaseId, ttlSeconds: number, remainingTtlSeconds: number) {
    this.id = id;
    this.ttlSeconds = ttlSeconds;
    this.remainingTtlSeconds = remainingTtlSeconds;
  }

  get keyCount(): number {
    return this.keys.size;
  }
}

export class Lessor {
  readonly #minTtlSeconds: number;
  #leases = new Map<LeaseId, HeldLease>();
  /** Inverse of the leases' key sets (invariant L1). */
  #leaseOfKey = new Map<Key, HeldLease>();
  #observer: LessorObserver | undefined;

  constructor(options: LessorOptions) {
    invariant(
      Number.isSafeInteger(options.minTtlSeconds) && options.minTtlSeconds >= 1,
      'the minimum ttl is whole seconds',
      { minTtlSeconds: options.minTtlSeconds },
    );
    this.#minTtlSeconds = options.minTtlSeconds;
  }

  /** Number of leases; the bound on it is the server's, decided before a grant is proposed. */
  get size(): number {
    return this.#leases.size;
  }

  /** Number of keys that belong to some lease. */
  get attachedKeyCount(): number {
    return this.#leaseOfKey.size;
  }

  /**
   * Adds a lease. A TTL below the minimum, 0 and negative ones included, is raised to it; the result says what was
   * granted, for the answer and the stored record. Throws `not_found` for 0n (which etcd answers so), `ttl_too_large`,
   * `exists`.
   */
  grant(id: LeaseId, ttlSeconds: number): Lease {
    if (id === NO_LEASE) throw notFound(id);
    if (ttlSeconds > TTL_SECONDS_MAX) {
      const message = `lease ttl ${ttlSeconds} s exceeds ${TTL_SECONDS_MAX} s`;
      throw new LeaseError('ttl_too_large', message);
    }
    if (this.#leases.has(id)) throw new LeaseError('exists', `lease ${hex(id)} already exists`);
    const lease = new HeldLease(id, Math.max(ttlSeconds, this.#minTtlSeconds), 0);
    this.#leases.set(id, lease);
    this.#observer?.granted(id);
    return lease;
  }

  /**
   * Ends a lease. Returns its keys in ascending byte order, so that all members delete them in the same order; they
   * belong to no lease any more, and deleting them is the caller's part of the same revision. Throws `not_found`.
   */
  revoke(id: LeaseId): readonly Key[] {
    const lease = this.#held(id);
    const keys = sorted(lease.keys);
    for (const key of keys) this.#leaseOfKey.delete(key);
    this.#leases.delete(id);
    this.#observer?.revoked(id);
    return keys;
  }

  /** Gives a key to a lease, taking it from the one that had it. Throws `not_found`, with the key where it was. */
  attach(id: LeaseId, key: Key): void {
    const lease = this.#held(id);
    const before = this.#leaseOfKey.get(key);
    if (before === lease) return;
    before?.keys.delete(key);
    lease.keys.add(key);
    this.#leaseOfKey.set(key, lease);
  }

  /** The key belongs to no lease any more: it was put without one, or deleted. */
  detach(key: Key): void {
    const lease = this.#leaseOfKey.get(key);
    if (lease === undefined) return;
    const had = lease.keys.delete(key);
    invariant(had, 'a lease knows each key that knows it', { lease: hex(lease.id) });
    this.#leaseOfKey.delete(key);
  }

  /** The lease of a key, or 0n. */
  leaseOf(key: Key): LeaseId {
    return this.#leaseOfKey.get(key)?.id ?? NO_LEASE;
  }

  /** The keys of a lease, ascending; a copy. Throws `not_found`. */
  keys(id: LeaseId): readonly Key[] {
    return sorted(this.#held(id).keys);
  }

  /**
   * Records a remaining time, or clears it with 0; its use begins with the next promotion. Returns the lease, whose
   * record the caller stores; `undefined` for an unknown one, which is no error: it was revoked meanwhile.
   */
  checkpoint(checkpoint: LeaseCheckpoint): Lease | undefined {
    const lease = this.#leases.get(checkpoint.id);
    if (lease === undefined) return undefined;
    lease.remainingTtlSeconds = checkpoint.remainingTtlSeconds;
    this.#observer?.checkpointed(lease);
    return lease;
  }

  find(id: LeaseId): Lease | undefined {
    return this.#leases.get(id);
  }

  has(id: LeaseId): boolean {
    return this.#leases.has(id);
  }

  /** All leases, in no order that means anything. Do not change any while going through them. */
  leases(): IterableIterator<Lease> {
    return this.#leases.values();
  }

  /**
   * Replaces everything by what is stored: at start, and when a snapshot replaced the store. TTLs below the minimum are
   * raised. Attachments follow from the keys: call {@link attach} for each stored key with a lease.
   */
  restore(records: Iterable<LeaseRecord>): void {
    this.#leases = new Map();
    this.#leaseOfKey = new Map();
    for (const { id, ttlSeconds, remainingTtlSeconds } of records) {
      const ttl = Math.max(ttlSeconds, this.#minTtlSeconds);
      this.#leases.set(id, new HeldLease(id, ttl, remainingTtlSeconds));
    }
    this.#observer?.restored();
  }

  /** For the clockwork of this member; there is only one. */
  observe(observer: LessorObserver): void {
    invariant(this.#observer === undefined, 'a lessor has one primary');
    this.#observer = observer;
  }

  #held(id: LeaseId): HeldLease {
    const lease = this.#leases.get(id);
    if (lease === undefined) throw notFound(id);
    return lease;
  }
}

/** Keys are one unit per byte, so the default order of strings is byte order. */
function sorted(keys: ReadonlySet<Key>): readonly Key[] {
  return [...keys].sort();
}

function notFound(id: LeaseId): LeaseError {
  return new LeaseError('not_found', `lease ${hex(id)} not found`);
}

/** As etcd prints identifiers: unsigned, without leading zeros. */
function hex(id: LeaseId): string {
  return BigInt.asUintN(64, id).toString(16);
}
