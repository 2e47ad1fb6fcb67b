/**
 * One HTTP/2 connection as a state machine over bytes (RFC 9113): chunks go in by `receive`, output comes out by `sender.output`, time comes
 * in by `tick`. It knows no socket, no clock and nothing of gRPC but that a header block opens a stream.
 *
 * Invariants: C1 after `end` nothing is read and every stream has been aborted. C2 every header block is decoded, also those of streams that
 * are refused: the tables of both sides stay equal. (T1 to T3 are the stream table's, S1 and S2 the sender's.)
 */
import { HpackDecoder, HpackError } from '../hpack/decoder.js';
import type { DecodedBlock } from '../hpack/decoder.js';
import type { ConnectionLimits } from '../limits.js';
import { FloodGuard } from './flood-guard.js';
import {
  ConnectionError,
  ErrorCode,
  Flag,
  FrameType,
  unpaddedEnd,
  windowBytesDefault,
} from './frame.js';
import { FrameReader } from './frame-reader.js';
import { checkFrame } from './frame-rules.js';
import { HeaderBlock } from './header-block.js';
import { Keepalive } from './keepalive.js';
import type { KeepaliveLimits } from './keepalive.js';
import { ReceiveWindow } from './receive-window.js';
import { Sender } from './sender.js';
import type { WaitingTotal } from './sender.js';
import { readSettings, settingsPayload } from './settings.js';
import { StreamTable } from './stream-table.js';
import type { Http2Stream } from './stream.js';

/** Who serves the requests of a connection. */
export interface RequestSink {
  /** A request: returns its stream, or undefined when it was refused by `connection.resetForPeer`. */
  openStream(connection: Connection, id: number, fields: DecodedBlock): Http2Stream | undefined;
  /** Checks the client's trailers; returns what is wrong. */
  checkTrailers(fields: DecodedBlock): string | undefined;
}

/** Who moves the bytes of a connection. */
export interface ConnectionHost {
  /** There is output to take at the end of this turn. */
  onOutput(): void;
  /** Write what is left of the output, then close the socket. `reason` is undefined when all ended well. */
  onEnd(reason: ConnectionError | undefined): void;
}

export interface ConnectionOptions {
  readonly limits: ConnectionLimits;
  readonly keepalive: KeepaliveLimits;
  readonly concurrentStreamsMax: number;
  /** Answer bytes that wait in the streams of all connections together; each connection adds its own. */
  readonly waitingTotal: WaitingTotal;
  readonly nowMs: number;
}

export class Connection {
  readonly limits: ConnectionLimits;
  readonly sender: Sender;
  /** Bytes of incomplete and unread messages. */
  heldBytes = 0;
  /** When the bytes came that are being read, on the caller's clock. */
  nowMs: number;
  readonly #host: ConnectionHost;
  readonly #requests: RequestSink;
  readonly #options: ConnectionOptions;
  readonly #reader: FrameReader;
  readonly #hpack: HpackDecoder;
  readonly #headerBlock: HeaderBlock;
  readonly #keepalive: Keepalive;
  readonly #guard: FloodGuard;
  readonly #streams = new StreamTable();
  #settingsSeen = false;
  readonly #receiveWindow: ReceiveWindow;
  #draining = false;
  #ended = false;

