/** What a node can tell about itself and, as a leader, about the others. Copies: they do not change afterwards. */
import type { Role } from './ready.js';
import type { ConfState, LogIndex, NodeId, Term } from './types.js';

/**
 * How the leader replicates to one member: `probe` sends one message and waits, to find where the logs meet;
 * `replicate` streams; `snapshot` waits for a snapshot to be installed.
 */
export type ProgressState = 'probe' | 'replicate' | 'snapshot';

/** What the leader believes of one member. */
export interface ProgressStatus {
  /** The member's log is known to equal the leader's up to here. */
  readonly match: LogIndex;
  /** The next entry to send. */
  readonly next: LogIndex;
  readonly state: ProgressState;
  readonly learner: boolean;
  /** Whether it answered in the current check-quorum period. */
  readonly recentActive: boolean;
  /** No entries are sent at the moment. */
  readonly paused: boolean;
  /** Index of the snapshot on its way; 0 when none is. */
  readonly pendingSnapshot: LogIndex;
  readonly inflightMessages: number;
  readonly inflightFull: boolean;
}

export interface Status {
  readonly id: NodeId;
  readonly term: Term;
  readonly vote: NodeId;
  readonly commit: LogIndex;
  readonly applied: LogIndex;
  readonly lastIndex: LogIndex;
  readonly leader: NodeId;
  readonly role: Role;
  /** Target of the leadership transfer under way; 0n when none is. */
  readonly transferee: NodeId;
  readonly config: ConfState;
  /** On the leader: all members, itself included, in ascending order. Empty elsewhere. */
  readonly progress: ReadonlyMap<NodeId, ProgressStatus>;
}
