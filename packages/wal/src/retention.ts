/**
 * Which segments exist, and which of them may go (invariant W4). Pure bookkeeping: `Wal` deletes the files.
 *
 * A segment is needed while it may hold an entry that its owner has not released, or that recovery needs: recovery
 * starts at the newest snapshot whose record is durable *and* covered by a durable commit index.
 */
import { toIndex, type LogIndex } from '@kv/raft';
import type { SegmentId } from './segment-name.js';

export class Retention {
  /** Oldest first; the last one is written. */
  readonly #segments: SegmentId[];
  #released: LogIndex = toIndex(0);
  #durableCommit: LogIndex;
  #usableSnapshot: LogIndex;
  /** Snapshots whose record is durable, but no commit index that covers them (a leader's, for a moment). */
  #uncovered: LogIndex[] = [];

  /** `usableSnapshot` is where recovery started. */
  constructor(segments: readonly SegmentId[], usableSnapshot: LogIndex, durableCommit: LogIndex) {
    this.#segments = [...segments];
    this.#usableSnapshot = usableSnapshot;
    this.#durableCommit = durableCommit;
  }

  get segments(): readonly SegmentId[] {
    return this.#segments;
  }

  /** A new segment is visible. */
  add(id: SegmentId): void {
    this.#segments.push(id);
  }

  /** The owner needs no entry below `before`. */
  release(before: LogIndex): void {
    if (before > this.#released) this.#released = before;
  }

  /** The record of a snapshot is durable. */
  snapshotDurable(index: LogIndex): void {
    this.#uncovered.push(index);
    this.commitDurable(this.#durableCommit);
  }

  /** A commit index is durable. */
  commitDurable(commit: LogIndex): void {
    this.#durableCommit = commit;
    if (this.#uncovered.length === 0) return;
    for (const index of this.#uncovered) {
      if (index <= commit && index > this.#usableSnapshot) this.#usableSnapshot = index;
    }
    this.#uncovered = this.#uncovered.filter((index) => index > commit);
  }

  /**
   * The oldest segment, if it may go while more than `segmentsMax` (at least 1) exist. As etcd's ReleaseLockTo
   * (v3.7.1 `server/storage/wal/wal.go`), keeps the newest segment that begins below the limit.
   */
  oldestRemovable(segmentsMax: number): SegmentId | undefined {
    const [oldest, second] = this.#segments;
    if (second === undefined || this.#segments.length <= Math.max(1, segmentsMax)) return undefined;
    return second.firstIndex < Math.min(this.#released, this.#usableSnapshot) ? oldest : undefined;
  }

  /** The oldest segment is deleted. */
  removeOldest(): void {
    this.#segments.shift();
  }
}
