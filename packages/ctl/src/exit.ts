/** How a command ends: exit codes, and the error that carries one (etcd pkg/cobrautl/error.go). */
import type { ByteString } from './bytes.js';

export const ExitCode = {
  success: 0,
  error: 1,
  badConnection: 2,
  /** What stands in a transaction or an interactive watch. */
  invalidInput: 3,
  /** A flag that is known with a value that is not supported. */
  badFeature: 4,
  interrupted: 5,
  badArgs: 128,
} as const;

/** One of the codes above, or that of a command that was run for the user. */
export type ExitCode = number;

const brand = Symbol.for('@kv/ctl.ExitError');

/** Ends the run: `Error: <message>` on stderr, and the code. The message is a `ByteString`. */
export class ExitError extends Error {
  override readonly name: string = 'ExitError';
  readonly code: ExitCode;

  constructor(code: ExitCode, message: ByteString, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    Object.defineProperty(this, brand, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value;
  }
}

export function badArgs(message: ByteString, options?: ErrorOptions): ExitError {
  return new ExitError(ExitCode.badArgs, message, options);
}
