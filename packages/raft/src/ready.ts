/** What a node asks of its application after a batch of input: persist this, send that, apply those. */
import type { Message } from './message.js';
import type { Entry, EntryId, HardState, LogIndex, NodeId, Snapshot, Term } from './types.js';

export type Role = 'follower' | 'preCandidate' | 'candidate' | 'leader';

/** Volatile facts worth telling when they change. */
export interface SoftState {
  /** 0n when none is known. */
  readonly leader: NodeId;
  readonly role: Role;
}

/** A read may be served once everything up to `index` is applied. `context` is what was given to `readIndex`. */
export interface ReadState {
  readonly index: LogIndex;
  readonly context: Uint8Array;
}

/**
 * One batch of work. The order that safety needs:
 *
 * 1. `messages` may be sent at once, by a leader also before its own disk has the entries (thesis §10.2.1).
 * 2. Make `snapshot`, `entries` and `hardState` durable; a sync is needed only if `mustSync`. Entries replace whatever
 *    the log holds from `entries[0].index` on. A snapshot replaces the log; it never comes with committed entries.
 * 3. Then `messagesAfterAppend`: votes and acknowledgements, which promise what step 2 made durable.
 * 4. Then apply `snapshot`, then `committedEntries` in order. (They may be entries of this very Ready.)
 * 5. `RawNode.advance()`. Only then comes the next Ready; messages may be stepped and proposals made all the while.
 *
 * With `asyncStorageWrites` steps 2 to 5 become `storageAppend` and `storageApply`, several of which may be under way.
 * Arrays are the application's to keep; what they hold never changes.
 */
export interface Ready {
  /** Set when the leader or the role changed since the last Ready. */
  readonly softState: SoftState | undefined;
  /** Set when term, vote or commit changed since the last Ready. */
  readonly hardState: HardState | undefined;
  /** Reads whose index is confirmed. */
  readonly readStates: readonly ReadState[];
  /** To append to the stable log. */
  readonly entries: readonly Entry[];
  /** To install in place of the log and the application's state. */
  readonly snapshot: Snapshot | undefined;
  /** Committed: to be applied, each exactly once and in order. */
  readonly committedEntries: readonly Entry[];
  /** To other members, at any time from now on. */
  readonly messages: readonly Message[];
  /** To other members, once everything above is durable. Empty with `asyncStorageWrites`. */
  readonly messagesAfterAppend: readonly Message[];
  /**
   * Whether entries, vote or term are new. A change of the commit index alone needs no sync (Raft figure 2). A snapshot
   * is made durable in any case before it is acknowledged.
   */
  readonly mustSync: boolean;
  /** With `asyncStorageWrites`: steps 2 and 3. */
  readonly storageAppend: StorageAppend | undefined;
  /** With `asyncStorageWrites`: step 4. */
  readonly storageApply: StorageApply | undefined;
}

/**
 * Work for the one writer of the log, in the order given out. Once all of it is durable (a sync is needed only when
 * there are responses), deliver `responses` in order: to other members, or to this one by `RawNode.step`.
 */
export interface StorageAppend {
  readonly hardState: HardState | undefined;
  readonly entries: readonly Entry[];
  readonly snapshot: Snapshot | undefined;
  readonly responses: readonly (Message | StorageAppendResp)[];
}

/** Tells the node that its log is stable up to `last`, if the term did not change meanwhile, and a snapshot installed. */
export interface StorageAppendResp {
  readonly type: 'MsgStorageAppendResp';
  readonly to: NodeId;
  /** The node's term when the work was given out. */
  readonly term: Term;
  readonly last: EntryId | undefined;
  readonly snapshot: Snapshot | undefined;
}

/** Work for the one state machine, in the order given out. Step `response` once the entries are applied. */
export interface StorageApply {
  readonly entries: readonly Entry[];
  readonly response: StorageApplyResp;
}

/** Tells the node that the entries are applied. */
export interface StorageApplyResp {
  readonly type: 'MsgStorageApplyResp';
  readonly to: NodeId;
  readonly entries: readonly Entry[];
}

/** What storage work answers to the node itself. */
export type StorageResponse = StorageAppendResp | StorageApplyResp;
