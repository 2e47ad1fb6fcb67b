/**
 * Proposals of this member whose outcome is not known yet, by request id. One map entry per request, no timer and no
 * promise: deadlines fall due in the order of insertion, as all requests have the same timeout.
 */
import type { Outcome } from '../apply/outcome.js';
import type { RequestSequence } from '../ids.js';
import { invariant } from '../invariant.js';
import type { Proposal, ProposalFailure } from './proposal.js';

export class Pending {
  readonly #proposals = new Map<RequestSequence, Proposal>();

  get size(): number {
    return this.#proposals.size;
  }

  add(proposal: Proposal): void {
    invariant(!this.#proposals.has(proposal.sequence), 'a request id is used once', {
      sequence: proposal.sequence,
    });
    this.#proposals.set(proposal.sequence, proposal);
  }

  /** The proposal with this id, if its caller still waits. */
  find(sequence: RequestSequence): Proposal | undefined {
    return this.#proposals.get(sequence);
  }

  resolve(proposal: Proposal, outcome: Outcome): void {
    if (this.#end(proposal)) proposal.waiter.applied(outcome);
  }

  fail(proposal: Proposal, failure: ProposalFailure): void {
    if (this.#end(proposal)) proposal.waiter.failed(failure);
  }

  /** Fails what was begun at or before `startedMs`; `why` tells the reason for each. Oldest first; stops at the first younger one. */
  expire(startedMs: number, why: (proposal: Proposal) => ProposalFailure): void {
    for (const proposal of this.#proposals.values()) {
      if (proposal.startedMs > startedMs) return;
      this.fail(proposal, why(proposal));
    }
  }

  failAll(failure: ProposalFailure): void {
    for (const proposal of [...this.#proposals.values()]) this.fail(proposal, failure);
  }

  /** False when it had ended already: a caller hears once. */
  #end(proposal: Proposal): boolean {
    if (proposal.state === 'ended') return false;
    proposal.state = 'ended';
    this.#proposals.delete(proposal.sequence);
    return true;
  }
}
