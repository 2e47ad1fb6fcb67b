/** The one error class of this package. Outcomes, such as a dropped proposal, are values and not errors. */

/**
 * - `malformed`: bytes that are not the protobuf message they should be, or hold a number outside its range.
 * - `invalidConfig`: a {@link RaftConfig} with problems; the message lists them all.
 * - `invalidMessage`: a message that no correct member sends (entries out of order, a term above the message's own).
 *   Nothing was changed by it. Count it and close the connection.
 * - `commitBeyondLog`: the leader knows that this member acknowledged entries which its log does not have: its data
 *   was lost or is an old copy. Nothing was changed. The member must be removed and added again.
 * - `invalidConfChange`: a committed configuration change that does not fit the active configuration.
 * - `storage`: the storage port broke its contract or failed; `cause` has the failure. The node must not be used again.
 */
export type RaftErrorCode =
  | 'malformed'
  | 'invalidConfig'
  | 'invalidMessage'
  | 'commitBeyondLog'
  | 'invalidConfChange'
  | 'storage';

const brand = Symbol.for('@kv/raft.RaftError');

/** An operating error of Raft. Recognised across duplicate installs of this package; match on `code`. */
export class RaftError extends Error {
  override readonly name: string = 'RaftError';
  readonly code: RaftErrorCode;

  constructor(code: RaftErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    Object.defineProperty(this, brand, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value;
  }
}
