/** The errors of this package: one class, told apart by `code`. Refused creations are responses, not errors. */

/** - `closed`: the stream was closed; nothing was done. */
export type WatchErrorCode = 'closed';

const brand = Symbol.for('@kv/watch.WatchError');

/** Match by `code`; two installs of this package agree on `instanceof`. */
export class WatchError extends Error {
  readonly code: WatchErrorCode;

  constructor(code: WatchErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'WatchError';
    this.code = code;
    Object.defineProperty(this, brand, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value;
  }
}
