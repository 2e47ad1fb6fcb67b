/**
 * The client's side of one HTTP/2 connection (RFC 9113): streams, flow control, settings, pings. No sockets: bytes come in by
 * `receive`, go out by the given function.
 *
 * Kept small by what a gRPC client does not need: no push (refused in our SETTINGS), no priorities, no CONNECT, no
 * request trailers.
 */
import { HpackDecoder, HpackError, type HeaderField } from './hpack.js';
import * as wire from './frame.js';

/** What happens to a stream. After `closed` nothing more. */
export interface StreamEvents {
  headers(fields: readonly HeaderField[], endStream: boolean): void;
  /** `bytes` are borrowed. */
  data(bytes: Uint8Array, endStream: boolean): void;
  reset(errorCode: number): void;
  /** The connection ended. `unprocessed`: the server said that it never looked at this stream. */
  closed(reason: Error, unprocessed: boolean): void;
}

export interface ConnectionEvents {
  /** The peer's first SETTINGS arrived: it speaks HTTP/2. */
  ready(): void;
  /** No new streams here: the peer goes away, or the connection ended. */
  draining(): void;
  /** Broken beyond repair; the socket should be destroyed. Streams have been told. */
  failed(reason: Error): void;
}

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
/** Receive windows: of a stream, what may wait unread; of the connection, enough for many of those. */
const streamWindowBytes = 1 << 20;
const connectionWindowBytes = 1 << 26;
const defaultWindowBytes = 65_535;
const windowBytesMax = 0x7fffffff;
const streamIdMax = 0x7fffffff;
/** A header block may be spread over CONTINUATION frames; this bounds it (CVE-2024-27316 and its kin). */
const headerBlockBytesMax = 64 * 1024;

const Setting = { enablePush: 2, initialWindowSize: 4, maxFrameSize: 5 } as const;

export class Http2Connection {
  readonly #write: (bytes: Uint8Array) => void;
  readonly #events: ConnectionEvents;
  readonly #reader = new wire.FrameReader();
  readonly #hpack = new HpackDecoder();
  readonly #streams = new Map<number, Stream>();
  #nextId = 1;
  #sendWindow = defaultWindowBytes;
  #peerInitialWindow = defaultWindowBytes;
  #peerFrameMax = wire.frameBytesMax;
  #receivedUncredited = 0;
  #pendingBlock:
    { streamId: number; endStream: boolean; parts: Uint8Array[]; bytes: number } | undefined;
  #isReady = false;
  #isOpen = true;
  #pingAnswer: (() => void) | undefined;

  constructor(write: (bytes: Uint8Array) => void, events: ConnectionEvents) {
    this.#write = write;
    this.#events = events;
  }

  /** Whether a new stream may be opened. */
  get isOpen(): boolean {
    return this.#isOpen && this.#isReady && this.#nextId <= streamIdMax;
  }

  get streamCount(): number {
    return this.#streams.size;
  }

  /** Says hello. */
  start(): void {
    const settings = wire.settingsBytes([
      [Setting.enablePush, 0],
      [Setting.initialWindowSize, streamWindowBytes],
    ]);
    const window = windowUpdate(0, connectionWindowBytes - defaultWindowBytes);
    this.#write(Buffer.concat([preface, settings, window]));
  }

