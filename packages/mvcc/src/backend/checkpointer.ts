/**
 * Makes commits durable and keeps SQLite's log short, without a sync on the thread that serves.
 *
 * Durable is what the log (`-wal`) holds once it is synced: that alone is what `run` promises. Moving its frames into the
 * database and starting it over is housekeeping by the worker. A log can start over only when all of it was moved and
 * nobody wrote meanwhile; if writes never pause and the log has grown past its bound, `gate` asks for one pause.
 */
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { MvccError } from '../errors.js';
import { invariant } from '../invariant.js';
import { WorkerHost } from './worker-host.js';

export class Checkpointer {
  private readonly path: string;
  private readonly pageBytes: number;
  private readonly logBytesMax: number;
  private worker: WorkerHost | undefined;
  private log: FileHandle | undefined;
  private running: Promise<void> | undefined;
  /** The run after the running one, if anybody waits for it. */
  private next: Promise<void> | undefined;
  private pause: Promise<void> | undefined;
  private closed = false;

  constructor(path: string, pageBytes: number, logBytesMax: number) {
    this.path = path;
    this.pageBytes = pageBytes;
    this.logBytesMax = logBytesMax;
  }

  gate(): Promise<void> | undefined {
    return this.pause;
  }

  /**
   * Resolves when everything committed before the call is durable. Calls during a run share the next one. `commitOpen` is called
   * when writes pause: what is in an open transaction then could not be moved.
   */
  run(commitOpen: () => void): Promise<void> {
    if (this.closed) {
      return Promise.reject(new MvccError('closed', `${this.path}: no checkpoints any more`));
    }
    if (this.running === undefined) return this.start(commitOpen);
    this.next ??= this.running
      .catch(() => undefined)
      .then(() => {
        this.next = undefined;
        return this.start(commitOpen);
      });
    return this.next;
  }

  /** Waits for a running checkpoint and ends the worker. */
  async close(): Promise<void> {
    this.closed = true;
    await (this.next ?? this.running)?.catch(() => undefined);
    await this.worker?.close();
    await this.log?.close();
    this.worker = undefined;
    this.log = undefined;
  }

  private start(commitOpen: () => void): Promise<void> {
    this.running = this.runOnce(commitOpen).finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  private async runOnce(commitOpen: () => void): Promise<void> {
    await this.syncLog();
    const logFrames = await this.move();
    if (logFrames * this.pageBytes < this.logBytesMax) return;
    let open: () => void = () => undefined;
    this.pause = new Promise((resolve) => {
      open = resolve;
    });
    try {
      commitOpen();
      await this.move();
    } finally {
      this.pause = undefined;
      open();
    }
  }

  /**
   * Syncs through a descriptor of ours. SQLite locks the database and the `-shm` file, never the log, so that closing this
   * descriptor releases no lock of SQLite's.
   */
  private async syncLog(): Promise<void> {
    try {
      this.log ??= await open(`${this.path}-wal`, 'r+');
      await this.log.datasync();
    } catch (error) {
      throw new MvccError('io', `${this.path}-wal: sync failed: ${String(error)}`, {
        cause: error,
      });
    }
  }

  /**
   * Moves what can be moved; returns the frames that the log held, 0 if somebody else is at it. Durability does not hang
   * on it: `syncLog` came before.
   */
  private async move(): Promise<number> {
    this.worker ??= new WorkerHost(this.path);
    const reply = await this.worker.ask({ type: 'checkpoint' });
    invariant(reply.type === 'checkpointed', 'a checkpoint is answered by one', {
      reply: reply.type,
    });
    return Math.max(0, reply.logFrames);
  }
}
