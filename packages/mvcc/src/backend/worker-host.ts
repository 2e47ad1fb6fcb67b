/** A worker thread as a function from request to reply. One request at a time. */
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { MvccError } from '../errors.js';
import { invariant } from '../invariant.js';
import { engineError } from './sqlite-errors.js';
import type { WorkerInput, WorkerReply, WorkerRequest } from './worker-protocol.js';

type Success = Exclude<WorkerReply, { readonly type: 'failed' }>;

interface Waiting {
  readonly resolve: (reply: Success) => void;
  readonly reject: (error: MvccError) => void;
}

/** V8's part of what a worker may use; SQLite's cache comes on top. */
const heapMebibytesMax = 32;

export class WorkerHost {
  private readonly path: string;
  private readonly worker: Worker;
  private waiting: Waiting | undefined;
  private ended: MvccError | undefined;

  /** Starts the thread; it opens the database at `path`, which must exist. */
  constructor(path: string) {
    this.path = path;
    // Compiled code runs beside compiled code, sources (in tests) beside sources.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const workerData: WorkerInput = {
      path,
      engine: createRequire(import.meta.url).resolve('better-sqlite3'),
    };
    this.worker = new Worker(new URL(`./worker.${extension}`, import.meta.url), {
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: heapMebibytesMax, maxYoungGenerationSizeMb: 4 },
      execArgv: [],
    });
    this.worker.unref();
    this.worker.on('message', (reply: WorkerReply) => {
      this.settle(reply);
    });
    this.worker.on('error', (error) => {
      this.fail(engineError(error, path, 'the storage worker'));
    });
    this.worker.on('exit', (status) => {
      this.fail(new MvccError('io', `${path}: the storage worker ended with status ${status}`));
    });
  }

  async ask(request: WorkerRequest): Promise<Success> {
    invariant(this.waiting === undefined, 'a worker is asked one thing at a time');
    if (this.ended !== undefined) throw this.ended;
    // While an answer is awaited, the process must not end for lack of other work.
    this.worker.ref();
    try {
      return await new Promise<Success>((resolve, reject) => {
        this.waiting = { resolve, reject };
        this.worker.postMessage(request);
      });
    } finally {
      this.worker.unref();
    }
  }

  /** Ends the thread after what it is doing. Idempotent. */
  async close(): Promise<void> {
    if (this.ended === undefined && this.waiting === undefined) await this.ask({ type: 'close' });
    await this.worker.terminate();
  }

  private settle(reply: WorkerReply): void {
    const waiting = this.waiting;
    this.waiting = undefined;
    if (reply.type === 'failed') {
      const error = Object.assign(new Error(reply.message), { code: reply.code });
      waiting?.reject(engineError(error, this.path, 'work in the background'));
    } else waiting?.resolve(reply);
  }

  private fail(error: MvccError): void {
    this.ended ??= error;
    const waiting = this.waiting;
    this.waiting = undefined;
    waiting?.reject(error);
  }
}
