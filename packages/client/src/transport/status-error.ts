/** How a call ended on the wire when it did not end well: a gRPC code and the server's text. */

const brand = Symbol.for('@kv/client.StatusError');

/** Internal to the transports and what stands directly on them; users see `KvError`. */
export class StatusError extends Error {
  override readonly name: string = 'StatusError';
  /** A code of grpc/statuscodes, 1 to 16 (a server may send others). */
  readonly grpcCode: number;
  /** The server said that it never looked at the request: sending it again repeats nothing. */
  readonly unprocessed: boolean;
  /** Made up at this end: the code says what happened here, and nothing of what the server did. */
  readonly isLocal: boolean;

  constructor(grpcCode: number, message: string, options?: StatusErrorOptions) {
    super(message, options);
    this.grpcCode = grpcCode;
    this.unprocessed = options?.unprocessed ?? false;
    this.isLocal = options?.isLocal ?? false;
    Object.defineProperty(this, brand, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value;
  }
}

export interface StatusErrorOptions extends ErrorOptions {
  readonly unprocessed?: boolean;
  readonly isLocal?: boolean;
}

/** The codes that decisions here depend on. */
export const GrpcCode = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const;
