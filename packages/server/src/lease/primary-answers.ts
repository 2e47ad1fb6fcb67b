/**
 * What the leader answers about leases, to its own clients and to other members that ask for theirs: renewals and remaining
 * times. Nothing of it goes through the log (semantics.md §13).
 */
import type { LeaseCheckpoint, LeaseId, Lessor } from '@kv/lease';
import type { Key } from '@kv/mvcc';
import type { LeaseEngine } from './lease-engine.js';

/** Why there is no answer. */
export type LeaseProblem =
  'notPrimaryLessor' | 'waitAppliedIndexTimeout' | 'timedOut' | 'noLeader' | 'leaderChanged';

export type LeaseAnswer<T> =
  | { readonly type: 'known'; readonly value: T }
  | { readonly type: 'notFound' }
  | { readonly type: 'failed'; readonly problem: LeaseProblem };

/** Whole seconds, as granted: the countdown has begun anew. */
export interface Renewal {
  readonly ttlSeconds: number;
}

export interface RemainingTime {
  /** 0 or below for a lease that awaits its revocation. */
  readonly ttlSeconds: number;
  readonly grantedTtlSeconds: number;
  /** Empty unless they were asked for. */
  readonly keys: readonly Key[];
}

/** Stops waiting: nothing is called back any more. */
export type Cancel = () => void;

/** Hears one answer, unless it has cancelled before. May be called before the function that was asked returns. */
export type LeaseListener<T> = (answer: LeaseAnswer<T>) => void;

export interface PrimaryAnswersParts {
  readonly engine: LeaseEngine;
  readonly lessor: Lessor;
  /** Calls back with true once everything committed is applied, false when that takes too long. */
  readonly whenCaughtUp: (then: (caughtUp: boolean) => void) => void;
}

export class PrimaryAnswers {
  readonly #parts: PrimaryAnswersParts;

  constructor(parts: PrimaryAnswersParts) {
    this.#parts = parts;
  }

  get isPrimary(): boolean {
    return this.#parts.engine.isPrimary;
  }

  /** An expired lease is answered when it is gone, or leadership is. */
  renew(id: LeaseId, listener: LeaseListener<Renewal>): Cancel {
    const renewing = new Renewing(id, this.#parts, listener);
    this.#parts.engine.confirmLeadership((leads) => {
      renewing.begin(leads);
    });
    return () => {
      renewing.cancel();
    };
  }

  timeToLive(id: LeaseId, withKeys: boolean, listener: LeaseListener<RemainingTime>): Cancel {
    let cancelled = false;
    this.#parts.whenCaughtUp((caughtUp) => {
      if (cancelled) return;
      listener(
        caughtUp
          ? this.#timeToLive(id, withKeys)
          : { type: 'failed', problem: 'waitAppliedIndexTimeout' },
      );
    });
    return () => {
      cancelled = true;
    };
  }

  #timeToLive(id: LeaseId, withKeys: boolean): LeaseAnswer<RemainingTime> {
    const { engine, lessor } = this.#parts;
    const outcome = engine.timeToLive(id);
    switch (outcome.type) {
      case 'known':
        return {
          type: 'known',
          value: {
            ttlSeconds: outcome.remainingTtlSeconds,
            grantedTtlSeconds: outcome.grantedTtlSeconds,
            keys: withKeys ? lessor.keys(id) : [],
          },
        };
      case 'not_found':
        return { type: 'notFound' };
      case 'not_primary':
        return { type: 'failed', problem: 'leaderChanged' };
    }
  }
}

/** One renewal on its way: it may wait for the log, for a revocation, for a checkpoint. */
class Renewing {
  readonly #id: LeaseId;
  readonly #parts: PrimaryAnswersParts;
  readonly #listener: LeaseListener<Renewal>;
  #stopWaiting: Cancel = () => undefined;
  #over = false;

  constructor(id: LeaseId, parts: PrimaryAnswersParts, listener: LeaseListener<Renewal>) {
    this.#id = id;
    this.#parts = parts;
    this.#listener = listener;
  }

  begin(leads: boolean): void {
    if (leads) this.#renew(false);
    else this.#fail('notPrimaryLessor');
  }

  cancel(): void {
    this.#over = true;
    this.#stopWaiting();
  }

  #renew(caughtUp: boolean): void {
    if (this.#over) return;
    const { engine } = this.#parts;
    const outcome = engine.renew(this.#id);
    switch (outcome.type) {
      case 'renewed':
        if (outcome.clear !== undefined) this.#clear(outcome.clear);
        else this.#answer({ type: 'known', value: { ttlSeconds: outcome.ttlSeconds } });
        return;
      case 'expired':
        this.#stopWaiting = engine.onceGone(this.#id, () => {
          this.#renew(true);
        });
        return;
      case 'not_found':
        if (caughtUp) this.#answer({ type: 'notFound' });
        else this.#catchUp();
        return;
      case 'not_primary':
        this.#fail('notPrimaryLessor');
        return;
    }
  }

  /** The lease may be in an entry that is committed and not applied yet. */
  #catchUp(): void {
    this.#parts.whenCaughtUp((caughtUp) => {
      if (caughtUp) this.#renew(true);
      else this.#fail('waitAppliedIndexTimeout');
    });
  }

  /** A recorded remainder is cleared through the log first; only the renewal after that is an answer. */
  #clear(checkpoint: LeaseCheckpoint): void {
    this.#parts.engine.clearCheckpoint(checkpoint, (applied) => {
      if (applied) this.#renew(true);
      else this.#fail('timedOut');
    });
  }

  #fail(problem: LeaseProblem): void {
    this.#answer({ type: 'failed', problem });
  }

  #answer(answer: LeaseAnswer<Renewal>): void {
    if (this.#over) return;
    this.#over = true;
    this.#listener(answer);
  }
}
