/**
 * Which batches share a transaction of the backend.
 *
 * A commit costs more than all else that a small batch does: whole pages are written for a few hundred bytes, the same ones
 * again and again. What makes a batch durable is the Raft log; the backend only must never hold a part of one (B1). So
 * its transaction stays open over several batches, reads go on inside of it, and a crash takes whole batches, which the log
 * brings back, as it does after power loss. etcd commits bbolt every 100 ms for the same reason (server/storage/backend/batch_tx.go).
 */
import { invariant } from './invariant.js';
import type { MvccLimits } from './limits.js';

/** What a group does with the backend. */
export interface GroupPort {
  begin(): void;
  /** Writes what is to be written once per transaction, and commits. */
  commit(): void;
}

export class CommitGroup {
  private readonly port: GroupPort;
  private readonly limits: Pick<MvccLimits, 'commitBatchesMax' | 'commitBytesMax'>;
  private open = false;
  private batches = 0;
  private bytes = 0;

  constructor(port: GroupPort, limits: Pick<MvccLimits, 'commitBatchesMax' | 'commitBytesMax'>) {
    this.port = port;
    this.limits = limits;
  }

  /** A batch begins: in the transaction at hand, or in a new one. */
  begin(): void {
    if (this.open) return;
    this.port.begin();
    this.open = true;
  }

  /** So many bytes of records were added to the batch. */
  added(bytes: number): void {
    this.bytes += bytes;
  }

  /** A batch ended. Commits if the group is full. */
  end(): void {
    invariant(this.open, 'a batch ends in a transaction');
    this.batches++;
    const { commitBatchesMax, commitBytesMax } = this.limits;
    if (this.batches >= commitBatchesMax || this.bytes >= commitBytesMax) this.commit();
  }

  /** Commits what is open. Between batches. */
  commit(): void {
    if (!this.open) return;
    this.port.commit();
    this.open = false;
    this.batches = 0;
    this.bytes = 0;
  }
}
