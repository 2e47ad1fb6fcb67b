/**
 * Takes snapshots of a leader: receives the copy of its store into a file, verifies and indexes it beside the running store, and
 * only then lets Raft hear of it. What Raft accepts is thus as good as installed.
 *
 * ```
 *   chunks ─▶ db.receiving ─▶ synced, renamed to <index>.snap.db ─▶ verified, indexed ─▶ MsgSnap to Raft ─▶ take(index)
 * ```
 *
 * A crash on the way leaves a file that the next start removes, unless the log has recorded the snapshot (see `storage.ts`).
 */
import { join } from 'node:path';
import type { PreparedStore } from '@kv/mvcc';
import type { LogIndex, MsgSnap } from '@kv/raft';
import type { FileSystem } from '@kv/wal';
import type { Clock } from '../clock.js';
import { PeerError } from '../peer/errors.js';
import { errorOf } from '../errors.js';
import { invariant } from '../invariant.js';
import type { Logger } from '../logger.js';
import type { SnapshotMetrics } from './snapshot-metrics.js';

export interface SnapshotInboxParts {
  readonly fileSystem: FileSystem;
  readonly snapDir: string;
  /** Verifies and indexes the database in this file. */
  readonly prepare: (path: string) => Promise<PreparedStore>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: SnapshotMetrics;
  /** Raft hears of the snapshot. */
  readonly deliver: (message: MsgSnap) => void;
}

const RECEIVING = 'db.receiving';
/** etcd's name for it. */
const RECEIVED = /^[0-9a-f]{16}\.snap\.db/;

export function receivedName(index: LogIndex): string {
  return `${index.toString(16).padStart(16, '0')}.snap.db`;
}

/** Removes copies that were received, but that of this index, and what SQLite has put beside them. */
export function removeReceived(fileSystem: FileSystem, snapDir: string, but?: LogIndex): void {
  const kept = but === undefined ? undefined : receivedName(but);
  for (const name of fileSystem.list(snapDir)) {
    if (name !== RECEIVING && !RECEIVED.test(name)) continue;
    if (name !== kept) fileSystem.remove(join(snapDir, name));
  }
}

export class SnapshotInbox {
  readonly #parts: SnapshotInboxParts;
  /** From when Raft hears of it until it has decided. */
  #ready: PreparedStore | undefined;
  /** Something is received or installed: there is room for one. */
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(parts: SnapshotInboxParts) {
    this.#parts = parts;
  }

  /** As `PeerReceiver.receiveSnapshot`. One at a time: the second is refused, and sent again. */
  receive(message: MsgSnap, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    if (this.#running !== undefined || this.#ready !== undefined || this.#closed) {
      const what = this.#closed ? 'the member is closing' : 'another snapshot is on its way in';
      return Promise.reject(new PeerError('refused', what));
    }
    return this.#run(this.#receive(message, chunks));
  }

  /** Raft has accepted the snapshot with this index: `install` puts its store in place. Nothing is received meanwhile. */
  install(index: LogIndex, install: (prepared: PreparedStore) => Promise<void>): Promise<void> {
    const ready = this.#ready;
    invariant(
      ready?.consistentIndex.index === index && this.#running === undefined,
      'Raft accepts only snapshots whose store is here',
      { index },
    );
    this.#ready = undefined;
    return this.#run(
      install(ready).then(() => {
        removeReceived(this.#parts.fileSystem, this.#parts.snapDir);
      }),
    );
  }

  /** Raft has looked at what was delivered: what it did not accept by now is of no use. */
  settle(): void {
    if (this.#ready === undefined) return;
    this.#ready = undefined;
    removeReceived(this.#parts.fileSystem, this.#parts.snapDir);
  }

  #run(work: Promise<void>): Promise<void> {
    this.#running = work
      .catch(() => undefined)
      .finally(() => {
        this.#running = undefined;
      });
    return work;
  }

  /** Waits for what is under way, which ends with its connection. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #receive(message: MsgSnap, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const { clock, logger, metrics } = this.#parts;
    const { index } = message.snapshot.meta;
    const fields = { 'remote-peer-id': message.from, 'snapshot-index': index };
    const watch = metrics.receiving(message.from);
    const startedMs = clock.monotonicMs();
    try {
      const bytes = await this.#save(index, chunks);
      metrics.saved(clock.monotonicMs() - startedMs);
      await this.#prepare(message);
      watch.ended('success');
      logger.log('info', 'received and saved database snapshot', {
        ...fields,
        bytes,
        'took-ms': Math.round(clock.monotonicMs() - startedMs),
      });
    } catch (error) {
      watch.ended('failure');
      logger.log('warn', 'failed to receive a database snapshot', {
        ...fields,
        error: errorOf(error).message,
      });
      throw error;
    }
    this.#parts.deliver(message);
  }

  async #save(index: LogIndex, chunks: AsyncIterable<Uint8Array>): Promise<number> {
    const { fileSystem, snapDir, clock, metrics } = this.#parts;
    removeReceived(fileSystem, snapDir);
    const path = join(snapDir, RECEIVING);
    const file = fileSystem.open(path, 'create');
    let size = 0;
    try {
      for await (const chunk of chunks) {
        if (this.#closed) throw new PeerError('closed', 'the member is closing');
        for (let at = 0; at < chunk.length;) at += file.write(chunk.subarray(at), size + at);
        size += chunk.length;
      }
      const startedMs = clock.monotonicMs();
      await file.sync();
      metrics.synced(clock.monotonicMs() - startedMs);
    } finally {
      file.close();
    }
    fileSystem.rename(path, join(snapDir, receivedName(index)));
    await fileSystem.syncDirectory(snapDir);
    return size;
  }

  async #prepare(message: MsgSnap): Promise<void> {
    const { index, term } = message.snapshot.meta;
    const prepared = await this.#parts.prepare(join(this.#parts.snapDir, receivedName(index)));
    const found = prepared.consistentIndex;
    if (found.index !== index || found.term !== term) {
      throw new PeerError(
        'malformed',
        `the snapshot is announced for entry ${index} of term ${term}, but its store ends at ${found.index} of ${found.term}`,
      );
    }
    this.#ready = prepared;
  }
}
