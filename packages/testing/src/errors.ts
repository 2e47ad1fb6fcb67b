/** What goes wrong in the use of a test cluster: one class, each with what to do about it. */

export type TestClusterErrorCode =
  /** An option makes no sense. */
  | 'invalidOption'
  /** A duration is no such thing. */
  | 'invalidDuration'
  /** No member has this name, or no client of this cluster is this one. */
  | 'unknown'
  /** The member runs, or does not run, against what the step needs. */
  | 'wrongState'
  /** No majority agreed on a leader within the time given. */
  | 'noLeader'
  /** What was waited for did not come within the (virtual) time given. */
  | 'timeout'
  /** A snapshot of a cluster with other members. */
  | 'foreignSnapshot'
  /** A member stopped by itself: a bug in the store, or a disk that a test broke. */
  | 'memberFailed'
  /** The cluster was closed. */
  | 'closed';

export interface TestClusterErrorOptions extends ErrorOptions {
  readonly remedy: string;
}

const brand = Symbol.for('@kv/testing.TestClusterError');

/** Recognised across duplicate installs of this package. Match by `code`; the message ends with the remedy. */
export class TestClusterError extends Error {
  override readonly name: string = 'TestClusterError';
  readonly code: TestClusterErrorCode;
  readonly remedy: string;

  constructor(code: TestClusterErrorCode, problem: string, options: TestClusterErrorOptions) {
    super(`${problem}: ${options.remedy}`, options);
    this.code = code;
    this.remedy = options.remedy;
    Object.defineProperty(this, brand, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value;
  }
}
