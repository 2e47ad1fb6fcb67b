/** What goes wrong between members. None of it ends this member: Raft repeats what matters. */

export type PeerErrorCode =
  /** What a peer sent is not what it should be. */
  | 'malformed'
  /** No address of the peer answered in time. */
  | 'unreachable'
  /** The peer answered, and refused. */
  | 'refused'
  /** The transport is closed. */
  | 'closed';

const brand = Symbol.for('@kv/server.PeerError');

/** Recognised across duplicate installs of this package. Match by `code`. */
export class PeerError extends Error {
  override readonly name: string = 'PeerError';
  readonly code: PeerErrorCode;

  constructor(code: PeerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    Object.defineProperty(this, brand, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value;
  }
}
