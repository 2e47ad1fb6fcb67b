/**
 * The sending half of a connection: what may leave under the windows of the peer and the pace of the socket, and what waits.
 *
 * Invariants: S1 a stream with a queue is in `#waiting`, unless its own window is exhausted. S2 `#waitingBytes` is the sum over all queues.
 */
import type { ConnectionLimits } from '../limits.js';
import { Flag, FrameType, windowBytesDefault, windowBytesMax } from './frame.js';
import { Output } from './output.js';
import { ResponseHeaders } from './response-headers.js';
import type { PeerSettings } from './settings.js';
import { SendQueue } from './stream.js';
import type { FinalStatus, Http2Stream } from './stream.js';

export interface SenderEvents {
  /** There is output; take it at the end of this turn. */
  onOutput(): void;
  /** A frame of an answer was written: HEADERS or DATA. */
  onAnswer(data: boolean): void;
  /** Our half of a stream has been closed by what was just written. */
  onLocalEnd(stream: Http2Stream): void;
}

/** A sum over many senders. */
export interface WaitingTotal {
  bytes: number;
}

const ok = 0;

export class Sender {
  readonly output: Output = new Output();
  readonly headers: ResponseHeaders = new ResponseHeaders();
  /** SETTINGS_INITIAL_WINDOW_SIZE of the peer. */
  initialStreamWindowBytes: number = windowBytesDefault;
  /** SETTINGS_MAX_FRAME_SIZE of the peer. */
  framePayloadBytesMax = 16_384;
  readonly #events: SenderEvents;
  readonly #limits: ConnectionLimits;
  readonly #total: WaitingTotal;
  /** Streams that could go on when the connection's window opens or the socket drains; the longest waiting first. */
  readonly #waiting = new Set<Http2Stream>();
  #waitingBytes = 0;
  #windowBytes = windowBytesDefault;
  #socketTakes = true;

  constructor(events: SenderEvents, limits: ConnectionLimits, total: WaitingTotal) {
    this.#events = events;
    this.#limits = limits;
    this.#total = total;
  }

