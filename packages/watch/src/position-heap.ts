/** Watchers in order of the next revision that they want, first come first among equals; any can be taken out. */
import { invariant } from './invariant.js';
import type { Watcher } from './watcher.js';

/** H1: `heap[i].heapSlot === i`. H2: none comes before its parent at `(i - 1) >> 1`. Positions do not change inside. */
export class PositionHeap {
  readonly #heap: Watcher[] = [];
  #rank = 0;

  get size(): number {
    return this.#heap.length;
  }

  peek(): Watcher | undefined {
    return this.#heap[0];
  }

  add(watcher: Watcher): void {
    invariant(watcher.heap === undefined, 'a watcher is in one heap');
    watcher.heap = this;
    watcher.heapRank = this.#rank++;
    this.#heap.push(watcher);
    this.#up(watcher, this.#heap.length - 1);
  }

  remove(watcher: Watcher): void {
    const slot = watcher.heapSlot;
    invariant(watcher.heap === this && this.#heap[slot] === watcher, 'a watcher is in the heap');
    const last = this.#heap.pop();
    watcher.heap = undefined;
    if (last === undefined || last === watcher) return;
    if (isBefore(last, watcher)) this.#up(last, slot);
    else this.#down(last, slot);
  }

  #up(watcher: Watcher, start: number): void {
    let slot = start;
    while (slot > 0) {
      const parentSlot = (slot - 1) >> 1;
      const parent = this.#heap[parentSlot];
      if (parent === undefined || isBefore(parent, watcher)) break;
      this.#put(parent, slot);
      slot = parentSlot;
    }
    this.#put(watcher, slot);
  }

  #down(watcher: Watcher, start: number): void {
    let slot = start;
    for (;;) {
      const child = this.#firstChild(slot);
      if (child === undefined || isBefore(watcher, child)) break;
      const childSlot = child.heapSlot;
      this.#put(child, slot);
      slot = childSlot;
    }
    this.#put(watcher, slot);
  }

  #firstChild(slot: number): Watcher | undefined {
    const left = this.#heap[2 * slot + 1];
    const right = this.#heap[2 * slot + 2];
    if (left === undefined || right === undefined) return left;
    return isBefore(right, left) ? right : left;
  }

  #put(watcher: Watcher, slot: number): void {
    this.#heap[slot] = watcher;
    watcher.heapSlot = slot;
  }
}

function isBefore(a: Watcher, b: Watcher): boolean {
  if (a.nextRevision !== b.nextRevision) return a.nextRevision < b.nextRevision;
  return a.heapRank < b.heapRank;
}
