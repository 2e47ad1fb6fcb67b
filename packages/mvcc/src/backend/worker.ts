/**
 * The thread beside the store: checkpoints and copies of the database, over a connection of its own, so that no sync or
 * long read stops requests. Runs as it is under Node's type stripping, so it imports nothing that needs resolving.
 */
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import type { Database } from 'better-sqlite3';
import type { WorkerInput, WorkerReply, WorkerRequest } from './worker-protocol.js';

function open(input: WorkerInput): Database {
  const Engine = createRequire(import.meta.url)(input.engine) as new (
    path: string,
    options: { readonly fileMustExist: boolean; readonly timeout: number },
  ) => Database;
  const database = new Engine(input.path, { fileMustExist: true, timeout: 1000 });
  database.pragma('synchronous = NORMAL');
  database.pragma('wal_autocheckpoint = 0');
  database.pragma('cache_size = -2000');
  database.pragma('mmap_size = 0');
  return database;
}

function answer(database: Database, request: WorkerRequest): WorkerReply {
  switch (request.type) {
    case 'checkpoint': {
      // Passive: it never waits for, nor stops, the thread that writes.
      const [row] = database.pragma('wal_checkpoint(PASSIVE)') as {
        readonly log: number;
        readonly checkpointed: number;
      }[];
      return {
        type: 'checkpointed',
        logFrames: row?.log ?? -1,
        movedFrames: row?.checkpointed ?? -1,
      };
    }
    case 'export':
      database.prepare('VACUUM INTO ?').run(request.target);
      return { type: 'exported' };
    case 'close':
      database.close();
      return { type: 'closed' };
  }
}

function failure(error: unknown): WorkerReply {
  const code =
    typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  return { type: 'failed', code, message: error instanceof Error ? error.message : String(error) };
}

function serve(port: MessagePort): void {
  const database = open(workerData as WorkerInput);
  port.on('message', (request: WorkerRequest) => {
    let reply: WorkerReply;
    try {
      reply = answer(database, request);
    } catch (error) {
      reply = failure(error);
    }
    port.postMessage(reply);
    if (request.type === 'close') port.close();
  });
}

if (parentPort !== null) serve(parentPort);
