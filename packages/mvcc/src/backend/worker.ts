/**
 * The thread beside the store: checkpoints and copies of the database, over a connection of its own, so that no sync or
 * long read stops requests. Runs as it is under Node's type stripping, so it imports nothing that needs resolving.
 */
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import type { Database } from 'better-sqlite3';
import type { WorkerInput, WorkerReply, WorkerRequest } from './worker-protocol.js';

type Engine = new (
  path: string,
  options: { readonly fileMustExist: boolean; readonly timeout: number },
) => Database;

const input = workerData as WorkerInput;
const SqliteEngine = createRequire(import.meta.url)(input.engine) as Engine;

function open(): Database {
  const database = new SqliteEngine(input.path, { fileMustExist: true, timeout: 1000 });
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
      copyTo(database, request.target);
      return { type: 'exported', rows: rowsOf(request) };
    case 'close':
      database.close();
      return { type: 'closed' };
  }
}

/** Nobody needs the copy after a crash, and a sync of all of it would hold up those of the Raft log. */
function copyTo(database: Database, target: string): void {
  database.pragma('synchronous = OFF');
  try {
    database.prepare('VACUUM INTO ?').run(target);
  } finally {
    // Whoever closes the database last checkpoints it, and that is synced.
    database.pragma('synchronous = NORMAL');
  }
}

/** Read from the copy, as nobody knows which commit it is of. */
function rowsOf({
  target,
  rows,
}: Extract<WorkerRequest, { readonly type: 'export' }>): readonly (Uint8Array | undefined)[] {
  if (rows.length === 0) return [];
  const copy = new SqliteEngine(target, { fileMustExist: true, timeout: 1000 });
  try {
    const find = copy.prepare('SELECT value FROM row WHERE bucket = ? AND key = ?').pluck();
    return rows.map(({ bucket, key }) => find.get(bucket, key) as Uint8Array | undefined);
  } finally {
    copy.close();
  }
}

function failure(error: unknown): WorkerReply {
  const code =
    typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  return { type: 'failed', code, message: error instanceof Error ? error.message : String(error) };
}

function serve(port: MessagePort): void {
  const database = open();
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
