/** The vocabulary of HTTP/2 frames (RFC 9113 §4, §6, §7, §11): numbers, and nothing that holds state. */

/** What a client sends first (RFC 9113 §3.4). */
export const clientPreface: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

export const frameHeaderBytes = 9;

/** The largest payload that we take; the smallest that a peer may be told (RFC 9113 §4.2). */
export const framePayloadBytesMax = 16_384;

export const FrameType = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const Flag = {
  none: 0,
  ack: 0x1,
  endStream: 0x1,
  endHeaders: 0x4,
  padded: 0x8,
  priority: 0x20,
} as const;

export const ErrorCode = {
  noError: 0,
  protocolError: 1,
  internalError: 2,
  flowControlError: 3,
  settingsTimeout: 4,
  streamClosed: 5,
  frameSizeError: 6,
  refusedStream: 7,
  cancel: 8,
  compressionError: 9,
  connectError: 10,
  enhanceYourCalm: 11,
  inadequateSecurity: 12,
} as const;
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];

export const SettingId = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const;

export const windowBytesDefault = 65_535;
export const windowBytesMax = 0x7fff_ffff;

/** The peer broke the protocol: the connection ends with GOAWAY of this code. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Where the content of a padded frame ends, when its padding length stands at `bytes[start]` (RFC 9113 §6.1). */
export function unpaddedEnd(bytes: Buffer, start: number, end: number): number {
  const last = start < end ? end - (bytes[start] ?? 0) : start;
  if (last < start + 1) {
    throw new ConnectionError(ErrorCode.protocolError, 'padding longer than its frame');
  }
  return last;
}
