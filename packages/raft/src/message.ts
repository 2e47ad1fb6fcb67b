/**
 * What members say to one another: raftpb.Message as a union by `type`, each variant with the fields it means.
 *
 * A `term` of 0 marks the messages that hold in any term (a forwarded proposal, read or transfer). Bytes inside are
 * borrowed: a decoded message refers to the buffer it was decoded from, and so do the entries that come out of it.
 */
import type { Entry, LogIndex, NodeId, Snapshot, Term } from './types.js';

interface Addressed {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly term: Term;
}

/** A proposal, forwarded to the leader. The terms and indexes of its entries are 0: the leader assigns them. */
export interface MsgProp extends Addressed {
  readonly type: 'MsgProp';
  readonly entries: readonly Entry[];
}

/** AppendEntries (Raft §5.3): the entries after `index`, whose entry has term `logTerm`. */
export interface MsgApp extends Addressed {
  readonly type: 'MsgApp';
  readonly index: LogIndex;
  readonly logTerm: Term;
  readonly entries: readonly Entry[];
  readonly commit: LogIndex;
}

/**
 * The answer to an append or a snapshot. Accepted: the log matches the leader's up to `index`. Rejected: it does not
 * match at `index`, and (`rejectHint`, `logTerm`) is the last entry at which it might.
 */
export interface MsgAppResp extends Addressed {
  readonly type: 'MsgAppResp';
  readonly index: LogIndex;
  readonly reject: boolean;
  readonly rejectHint: LogIndex;
  readonly logTerm: Term;
}

/** RequestVote (Raft §5.2, §5.4.1), or its rehearsal (thesis §9.6). The candidate's log ends with (`logTerm`, `index`). */
export interface MsgVote extends Addressed {
  readonly type: 'MsgVote' | 'MsgPreVote';
  readonly index: LogIndex;
  readonly logTerm: Term;
  /** The leader asked for this election (thesis §3.10): voters do not protect the leader from it. */
  readonly transfer: boolean;
}

export interface MsgVoteResp extends Addressed {
  readonly type: 'MsgVoteResp' | 'MsgPreVoteResp';
  readonly reject: boolean;
}

/** InstallSnapshot (Raft §7). */
export interface MsgSnap extends Addressed {
  readonly type: 'MsgSnap';
  readonly snapshot: Snapshot;
}

/** `commit` is never beyond what the leader knows the follower to have. `context` numbers a round of read confirmations. */
export interface MsgHeartbeat extends Addressed {
  readonly type: 'MsgHeartbeat';
  readonly commit: LogIndex;
  readonly context: Uint8Array;
}

export interface MsgHeartbeatResp extends Addressed {
  readonly type: 'MsgHeartbeatResp';
  readonly context: Uint8Array;
}

/** Asks the leader to make `from` the leader. A follower forwards it. */
export interface MsgTransferLeader extends Addressed {
  readonly type: 'MsgTransferLeader';
}

/** Tells the target of a transfer to start an election at once. */
export interface MsgTimeoutNow extends Addressed {
  readonly type: 'MsgTimeoutNow';
}

/** Asks the leader for a read index (thesis §6.4). */
export interface MsgReadIndex extends Addressed {
  readonly type: 'MsgReadIndex';
  readonly context: Uint8Array;
}

export interface MsgReadIndexResp extends Addressed {
  readonly type: 'MsgReadIndexResp';
  readonly index: LogIndex;
  readonly context: Uint8Array;
}

export type Message =
  | MsgProp
  | MsgApp
  | MsgAppResp
  | MsgVote
  | MsgVoteResp
  | MsgSnap
  | MsgHeartbeat
  | MsgHeartbeatResp
  | MsgTransferLeader
  | MsgTimeoutNow
  | MsgReadIndex
  | MsgReadIndexResp;

export type MessageType = Message['type'];

/** Whether the message answers one of ours, and therefore means nothing from a node outside of the configuration. */
export function isResponse(type: MessageType): boolean {
  switch (type) {
    case 'MsgAppResp':
    case 'MsgVoteResp':
    case 'MsgPreVoteResp':
    case 'MsgHeartbeatResp':
    case 'MsgReadIndexResp':
      return true;
    case 'MsgProp':
    case 'MsgApp':
    case 'MsgVote':
    case 'MsgPreVote':
    case 'MsgSnap':
    case 'MsgHeartbeat':
    case 'MsgTransferLeader':
    case 'MsgTimeoutNow':
    case 'MsgReadIndex':
      return false;
  }
}

const messageTypes: ReadonlySet<string> = new Set<MessageType>([
  'MsgProp',
  'MsgApp',
  'MsgAppResp',
  'MsgVote',
  'MsgVoteResp',
  'MsgPreVote',
  'MsgPreVoteResp',
  'MsgSnap',
  'MsgHeartbeat',
  'MsgHeartbeatResp',
  'MsgTransferLeader',
  'MsgTimeoutNow',
  'MsgReadIndex',
  'MsgReadIndexResp',
]);

export function isMessageType(text: string): text is MessageType {
  return messageTypes.has(text);
}
