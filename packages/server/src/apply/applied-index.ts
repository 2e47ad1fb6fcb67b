/** How far this member has applied the log, and who waits for it to get somewhere. */
import { invariant } from '../invariant.js';
import type { LogIndex, Term } from '@kv/raft';

interface IndexWaiter {
  readonly index: LogIndex;
  readonly reached: () => void;
}

export class AppliedIndex {
  #index: LogIndex;
  #term: Term;
  /** Unordered: rarely more than a few, as readers wait in batches. */
  #waiters: IndexWaiter[] = [];

  constructor(index: LogIndex, term: Term) {
    this.#index = index;
    this.#term = term;
  }

  get index(): LogIndex {
    return this.#index;
  }

  /** The term of the newest applied entry: what response headers show. */
  get term(): Term {
    return this.#term;
  }

  /** Calls back once everything up to `index` is applied: at once if it is. Returns how to stop waiting. */
  whenReached(index: LogIndex, reached: () => void): () => void {
    if (index <= this.#index) {
      reached();
      return () => undefined;
    }
    const waiter = { index, reached };
    this.#waiters.push(waiter);
    return () => {
      this.#waiters = this.#waiters.filter((other) => other !== waiter);
    };
  }

  advance(index: LogIndex, term: Term): void {
    invariant(index >= this.#index, 'the applied index never falls', {
      index,
      before: this.#index,
    });
    this.#index = index;
    this.#term = term;
    if (this.#waiters.length === 0) return;
    const due = this.#waiters.filter((waiter) => waiter.index <= index);
    if (due.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => waiter.index > index);
    for (const waiter of due) waiter.reached();
  }
}
