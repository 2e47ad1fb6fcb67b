/** One stream as HTTP/2 sees it: its windows, which halves are closed, and what waits to be sent on it. */
import type { Connection } from './connection.js';
import { ReceiveWindow } from './receive-window.js';

/** The end of a call, encoded only when it is written: header blocks must leave in the order in which they were encoded. */
export interface FinalStatus {
  readonly code: number;
  readonly message: string;
}

/** Bytes that the windows or the socket did not let out yet, and the trailers behind them. */
export class SendQueue {
  readonly #parts: Uint8Array[] = [];
  /** Position in `#parts[0]`. */
  #at = 0;
  bytes = 0;
  finalStatus: FinalStatus | undefined;

  push(part: Uint8Array): void {
    this.#parts.push(part);
    this.bytes += part.length;
  }

  /** Takes up to `bytesMax` bytes from the front, piece by piece. */
  take(bytesMax: number, emit: (part: Uint8Array, start: number, end: number) => void): void {
    let wanted = Math.min(bytesMax, this.bytes);
    this.bytes -= wanted;
    let done = 0;
    while (wanted > 0) {
      const part = this.#parts[done];
      if (part === undefined) break;
      const end = Math.min(part.length, this.#at + wanted);
      emit(part, this.#at, end);
      wanted -= end - this.#at;
      this.#at = end;
      if (end === part.length) {
        this.#at = 0;
        done += 1;
      }
    }
    this.#parts.splice(0, done);
  }
}

export abstract class Http2Stream {
  readonly id: number;
  protected readonly connection: Connection;
  /** What the peer lets us send on this stream; may be negative after it lowered its SETTINGS. */
  sendWindowBytes: number;
  /** What we let the peer send. */
  readonly receiveWindow: ReceiveWindow;
  /** The peer has sent its last frame. */
  remoteClosed = false;
  /** We have written our last frame. */
  localClosed = false;
  queue: SendQueue | undefined;

  constructor(connection: Connection, id: number) {
    this.connection = connection;
    this.id = id;
    this.sendWindowBytes = connection.sender.initialStreamWindowBytes;
    this.receiveWindow = new ReceiveWindow(connection.limits.streamWindowBytes);
  }

  /** DATA has come: `bytes[start, end)`, borrowed. */
  abstract onData(bytes: Buffer, start: number, end: number): void;
  /** The peer has closed its half. */
  abstract onRemoteEnd(): void;
  /** The stream is gone: reset by the peer or by us, or its connection lost. */
  abstract onAbort(): void;
  /** The queue has become shorter. */
  abstract onQueueShorter(): void;
}
