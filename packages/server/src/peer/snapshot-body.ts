/**
 * The body of a snapshot on its way to another member: etcd's frame (length, message, database; http.md §12.3), and behind it the
 * SHA-256 of all that, without which a torn or flipped copy would be noticed late, and a flipped configuration not at all.
 *
 * ```
 *   length of message (8, big endian) | raftpb.Message | database | SHA-256 of what comes before (32)
 * ```
 */
import { createHash, type Hash } from 'node:crypto';
import type { MsgSnap } from '@kv/raft';
import { messageSize, writeMessage } from '@kv/raft/codec';
import { PeerError } from './errors.js';
import { SNAPSHOT_MESSAGE_BYTES_MAX } from './limits.js';
import { readMessage } from './stream-codec.js';
import type { SnapshotImage } from './transport.js';

const LENGTH_BYTES = 8;
const DIGEST_BYTES = 32;

export interface SnapshotBody {
  readonly bytes: number;
  readonly chunks: AsyncIterable<Uint8Array>;
}

export function encodeSnapshotBody(message: MsgSnap, image: SnapshotImage): SnapshotBody {
  const size = messageSize(message);
  const head = Buffer.allocUnsafe(LENGTH_BYTES + size);
  head.writeBigUInt64BE(BigInt(size));
  writeMessage(message, head, LENGTH_BYTES);
  return { bytes: head.length + image.bytes + DIGEST_BYTES, chunks: chunksOf(head, image) };
}

async function* chunksOf(head: Buffer, image: SnapshotImage): AsyncGenerator<Uint8Array> {
  yield head;
  const hash = createHash('sha256').update(head);
  for await (const chunk of image.chunks) {
    hash.update(chunk);
    yield chunk;
  }
  yield hash.digest();
}

/**
 * Reads the message; the database is then taken from `chunks`, which fails at its end if it, or the message, is not what was sent:
 * nothing is to be done with either before that. Throws `PeerError('malformed')`.
 */
export async function decodeSnapshotBody(
  body: AsyncIterable<unknown>,
): Promise<{ readonly message: MsgSnap; readonly chunks: AsyncIterable<Uint8Array> }> {
  const reader = new BodyReader(body);
  const length = (await reader.take(LENGTH_BYTES)).readBigUInt64BE();
  if (length > SNAPSHOT_MESSAGE_BYTES_MAX) {
    throw malformed(`its message is announced with ${length} bytes`);
  }
  const message = readMessage(await reader.take(Number(length)));
  if (message.type !== 'MsgSnap') throw malformed(`it begins with a ${message.type}`);
  return { message, chunks: reader.verifiedRest() };
}

function malformed(what: string): PeerError {
  return new PeerError('malformed', `a snapshot can not be read: ${what}`);
}

/** Takes bytes out of a body in pieces. */
class BodyReader {
  readonly #body: AsyncIterator<unknown>;
  readonly #hash: Hash = createHash('sha256');
  /** Came in and was not taken yet. */
  #held: Buffer = Buffer.alloc(0);

  constructor(body: AsyncIterable<unknown>) {
    this.#body = body[Symbol.asyncIterator]();
  }

  async take(size: number): Promise<Buffer> {
    while (this.#held.length < size) {
      const chunk = await this.#next();
      if (chunk === undefined) throw malformed('it ends too early');
      this.#held = Buffer.concat([this.#held, chunk]);
    }
    const taken = this.#held.subarray(0, size);
    this.#held = this.#held.subarray(size);
    this.#hash.update(taken);
    return taken;
  }

  /** All but the digest at the end, which is compared. The last bytes are held back, as they may be part of it. */
  async *verifiedRest(): AsyncGenerator<Uint8Array> {
    const hash = this.#hash;
    for (;;) {
      const end = Math.max(0, this.#held.length - DIGEST_BYTES);
      const part = this.#held.subarray(0, end);
      this.#held = this.#held.subarray(end);
      hash.update(part);
      if (end > 0) yield part;
      const chunk = await this.#next();
      if (chunk === undefined) break;
      this.#held = Buffer.concat([this.#held, chunk]);
    }
    if (this.#held.length < DIGEST_BYTES) throw malformed('it ends too early');
    if (!hash.digest().equals(this.#held)) {
      throw malformed('its SHA-256 is not the one that was computed where it came from');
    }
  }

  async #next(): Promise<Buffer | undefined> {
    for (;;) {
      const result = await this.#body.next();
      if (result.done === true) return undefined;
      if (Buffer.isBuffer(result.value) && result.value.length > 0) return result.value;
    }
  }
}