  /** Opens a stream with an encoded header block (hpack.ts); `body` (optional) and the end of the stream go out in the same write where the windows allow. */
  open(
    block: Uint8Array,
    body: Uint8Array | undefined,
    endStream: boolean,
    events: StreamEvents,
  ): Stream {
    const id = this.#nextId;
    this.#nextId += 2;
    const stream = new Stream(this, id, this.#peerInitialWindow, events);
    this.#streams.set(id, stream);
    const out: Uint8Array[] = [];
    this.#headersInto(out, id, block, endStream && body === undefined);
    if (body !== undefined) stream.enqueue(body, endStream);
    this.#drainInto(out, stream);
    for (const frame of out) this.#write(frame);
    return stream;
  }

  #headersInto(out: Uint8Array[], id: number, block: Uint8Array, endStream: boolean): void {
    const flags = endStream ? wire.Flag.endStream : 0;
    for (let at = 0; at === 0 || at < block.length; at += wire.frameBytesMax) {
      const part = block.subarray(at, at + wire.frameBytesMax);
      const isLast = at + wire.frameBytesMax >= block.length;
      const type = at === 0 ? wire.FrameType.headers : wire.FrameType.continuation;
      const own = (at === 0 ? flags : 0) | (isLast ? wire.Flag.endHeaders : 0);
      out.push(wire.frameBytes(type, own, id, part));
    }
  }

  /** Sends what the windows allow of a stream's queue. */
  flush(stream: Stream): void {
    const out: Uint8Array[] = [];
    this.#drainInto(out, stream);
    for (const frame of out) this.#write(frame);
  }

  #drainInto(out: Uint8Array[], stream: Stream): void {
    for (;;) {
      const window = Math.min(this.#sendWindow, stream.sendWindow, this.#peerFrameMax);
      const piece = stream.take(window);
      if (piece === undefined) return;
      this.#sendWindow -= piece.bytes.length;
      const flags = piece.endStream ? wire.Flag.endStream : 0;
      out.push(wire.frameBytes(wire.FrameType.data, flags, stream.id, piece.bytes));
    }
  }

  /** Lets the peer send `bytes` more on a stream. */
  credit(stream: Stream, bytes: number): void {
    if (this.#streams.has(stream.id)) this.#write(windowUpdate(stream.id, bytes));
  }

  reset(stream: Stream, errorCode: number): void {
    if (!this.#streams.delete(stream.id)) return;
    this.#write(
      wire.frameBytes(wire.FrameType.rstStream, 0, stream.id, wire.uint32Bytes(errorCode)),
    );
  }

  forget(stream: Stream): void {
    this.#streams.delete(stream.id);
  }

  /** Asks for a sign of life; `onAnswer` is called when it comes. */
  ping(onAnswer: () => void): void {
    this.#pingAnswer = onAnswer;
    this.#write(wire.frameBytes(wire.FrameType.ping, 0, 0, new Uint8Array(8)));
  }

  /** Bytes from the socket. Never throws: a violation ends the connection through `failed`. */
  receive(chunk: Uint8Array): void {
    try {
      this.#reader.push(chunk, (frame) => {
        this.#handle(frame);
      });
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    const reason = error instanceof Error ? error : new Error(String(error));
    const code =
      error instanceof wire.Http2Error
        ? error.errorCode
        : error instanceof HpackError
          ? wire.ErrorCode.compressionError
          : wire.ErrorCode.internalError;
    this.#write(wire.frameBytes(wire.FrameType.goAway, 0, 0, wire.uint32Bytes(0, code)));
    this.end(reason);
    this.#events.failed(reason);
  }

  /** The socket is gone, or will be: every stream is told. Idempotent. */
  end(reason: Error): void {
    this.#isOpen = false;
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    for (const stream of streams) stream.events.closed(reason, false);
  }

