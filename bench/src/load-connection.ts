/**
 * One HTTP/2 connection (RFC 9113) that makes calls of one method as fast as the server takes them, with a body of its own for each
 * call. h2load sends the same body again and again, and clients that decode take more of two cores than the servers do.
 *
 * It knows only what loading needs: responses are small, so the receive windows that it opens at the start last; header blocks are
 * not decoded. A call counts when a message came before its trailers: gRPC sends none with an error.
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';

const frameHeadBytes = 9;
const windowBytes = 0x3fff_ffff;
const FrameType = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goAway: 7, window: 8 };
const endStream = 0x1;
const endHeaders = 0x4;
const ack = 0x1;

export function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(frameHeadBytes + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes.writeUInt8(type, 3);
  bytes.writeUInt8(flags, 4);
  bytes.writeUInt32BE(stream, 5);
  bytes.set(payload, frameHeadBytes);
  return bytes;
}

function literal(index: number, ...texts: readonly string[]): Buffer {
  const parts = texts.map((text) => Buffer.from(`${String.fromCharCode(text.length)}${text}`));
  return Buffer.concat([Buffer.of(0x40 | index), ...parts]);
}

/** `:method POST`, `:scheme http` of the static table (RFC 7541 appendix A). */
const fixedFields = Buffer.of(0x83, 0x86);

/** Four fields that enter the peer's dynamic table; the later ones stand before the earlier. */
const firstBlock = (path: string, authority: string): Buffer =>
  Buffer.concat([
    fixedFields,
    literal(4, path),
    literal(1, authority),
    literal(31, 'application/grpc'),
    literal(0, 'te', 'trailers'),
  ]);
const laterBlock = Buffer.concat([
  fixedFields,
  Buffer.of(0x80 | 65, 0x80 | 64, 0x80 | 63, 0x80 | 62),
]);

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export interface LoadConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** Calls in flight at once. */
  readonly streams: number;
  /** The framed message of the next call; undefined when no call is left. */
  readonly nextBody: () => Uint8Array | undefined;
  readonly onAnswer: (latencyMs: number) => void;
}

interface CallUnderWay {
  readonly startedMs: number;
  answered: boolean;
}

export class LoadConnection {
  /** Resolves when no call is left; rejects at the first that fails. */
  readonly done: Promise<void>;
  readonly #options: LoadConnectionOptions;
  readonly #socket: Socket;
  readonly #calls = new Map<number, CallUnderWay>();
  #nextStream = 1;
  #sendWindow = 65_535;
  #waitingBody: Uint8Array | undefined;
  #rest: Buffer = Buffer.alloc(0);
  #resolve: () => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;

  constructor(options: LoadConnectionOptions) {
    this.#options = options;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#socket = connect({ host: options.host, port: options.port, noDelay: true });
    this.#socket.once('connect', () => {
      this.#socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
      this.#socket.write(frame(FrameType.settings, 0, 0, Buffer.alloc(0)));
      this.#socket.write(frame(FrameType.window, 0, 0, uint32(windowBytes)));
      this.#fill();
    });
    this.#socket.on('data', (chunk: Buffer) => {
      this.#receive(chunk);
    });
    this.#socket.once('error', this.#reject);
    this.#socket.once('close', () => {
      this.#reject(new Error('the server closed the connection'));
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Begins calls while streams, window and bodies last; all of them in one write. */
  #fill(): void {
    const { streams, nextBody, path, host, port } = this.#options;
    const out: Uint8Array[] = [];
    while (this.#calls.size < streams) {
      const body = this.#waitingBody ?? nextBody();
      this.#waitingBody = body;
      if (body === undefined || body.length > this.#sendWindow) break;
      this.#waitingBody = undefined;
      const stream = this.#nextStream;
      const block = stream === 1 ? firstBlock(path, `${host}:${String(port)}`) : laterBlock;
      this.#nextStream += 2;
      this.#sendWindow -= body.length;
      this.#calls.set(stream, { startedMs: performance.now(), answered: false });
      out.push(frame(FrameType.headers, endHeaders, stream, block));
      out.push(frame(FrameType.data, endStream, stream, body));
    }
    if (out.length > 0) this.#socket.write(Buffer.concat(out));
    else if (this.#calls.size === 0 && this.#waitingBody === undefined) this.#resolve();
  }

  #receive(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= frameHeadBytes) {
      const end = at + frameHeadBytes + bytes.readUIntBE(at, 3);
      if (end > bytes.length) break;
      const stream = bytes.readUInt32BE(at + 5);
      this.#onFrame(
        bytes.readUInt8(at + 3),
        bytes.readUInt8(at + 4),
        stream,
        bytes.subarray(at + frameHeadBytes, end),
      );
      at = end;
    }
    this.#rest = bytes.subarray(at);
    this.#fill();
  }

  #onFrame(type: number, flags: number, stream: number, payload: Buffer): void {
    switch (type) {
      case FrameType.data: {
        const call = this.#calls.get(stream);
        if (call !== undefined && payload.length > 0) call.answered = true;
        break;
      }
      case FrameType.headers:
        if ((flags & endStream) !== 0) this.#onEnd(stream);
        break;
      case FrameType.settings:
        if ((flags & ack) === 0) {
          this.#socket.write(frame(FrameType.settings, ack, 0, Buffer.alloc(0)));
        }
        break;
      case FrameType.ping:
        if ((flags & ack) === 0) this.#socket.write(frame(FrameType.ping, ack, 0, payload));
        break;
      case FrameType.window:
        if (stream === 0) this.#sendWindow += payload.readUInt32BE(0);
        break;
      case FrameType.reset:
      case FrameType.goAway:
        this.#reject(new Error(`frame of type ${String(type)}: ${payload.toString('latin1')}`));
        break;
      default:
        break;
    }
  }

  #onEnd(stream: number): void {
    const call = this.#calls.get(stream);
    if (call?.answered !== true) {
      this.#reject(
        new Error(`call ${String(stream)} ended without a message: the server refused it`),
      );
      return;
    }
    this.#calls.delete(stream);
    this.#options.onAnswer(performance.now() - call.startedMs);
  }
}
