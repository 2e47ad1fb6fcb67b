/**
 * What a node tells its observer: one typed event for everything that etcd-io/raft writes to its log.
 *
 * Events are rare: nothing is told per entry or per append. `at` names the member that speaks.
 */
import type { ConfChangeV2 } from './conf-change.js';
import type { MessageType } from './message.js';
import type { ProgressStatus } from './status.js';
import type { ConfState, EntryId, LogIndex, NodeId, Term } from './types.js';

interface VoteSubject {
  readonly at: NodeId;
  readonly term: Term;
  readonly vote: NodeId;
  readonly last: EntryId;
  readonly request: 'MsgVote' | 'MsgPreVote';
  readonly candidate: NodeId;
  readonly candidateLast: EntryId;
}

/** Events of elections and roles. */
export type ElectionEvent =
  | { readonly type: 'becameFollower'; readonly at: NodeId; readonly term: Term }
  | { readonly type: 'becamePreCandidate'; readonly at: NodeId; readonly term: Term }
  | { readonly type: 'becameCandidate'; readonly at: NodeId; readonly term: Term }
  | { readonly type: 'becameLeader'; readonly at: NodeId; readonly term: Term }
  | { readonly type: 'electionStarted'; readonly at: NodeId; readonly term: Term }
  | {
      readonly type: 'electionSkipped';
      readonly at: NodeId;
      readonly term: Term;
      readonly reason: 'leading' | 'unpromotable' | 'pendingConfChange';
    }
  | {
      readonly type: 'voteRequested';
      readonly at: NodeId;
      readonly term: Term;
      readonly request: 'MsgVote' | 'MsgPreVote';
      readonly voter: NodeId;
      readonly last: EntryId;
    }
  | (VoteSubject & { readonly type: 'voteGranted' | 'voteRejected' })
  | (VoteSubject & { readonly type: 'voteIgnored'; readonly leaseTicks: number })
  | {
      readonly type: 'voteReceived';
      readonly at: NodeId;
      readonly term: Term;
      readonly response: 'MsgVoteResp' | 'MsgPreVoteResp';
      readonly voter: NodeId;
      readonly granted: boolean;
    }
  | {
      readonly type: 'votesCounted';
      readonly at: NodeId;
      readonly response: 'MsgVoteResp' | 'MsgPreVoteResp';
      readonly granted: number;
      readonly rejected: number;
    }
  | { readonly type: 'quorumLost'; readonly at: NodeId; readonly term: Term }
  | {
      readonly type: 'leaderForgotten';
      readonly at: NodeId;
      readonly term: Term;
      readonly leader: NodeId;
    }
  | { readonly type: 'forgetLeaderIgnored'; readonly at: NodeId }
  | {
      readonly type: 'timeoutNowReceived';
      readonly at: NodeId;
      readonly term: Term;
      readonly from: NodeId;
      readonly campaigns: boolean;
    };

/** Events of messages and proposals that take an unusual way. */
export type MessageEvent =
  | {
      readonly type: 'higherTermReceived' | 'lowerTermIgnored';
      readonly at: NodeId;
      readonly term: Term;
      readonly message: MessageType;
      readonly from: NodeId;
      readonly messageTerm: Term;
    }
  | {
      readonly type: 'staleAppendIgnored';
      readonly at: NodeId;
      readonly term: Term;
      readonly responseTerm: Term;
    }
  | {
      readonly type: 'proposalDropped';
      readonly at: NodeId;
      readonly term: Term;
      readonly reason: DropReason;
    }
  | { readonly type: 'readIndexDropped'; readonly at: NodeId; readonly term: Term }
  | {
      readonly type: 'transfer';
      readonly at: NodeId;
      readonly term: Term;
      readonly to: NodeId;
      readonly step: TransferStep;
    };

/** How far a leadership transfer is, or why it does not begin. */
export type TransferStep =
  | 'started'
  | 'alreadyUnderWay'
  /** Another target was named; this one is given up. */
  | 'replaced'
  | 'toSelf'
  | 'toLearner'
  | 'noLeader'
  /** The target had everything when the transfer began. */
  | 'timeoutNowSent'
  /** The target has caught up. */
  | 'timeoutNowSentLater';

