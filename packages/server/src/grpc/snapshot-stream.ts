/**
 * Maintenance.Snapshot: a consistent image of the database in chunks, then its SHA-256 (rpc.md §9.5). The image is a copy
 * beside the database, so neither writers nor compaction wait for a slow client; it is removed however the call ends.
 */
import { createHash } from 'node:crypto';
import type { BackendImage, MvccStore } from '@kv/mvcc';
import { SnapshotResponse } from '@kv/proto';
import { RpcCode, RpcError, type StreamCall } from '@kv/rpc';
import { errorOf } from '../errors.js';
import { int64FromCounter } from './int64.js';

/** etcd's snapshotSendBufferSize. */
const CHUNK_BYTES = 32 * 1024;

/** Sends everything; resolves when the call has ended and the copy is removed. Never rejects. */
export async function streamSnapshot(
  call: StreamCall,
  store: Pick<MvccStore, 'exportImage'>,
  version: string,
): Promise<void> {
  const pace = new Pace(call);
  let image: BackendImage | undefined;
  try {
    image = await store.exportImage();
    await send(call, image, version, pace);
    call.end();
  } catch (error) {
    // A client that has gone away is no failure; what the disk says is.
    call.fail(new RpcError(RpcCode.unknown, errorOf(error).message, { cause: error }));
  } finally {
    await image?.close();
  }
}

async function send(
  call: StreamCall,
  image: BackendImage,
  version: string,
  pace: Pace,
): Promise<void> {
  const hash = createHash('sha256');
  let remaining = image.bytes;
  for await (const part of image.chunks) {
    hash.update(part);
    for (let from = 0; from < part.length; from += CHUNK_BYTES) {
      if (call.cancelled) return;
      const blob = part.subarray(from, from + CHUNK_BYTES);
      remaining -= blob.length;
      if (!call.write(message(remaining, blob, version))) await pace.drained();
    }
  }
  if (!call.cancelled) call.write(message(0, hash.digest(), version));
}

function message(remaining: number, blob: Uint8Array, version: string): Uint8Array {
  return SnapshotResponse.encode({
    header: undefined,
    remainingBytes: int64FromCounter(remaining),
    blob,
    version,
  }).finish();
}

/** Waits for the client: woken by room or by the end of the call. */
class Pace {
  #wake: () => void = () => undefined;
  readonly #call: StreamCall;

  constructor(call: StreamCall) {
    this.#call = call;
    const wake = (): void => {
      this.#wake();
    };
    call.onDrain(wake);
    call.onCancel(wake);
  }

  drained(): Promise<void> {
    if (this.#call.cancelled) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
