/**
 * Goal: F-16, what is damaged on its way is taken for nothing: neither the database nor the message before it, which says who the
 * members are. Method: every single bit of a small body arrives as another.
 */
import { EMPTY_CONF_STATE, toIndex, toTerm, type MsgSnap, type NodeId } from '@kv/raft';
import { describe, expect, it } from 'vitest';
import { decodeSnapshotBody, encodeSnapshotBody } from './snapshot-body.js';

const id = (value: bigint): NodeId => value as NodeId;

const message: MsgSnap = {
  type: 'MsgSnap',
  from: id(1n),
  to: id(2n),
  term: toTerm(3),
  snapshot: {
    meta: {
      index: toIndex(7),
      term: toTerm(3),
      confState: { ...EMPTY_CONF_STATE, voters: [id(1n), id(2n), id(5n)] },
    },
    data: new Uint8Array(0),
  },
};

// eslint-disable-next-line @typescript-eslint/require-await -- streams, as the port has them
async function* streamOf(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield chunk;
}

async function encoded(): Promise<Buffer> {
  const database = Buffer.from('a database of some bytes');
  const chunks = streamOf(database);
  const parts: Uint8Array[] = [];
  for await (const part of encodeSnapshotBody(message, { bytes: database.length, chunks }).chunks) {
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** Rejects as soon as something is wrong. */
async function read(body: Buffer): Promise<{ message: MsgSnap; database: string }> {
  const received = await decodeSnapshotBody(streamOf(body));
  const parts: Uint8Array[] = [];
  for await (const part of received.chunks) parts.push(part);
  return { message: received.message, database: Buffer.concat(parts).toString() };
}

describe('the body of a snapshot', () => {
  it('arrives as it was sent', async () => {
    const received = await read(await encoded());
    expect(received.database).toBe('a database of some bytes');
    expect(received.message.snapshot.meta).toEqual(message.snapshot.meta);
  });

  it('F-16 is refused with any bit flipped, in the message, the database or the digest', async () => {
    const body = await encoded();
    for (let bit = 0; bit < body.length * 8; bit++) {
      const damaged = Buffer.from(body);
      const at = bit >> 3;
      damaged.writeUInt8(damaged.readUInt8(at) ^ (1 << (bit & 7)), at);
      await expect(read(damaged), `bit ${bit}`).rejects.toThrow();
    }
  });

  it('F-16 is refused when it ends early', async () => {
    const body = await encoded();
    for (let length = 0; length < body.length; length++) {
      await expect(read(body.subarray(0, length)), `${length} bytes`).rejects.toThrow();
    }
  });
});
