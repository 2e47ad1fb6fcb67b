/** A consistent, compact copy of a running database as a stream. A worker writes it, so that requests go on. */
import { open, readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { MvccError } from '../errors.js';
import type { BackendImage, RowAddress } from './backend.js';
import { invariant } from '../invariant.js';
import { engineError } from './sqlite-errors.js';
import { WorkerHost } from './worker-host.js';

const chunkBytes = 256 * 1024;

/** Copies of one database are numbered; what a crash left over is removed when the database is opened. */
function imagePrefix(path: string): string {
  return `${basename(path)}.image-`;
}

export async function exportImage(
  path: string,
  number: number,
  rows: readonly RowAddress[],
): Promise<BackendImage> {
  const target = join(dirname(path), `${imagePrefix(path)}${number}`);
  const worker = new WorkerHost(path);
  try {
    const reply = await worker.ask({ type: 'export', target, rows });
    invariant(reply.type === 'exported', 'an export is answered by one', { reply: reply.type });
    const { size } = await stat(target);
    return {
      bytes: size,
      rows: reply.rows,
      chunks: chunksOf(target, size),
      close: () => rm(target, { force: true }),
    };
  } catch (error) {
    await rm(target, { force: true });
    throw engineError(error, target, 'copying the database');
  } finally {
    await worker.close();
  }
}

/** Opens the file when the first chunk is asked for: a copy that nobody reads holds no descriptor. */
async function* chunksOf(path: string, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    const file = await open(path, 'r');
    try {
      for (let at = 0; at < size;) {
        const chunk = new Uint8Array(Math.min(chunkBytes, size - at));
        const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
        if (bytesRead === 0) throw new MvccError('io', `${path} ends at ${at} of ${size} bytes`);
        at += bytesRead;
        yield chunk.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    throw engineError(error, path, 'reading the copy');
  }
}

/** Removes copies that a crash left over. */
export async function removeLeftoverImages(path: string): Promise<void> {
  const prefix = imagePrefix(path);
  for (const name of await readdir(dirname(path))) {
    if (name.startsWith(prefix)) await rm(join(dirname(path), name), { force: true });
  }
}