  #handle(frame: wire.Frame): void {
    if (!this.#isReady && frame.type !== wire.FrameType.settings) {
      throw new wire.Http2Error(wire.ErrorCode.protocolError, 'the first frame is not SETTINGS');
    }
    if (this.#pendingBlock !== undefined && frame.type !== wire.FrameType.continuation) {
      throw new wire.Http2Error(wire.ErrorCode.protocolError, 'a header block was interrupted');
    }
    switch (frame.type) {
      case wire.FrameType.data:
        this.#onData(frame);
        return;
      case wire.FrameType.headers:
      case wire.FrameType.continuation:
        this.#onHeaderBlock(frame);
        return;
      case wire.FrameType.rstStream:
        this.#onReset(frame);
        return;
      case wire.FrameType.settings:
        this.#onSettings(frame);
        return;
      case wire.FrameType.ping:
        this.#onPing(frame);
        return;
      case wire.FrameType.goAway:
        this.#onGoAway(frame);
        return;
      case wire.FrameType.windowUpdate:
        this.#onWindowUpdate(frame);
        return;
      case wire.FrameType.pushPromise:
        throw new wire.Http2Error(wire.ErrorCode.protocolError, 'push was refused in our settings');
      default:
        return; // Unknown types are ignored (RFC 9113 §4.1).
    }
  }

  #onData(frame: wire.Frame): void {
    this.#receivedUncredited += frame.payload.length;
    if (this.#receivedUncredited >= connectionWindowBytes / 2) {
      this.#write(windowUpdate(0, this.#receivedUncredited));
      this.#receivedUncredited = 0;
    }
    const stream = this.#streams.get(frame.streamId);
    if (stream === undefined) return; // Reset by us, and the peer did not know yet.
    const bytes = wire.content(frame);
    const padding = frame.payload.length - bytes.length;
    if (padding > 0) this.credit(stream, padding);
    const endStream = (frame.flags & wire.Flag.endStream) !== 0;
    if (endStream) this.#streams.delete(stream.id);
    stream.events.data(bytes, endStream);
  }

  #onHeaderBlock(frame: wire.Frame): void {
    if (
      frame.type === wire.FrameType.continuation &&
      this.#pendingBlock?.streamId !== frame.streamId
    ) {
      throw new wire.Http2Error(wire.ErrorCode.protocolError, 'CONTINUATION without HEADERS');
    }
    const block = this.#pendingBlock ?? {
      streamId: frame.streamId,
      endStream: (frame.flags & wire.Flag.endStream) !== 0,
      parts: [],
      bytes: 0,
    };
    const part = wire.content(frame);
    block.bytes += part.length;
    if (block.bytes > headerBlockBytesMax) {
      throw new wire.Http2Error(
        wire.ErrorCode.enhanceYourCalm,
        `header block exceeds ${headerBlockBytesMax} bytes`,
      );
    }
    if ((frame.flags & wire.Flag.endHeaders) === 0) {
      block.parts.push(Uint8Array.from(part));
      this.#pendingBlock = block;
      return;
    }
    this.#pendingBlock = undefined;
    const whole = block.parts.length === 0 ? part : Buffer.concat([...block.parts, part]);
    // Decoded even when nobody waits for it: the dynamic table belongs to the connection.
    const fields = this.#hpack.decode(whole);
    const stream = this.#streams.get(block.streamId);
    if (stream === undefined) return;
    if (block.endStream) this.#streams.delete(stream.id);
    stream.events.headers(fields, block.endStream);
  }

  #onReset(frame: wire.Frame): void {
    const stream = this.#streams.get(frame.streamId);
    if (stream === undefined) return;
    this.#streams.delete(stream.id);
    stream.events.reset(wire.readUint32(frame.payload, 0));
  }

  #onSettings(frame: wire.Frame): void {
    if ((frame.flags & wire.Flag.ack) !== 0) return;
    for (let at = 0; at + 6 <= frame.payload.length; at += 6) {
      const id = ((frame.payload[at] ?? 0) << 8) | (frame.payload[at + 1] ?? 0);
      this.#applySetting(id, wire.readUint32(frame.payload, at + 2));
    }
    this.#write(wire.frameBytes(wire.FrameType.settings, wire.Flag.ack, 0, new Uint8Array(0)));
    if (this.#isReady) return;
    this.#isReady = true;
    this.#events.ready();
  }

  #applySetting(id: number, value: number): void {
    if (id === Setting.maxFrameSize) {
      if (value < 16_384 || value > 16_777_215) {
        throw new wire.Http2Error(wire.ErrorCode.protocolError, `frame size ${value} in SETTINGS`);
      }
      this.#peerFrameMax = value;
    }
    if (id !== Setting.initialWindowSize) return;
    if (value > windowBytesMax) {
      throw new wire.Http2Error(
        wire.ErrorCode.flowControlError,
        `window of ${value} bytes in SETTINGS`,
      );
    }
    const change = value - this.#peerInitialWindow;
    this.#peerInitialWindow = value;
    for (const stream of this.#streams.values()) {
      stream.sendWindow += change;
      this.flush(stream);
    }
  }

  #onPing(frame: wire.Frame): void {
    if ((frame.flags & wire.Flag.ack) === 0) {
      this.#write(wire.frameBytes(wire.FrameType.ping, wire.Flag.ack, 0, frame.payload));
      return;
    }
    const onAnswer = this.#pingAnswer;
    this.#pingAnswer = undefined;
    onAnswer?.();
  }

  #onGoAway(frame: wire.Frame): void {
    this.#isOpen = false;
    const lastProcessed = wire.readUint32(frame.payload, 0) & 0x7fffffff;
    const code = wire.readUint32(frame.payload, 4);
    for (const stream of [...this.#streams.values()]) {
      if (stream.id <= lastProcessed) continue;
      this.#streams.delete(stream.id);
      stream.events.closed(new Error(`server went away (HTTP/2 error ${code})`), true);
    }
    this.#events.draining();
  }

  #onWindowUpdate(frame: wire.Frame): void {
    const bytes = wire.readUint32(frame.payload, 0) & 0x7fffffff;
    if (frame.streamId !== 0) {
      const stream = this.#streams.get(frame.streamId);
      if (stream === undefined) return;
      stream.sendWindow += bytes;
      this.flush(stream);
      return;
    }
    this.#sendWindow += bytes;
    for (const stream of this.#streams.values()) {
      if (this.#sendWindow <= 0) return;
      this.flush(stream);
    }
  }
}

