/**
 * The client's side of one HTTP/2 connection (RFC 9113): streams, flow control, settings, pings. No sockets: bytes come in by
 * `receive`, go out by the given function.
 *
 * Kept small by what a gRPC client does not need: no push (refused in our SETTINGS), no priorities, no CONNECT, no
 * request trailers.
 */
import { HpackDecoder, HpackError } from './hpack.js';
import * as wire from './frame.js';
import { Stream, type Opening, type StreamEvents } from './stream.js';

export interface ConnectionEvents {
  /** The peer's first SETTINGS arrived: it speaks HTTP/2. */
  ready(): void;
  /** No new streams here: the peer goes away, or the connection ended. */
  draining(): void;
  /** It was draining, and its last stream is over: the socket can be closed. */
  drained(): void;
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

const Setting = {
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
} as const;

export class Http2Connection {
  readonly #write: (bytes: Uint8Array) => void;
  readonly #events: ConnectionEvents;
  readonly #reader = new wire.FrameReader();
  readonly #hpack = new HpackDecoder();
  readonly #streams = new Map<number, Stream>();
  /** Those for which the peer has no room yet, in order. Bounded by the callers: each is a call that somebody waits for. */
  readonly #waiting = new Map<Stream, Opening>();
  #nextId: number;
  #sendWindow = defaultWindowBytes;
  #peerInitialWindow = defaultWindowBytes;
  #peerFrameMax = wire.frameBytesMax;
  /** Streams that the peer takes at a time. */
  #peerStreamsMax = Infinity;
  #receivedUncredited = 0;
  #pendingBlock:
    { streamId: number; endStream: boolean; parts: Uint8Array[]; bytes: number } | undefined;
  #isReady = false;
  #isOpen = true;
  #isOver = false;
  #pingAnswer: (() => void) | undefined;

  /** `firstId`: of streams, odd; for tests that come to the last one. */
  constructor(write: (bytes: Uint8Array) => void, events: ConnectionEvents, firstId = 1) {
    this.#write = write;
    this.#events = events;
    this.#nextId = firstId;
  }

  /** Whether a new stream may be opened. */
  get isOpen(): boolean {
    return this.#isOpen && this.#isReady;
  }

  /** Those that wait for room included. */
  get streamCount(): number {
    return this.#streams.size + this.#waiting.size;
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

  /**
   * Opens a stream with an encoded header block (hpack.ts); `body` (optional) and the end of the stream go out in the same write where the windows allow.
   * While the peer takes no more streams it waits its turn.
   */
  open(
    block: Uint8Array,
    body: Uint8Array | undefined,
    endStream: boolean,
    events: StreamEvents,
  ): Stream {
    const windows = { send: this.#peerInitialWindow, receive: streamWindowBytes };
    const stream = new Stream(this, windows, events);
    if (body !== undefined) stream.enqueue(body, endStream);
    const opening = { block, endStream: endStream && body === undefined };
    if (this.#hasRoom && this.#waiting.size === 0) this.#launch(stream, opening);
    else this.#waiting.set(stream, opening);
    return stream;
  }

  get #hasRoom(): boolean {
    return this.#streams.size < this.#peerStreamsMax;
  }

  #launch(stream: Stream, { block, endStream }: Opening): void {
    stream.id = this.#nextId;
    this.#nextId += 2;
    // The peer may have changed it while the stream waited.
    stream.sendWindow = this.#peerInitialWindow;
    this.#streams.set(stream.id, stream);
    this.#writeHeaders(stream.id, block, endStream);
    this.#writeQueued(stream);
    if (this.#nextId > streamIdMax) this.#drain(new Error('all stream numbers are used up'));
  }

  /** Puts on the wire what waits, as far as the peer has room. */
  #launchWaiting(): void {
    for (const [stream, opening] of this.#waiting) {
      if (!this.#hasRoom) return;
      this.#waiting.delete(stream);
      this.#launch(stream, opening);
    }
  }

  /** No new streams here from now on. Those that wait were never sent. */
  #drain(reason: Error): void {
    this.#isOpen = false;
    const waiting = [...this.#waiting.keys()];
    this.#waiting.clear();
    for (const stream of waiting) stream.events.closed(reason, true);
    this.#events.draining();
    this.#tellIfDrained();
  }

  /** A stream is over: its room is another's. */
  #forget(stream: Stream): void {
    this.#streams.delete(stream.id);
    this.#launchWaiting();
    this.#tellIfDrained();
  }

  #tellIfDrained(): void {
    if (!this.#isOpen && !this.#isOver && this.#streams.size === 0) this.#events.drained();
  }

  #writeHeaders(id: number, block: Uint8Array, endStream: boolean): void {
    const flags = endStream ? wire.Flag.endStream : 0;
    for (let at = 0; at === 0 || at < block.length; at += wire.frameBytesMax) {
      const part = block.subarray(at, at + wire.frameBytesMax);
      const isLast = at + wire.frameBytesMax >= block.length;
      const type = at === 0 ? wire.FrameType.headers : wire.FrameType.continuation;
      const own = (at === 0 ? flags : 0) | (isLast ? wire.Flag.endHeaders : 0);
      this.#write(wire.frameBytes(type, own, id, part));
    }
  }

