/**
 * Takes commands from services (and from the member itself) to the log: gives them an id, remembers who waits, and puts
 * them into the inbox. Refuses what can not be served; fails what takes too long (errors.md §6).
 */
import type { RawNode, Term } from '@kv/raft';
import type { AppliedIndex } from '../apply/applied-index.js';
import type { Command } from '../apply/command.js';
import { decodeRequest, spliceEntry, type RequestField } from '../apply/entry-codec.js';
import type { Clock } from '../clock.js';
import type { RequestSequence } from '../ids.js';
import type { Inbox } from '../replica/inbox.js';
import { APPLY_BACKLOG_MAX } from './limits.js';
import type { Pending } from './pending.js';
import { Proposal, type ProposalFailure, type Waiter } from './proposal.js';
import type { RequestIds } from './request-id.js';
import type { RequestMetrics } from './request-metrics.js';

export interface ProposerParts {
  readonly ids: RequestIds;
  readonly pending: Pending;
  readonly inbox: Inbox;
  readonly node: Pick<RawNode, 'commit'>;
  readonly appliedIndex: AppliedIndex;
  readonly clock: Clock;
  readonly metrics: RequestMetrics;
  readonly maxRequestBytes: number;
  readonly requestTimeoutMs: number;
  readonly electionTimeoutMs: number;
  /** Tells the loop that there is something to do. */
  readonly wake: () => void;
  /** Monotonic time at which this member became leader; undefined while it is not. */
  readonly leaderSinceMs: () => number | undefined;
  /** Whether this member has been connected to its leader, or as leader to a quorum, since then. */
  readonly connectedSince: (startedMs: number) => boolean;
}

/** A request as an entry, not proposed yet. */
export interface Draft {
  readonly sequence: RequestSequence;
  readonly data: Buffer;
  readonly command: Command;
}

export class Proposer {
  readonly #parts: ProposerParts;
  #stopped = false;

  constructor(parts: ProposerParts) {
    this.#parts = parts;
  }

  /**
   * The entry around a request's bytes (copied), with the command read from it: what is checked next is what will be
   * applied. Throws for bytes that are no such request.
   */
  draft(field: RequestField, request: Uint8Array): Draft {
    const { ids } = this.#parts;
    const sequence = ids.next();
    const data = spliceEntry(ids, sequence, field, request);
    const command = decodeRequest(field, data, data.length - request.length, data.length);
    return { sequence, data, command };
  }

  /**
   * Hands a draft over. The waiter hears later, exactly once; when it is refused here, at once. With `onlyInTerm` it is
   * proposed by this member as leader of that term, or dropped.
   */
  propose(draft: Draft, waiter: Waiter, onlyInTerm?: Term): void {
    const refusal = this.#refusal(draft);
    if (refusal !== undefined) {
      this.#parts.metrics.proposalFailed();
      waiter.failed(refusal);
      return;
    }
    const { pending, inbox, clock } = this.#parts;
    const { sequence, command, data } = draft;
    const nowMs = clock.monotonicMs();
    const proposal = new Proposal(sequence, command, data, waiter, nowMs, onlyInTerm);
    if (!inbox.addProposal(proposal)) {
      waiter.failed('tooManyRequests');
      return;
    }
    pending.add(proposal);
    this.#parts.wake();
  }

  /** At every tick: fails what has waited for longer than the request timeout. */
  tick(nowMs: number): void {
    const { pending, requestTimeoutMs, metrics } = this.#parts;
    pending.expire(nowMs - requestTimeoutMs, (proposal) => {
      metrics.proposalFailed();
      return this.#timeoutOf(proposal);
    });
  }

  /** Fails everything, now and from now on. Idempotent. */
  stop(): void {
    this.#stopped = true;
    this.#parts.pending.failAll('stopped');
  }

  #refusal(draft: Draft): ProposalFailure | undefined {
    const { node, appliedIndex, maxRequestBytes } = this.#parts;
    if (this.#stopped) return 'stopped';
    if (node.commit > appliedIndex.index + APPLY_BACKLOG_MAX) return 'tooManyRequests';
    if (draft.data.length > maxRequestBytes) return 'requestTooLarge';
    return undefined;
  }

  #timeoutOf(proposal: Proposal): ProposalFailure {
    if (proposal.state === 'queued') return 'notHandedOver';
    const { electionTimeoutMs, leaderSinceMs, connectedSince } = this.#parts;
    const electedMs = leaderSinceMs();
    const { startedMs } = proposal;
    if (
      electedMs !== undefined &&
      startedMs < electedMs &&
      startedMs > electedMs - 2 * electionTimeoutMs
    ) {
      return 'timedOutLeaderFailed';
    }
    return connectedSince(startedMs) ? 'timedOut' : 'timedOutConnectionLost';
  }
}
