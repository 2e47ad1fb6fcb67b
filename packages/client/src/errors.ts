/** What goes wrong in the client: one class, with codes from the table that server and client share. */
import { findWireErrorKey, type WireErrorKey } from '@kv/proto/errors';
import { remedyFor } from './remedy.js';
import { outcomeOf } from './retry.js';
import { GrpcCode, type StatusError } from './transport/status-error.js';

/** Why there is no connection to any endpoint; nothing was sent. */
export type ConnectionErrorCode =
  /** The host answers, but nobody listens at the port. */
  | 'connectionRefused'
  /** The host's name has no address. */
  | 'hostNotFound'
  /** The member speaks TLS, and we do not. */
  | 'tlsRequired'
  /** We speak TLS, and the member does not. */
  | 'tlsNotSupported'
  /** Nobody whom we trust vouches for the member's certificate. */
  | 'certificateUntrusted'
  | 'certificateExpired'
  /** The member's certificate is for another name. */
  | 'certificateNameMismatch'
  /** The member refused our certificate, or misses one. */
  | 'clientCertificateRefused';

/** Codes beside those of the wire. */
export type ClientErrorCode =
  /** An option or an address makes no sense; nothing was sent. */
  | 'config'
  /** The client was closed, before or during the call. */
  | 'closed'
  /** The time limit of the call passed. */
  | 'deadline'
  /** The connection broke during the call, or the server could not be reached. */
  | 'connectionLost'
  /** The server broke a promise: a revision beyond 2^53, an answer that cannot be decoded. */
  | 'protocol'
  /** A value that the codec can not encode or decode. */
  | 'codec'
  /** Others changed the same keys again and again; nothing was written. */
  | 'conflict'
  /** A lease could not be renewed in time, and may be anybody's by now. */
  | 'leaseLost'
  /** A snapshot that does not match its checksum, or ended early. */
  | 'snapshotCorrupt'
  | ConnectionErrorCode
  /** What was held is no longer: a lock, a lead, a place, or the lease under them. */
  | 'lost'
  /** A bound of the client's own was reached: of a cache or a buffer. */
  | 'limit'
  /** It has not been filled or won yet. */
  | 'notReady'
  /** A status that is in no table: look at `grpcCode` and `details`. */
  | 'unrecognized';

export type KvErrorCode = WireErrorKey | ClientErrorCode;

/**
 * Whether the request may have taken effect. `definite`: it did not. `unknown`: it may have, or may still (reliability rule G-18).
 */
export type Outcome = 'definite' | 'unknown';

export interface KvErrorOptions extends ErrorOptions {
  readonly outcome: Outcome;
  /** gRPC status, where the server (or the transport) gave one. */
  readonly grpcCode?: number;
  /** Text of that status, exactly. Default: the message. */
  readonly details?: string;
  /** `/etcdserverpb.KV/Put`. */
  readonly methodPath?: string;
  /** What to do about it, in a sentence. */
  readonly remedy?: string;
}

const brand = Symbol.for('@kv/client.KvError');

/** Recognised across duplicate installs of this package. Match by `code`. */
export class KvError extends Error {
  override readonly name: string = 'KvError';
  readonly code: KvErrorCode;
  readonly outcome: Outcome;
  readonly grpcCode: number | undefined;
  readonly details: string;
  readonly methodPath: string | undefined;
  readonly remedy: string | undefined;

  constructor(code: KvErrorCode, message: string, options: KvErrorOptions) {
    super(message, options);
    this.code = code;
    this.outcome = options.outcome;
    this.grpcCode = options.grpcCode;
    this.details = options.details ?? message;
    this.methodPath = options.methodPath;
    this.remedy = options.remedy ?? remedyFor(code);
    Object.defineProperty(this, brand, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value;
  }
}

/** The same error with another outcome; what is no `KvError` stays as it is. */
export function withOutcome(error: unknown, outcome: Outcome): unknown {
  if (!(error instanceof KvError) || error.outcome === outcome) return error;
  const { grpcCode, details, methodPath, remedy } = error;
  return new KvError(error.code, error.message, {
    outcome,
    details,
    cause: error,
    ...(grpcCode === undefined ? {} : { grpcCode }),
    ...(methodPath === undefined ? {} : { methodPath }),
    ...(remedy === undefined ? {} : { remedy }),
  });
}

/** The error for a status of the wire. */
export function fromStatus(error: StatusError, methodPath: string): KvError {
  const known = findWireErrorKey(error.message);
  const code =
    known ?? (error.grpcCode === GrpcCode.unavailable ? 'connectionLost' : 'unrecognized');
  return new KvError(code, error.message, {
    outcome: outcomeOf(error),
    grpcCode: error.grpcCode,
    details: error.message,
    methodPath,
    cause: error,
  });
}
