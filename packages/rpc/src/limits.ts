/**
 * Every bound of a connection that HTTP/2 leaves to the server, with its default, its reason, and what happens at it. Bounds that
 * users set (message size, streams, keepalive) are `TransportLimits`.
 */

export interface ConnectionLimits {
  /** Window of each stream, bytes: what a client may send on a stream that is not being read. */
  readonly streamWindowBytes: number;
  /** Window of a connection, bytes: data in flight from one client. */
  readonly connectionWindowBytes: number;
  /** A header block, encoded, over all its CONTINUATION frames. Over it: GOAWAY ENHANCE_YOUR_CALM (CONTINUATION flood). */
  readonly headerBlockBytesMax: number;
  /** CONTINUATION frames of one block. Over it: GOAWAY ENHANCE_YOUR_CALM (empty CONTINUATION frames). */
  readonly continuationFramesMax: number;
  /** A header block, decoded, as SETTINGS_MAX_HEADER_LIST_SIZE counts. Over it: RST_STREAM (HPACK bomb). */
  readonly headerListBytesMax: number;
  /** Dynamic table of the peer's encoder, bytes; announced. */
  readonly headerTableBytes: number;
  /** Bytes of incomplete and unread messages on a connection. Over it: RST_STREAM ENHANCE_YOUR_CALM for the newest. */
  readonly heldBytesMax: number;
  /**
   * Bytes ready for the socket above which answers wait in their streams, and bytes that the socket does not take above which the
   * connection is not read (a client that asks and never reads).
   */
  readonly outputBytesMax: number;
  /** A socket that has not taken what it was given for this long is cut. */
  readonly stalledMs: number;
  /** Answer bytes waiting for the windows of one client above which its new calls get RESOURCE_EXHAUSTED. */
  readonly waitingBytesMax: number;
  /** The same for all clients of a transport together, above which only clients that leave nothing unread get new answers. */
  readonly waitingBytesTotalMax: number;
  /**
   * Frames that cost the server something and the client nothing (PING, SETTINGS, PRIORITY, empty DATA, unknown types), in a row;
   * answers and time forgive them. The same for WINDOW_UPDATE beyond two for each DATA frame that we sent. Over it: GOAWAY ENHANCE_YOUR_CALM (floods).
   */
  readonly idleFramesMax: number;
  /** Calls that a client takes back, or makes us take back by breaking the rules, beyond those that it let finish. Over it: GOAWAY ENHANCE_YOUR_CALM (rapid reset). */
  readonly resetsMax: number;
  /** Both allowances above come back at this rate, per second. */
  readonly forgivenPerSecond: number;
  /** Time for the preface, and for a header block to end; then the connection is cut (slow loris). */
  readonly handshakeMs: number;
}

export const defaultConnectionLimits: ConnectionLimits = Object.freeze({
  streamWindowBytes: 256 * 1024,
  connectionWindowBytes: 16 * 1024 * 1024,
  headerBlockBytesMax: 64 * 1024,
  continuationFramesMax: 32,
  headerListBytesMax: 64 * 1024,
  headerTableBytes: 4096,
  heldBytesMax: 64 * 1024 * 1024,
  outputBytesMax: 512 * 1024,
  stalledMs: 120_000,
  waitingBytesMax: 64 * 1024 * 1024,
  waitingBytesTotalMax: 256 * 1024 * 1024,
  idleFramesMax: 2000,
  resetsMax: 10_000,
  forgivenPerSecond: 1000,
  handshakeMs: 10_000,
});
