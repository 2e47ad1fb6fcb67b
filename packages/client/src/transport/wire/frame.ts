/** HTTP/2 frames (RFC 9113 §4 and §6): bytes to frames and back, no state but an incomplete frame. */

export const FrameType = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const Flag = {
  endStream: 0x1,
  ack: 0x1,
  endHeaders: 0x4,
  padded: 0x8,
  priority: 0x20,
} as const;

export const ErrorCode = {
  noError: 0,
  protocolError: 1,
  internalError: 2,
  flowControlError: 3,
  refusedStream: 7,
  cancel: 8,
  compressionError: 9,
  enhanceYourCalm: 11,
  inadequateSecurity: 12,
} as const;

export const headerBytes = 9;
/** SETTINGS_MAX_FRAME_SIZE that we do not change: longer frames of the peer are a violation. */
export const frameBytesMax = 16_384;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  /** A view of received bytes, which nobody changes: who keeps it keeps what came with it. */
  readonly payload: Uint8Array;
}

/** The peer broke the protocol; `errorCode` is what the GOAWAY says. */
export class Http2Error extends Error {
  override readonly name: string = 'Http2Error';
  readonly errorCode: number;

  constructor(errorCode: number, message: string) {
    super(message);
    this.errorCode = errorCode;
  }
}

/** Cuts a byte stream into frames. Holds at most one incomplete frame. */
export class FrameReader {
  #rest: Uint8Array = new Uint8Array(0);

  /** Calls `onFrame` for each whole frame. Throws `Http2Error` on a frame that is too long. */
  push(chunk: Uint8Array, onFrame: (frame: Frame) => void): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let offset = 0;
    while (bytes.length - offset >= headerBytes) {
      const length = readUint24(bytes, offset);
      if (length > frameBytesMax) {
        // The usual cause: the peer is no HTTP/2 server and answered in text.
        throw new Http2Error(
          ErrorCode.protocolError,
          `frame of ${length} bytes exceeds ${frameBytesMax}`,
        );
      }
      const end = offset + headerBytes + length;
      if (bytes.length < end) break;
      onFrame({
        type: bytes[offset + 3] ?? 0,
        flags: bytes[offset + 4] ?? 0,
        streamId: readUint32(bytes, offset + 5) & 0x7fffffff,
        payload: bytes.subarray(offset + headerBytes, end),
      });
      offset = end;
    }
    this.#rest =
      offset === bytes.length ? new Uint8Array(0) : Uint8Array.from(bytes.subarray(offset));
  }
}

/** Payload without padding and priority (RFC 9113 §6.1, §6.2). Throws `Http2Error` when the padding is too long. */
export function content(frame: Frame): Uint8Array {
  let start = 0;
  let end = frame.payload.length;
  if ((frame.flags & Flag.padded) !== 0) {
    start = 1;
    end -= frame.payload[0] ?? 0;
  }
  if (frame.type === FrameType.headers && (frame.flags & Flag.priority) !== 0) start += 5;
  if (end < start) throw new Http2Error(ErrorCode.protocolError, 'padding longer than its frame');
  return frame.payload.subarray(start, end);
}

export function frameBytes(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array,
): Uint8Array {
  const out = Buffer.allocUnsafe(headerBytes + payload.length);
  out.writeUIntBE(payload.length, 0, 3);
  out[3] = type;
  out[4] = flags;
  out.writeUInt32BE(streamId, 5);
  out.set(payload, headerBytes);
  return out;
}

export function uint32Bytes(...values: readonly number[]): Uint8Array {
  const out = Buffer.allocUnsafe(4 * values.length);
  values.forEach((value, index) => out.writeUInt32BE(value, 4 * index));
  return out;
}

/** One SETTINGS frame from identifiers and values. */
export function settingsBytes(
  settings: readonly (readonly [id: number, value: number])[],
): Uint8Array {
  const payload = Buffer.allocUnsafe(6 * settings.length);
  settings.forEach(([id, value], index) => {
    payload.writeUInt16BE(id, 6 * index);
    payload.writeUInt32BE(value, 6 * index + 2);
  });
  return frameBytes(FrameType.settings, 0, 0, payload);
}

function readUint24(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
}

/** Unsigned. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return (readUint24(bytes, at) * 256 + (bytes[at + 3] ?? 0)) >>> 0;
}