function windowUpdate(streamId: number, bytes: number): Uint8Array {
  return wire.frameBytes(wire.FrameType.windowUpdate, 0, streamId, wire.uint32Bytes(bytes));
}

/** Our half of one stream: what waits for the peer's window. Bounded by the callers: requests have a size limit. */
export class Stream {
  readonly id: number;
  readonly events: StreamEvents;
  sendWindow: number;
  readonly #connection: Http2Connection;
  readonly #queue: Uint8Array[] = [];
  #endQueued = false;
  #endSent = false;

  constructor(connection: Http2Connection, id: number, sendWindow: number, events: StreamEvents) {
    this.#connection = connection;
    this.id = id;
    this.sendWindow = sendWindow;
    this.events = events;
  }

  enqueue(bytes: Uint8Array, endStream: boolean): void {
    if (bytes.length > 0) this.#queue.push(bytes);
    this.#endQueued ||= endStream;
  }

  send(bytes: Uint8Array, endStream: boolean): void {
    this.enqueue(bytes, endStream);
    this.#connection.flush(this);
  }

  credit(bytes: number): void {
    this.#connection.credit(this, bytes);
  }

  reset(errorCode: number): void {
    this.#connection.reset(this, errorCode);
  }

  forget(): void {
    this.#connection.forget(this);
  }

  /** Next piece for a DATA frame within `window` bytes; an empty one carries the end alone. */
  take(window: number): { readonly bytes: Uint8Array; readonly endStream: boolean } | undefined {
    const first = this.#queue[0];
    if (first === undefined) {
      if (!this.#endQueued || this.#endSent) return undefined;
      this.#endSent = true;
      return { bytes: new Uint8Array(0), endStream: true };
    }
    if (window <= 0) return undefined;
    const bytes = first.subarray(0, window);
    if (bytes.length === first.length) this.#queue.shift();
    else this.#queue[0] = first.subarray(bytes.length);
    this.sendWindow -= bytes.length;
    const endStream = this.#endQueued && this.#queue.length === 0;
    this.#endSent ||= endStream;
    return { bytes, endStream };
  }
}
