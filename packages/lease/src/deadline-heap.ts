/** Deadlines of leases, soonest first: a binary heap whose entries know their slot, so that moving one is O(log n). */
import { invariant } from './invariant.js';
import type { LeaseId } from './lease.js';

const NOWHERE = -1;

/** One deadline; belongs to at most one heap, which alone changes it. */
export class Deadline {
  readonly id: LeaseId;
  atMs: number;
  slot: number = NOWHERE;

  constructor(id: LeaseId, atMs: number) {
    this.id = id;
    this.atMs = atMs;
  }
}

export class DeadlineHeap {
  /** H1: `heap[i].slot === i`. H2: no entry is before its parent, which is at `(i - 1) >> 1`. */
  readonly #heap: Deadline[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** The soonest, or `undefined` if there is none. */
  peek(): Deadline | undefined {
    return this.#heap[0];
  }

  add(deadline: Deadline): void {
    invariant(deadline.slot === NOWHERE, 'a deadline is in one heap', { slot: deadline.slot });
    this.#heap.push(deadline);
    this.#up(deadline, this.#heap.length - 1);
  }

  /** Gives a deadline of this heap another time, earlier or later. */
  move(deadline: Deadline, atMs: number): void {
    this.#assertHere(deadline);
    const before = deadline.atMs;
    deadline.atMs = atMs;
    if (atMs < before) this.#up(deadline, deadline.slot);
    else this.#down(deadline, deadline.slot);
  }

  remove(deadline: Deadline): void {
    this.#assertHere(deadline);
    const slot = deadline.slot;
    const last = this.#heap.pop();
    deadline.slot = NOWHERE;
    if (last === undefined || last === deadline) return;
    if (last.atMs < deadline.atMs) this.#up(last, slot);
    else this.#down(last, slot);
  }

  clear(): void {
    for (const deadline of this.#heap) deadline.slot = NOWHERE;
    this.#heap.length = 0;
  }

  #assertHere(deadline: Deadline): void {
    invariant(this.#heap[deadline.slot] === deadline, 'the deadline is in this heap', {
      slot: deadline.slot,
    });
  }

  /** Places a deadline at `start` or above, moving later parents down. */
  #up(deadline: Deadline, start: number): void {
    let slot = start;
    while (slot > 0) {
      const parentSlot = (slot - 1) >> 1;
      const parent = this.#heap[parentSlot];
      if (parent === undefined || parent.atMs <= deadline.atMs) break;
      this.#put(parent, slot);
      slot = parentSlot;
    }
    this.#put(deadline, slot);
  }

  /** Places a deadline at `start` or below, moving the sooner child up. */
  #down(deadline: Deadline, start: number): void {
    let slot = start;
    for (;;) {
      const child = this.#soonerChild(slot);
      if (child === undefined || child.atMs >= deadline.atMs) break;
      const childSlot = child.slot;
      this.#put(child, slot);
      slot = childSlot;
    }
    this.#put(deadline, slot);
  }

  #soonerChild(slot: number): Deadline | undefined {
    const left = this.#heap[2 * slot + 1];
    const right = this.#heap[2 * slot + 2];
    if (left === undefined || right === undefined) return left;
    return right.atMs < left.atMs ? right : left;
  }

  #put(deadline: Deadline, slot: number): void {
    this.#heap[slot] = deadline;
    deadline.slot = slot;
  }
}
