/** An HTTP/2 client that is nothing but frames (RFC 9113 §4 and §6), so that checks can send what no library would. */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

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

export const Flag = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 32 } as const;

/** Error codes of RFC 9113 §7. */
export const ErrorCode = {
  protocolError: 1,
  flowControlError: 3,
  streamClosed: 5,
  frameSizeError: 6,
  refusedStream: 7,
  cancel: 8,
  compressionError: 9,
  enhanceYourCalm: 11,
} as const;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** How a connection ended: by GOAWAY with a code, or by closing the socket. */
export type ConnectionEnd = { readonly goaway: number } | { readonly goaway: undefined };

export const preface: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

export function frame(type: number, flags: number, streamId: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

/** Header fields as literals that are neither indexed nor Huffman coded (RFC 7541 §6.2.2); each string is under 127 bytes. */
export function headerBlock(fields: readonly (readonly [string, string])[]): Buffer {
  const literal = (value: string): Buffer =>
    Buffer.concat([Buffer.from([value.length]), Buffer.from(value, 'latin1')]);
  return Buffer.concat(
    fields.flatMap(([name, value]) => [Buffer.from([0]), literal(name), literal(value)]),
  );
}

/** The headers of an ordinary call. */
export const callFields = (path: string): (readonly [string, string])[] => [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', path],
  [':authority', 'contract'],
  ['content-type', 'application/grpc'],
  ['te', 'trailers'],
];

/** One gRPC message: flag, length, bytes. */
export function grpcMessage(
  message: Uint8Array,
  flag = 0,
  length: number = message.length,
): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flag, 0);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}

export const uint32 = (...values: readonly number[]): Buffer => {
  const out = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => out.writeUInt32BE(value, 4 * index));
  return out;
};

/** One entry of a SETTINGS frame. */
export function setting(id: number, value: number): Buffer {
  const out = Buffer.alloc(6);
  out.writeUInt16BE(id, 0);
  out.writeUInt32BE(value, 2);
  return out;
}

export class FrameSocket {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  readonly #frames: Frame[] = [];
  readonly #waiting = new Set<() => void>();
  #closed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#parse();
      this.#wake();
    });
    socket.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
  }

  /** To 127.0.0.1; over TLS when the certificate of an authority is given. */
  static async connect(port: number, ca?: string): Promise<FrameSocket> {
    const where = { port, host: '127.0.0.1', noDelay: true };
    const socket =
      ca === undefined ? connect(where) : connectTls({ ...where, ca, ALPNProtocols: ['h2'] });
    await new Promise<void>((resolve, reject) => {
      socket.once(ca === undefined ? 'connect' : 'secureConnect', resolve);
      socket.once('error', reject);
    });
    return new FrameSocket(socket);
  }

  write(bytes: Uint8Array): void {
    if (!this.#closed) this.#socket.write(bytes);
  }

  send(type: number, flags: number, streamId: number, payload: Uint8Array): void {
    this.write(frame(type, flags, streamId, payload));
  }

  /** The preface, and SETTINGS with these entries. */
  greet(...settings: readonly Buffer[]): void {
    this.write(preface);
    this.send(FrameType.settings, 0, 0, Buffer.concat(settings));
  }

  /** A whole unary call on this stream. */
  call(streamId: number, path: string, message: Uint8Array): void {
    this.send(FrameType.headers, Flag.endHeaders, streamId, headerBlock(callFields(path)));
    this.send(FrameType.data, Flag.endStream, streamId, grpcMessage(message));
  }

  /** The next frame that matches, in the order of arrival; those before it are dropped. Rejects when the socket closes first. */
  async next(matches: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      for (let frame = this.#frames.shift(); frame !== undefined; frame = this.#frames.shift()) {
        if (matches(frame)) return frame;
      }
      if (this.#closed) throw new Error('the connection closed before the frame came');
      await this.#more();
    }
  }

  /** The next frame of a type, on a stream if one is given. */
  nextOf(type: number, streamId?: number): Promise<Frame> {
    return this.next((f) => f.type === type && (streamId === undefined || f.streamId === streamId));
  }

  /** Waits until the stream is over: END_STREAM, or its reset code. */
  async streamEnd(streamId: number): Promise<{ readonly reset: number | undefined }> {
    const last = await this.next(
      (f) =>
        f.streamId === streamId &&
        (f.type === FrameType.rstStream ||
          ((f.type === FrameType.data || f.type === FrameType.headers) &&
            (f.flags & Flag.endStream) !== 0)),
    );
    return { reset: last.type === FrameType.rstStream ? last.payload.readUInt32BE(0) : undefined };
  }

  /** Waits until the connection is over, and says what its GOAWAY said. */
  async end(): Promise<ConnectionEnd> {
    let goaway: number | undefined;
    for (;;) {
      for (const frame of this.#frames.splice(0)) {
        if (frame.type === FrameType.goaway) goaway = frame.payload.readUInt32BE(4);
      }
      if (this.#closed || goaway !== undefined) return { goaway };
      await this.#more();
    }
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #parse(): void {
    while (this.#received.length >= 9) {
      const length = this.#received.readUIntBE(0, 3);
      if (this.#received.length < 9 + length) return;
      this.#frames.push({
        type: this.#received.readUInt8(3),
        flags: this.#received.readUInt8(4),
        streamId: this.#received.readUInt32BE(5) & 0x7fff_ffff,
        payload: this.#received.subarray(9, 9 + length),
      });
      this.#received = this.#received.subarray(9 + length);
    }
  }

  #more(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
