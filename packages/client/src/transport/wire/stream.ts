/** Our half of one HTTP/2 stream: what waits for the peer's window, and what window the peer has here. */
import type { HeaderField } from './hpack.js';

/** What happens to a stream. After `closed` nothing more. */
export interface StreamEvents {
  headers(fields: readonly HeaderField[], endStream: boolean): void;
  /** `bytes` are a view of what was received, which nobody changes. */
  data(bytes: Uint8Array, endStream: boolean): void;
  reset(errorCode: number): void;
  /** The connection ended. `unprocessed`: the server never looked at this stream. */
  closed(reason: Error, unprocessed: boolean): void;
}

/** The connection, as far as a stream needs it. */
export interface StreamConnection {
  flush(stream: Stream): void;
  credit(stream: Stream, bytes: number): void;
  reset(stream: Stream, errorCode: number): void;
}

/** How it opens: an encoded header block, and whether anything follows. */
export interface Opening {
  readonly block: Uint8Array;
  readonly endStream: boolean;
}

/** Windows when the stream opens, bytes. */
export interface Windows {
  readonly send: number;
  readonly receive: number;
}

/** Its queue is bounded by the callers: requests have a size limit. */
export class Stream {
  /** 0 until it is on the wire. */
  id = 0;
  readonly events: StreamEvents;
  sendWindow: number;
  /** What the peer may still send; below 0 it has broken the protocol. */
  receiveWindow: number;
  readonly #connection: StreamConnection;
  readonly #queue: Uint8Array[] = [];
  #endQueued = false;
  #endSent = false;

  constructor(connection: StreamConnection, windows: Windows, events: StreamEvents) {
    this.#connection = connection;
    this.sendWindow = windows.send;
    this.receiveWindow = windows.receive;
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
