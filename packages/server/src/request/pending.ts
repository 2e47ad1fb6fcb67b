/**
 * Proposals of this member whose outcome is not known yet, by request id. One entry of a table per request, no timer and no
 * promise: a tick looks at all of them.
 */
import { NumberTable } from '@kv/rpc';
import type { Term } from '@kv/raft';
import type { Outcome } from '../apply/outcome.js';
import type { RequestSequence } from '../ids.js';
import { invariant } from '../invariant.js';
import type { Proposal, ProposalFailure } from './proposal.js';

export class Pending {
  readonly #proposals = new NumberTable<Proposal>();

  get size(): number {
    return this.#proposals.size;
  }

  add(proposal: Proposal): void {
    invariant(this.#proposals.get(proposal.sequence) === undefined, 'a request id is used once', {
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

  /** Fails what was begun at or before `startedMs`, oldest first; `why` tells the reason for each. */
  expire(startedMs: number, why: (proposal: Proposal) => ProposalFailure): void {
    if (this.#proposals.size === 0) return;
    const expired = this.#proposals.values().filter((proposal) => proposal.startedMs <= startedMs);
    for (const proposal of expired.sort(byAge)) this.fail(proposal, why(proposal));
  }

  /**
   * An entry of `term` was applied, and those behind it are of no earlier one: what was proposed in an earlier term, and was not
   * applied, has been lost with its leader, unless that one hands it on as a follower.
   */
  termBegan(term: Term): void {
    const lost = this.#proposals.values().filter(({ proposedIn = term }) => proposedIn < term);
    for (const proposal of lost.sort(byAge)) this.fail(proposal, 'timedOutLeaderFailed');
  }

  failAll(failure: ProposalFailure): void {
    for (const proposal of this.#proposals.values().sort(byAge)) this.fail(proposal, failure);
  }

  /** False when it had ended already: a caller hears once. */
  #end(proposal: Proposal): boolean {
    if (proposal.state === 'ended') return false;
    proposal.state = 'ended';
    this.#proposals.delete(proposal.sequence);
    return true;
  }
}

/** Oldest first. */
function byAge(a: Proposal, b: Proposal): number {
  return a.startedMs - b.startedMs || a.sequence - b.sequence;
}
