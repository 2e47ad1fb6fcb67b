/** A connection without a socket: frames in, frames out, time as the test tells it. */
import { Connection } from '../http2/connection.js';
import type { ConnectionHost, RequestSink } from '../http2/connection.js';
import type { ConnectionError } from '../http2/frame.js';
import type { KeepaliveLimits } from '../http2/keepalive.js';
import { Http2Stream } from '../http2/stream.js';
import { defaultConnectionLimits } from '../limits.js';
import type { ConnectionLimits } from '../limits.js';
import { FrameType, frame, preface } from './frame-socket.js';
import type { Frame } from './frame-socket.js';

export interface ConnectionBenchOptions {
  readonly limits?: Partial<ConnectionLimits>;
  readonly keepalive?: Partial<KeepaliveLimits>;
  readonly concurrentStreamsMax?: number;
  readonly requests?: RequestSink;
}

/** Takes what comes and answers nothing. */
export class SilentStream extends Http2Stream {
  aborted = 0;
  override onData(_bytes: Buffer, start: number, end: number): void {
    this.connection.consumed(this, end - start);
  }
  override onRemoteEnd(): void {
    // No answer.
  }
  override onAbort(): void {
    this.aborted += 1;
  }
  override onQueueShorter(): void {
    // Nothing waits for it.
  }
}

export const silentRequests: RequestSink = {
  openStream: (connection, id) => new SilentStream(connection, id),
  checkTrailers: () => undefined,
};

/** The shortest header block of a request: `:method POST`, `:scheme http`, `:path /` of the static table. */
export const shortBlock: Buffer = Buffer.from([0x83, 0x86, 0x84]);

export class ConnectionBench implements ConnectionHost {
  readonly connection: Connection;
  /** Why the connection ended; undefined while it has not, or when it ended well. */
  reason: ConnectionError | undefined;
  ended = 0;

  constructor({ limits, keepalive, concurrentStreamsMax, requests }: ConnectionBenchOptions = {}) {
    this.connection = new Connection(this, requests ?? silentRequests, {
      limits: { ...defaultConnectionLimits, ...limits },
      keepalive: {
        keepaliveIntervalMs: 0,
        keepaliveTimeoutMs: 0,
        keepaliveMinTimeMs: 0,
        ...keepalive,
      },
      concurrentStreamsMax: concurrentStreamsMax ?? 1000,
      waitingTotal: { bytes: 0 },
      nowMs: 0,
    });
  }

  onOutput(): void {
    // The test takes the output.
  }

  onEnd(reason: ConnectionError | undefined): void {
    this.ended += 1;
    this.reason = reason;
  }

  greet(): void {
    this.receive(preface);
    this.send(FrameType.settings, 0, 0);
  }

  receive(bytes: Buffer, nowMs = 0): void {
    this.connection.receive(bytes, nowMs);
  }

  send(type: number, flags: number, streamId: number, payload: Uint8Array = Buffer.alloc(0)): void {
    this.receive(frame(type, flags, streamId, payload));
  }

  /** What would be written now. */
  take(): readonly Frame[] {
    this.connection.beforeFlush();
    const bytes = Buffer.concat(this.connection.sender.output.take());
    const frames: Frame[] = [];
    for (let at = 0; at < bytes.length;) {
      const end = at + 9 + bytes.readUIntBE(at, 3);
      frames.push({
        type: bytes.readUInt8(at + 3),
        flags: bytes.readUInt8(at + 4),
        streamId: bytes.readUInt32BE(at + 5),
        payload: bytes.subarray(at + 9, end),
      });
      at = end;
    }
    return frames;
  }
}
