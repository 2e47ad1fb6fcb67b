/** How a call ended on the wire when it did not end well: a gRPC code and the server's text. */

const brand = Symbol.for('@kv/client.StatusError');

/** Internal to the transports and what stands directly on them; users see `KvError`. */
export class StatusError extends Error {
  override readonly name: string = 'StatusError';
  /** A code of grpc/statuscodes, 1 to 16 (a server may send others). */
  readonly grpcCode: number;

  constructor(grpcCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.grpcCode = grpcCode;
    Object.defineProperty(this, brand, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value;
  }
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
