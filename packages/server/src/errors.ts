/** What goes wrong for the member as a whole. What goes wrong for one call is in `grpc/status.ts`. */

export type MemberErrorCode =
  /** The configuration and what is on disk contradict each other. */
  | 'config_mismatch'
  /** This member can neither found a cluster nor join one. */
  | 'bootstrap_failed'
  /** The token by which this member was to find its cluster is of no use. */
  | 'discovery_failed'
  /** The discovery service does not let this member in. */
  | 'discovery_denied'
  /** The data directory holds something that this program does not understand. */
  | 'unsupported_data'
  /** Log or store can not be read, or were damaged. */
  | 'damaged_data'
  /** The cluster has removed this member for ever. */
  | 'removed'
  /** Used after `close`. */
  | 'closed';

const brand = Symbol.for('@kv/server.MemberError');

/** Recognised across duplicate installs of this package. Match by `code`. */
export class MemberError extends Error {
  override readonly name: string = 'MemberError';
  readonly code: MemberErrorCode;

  constructor(code: MemberErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    Object.defineProperty(this, brand, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value;
  }
}

/** In etcd's words, which people look for. */
export function removedError(): MemberError {
  return new MemberError('removed', 'the member has been permanently removed from the cluster');
}

/** What was thrown, as an Error: a caught value may be anything. */
export function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
