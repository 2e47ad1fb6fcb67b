/** One request on its way through the log, and how its caller learns what became of it. */
import type { Term } from '@kv/raft';
import type { Command } from '../apply/command.js';
import type { Outcome } from '../apply/outcome.js';
import type { RequestSequence } from '../ids.js';

/** Why there is no outcome. */
export type ProposalFailure =
  | 'tooManyRequests'
  | 'requestTooLarge'
  /** No leader took it before the request timeout: nothing happened. */
  | 'notHandedOver'
  /** Raft refused it: nothing happened. */
  | 'dropped'
  /** Handed over, and no result in time: it may still happen. */
  | 'timedOut'
  | 'timedOutLeaderFailed'
  | 'timedOutConnectionLost'
  /** The member stops: it may still happen. */
  | 'stopped';

/** Hears exactly one of the two, once, in a turn of the loop. Must not throw. */
export interface Waiter {
  applied(outcome: Outcome): void;
  failed(failure: ProposalFailure): void;
}

export type ProposalState = 'queued' | 'proposed' | 'ended';

/** Mutable only in how far it has come. */
export class Proposal {
  readonly sequence: RequestSequence;
  /** As decoded from `data`, so that applying need not decode it again. */
  readonly command: Command;
  /** The entry's payload. Never changes. */
  readonly data: Buffer;
  readonly waiter: Waiter;
  readonly startedMs: number;
  /** Proposed by this member as leader of this term, or not at all: never queued over a change, never forwarded. */
  readonly onlyInTerm: Term | undefined;
  state: ProposalState = 'queued';
  #proposedIn: Term | undefined;

  constructor(
    sequence: RequestSequence,
    command: Command,
    data: Buffer,
    waiter: Waiter,
    startedMs: number,
    onlyInTerm?: Term,
  ) {
    this.sequence = sequence;
    this.command = command;
    this.data = data;
    this.waiter = waiter;
    this.startedMs = startedMs;
    this.onlyInTerm = onlyInTerm;
  }

  /** Raft has taken it, for the leader of this term. */
  handedOver(term: Term): void {
    this.state = 'proposed';
    this.#proposedIn = term;
  }

  /** Undefined until it was handed over. */
  get proposedIn(): Term | undefined {
    return this.#proposedIn;
  }
}
