/**
 * Changes of membership on their way through the log, and who waits for them. A change is bounded by its caller's deadline only
 * (errors.md §6): one that Raft drops on its way, or refuses because another is under way, has no outcome, as with etcd.
 */
import type { ConfChange } from '@kv/raft';
import type { RequestIds } from '../request/request-id.js';
import { CHANGES_WAITING_MAX } from './limits.js';
import type { MembershipProblem } from './membership.js';

export type ReconfigurationFailure = MembershipProblem | 'dropped' | 'stopped' | 'tooManyRequests';

/** Hears at most one of the two, once, in a turn of the loop. Must not throw. */
export interface ChangeWaiter {
  /** The change was applied here. */
  applied(): void;
  failed(failure: ReconfigurationFailure): void;
}

export interface ReconfigurationParts {
  readonly ids: Pick<RequestIds, 'next' | 'full'>;
  /** Hands a change to Raft, now or when there is a leader; `dropped` when Raft refuses it then. */
  readonly propose: (change: ConfChange, dropped: () => void) => void;
}

export class Reconfiguration {
  readonly #parts: ReconfigurationParts;
  readonly #waiting = new Map<bigint, ChangeWaiter>();
  #stopped = false;

  constructor(parts: ReconfigurationParts) {
    this.#parts = parts;
  }

  /** Proposes a change. Returns how to stop waiting; the change may happen all the same. */
  propose(change: Omit<ConfChange, 'id'>, waiter: ChangeWaiter): () => void {
    if (this.#stopped || this.#waiting.size >= CHANGES_WAITING_MAX) {
      waiter.failed(this.#stopped ? 'stopped' : 'tooManyRequests');
      return () => undefined;
    }
    const { ids, propose } = this.#parts;
    const id = ids.full(ids.next());
    this.#waiting.set(id, waiter);
    propose({ ...change, id }, () => {
      this.#take(id)?.failed('dropped');
    });
    return () => {
      this.#waiting.delete(id);
    };
  }

  /** A change, of any member, was applied; or refused as this problem, in which case it changed nothing. */
  settled(id: bigint, problem: MembershipProblem | undefined): void {
    const waiter = this.#take(id);
    if (problem === undefined) waiter?.applied();
    else waiter?.failed(problem);
  }

  /** Fails everybody, now and from now on. Idempotent. */
  stop(): void {
    this.#stopped = true;
    for (const id of [...this.#waiting.keys()]) this.#take(id)?.failed('stopped');
  }

  #take(id: bigint): ChangeWaiter | undefined {
    const waiter = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiter;
  }
}