  constructor(host: ConnectionHost, requests: RequestSink, options: ConnectionOptions) {
    const { limits } = options;
    this.nowMs = options.nowMs;
    this.#host = host;
    this.#requests = requests;
    this.#options = options;
    this.limits = limits;
    this.sender = new Sender(
      {
        onOutput: () => {
          host.onOutput();
        },
        onAnswer: (data) => {
          if (data) this.#guard.dataSent();
          this.#keepalive.onAnswer();
        },
        onLocalEnd: (stream) => {
          this.#localEnded(stream);
        },
      },
      limits,
      options.waitingTotal,
    );
    this.#reader = new FrameReader({
      onFrame: (type, flags, streamId, bytes, start, end) => {
        this.#onFrame(type, flags, streamId, bytes, start, end);
      },
    });
    this.#hpack = new HpackDecoder({
      tableBytesMax: limits.headerTableBytes,
      listBytesMax: limits.headerListBytesMax,
    });
    this.#headerBlock = new HeaderBlock(limits);
    this.#keepalive = new Keepalive(options.keepalive, options.nowMs);
    this.#guard = new FloodGuard(limits, options.nowMs);
    this.#receiveWindow = new ReceiveWindow(limits.connectionWindowBytes);
    this.sender.control(
      FrameType.settings,
      0,
      0,
      settingsPayload(limits, options.concurrentStreamsMax),
    );
    const more = limits.connectionWindowBytes - windowBytesDefault;
    if (more > 0) this.sender.number(FrameType.windowUpdate, 0, more);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Feeds what the socket read. Never throws: a peer that breaks the protocol ends the connection. */
  receive(chunk: Buffer, nowMs: number): void {
    if (this.#ended) return;
    this.nowMs = nowMs;
    this.#keepalive.onRead(nowMs);
    try {
      this.#reader.read(chunk);
    } catch (error) {
      if (error instanceof ConnectionError) this.#fail(error);
      else if (error instanceof HpackError) {
        this.#fail(new ConnectionError(ErrorCode.compressionError, error.message));
      } else throw error;
    }
  }

  /** Called about once a second: slow peers, silent peers, forgiveness. */
  tick(nowMs: number): void {
    if (this.#ended) return;
    this.#guard.forgive(nowMs);
    const handshaking = !this.#settingsSeen || this.#headerBlock.open;
    if (this.#guard.tooSlow(handshaking, nowMs)) {
      this.#fail(new ConnectionError(ErrorCode.enhanceYourCalm, 'the handshake took too long'));
      return;
    }
    const verdict = this.#keepalive.tick(nowMs);
    if (verdict === 'ping') this.sender.control(FrameType.ping, 0, 0, Buffer.alloc(8));
    else if (verdict === 'dead') this.end(undefined);
  }

  /** Resets streams whose answer is complete while their client still sends. Called before output is taken. */
  beforeFlush(): void {
    for (const stream of this.#streams.takeLingering()) {
      this.sender.number(FrameType.rstStream, stream.id, ErrorCode.noError);
      this.#forget(stream);
    }
  }

  /** Takes no more calls and ends when those that run have ended. */
  drain(): void {
    if (this.#draining || this.#ended) return;
    this.#draining = true;
    this.sender.goaway(this.#streams.lastId, ErrorCode.noError, '');
    if (this.#streams.size === 0) this.end(undefined);
  }

  /** Ends now: aborts all streams; what is in the output still goes out. Idempotent. */
  end(reason: ConnectionError | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const stream of this.#streams.takeAll()) {
      this.sender.drop(stream);
      stream.onAbort();
    }
    this.#host.onEnd(reason);
  }

  /**
   * Resets one stream because of what the peer did. It counts like a reset by the peer: either way the server has begun work
   * for nothing, and a new call may take the place (CVE-2025-8671).
   */
  resetForPeer(id: number, code: ErrorCode): void {
    this.#guard.reset();
    this.reset(id, code);
  }

  /** Resets one stream from our side. */
  reset(id: number, code: ErrorCode): void {
    this.sender.number(FrameType.rstStream, id, code);
    const stream = this.#streams.get(id);
    if (stream === undefined) {
      this.#streams.forget(id);
      return;
    }
    this.#forget(stream);
    this.sender.drop(stream);
    stream.localClosed = true;
    stream.onAbort();
  }

  /** Gives bytes that need not be held any more back to the window of a stream. */
  consumed(stream: Http2Stream, bytes: number): void {
    const update = stream.receiveWindow.consume(bytes);
    if (update === 0 || stream.remoteClosed || stream.localClosed) return;
    this.sender.number(FrameType.windowUpdate, stream.id, update);
  }

  #onFrame(
    type: number,
    flags: number,
    id: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    if (this.#ended) return;
    if (!this.#settingsSeen && type !== FrameType.settings) {
      throw new ConnectionError(ErrorCode.protocolError, 'the first frame is not SETTINGS');
    }
    if (this.#headerBlock.open && type !== FrameType.continuation) {
      throw new ConnectionError(ErrorCode.protocolError, 'a frame inside of a header block');
    }
    checkFrame(type, flags, id, end - start);
    switch (type) {
      case FrameType.data:
        this.#onData(flags, id, bytes, start, end);
        break;
      case FrameType.headers:
        if (this.#headerBlock.begin(flags, id, bytes, start, end)) this.#onHeaders();
        break;
      case FrameType.continuation:
        if (this.#headerBlock.continue(flags, id, bytes, start, end)) this.#onHeaders();
        break;
      case FrameType.rstStream:
        this.#onReset(id);
        break;
      case FrameType.settings:
        this.#onSettings(flags, bytes, start, end);
        break;
      case FrameType.ping:
        this.#onPing(flags, bytes, start, end);
        break;
      case FrameType.windowUpdate:
        this.#onWindowUpdate(id, bytes, start);
        break;
      case FrameType.priority:
        this.#onPriority(id, bytes, start, end);
        break;
      default:
        // GOAWAY of a client changes nothing, and frames of unknown types are ignored (RFC 9113 §4.1).
        this.#guard.idleFrame();
    }
  }

  #onHeaders(): void {
    const { streamId: id, endStream, selfDependent } = this.#headerBlock;
    // The block is decoded whatever becomes of it: the tables of both sides must stay equal.
    const fields = this.#headerBlock.decode(this.#hpack);
    const known = this.#streams.get(id);
    if (known !== undefined) {
      this.#onTrailers(known, fields, endStream);
    } else if (id <= this.#streams.lastId) {
      if (this.#streams.wasForgotten(id)) return;
      throw new ConnectionError(ErrorCode.streamClosed, `HEADERS on closed stream ${String(id)}`);
    } else if (!this.#draining) {
      this.#streams.use(id);
      if (selfDependent) this.resetForPeer(id, ErrorCode.protocolError);
      else this.#open(id, fields, endStream);
    }
  }

  #open(id: number, fields: DecodedBlock, endStream: boolean): void {
    if (this.#streams.size >= this.#options.concurrentStreamsMax) {
      this.resetForPeer(id, ErrorCode.refusedStream);
      return;
    }
    const stream = this.#requests.openStream(this, id, fields);
    if (stream === undefined) return;
    if (!stream.localClosed) this.#streams.add(stream);
    if (endStream) this.#remoteEnded(stream);
    else if (stream.localClosed) this.#streams.linger(stream);
  }

  #onTrailers(stream: Http2Stream, fields: DecodedBlock, endStream: boolean): void {
    if (stream.remoteClosed) {
      this.resetForPeer(stream.id, ErrorCode.streamClosed);
    } else if (!endStream || this.#requests.checkTrailers(fields) !== undefined) {
      this.resetForPeer(stream.id, ErrorCode.protocolError);
    } else {
      this.#remoteEnded(stream);
    }
  }

  #onData(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    this.#countReceived(end - start);
    const stream = this.#streams.get(id);
    if (stream === undefined) {
      this.#onDataWithoutStream(id, end - start);
      return;
    }
    if (stream.remoteClosed) {
      this.resetForPeer(id, ErrorCode.streamClosed);
      return;
    }
    if (!stream.receiveWindow.receive(end - start)) {
      this.resetForPeer(id, ErrorCode.flowControlError);
      return;
    }
    const padded = (flags & Flag.padded) !== 0;
    const first = padded ? start + 1 : start;
    const last = padded ? unpaddedEnd(bytes, start, end) : end;
    if (padded) this.consumed(stream, end - start - (last - first));
    const endStream = (flags & Flag.endStream) !== 0;
    if (last > first) stream.onData(bytes, first, last);
    else if (!endStream) this.#guard.idleFrame();
    if (endStream) this.#remoteEnded(stream);
  }

  #onDataWithoutStream(id: number, bytes: number): void {
    if (id > this.#streams.lastId) {
      if (this.#draining) return;
      throw new ConnectionError(ErrorCode.protocolError, `DATA on idle stream ${String(id)}`);
    }
    if (!this.#streams.wasForgotten(id)) this.resetForPeer(id, ErrorCode.streamClosed);
    // What was on its way when we reset the stream is no flood, however much it is.
    else if (bytes === 0) this.#guard.idleFrame();
  }

  /** The connection's window is given back at once: each stream's own window bounds what is held for it. */
  #countReceived(bytes: number): void {
    if (!this.#receiveWindow.receive(bytes)) {
      throw new ConnectionError(ErrorCode.flowControlError, 'the connection window is exceeded');
    }
    const update = this.#receiveWindow.consume(bytes);
    if (update > 0) this.sender.number(FrameType.windowUpdate, 0, update);
  }

  #onReset(id: number): void {
    if (id > this.#streams.lastId && !this.#draining) {
      throw new ConnectionError(ErrorCode.protocolError, `RST_STREAM on idle stream ${String(id)}`);
    }
    this.#guard.reset();
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    this.#streams.remove(id);
    stream.remoteClosed = true;
    stream.localClosed = true;
    this.sender.drop(stream);
    stream.onAbort();
    this.#endIfDrained();
  }

  #onSettings(flags: number, bytes: Buffer, start: number, end: number): void {
    this.#guard.idleFrame();
    if ((flags & Flag.ack) !== 0) return;
    this.#settingsSeen = true;
    const settings = readSettings(bytes, start, end);
    // The acknowledgement goes before what the settings let out (§6.5.3: immediately).
    this.sender.control(FrameType.settings, Flag.ack, 0, Buffer.alloc(0));
    if (!this.sender.apply(settings, this.#streams.values())) {
      throw new ConnectionError(ErrorCode.flowControlError, 'SETTINGS overflow a window');
    }
  }

  #onPing(flags: number, bytes: Buffer, start: number, end: number): void {
    this.#guard.idleFrame();
    if ((flags & Flag.ack) !== 0) {
      this.#keepalive.onPong();
      return;
    }
    if (this.#keepalive.onPing(this.#streams.size > 0) === 'tooMany') {
      throw new ConnectionError(ErrorCode.enhanceYourCalm, 'too_many_pings');
    }
    this.sender.control(FrameType.ping, Flag.ack, 0, bytes.subarray(start, end));
  }

  #onWindowUpdate(id: number, bytes: Buffer, start: number): void {
    this.#guard.windowUpdate();
    const increment = bytes.readUInt32BE(start) & 0x7fff_ffff;
    if (id === 0) {
      if (increment === 0) throw new ConnectionError(ErrorCode.protocolError, 'WINDOW_UPDATE of 0');
      if (!this.sender.openConnectionWindow(increment)) {
        throw new ConnectionError(ErrorCode.flowControlError, 'the connection window overflows');
      }
      return;
    }
    if (id > this.#streams.lastId && !this.#draining) {
      throw new ConnectionError(
        ErrorCode.protocolError,
        `WINDOW_UPDATE on idle stream ${String(id)}`,
      );
    }
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    if (increment === 0) this.resetForPeer(id, ErrorCode.protocolError);
    else if (!this.sender.openStreamWindow(stream, increment)) {
      this.resetForPeer(id, ErrorCode.flowControlError);
    }
  }

  #onPriority(id: number, bytes: Buffer, start: number, end: number): void {
    this.#guard.idleFrame();
    if (end - start !== 5) this.resetForPeer(id, ErrorCode.frameSizeError);
    else if ((bytes.readUInt32BE(start) & 0x7fff_ffff) === id)
      this.resetForPeer(id, ErrorCode.protocolError);
  }

  #remoteEnded(stream: Http2Stream): void {
    stream.remoteClosed = true;
    stream.onRemoteEnd();
    if (stream.localClosed) this.#streams.remove(stream.id);
    this.#endIfDrained();
  }

  #localEnded(stream: Http2Stream): void {
    stream.localClosed = true;
    this.#guard.finished();
    if (stream.remoteClosed) {
      this.#streams.remove(stream.id);
      this.#endIfDrained();
    } else if (this.#streams.get(stream.id) !== undefined) {
      this.#streams.linger(stream);
    }
  }

  #forget(stream: Http2Stream): void {
    if (stream.remoteClosed) this.#streams.remove(stream.id);
    else this.#streams.forget(stream.id);
    this.#endIfDrained();
  }

  #endIfDrained(): void {
    if (this.#draining && this.#streams.size === 0) this.end(undefined);
  }

  #fail(error: ConnectionError): void {
    this.sender.goaway(this.#streams.lastId, error.code, error.message);
    this.end(error);
  }
}
