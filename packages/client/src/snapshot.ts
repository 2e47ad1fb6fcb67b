/** Snapshots of a member: streamed, checked against the server's checksum, and never left half on disk. */
import { createHash, type Hash } from 'node:crypto';
import { open, rename, unlink, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { maintenanceService, type SnapshotResponse } from '@kv/proto/maintenance';
import { KvError } from './errors.js';
import type { RawClient } from './raw.js';

export interface SnapshotOptions {
  readonly signal?: AbortSignal;
  /** Of which member. Default: whose turn it is. */
  readonly endpoint?: string;
  /** Told after each part. Must not throw. */
  readonly onProgress?: (progress: SnapshotProgress) => void;
}

export interface SnapshotProgress {
  readonly receivedBytes: number;
  /** Of the whole, as far as the server has said. */
  readonly totalBytes: number;
}

export interface SavedSnapshot {
  /** Of the file: the image and its checksum. */
  readonly bytes: number;
  /** Of the storage, `3.7.0`; empty from servers before 3.6. */
  readonly version: string;
  /** Hexadecimal, of the image. */
  readonly sha256: string;
}

const checksumBytes = 32;

/**
 * The parts of a snapshot file: those of the image, then its SHA-256, as `etcdctl snapshot save` writes them. Rejects with `snapshotCorrupt` before
 * the last part when they do not match. Nothing is read ahead of the loop but what the transport's window holds.
 */
export async function* snapshotParts(
  raw: RawClient,
  options: SnapshotOptions,
  onVersion: (version: string) => void = () => undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { signal, endpoint } = options;
  const stream = await raw.stream(maintenanceService.snapshot, {
    ...(signal === undefined ? {} : { signal }),
    ...(endpoint === undefined ? {} : { endpoint }),
  });
  try {
    stream.send({});
    stream.finish();
    const hash = createHash('sha256');
    let receivedBytes = 0;
    let isChecked = false;
    let isWhole = false;
    for await (const part of stream) {
      if (isChecked) throw corrupt('more follows after its checksum');
      if (part.version !== '') onVersion(part.version);
      if (isWhole) {
        check(part, hash);
        isChecked = true;
      } else {
        hash.update(part.blob);
        receivedBytes += part.blob.length;
        isWhole = part.remainingBytes === 0n;
        const totalBytes = receivedBytes + Number(part.remainingBytes);
        options.onProgress?.({ receivedBytes, totalBytes });
      }
      yield part.blob;
    }
    if (!isChecked) throw corrupt(`it ended after ${receivedBytes} bytes, without a checksum`);
  } finally {
    stream.cancel();
  }
}

function check({ blob }: SnapshotResponse, hash: Hash): void {
  const own = hash.digest();
  if (blob.length !== checksumBytes) throw corrupt(`its checksum has ${blob.length} bytes, not 32`);
  if (!own.equals(blob)) {
    const theirs = Buffer.from(blob).toString('hex');
    throw corrupt(`its SHA-256 is ${own.toString('hex')}, not ${theirs}`);
  }
}

function corrupt(problem: string): KvError {
  return new KvError('snapshotCorrupt', `the snapshot is damaged: ${problem}`, {
    outcome: 'definite',
  });
}

/**
 * Saves a snapshot to a file: written beside it as `<path>.part`, checked, synced, then renamed. So the path holds the whole of it, or what it
 * held before. Rejects with `KvError`, or as the file system does.
 */
export async function saveSnapshot(
  raw: RawClient,
  path: string,
  options: SnapshotOptions,
): Promise<SavedSnapshot> {
  const partial = `${path}.part`;
  let version = '';
  let bytes = 0;
  let last: Uint8Array = new Uint8Array(0);
  const file = await open(partial, 'w', 0o600);
  try {
    try {
      const onVersion = (told: string): void => {
        version = told;
      };
      for await (const part of snapshotParts(raw, options, onVersion)) {
        await writeAll(file, part);
        bytes += part.length;
        last = part;
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (error) {
    await unlink(partial).catch(() => undefined); // The first failure is the one to tell.
    throw error;
  }
  await syncFolder(dirname(path));
  return { bytes, version, sha256: Buffer.from(last).toString('hex') };
}

/** A write may take a part only (J-11). */
async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at);
    at += bytesWritten;
  }
}

/** Makes the new name last. Windows can not sync folders, and does not need to. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
