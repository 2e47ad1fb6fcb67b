/**
 * Deadlines of calls in buckets of some milliseconds: adding and removing is constant and allocates nothing, since nearly every
 * call ends long before its deadline. Driven by `expire`, which the owner calls when {@link Deadlines.nextMs} has come.
 */

/** A link in the ring of one bucket. */
export interface DeadlineNode {
  nextInBucket: DeadlineNode | undefined;
  previousInBucket: DeadlineNode | undefined;
  onDeadline(): void;
}

const bucketMs = 8;
/** With fewer buckets than this the empty ones do not matter. */
const sweepAtMin = 1024;

class Ring implements DeadlineNode {
  nextInBucket: DeadlineNode = this;
  previousInBucket: DeadlineNode = this;

  onDeadline(): void {
    // The head of a ring is no call.
  }
}

export class Deadlines {
  /** By the number of the bucket: time divided by its width. */
  readonly #buckets = new Map<number, Ring>();
  readonly #onEarlier: () => void;
  #next = Infinity;
  #sweepAt = sweepAtMin;

  /** `onEarlier` is called when {@link Deadlines.nextMs} became earlier. */
  constructor(onEarlier: () => void) {
    this.#onEarlier = onEarlier;
  }

  /** Buckets in memory. */
  get bucketCount(): number {
    return this.#buckets.size;
  }

  /** When `expire` should be called next, on the caller's clock; Infinity when there is nothing to wait for. */
  get nextMs(): number {
    return this.#next * bucketMs;
  }

  /** Never fires early: a bucket is due when all of it has passed. */
  add(node: DeadlineNode, deadlineMs: number): void {
    const bucket = Math.ceil(deadlineMs / bucketMs);
    let ring = this.#buckets.get(bucket);
    if (ring === undefined) {
      this.#sweep();
      ring = new Ring();
      this.#buckets.set(bucket, ring);
    }
    const last = ring.previousInBucket;
    last.nextInBucket = node;
    node.previousInBucket = last;
    node.nextInBucket = ring;
    ring.previousInBucket = node;
    if (bucket < this.#next) {
      this.#next = bucket;
      this.#onEarlier();
    }
  }

  /** Harmless for a node that is in no bucket. */
  remove(node: DeadlineNode): void {
    const { nextInBucket: next, previousInBucket: previous } = node;
    if (next === undefined || previous === undefined) return;
    previous.nextInBucket = next;
    next.previousInBucket = previous;
    node.nextInBucket = undefined;
    node.previousInBucket = undefined;
  }

  /** Calls `onDeadline` of every node whose time has come. */
  expire(nowMs: number): void {
    const due = [...this.#buckets.keys()]
      .filter((bucket) => bucket * bucketMs <= nowMs)
      .sort((a, b) => a - b);
    for (const bucket of due) {
      const ring = this.#buckets.get(bucket);
      this.#buckets.delete(bucket);
      if (ring === undefined) continue;
      for (let node = ring.nextInBucket; node !== ring; node = ring.nextInBucket) {
        this.remove(node);
        node.onDeadline();
      }
    }
    this.#next = Infinity;
    for (const bucket of this.#buckets.keys()) this.#next = Math.min(this.#next, bucket);
  }

  /** Drops buckets that calls have left, before they could outnumber those in use: far deadlines would keep them for years. */
  #sweep(): void {
    if (this.#buckets.size < this.#sweepAt) return;
    for (const [bucket, ring] of this.#buckets) {
      if (ring.nextInBucket === ring) this.#buckets.delete(bucket);
    }
    this.#sweepAt = Math.max(sweepAtMin, this.#buckets.size * 2);
  }
}
