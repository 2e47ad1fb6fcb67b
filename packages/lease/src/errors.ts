/** The errors of this package: one class, told apart by `code`. */

/**
 * - `not_found`: no lease with this identifier (etcd: `requested lease not found`), also for a grant of `0n`.
 * - `exists`: the identifier of a grant is in use (etcd: `lease already exists`).
 * - `ttl_too_large`: a grant above the longest TTL (etcd: `too large lease TTL`).
 * - `bad_record`: stored bytes that are not a lease record.
 */
export type LeaseErrorCode = 'not_found' | 'exists' | 'ttl_too_large' | 'bad_record';

const brand = Symbol.for('@kv/lease.LeaseError');

/** Thrown before anything was changed. Match by `code`; two installs of this package agree on `instanceof`. */
export class LeaseError extends Error {
  readonly code: LeaseErrorCode;

  constructor(code: LeaseErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LeaseError';
    this.code = code;
    Object.defineProperty(this, brand, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value;
  }
}
