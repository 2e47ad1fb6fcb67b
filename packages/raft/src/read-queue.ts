/**
 * The reads that a leader has not confirmed yet, in the order in which they came (thesis §6.4).
 *
 * Each gets a position; heartbeats carry the position of the last one, and whoever answers such a heartbeat confirms
 * all up to it. Positions never repeat within a leadership, and answers of earlier terms are ignored: so no old answer
 * can confirm a newer read.
 */
import { jointCommitted, type JointVoters } from './quorum/joint.js';
import { NO_DATA, toIndex, type LogIndex, type NodeId } from './types.js';

/** Reads that wait at most; later ones are dropped, and asked for again by whoever still wants them. */
export const READS_WAITING_MAX = 65_536;

/** One request. `from` is the member that asked: ourselves, or a follower on behalf of its application. */
export interface ReadRequest {
  readonly from: NodeId;
  readonly context: Uint8Array;
}

/** A request and the commit index when it came: once confirmed, the answer. */
export interface PendingRead extends ReadRequest {
  readonly index: LogIndex;
}

export class ReadQueue {
  #pending: PendingRead[] = [];
  /** Position of the last confirmed read; that of `#pending[i]` is `#confirmed + 1 + i`. */
  #confirmed = 0;
  readonly #acked = new Map<NodeId, LogIndex>();
  /** Came before the leader had committed an entry of its term (R6). */
  #postponed: ReadRequest[] = [];

  get full(): boolean {
    return this.#pending.length + this.#postponed.length >= READS_WAITING_MAX;
  }

  /** Whether a read waits for its confirmation. */
  get hasPending(): boolean {
    return this.#pending.length > 0;
  }

  /** Queues a read that is good once a quorum confirms that we lead. */
  add(request: ReadRequest, committed: LogIndex): void {
    this.#pending.push({ ...request, index: committed });
  }

  postpone(request: ReadRequest): void {
    this.#postponed.push(request);
  }

  takePostponed(): readonly ReadRequest[] {
    if (this.#postponed.length === 0) return this.#postponed;
    const taken = this.#postponed;
    this.#postponed = [];
    return taken;
  }

  /** What a heartbeat carries: the last position, little-endian in eight bytes; nothing when no read waits. */
  context(): Uint8Array {
    if (this.#pending.length === 0) return NO_DATA;
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(this.#last), true);
    return bytes;
  }

  /** We confirm our own leadership, for all that waits. */
  confirmSelf(id: NodeId): void {
    this.#acked.set(id, toIndex(this.#last));
  }

  /** A member answered a heartbeat that carried `context`. What we never sent is ignored. */
  confirm(from: NodeId, context: Uint8Array): void {
    if (context.length !== 8) return;
    const { buffer, byteOffset } = context;
    const position = Number(new DataView(buffer, byteOffset, 8).getBigUint64(0, true));
    if (position > this.#last || position <= (this.#acked.get(from) ?? 0)) return;
    this.#acked.set(from, toIndex(position));
  }

  /** Takes out the reads that a quorum has confirmed by now. */
  takeConfirmed(voters: JointVoters): readonly PendingRead[] {
    const quorum = jointCommitted(voters, (id) => this.#acked.get(id));
    const count = Math.min(quorum, this.#last) - this.#confirmed;
    if (count <= 0) return [];
    this.#confirmed += count;
    return this.#pending.splice(0, count);
  }

  /** A new role or term: whoever still waits asks again. */
  clear(): void {
    this.#pending = [];
    this.#postponed = [];
    this.#confirmed = 0;
    this.#acked.clear();
  }

  get #last(): number {
    return this.#confirmed + this.#pending.length;
  }
}
