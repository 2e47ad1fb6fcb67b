/**
 * This member's end of a stream that a peer has opened: messages go out as long as the peer takes them. What exceeds the bound is
 * dropped, which the caller reports to Raft.
 */
import type { Message } from '@kv/raft';
import { STREAM_QUEUE_BYTES_MAX } from './limits.js';
import type { StreamEncoder } from './stream-codec.js';

/** The body of an answer, as far as a stream needs it: node:http's ServerResponse is one. */
export interface StreamSink {
  write(bytes: Uint8Array): unknown;
  end(): unknown;
  /** Bytes that the peer has not taken yet. */
  readonly writableLength: number;
}

export class OutgoingStream {
  readonly #encoder: StreamEncoder;
  readonly #sink: StreamSink;

  constructor(encoder: StreamEncoder, sink: StreamSink) {
    this.#encoder = encoder;
    this.#sink = sink;
  }

  /** Returns how many bytes went out; undefined when the messages were dropped. */
  send(messages: readonly Message[]): number | undefined {
    if (this.#sink.writableLength > STREAM_QUEUE_BYTES_MAX) return undefined;
    const bytes = this.#encoder.encode(messages);
    this.#sink.write(bytes);
    return bytes.length;
  }

  goesTo(sink: StreamSink): boolean {
    return this.#sink === sink;
  }

  heartbeat(): void {
    this.#sink.write(this.#encoder.heartbeat());
  }

  close(): void {
    this.#sink.end();
  }
}
