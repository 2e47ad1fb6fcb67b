/** What a simulation ends with when something is wrong: which kind, which check, and what was seen. */

/**
 * - `correctness`: an answer, a log or a state that must not be;
 * - `liveness`: nothing is wrong but nothing happens either, though faults have stopped;
 * - `crash`: a member ended for a reason that no fault explains.
 */
export type ViolationKind = 'correctness' | 'liveness' | 'crash';

/** Exit codes of the command, as those of the simulator of `@kv/raft`. */
export const exitCodes: Readonly<Record<ViolationKind, number>> = {
  correctness: 1,
  liveness: 2,
  crash: 3,
};

/** The promise that was broken. Each is broken by a planted defect at least (see `defects.ts`), or is a failure of the whole. */
export type Check =
  | 'log-matching'
  | 'state-machine'
  | 'membership'
  | 'durability'
  | 'linearizability'
  | 'exactly-once'
  | 'definite-error'
  | 'history-read'
  | 'watch-ordered'
  | 'watch-unique'
  | 'watch-reliable'
  | 'watch-atomic'
  | 'watch-resumable'
  | 'watch-bookmarkable'
  | 'watch-content'
  | 'lease-early'
  | 'lease-late'
  | 'lease-answer'
  | 'state-hash'
  | 'progress'
  | 'convergence'
  | 'start'
  | 'member-ended';

export class Violation extends Error {
  override readonly name: string = 'Violation';
  readonly kind: ViolationKind;
  readonly check: Check;

  constructor(kind: ViolationKind, check: Check, message: string, options?: ErrorOptions) {
    super(`${check}: ${message}`, options);
    this.kind = kind;
    this.check = check;
  }
}

/** Throws a correctness violation unless the promise holds. */
export function promised(holds: boolean, check: Check, message: () => string): void {
  if (!holds) throw new Violation('correctness', check, message());
}
