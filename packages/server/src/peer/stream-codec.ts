/**
 * The two formats in which messages travel on a stream, chosen by its kind. `message` is here: eight bytes of length, then
 * raftpb.Message (etcd v3.7.1 server/etcdserver/api/rafthttp/msg_codec.go). `msgapp` is in `append-codec.ts`.
 */
import { RaftError, type Message } from '@kv/raft';
import { decodeMessage, messageSize, writeMessage } from '@kv/raft/codec';
import { ByteQueue } from './byte-queue.js';
import { PeerError } from './errors.js';
import { FRAME_BYTES_MAX } from './limits.js';

export type StreamKind = 'msgapp' | 'message';

export interface StreamEncoder {
  /** The bytes of these messages, in one piece. The messages are copied. */
  encode(messages: readonly Message[]): Buffer;
  /** A sign of life without a message. */
  heartbeat(): Buffer;
}

export interface StreamDecoder {
  /**
   * Takes bytes as they come (they are the decoder's from now on), and hands over each message that is complete; what is
   * in it is a view of those bytes. Throws `PeerError('malformed')`, after which the stream must be given up.
   */
  push(chunk: Uint8Array, receive: (message: Message) => void): void;
}

/** raftpb.Message with nothing in it but its type, MsgHeartbeat: no member sends that to another one. */
const LINK_HEARTBEAT = Buffer.from([0x08, 0x08]);

const LENGTH_BYTES = 8;

export class MessageEncoder implements StreamEncoder {
  encode(messages: readonly Message[]): Buffer {
    const sizes = messages.map(messageSize);
    const bytes = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + LENGTH_BYTES + size, 0));
    let at = 0;
    for (const [n, message] of messages.entries()) {
      at = writeUint64(bytes, sizes[n] ?? 0, at);
      at = writeMessage(message, bytes, at);
    }
    return bytes;
  }

  heartbeat(): Buffer {
    const bytes = Buffer.alloc(LENGTH_BYTES + LINK_HEARTBEAT.length);
    LINK_HEARTBEAT.copy(bytes, writeUint64(bytes, LINK_HEARTBEAT.length, 0));
    return bytes;
  }
}

export class MessageDecoder implements StreamDecoder {
  readonly #queue = new ByteQueue();
  #expected: number | undefined;

  push(chunk: Uint8Array, receive: (message: Message) => void): void {
    this.#queue.push(chunk);
    for (;;) {
      if (this.#expected === undefined) {
        if (this.#queue.length < LENGTH_BYTES) return;
        this.#expected = readSize(this.#queue, 'message', FRAME_BYTES_MAX);
      }
      if (this.#queue.length < this.#expected) return;
      const message = readMessage(this.#queue.take(this.#expected));
      this.#expected = undefined;
      if (!isLinkHeartbeat(message)) receive(message);
    }
  }
}

function isLinkHeartbeat(message: Message): boolean {
  return message.type === 'MsgHeartbeat' && message.from === 0n && message.to === 0n;
}

/** Throws `PeerError('malformed')`. */
export function readMessage(bytes: Uint8Array): Message {
  return reading(() => decodeMessage(bytes));
}

/** What the codecs of Raft refuse is the peer's mistake, told as such. */
export function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof RaftError) throw new PeerError('malformed', cause.message, { cause });
    throw cause;
  }
}

/** The next eight bytes of the queue, which must be there, as a number that is not above `max`. */
export function readSize(queue: ByteQueue, what: string, max: number): number {
  const value = queue.take(LENGTH_BYTES).readBigUInt64BE(0);
  if (value > BigInt(max)) {
    throw new PeerError('malformed', `${what} of ${value} exceeds ${max}`);
  }
  return Number(value);
}

/** Returns the position after it. */
export function writeUint64(bytes: Buffer, value: number, at: number): number {
  bytes.writeUInt32BE(Math.floor(value / 0x1_0000_0000), at);
  return bytes.writeUInt32BE(value % 0x1_0000_0000, at + 4);
}
