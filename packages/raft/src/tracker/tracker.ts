/** The active configuration, the progress of its members, and the votes of the election under way. */
import {
  allMembers,
  EMPTY_CONFIGURATION,
  type Configuration,
} from '../confchange/configuration.js';
import { jointCommitted, jointVote } from '../quorum/joint.js';
import type { VoteResult } from '../quorum/majority.js';
import { toIndex, type LogIndex, type NodeId } from '../types.js';
import { Progress, type FlowLimits } from './progress.js';

/** The votes so far; members that are no voters (any more) do not count. */
export interface Tally {
  readonly granted: number;
  readonly rejected: number;
  readonly result: VoteResult;
}

export class Tracker {
  readonly #limits: FlowLimits;
  #config: Configuration = EMPTY_CONFIGURATION;
  /** In ascending order of identifiers, so that iterating is the same on every run. */
  #progress = new Map<NodeId, Progress>();
  readonly #votes = new Map<NodeId, boolean>();
  readonly #matchOf = (id: NodeId): LogIndex | undefined => this.#progress.get(id)?.match;

  constructor(limits: FlowLimits) {
    this.#limits = limits;
  }

  get config(): Configuration {
    return this.#config;
  }

  /** All members' progress, in ascending order of identifiers. */
  get members(): ReadonlyMap<NodeId, Progress> {
    return this.#progress;
  }

  get(id: NodeId): Progress | undefined {
    return this.#progress.get(id);
  }

  /** Whether `id` decides alone. */
  isOnlyVoter(id: NodeId): boolean {
    const { incoming, outgoing } = this.#config;
    return incoming.size === 1 && outgoing.size === 0 && incoming.has(id);
  }

  /**
   * Makes `config` the active one. Members that stay keep their progress; new ones are first probed at the end of the
   * log, and count as active so that check quorum gives them time to answer.
   */
  switchTo(config: Configuration, lastIndex: LogIndex): void {
    const progress = new Map<NodeId, Progress>();
    for (const id of allMembers(config)) {
      const learner = config.learners.has(id);
      const known = this.#progress.get(id);
      known?.becomeLearner(learner);
      progress.set(id, known ?? this.#newProgress(Math.max(lastIndex, 1), learner, true));
    }
    this.#progress = progress;
    this.#config = config;
  }

  /** Begins a term: nothing is known of anybody, but that our own log reaches `lastIndex`. */
  reset(self: NodeId, lastIndex: LogIndex): void {
    this.resetVotes();
    for (const [id, progress] of this.#progress) {
      const match = id === self ? lastIndex : 0;
      this.#progress.set(id, this.#newProgress(lastIndex + 1, progress.learner, false, match));
    }
  }

  /** The largest index that the voters have (R4 is the caller's to check). */
  committed(): LogIndex {
    return jointCommitted(this.#config, this.#matchOf);
  }

  /** Whether a quorum was heard of in this check-quorum period. */
  quorumActive(): boolean {
    const result = jointVote(this.#config, (id) => this.#progress.get(id)?.recentActive);
    return result === 'won';
  }

  resetVotes(): void {
    this.#votes.clear();
  }

  /** The first vote of each voter counts. */
  recordVote(voter: NodeId, granted: boolean): void {
    if (!this.#votes.has(voter)) this.#votes.set(voter, granted);
  }

  tally(): Tally {
    let granted = 0;
    let rejected = 0;
    for (const [id, progress] of this.#progress) {
      const vote = this.#votes.get(id);
      if (progress.learner || vote === undefined) continue;
      if (vote) granted += 1;
      else rejected += 1;
    }
    return { granted, rejected, result: jointVote(this.#config, (id) => this.#votes.get(id)) };
  }

  #newProgress(next: number, learner: boolean, recentActive: boolean, match = 0): Progress {
    return new Progress(
      { match: toIndex(match), next: toIndex(next) },
      { learner, recentActive },
      this.#limits,
    );
  }
}