  /** Sends what the windows allow of a stream's queue. */
  flush(stream: Stream): void {
    if (!this.#isLive(stream)) return;
    this.#writeQueued(stream);
  }

  #writeQueued(stream: Stream): void {
    for (;;) {
      const window = Math.min(this.#sendWindow, stream.sendWindow, this.#peerFrameMax);
      const piece = stream.take(window);
      if (piece === undefined) return;
      this.#sendWindow -= piece.bytes.length;
      const flags = piece.endStream ? wire.Flag.endStream : 0;
      this.#write(wire.frameBytes(wire.FrameType.data, flags, stream.id, piece.bytes));
    }
  }

  #isLive(stream: Stream): boolean {
    return this.#streams.get(stream.id) === stream;
  }

  /** Lets the peer send `bytes` more on a stream. */
  credit(stream: Stream, bytes: number): void {
    if (!this.#isLive(stream)) return;
    stream.receiveWindow += bytes;
    this.#write(windowUpdate(stream.id, bytes));
  }

  /** Ends a stream from our side; nothing is sent of one that was still waiting. */
  reset(stream: Stream, errorCode: number): void {
    if (this.#waiting.delete(stream) || !this.#isLive(stream)) return;
    const { rstStream } = wire.FrameType;
    this.#write(wire.frameBytes(rstStream, 0, stream.id, wire.uint32Bytes(errorCode)));
    this.#forget(stream);
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
    this.#isOver = true;
    const sent = [...this.#streams.values()];
    const waiting = [...this.#waiting.keys()];
    this.#streams.clear();
    this.#waiting.clear();
    for (const stream of sent) stream.events.closed(reason, false);
    for (const stream of waiting) stream.events.closed(reason, true);
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
    stream.receiveWindow -= frame.payload.length;
    // The window is what bounds the messages that nobody has read yet.
    if (stream.receiveWindow < 0) {
      const text = `more data on stream ${stream.id} than its window allows`;
      throw new wire.Http2Error(wire.ErrorCode.flowControlError, text);
    }
    if (padding > 0) this.credit(stream, padding);
    const endStream = (frame.flags & wire.Flag.endStream) !== 0;
    if (endStream) this.#forget(stream);
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
    if (block.endStream) this.#forget(stream);
    stream.events.headers(fields, block.endStream);
  }

  #onReset(frame: wire.Frame): void {
    const stream = this.#streams.get(frame.streamId);
    if (stream === undefined) return;
    this.#forget(stream);
    stream.events.reset(wire.readUint32(frame.payload, 0));
  }

  #onSettings(frame: wire.Frame): void {
    if ((frame.flags & wire.Flag.ack) !== 0) return;
    for (let at = 0; at + 6 <= frame.payload.length; at += 6) {
      const id = ((frame.payload[at] ?? 0) << 8) | (frame.payload[at + 1] ?? 0);
      this.#applySetting(id, wire.readUint32(frame.payload, at + 2));
    }
    this.#write(wire.frameBytes(wire.FrameType.settings, wire.Flag.ack, 0, new Uint8Array(0)));
    this.#launchWaiting();
    if (this.#isReady) return;
    this.#isReady = true;
    this.#events.ready();
  }

  #applySetting(id: number, value: number): void {
    if (id === Setting.maxConcurrentStreams) this.#peerStreamsMax = value;
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
    const lastProcessed = wire.readUint32(frame.payload, 0) & 0x7fffffff;
    const code = wire.readUint32(frame.payload, 4);
    const reason = new Error(`server went away (HTTP/2 error ${code})`);
    for (const stream of [...this.#streams.values()]) {
      if (stream.id <= lastProcessed) continue;
      this.#streams.delete(stream.id);
      stream.events.closed(reason, true);
    }
    this.#drain(reason);
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
