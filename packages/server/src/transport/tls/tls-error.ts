/** Why TLS can not be served: a file or a setting, named, with the reason in Go's words where etcd prints one. */

export type TlsErrorCode =
  /** A file can not be read. */
  | 'unreadable'
  /** A file does not hold what its flag asks for. */
  | 'malformed'
  /** The key is not that of the certificate, or one of the two is not given. */
  | 'mismatched'
  /** The certificate of `--auto-tls` can not be written. */
  | 'unwritable';

const brand = Symbol.for('@kv/server.TlsError');

/** Recognised across duplicate installs of this package. Match by `code`. */
export class TlsError extends Error {
  override readonly name: string = 'TlsError';
  readonly code: TlsErrorCode;
  /** What to look at: the setting and its path. */
  readonly hint: string;

  constructor(code: TlsErrorCode, message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.hint = hint;
    Object.defineProperty(this, brand, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value;
  }
}
