/** A consistent, compact copy of a running database as a stream. A worker writes it, so that requests go on. */
import { createReadStream } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { BackendImage } from './backend.js';
import { engineError } from './sqlite-errors.js';
import { WorkerHost } from './worker-host.js';

const chunkBytes = 256 * 1024;

/** Copies of one database are numbered; what a crash left over is removed when the database is opened. */
function imagePrefix(path: string): string {
  return `${basename(path)}.image-`;
}

export async function exportImage(path: string, number: number): Promise<BackendImage> {
  const target = join(dirname(path), `${imagePrefix(path)}${number}`);
  const worker = new WorkerHost(path);
  try {
    await worker.ask({ type: 'export', target });
    const { size } = await stat(target);
    return {
      bytes: size,
      chunks: createReadStream(target, { highWaterMark: chunkBytes }),
      close: () => rm(target, { force: true }),
    };
  } catch (error) {
    await rm(target, { force: true });
    throw engineError(error, target, 'copying the database');
  } finally {
    await worker.close();
  }
}

/** Removes copies that a crash left over. */
export async function removeLeftoverImages(path: string): Promise<void> {
  const prefix = imagePrefix(path);
  for (const name of await readdir(dirname(path))) {
    if (name.startsWith(prefix)) await rm(join(dirname(path), name), { force: true });
  }
}
