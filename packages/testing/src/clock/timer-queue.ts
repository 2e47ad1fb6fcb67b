/** Timers of virtual time in the order in which they are due; those due together in the order in which they were made. */

export interface VirtualTimer {
  readonly dueMs: number;
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

/** Below this many, cancelled timers are not worth sweeping. */
const SWEEP_FROM = 64;

/** A binary heap. Cancelled timers stay in it until they come up, or until they are more than half of it. */
export class TimerQueue {
  #heap: VirtualTimer[] = [];
  #cancelled = 0;

  /** Timers that were neither run nor cancelled. */
  get size(): number {
    return this.#heap.length - this.#cancelled;
  }

  add(timer: VirtualTimer): void {
    this.#heap.push(timer);
    this.#rise(this.#heap.length - 1);
  }

  clear(): void {
    this.#heap = [];
    this.#cancelled = 0;
  }

  /** Once per timer that is in the queue. */
  cancel(timer: VirtualTimer): void {
    timer.cancelled = true;
    this.#cancelled++;
    if (this.#heap.length < SWEEP_FROM || this.#cancelled * 2 <= this.#heap.length) return;
    this.#heap = this.#heap.filter((other) => !other.cancelled).sort(byDue);
    this.#cancelled = 0;
  }

  /** The next timer; it stays in the queue. */
  peek(): VirtualTimer | undefined {
    while (this.#heap[0]?.cancelled === true) {
      this.#removeFirst();
      this.#cancelled--;
    }
    return this.#heap[0];
  }

  /** Takes the next timer out. */
  take(): VirtualTimer | undefined {
    const first = this.peek();
    if (first !== undefined) this.#removeFirst();
    return first;
  }

  #removeFirst(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink(0);
  }

  #rise(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIfBefore(at, parent)) return;
      at = parent;
    }
  }

  #sink(from: number): void {
    let at = from;
    for (;;) {
      const left = 2 * at + 1;
      const right = left + 1;
      const [a, b] = [this.#heap[left], this.#heap[right]];
      if (a === undefined) return;
      const child = b !== undefined && byDue(b, a) < 0 ? right : left;
      if (!this.#swapIfBefore(child, at)) return;
      at = child;
    }
  }

  #swapIfBefore(child: number, parent: number): boolean {
    const [a, b] = [this.#heap[child], this.#heap[parent]];
    if (a === undefined || b === undefined || byDue(a, b) >= 0) return false;
    this.#heap[child] = b;
    this.#heap[parent] = a;
    return true;
  }
}

function byDue(a: VirtualTimer, b: VirtualTimer): number {
  return a.dueMs - b.dueMs || a.order - b.order;
}
