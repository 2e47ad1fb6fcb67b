/** What goes wrong in the client: one class, with codes from the table that server and client share. */
import { findWireErrorKey, type WireErrorKey } from '@kv/proto/errors';
import { outcomeOf } from './retry.js';
import { GrpcCode, type StatusError } from './transport/status-error.js';

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

  constructor(code: KvErrorCode, message: string, options: KvErrorOptions) {
    super(message, options);
    this.code = code;
    this.outcome = options.outcome;
    this.grpcCode = options.grpcCode;
    this.details = options.details ?? message;
    this.methodPath = options.methodPath;
    Object.defineProperty(this, brand, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value;
  }
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