/** Why a configuration change became an empty entry. */
export type ConfChangeRefusal =
  /** Another one may be in the log and not applied. */
  | 'pending'
  /** A joint configuration has to be left first. */
  | 'joint'
  /** There is no joint configuration to leave. */
  | 'notJoint'
  /** It could not be applied: it would remove all voters, say. */
  | 'unfit';

/** Why a proposal was not taken. */
export type DropReason =
  /** No leader is known; an election may be under way. */
  | 'noLeader'
  /** This member is not the leader and must not forward. */
  | 'forwardingDisabled'
  /** The leader is handing leadership over. */
  | 'transferring'
  /** The leader has been removed from the configuration. */
  | 'removed'
  /** `uncommittedBytesMax` would be exceeded. */
  | 'uncommittedBytes';

/** Events of the log, of replication, of snapshots and of the configuration. */
export type LogEvent =
  | {
      readonly type: 'started';
      readonly at: NodeId;
      readonly voters: readonly NodeId[];
      readonly term: Term;
      readonly commit: LogIndex;
      readonly applied: LogIndex;
      readonly last: EntryId;
    }
  | { readonly type: 'configurationSwitched'; readonly at: NodeId; readonly config: ConfState }
  | {
      readonly type: 'confChangeRefused';
      readonly at: NodeId;
      readonly change: ConfChangeV2;
      readonly config: ConfState;
      readonly reason: ConfChangeRefusal;
      readonly pendingIndex: LogIndex;
      readonly applied: LogIndex;
    }
  | {
      readonly type: 'autoLeave';
      readonly at: NodeId;
      readonly config: ConfState;
      readonly proposed: boolean;
    }
  | {
      readonly type: 'logConflict';
      readonly index: LogIndex;
      readonly existingTerm: Term;
      readonly conflictingTerm: Term;
    }
  | { readonly type: 'unstableReplaced' | 'unstableTruncated'; readonly index: LogIndex }
  | { readonly type: 'stableMissing' | 'stableIsSnapshot'; readonly index: LogIndex }
  | { readonly type: 'stableMismatch'; readonly stable: EntryId; readonly unstableTerm: Term }
  | {
      readonly type: 'appendRejected';
      readonly at: NodeId;
      readonly from: NodeId;
      readonly index: LogIndex;
      readonly localTerm: Term;
      readonly leaderLogTerm: Term;
    }
  | {
      readonly type: 'rejectionReceived';
      readonly at: NodeId;
      readonly from: NodeId;
      readonly index: LogIndex;
      readonly hint: EntryId;
    }
  | {
      readonly type:
        | 'progressDecreased'
        | 'snapshotResumed'
        | 'snapshotPaused'
        | 'snapshotSucceeded'
        | 'snapshotFailed'
        | 'unreachable';
      readonly at: NodeId;
      readonly peer: NodeId;
      readonly progress: ProgressStatus;
    }
  | {
      readonly type: 'snapshotSent';
      readonly at: NodeId;
      readonly peer: NodeId;
      readonly firstIndex: LogIndex;
      readonly commit: LogIndex;
      readonly snapshot: EntryId;
      readonly progress: ProgressStatus;
    }
  | {
      readonly type: 'snapshotNotSent';
      readonly at: NodeId;
      readonly peer: NodeId;
      readonly reason: 'inactive' | 'unavailable';
    }
  | {
      readonly type: 'snapshotRestoring';
      readonly snapshot: EntryId;
      readonly commit: LogIndex;
      readonly applied: LogIndex;
      readonly applying: LogIndex;
      readonly unstableOffset: LogIndex;
      readonly unstableInProgress: LogIndex;
      readonly unstableCount: number;
    }
  | {
      readonly type: 'snapshotRestored' | 'snapshotFastForwarded';
      readonly at: NodeId;
      readonly commit: LogIndex;
      readonly last: EntryId;
      readonly snapshot: EntryId;
    }
  | {
      readonly type: 'snapshotAccepted' | 'snapshotIgnored' | 'snapshotForOthers';
      readonly at: NodeId;
      readonly commit: LogIndex;
      readonly snapshot: EntryId;
    }
  | { readonly type: 'noProgress'; readonly at: NodeId; readonly from: NodeId };

export type RaftEvent = ElectionEvent | MessageEvent | LogEvent;

/** Hears events as they happen. Must not call back into the node. */
export type Observer = (event: RaftEvent) => void;
