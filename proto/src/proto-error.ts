/** What can go wrong between messages and bytes. */

export type ProtoErrorCode =
  /** Bytes that are no message: cut off, a length that goes too far, an impossible tag, text that is not UTF-8, too deep. */
  | 'malformed'
  /** A message that has no bytes: an integer that does not fit its field. */
  | 'out_of_range';

const brand = Symbol.for('@kv/proto.ProtoError');

/** Recognised across duplicate installs of this package. Match by `code`. */
export class ProtoError extends Error {
  override readonly name: string = 'ProtoError';
  readonly code: ProtoErrorCode;

  constructor(code: ProtoErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    Object.defineProperty(this, brand, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value;
  }
}