  /** Bytes that wait in queues of streams. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Whether the peer leaves so many answers unread that it gets no new ones. */
  get overloaded(): boolean {
    if (this.#waitingBytes === 0) return false;
    const { waitingBytesMax, waitingBytesTotalMax } = this.#limits;
    return this.#waitingBytes > waitingBytesMax || this.#total.bytes > waitingBytesTotalMax;
  }

  /** Whether the socket takes more, or has to drain first. */
  setSocketTakes(takes: boolean): void {
    this.#socketTakes = takes;
    if (takes) this.pump();
  }

  /** Takes over what the peer's SETTINGS say. False when the window of one of its open streams would overflow. */
  apply(settings: PeerSettings, open: Iterable<Http2Stream>): boolean {
    if (settings.headerTableBytes !== undefined) {
      this.headers.setTableBytes(settings.headerTableBytes);
    }
    this.framePayloadBytesMax = settings.framePayloadBytesMax ?? this.framePayloadBytesMax;
    const { initialWindowBytes } = settings;
    if (initialWindowBytes === undefined) return true;
    const difference = initialWindowBytes - this.initialStreamWindowBytes;
    this.initialStreamWindowBytes = initialWindowBytes;
    for (const stream of open) {
      if (!this.openStreamWindow(stream, difference)) return false;
    }
    return true;
  }

  head(stream: Http2Stream): void {
    this.#headers(stream, Flag.endHeaders, this.headers.head());
  }

  /** One gRPC message; the bytes are given. Afterwards the stream has a queue if not all of it could leave. */
  message(stream: Http2Stream, message: Uint8Array): void {
    const length = message.length + 5;
    const fits =
      stream.queue === undefined &&
      length <= stream.sendWindowBytes &&
      length <= this.#windowBytes &&
      length <= this.framePayloadBytesMax &&
      this.#mayWrite();
    if (fits) {
      this.#spend(stream, length);
      this.output.data(length, stream.id, this.framePayloadBytesMax);
      this.output.messagePrefix(message.length);
      this.output.append(message, 0, message.length);
      this.#events.onOutput();
      return;
    }
    const queue = (stream.queue ??= new SendQueue());
    const prefix = Buffer.allocUnsafe(5);
    prefix[0] = 0;
    prefix.writeUInt32BE(message.length, 1);
    queue.push(prefix);
    queue.push(message);
    this.#countWaiting(length);
    this.#waiting.add(stream);
    this.pump();
  }

  /** Trailers, after everything that waits. */
  finish(stream: Http2Stream, status: FinalStatus): void {
    if (stream.queue === undefined) this.#trailers(stream, status);
    else stream.queue.finalStatus = status;
  }

  /** The whole answer of a call that failed before anything was sent. */
  refuse(stream: Http2Stream, httpStatus: number, status: FinalStatus): void {
    const block = this.headers.failureOnly(httpStatus, status.code, status.message);
    this.#headers(stream, Flag.endHeaders | Flag.endStream, block);
    this.#events.onLocalEnd(stream);
  }

  control(type: number, flags: number, streamId: number, payload: Uint8Array): void {
    this.output.frame(type, flags, streamId, payload);
    this.#events.onOutput();
  }

  /** A frame whose payload is one number: RST_STREAM, WINDOW_UPDATE. */
  number(type: number, streamId: number, value: number): void {
    this.output.header(4, type, 0, streamId);
    this.output.uint32(value);
    this.#events.onOutput();
  }

  goaway(lastStreamId: number, code: number, debug: string): void {
    const text = Buffer.from(debug, 'latin1');
    this.output.header(8 + text.length, FrameType.goaway, 0, 0);
    this.output.uint32(lastStreamId);
    this.output.uint32(code);
    this.output.append(text, 0, text.length);
    this.#events.onOutput();
  }

  /** Forgets what waits on a stream that is gone. */
  drop(stream: Http2Stream): void {
    if (stream.queue === undefined) return;
    this.#countWaiting(-stream.queue.bytes);
    this.#waiting.delete(stream);
    stream.queue = undefined;
  }

  /** WINDOW_UPDATE of the connection. False when the window would overflow. */
  openConnectionWindow(bytes: number): boolean {
    if (this.#windowBytes + bytes > windowBytesMax) return false;
    this.#windowBytes += bytes;
    this.pump();
    return true;
  }

  /** WINDOW_UPDATE of a stream, or the difference that new SETTINGS make. False when the window would overflow. */
  openStreamWindow(stream: Http2Stream, bytes: number): boolean {
    if (stream.sendWindowBytes + bytes > windowBytesMax) return false;
    stream.sendWindowBytes += bytes;
    if (stream.queue !== undefined && stream.sendWindowBytes > 0) {
      this.#waiting.add(stream);
      this.pump();
    }
    return true;
  }

  /** Lets out what may leave: one frame from each waiting stream in turn. */
  pump(): void {
    for (const stream of this.#waiting) {
      if (this.#windowBytes <= 0 || !this.#mayWrite()) return;
      this.#waiting.delete(stream);
      this.#emitFrame(stream);
    }
  }

  #emitFrame(stream: Http2Stream): void {
    const { queue } = stream;
    if (queue === undefined) return;
    const room = Math.min(this.#windowBytes, stream.sendWindowBytes, this.framePayloadBytesMax);
    const length = Math.min(room, queue.bytes);
    if (length <= 0) return;
    this.#spend(stream, length);
    this.#countWaiting(-length);
    this.output.data(length, stream.id, this.framePayloadBytesMax);
    queue.take(length, (part, start, end) => {
      this.output.append(part, start, end);
    });
    this.#events.onOutput();
    if (queue.bytes > 0) {
      // Behind the others that wait (S1).
      if (stream.sendWindowBytes > 0) this.#waiting.add(stream);
    } else {
      stream.queue = undefined;
      if (queue.finalStatus !== undefined) this.#trailers(stream, queue.finalStatus);
    }
    stream.onQueueShorter();
  }

  #trailers(stream: Http2Stream, status: FinalStatus): void {
    const block =
      status.code === ok ? this.headers.ok() : this.headers.failure(status.code, status.message);
    this.#headers(stream, Flag.endHeaders | Flag.endStream, block);
    this.#events.onLocalEnd(stream);
  }

  /** A header block; one longer than a frame goes on in CONTINUATION frames. */
  #headers(stream: Http2Stream, flags: number, block: Uint8Array): void {
    const max = this.framePayloadBytesMax;
    if (block.length <= max) {
      this.output.frame(FrameType.headers, flags, stream.id, block);
    } else {
      this.output.frame(
        FrameType.headers,
        flags & ~Flag.endHeaders,
        stream.id,
        block.subarray(0, max),
      );
      for (let at = max; at < block.length; at += max) {
        const last = at + max >= block.length ? Flag.endHeaders : 0;
        this.output.frame(FrameType.continuation, last, stream.id, block.subarray(at, at + max));
      }
    }
    this.#events.onAnswer(false);
    this.#events.onOutput();
  }

  #spend(stream: Http2Stream, bytes: number): void {
    this.#windowBytes -= bytes;
    stream.sendWindowBytes -= bytes;
    this.#events.onAnswer(true);
  }

  #countWaiting(bytes: number): void {
    this.#waitingBytes += bytes;
    this.#total.bytes += bytes;
  }

  #mayWrite(): boolean {
    return this.#socketTakes && this.output.bytes < this.#limits.outputBytesMax;
  }
}
