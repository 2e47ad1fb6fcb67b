/**
 * The vocabulary of Raft: counters, identifiers, and the values that a member must keep on stable storage.
 *
 * Counters (`Term`, `LogIndex`) are branded numbers; identifiers (`NodeId`) are branded bigints, because etcd uses
 * all 64 bits of them. The brand is a string property, so that independent packages may declare the same brand.
 */
import type { Brand } from './brand.js';

/** An election term. 0 before the first election; never falls. */
export type Term = Brand<number, 'Term'>;

/** A position in the replicated log. The first entry has index 1; 0 means "before the log". */
export type LogIndex = Brand<number, 'LogIndex'>;

/** Identifies a member; all 64 bits are used. 0n ({@link NONE}) means "no member". */
export type NodeId = Brand<bigint, 'NodeId'>;

/** No member: no leader is known, no vote was cast, no transfer is under way. */
export const NONE: NodeId = 0n as NodeId;

/** Brands a number that is known to be a whole number from 0 to 2^53 - 1. The only way to make a {@link Term}. */
export function toTerm(value: number): Term {
  return value as Term;
}

/** Brands a number that is known to be a whole number from 0 to 2^53 - 1. The only way to make a {@link LogIndex}. */
export function toIndex(value: number): LogIndex {
  return value as LogIndex;
}

/** Brands a bigint that is known to fit 64 bits without a sign. */
export function toNodeId(value: bigint): NodeId {
  return value as NodeId;
}

export type EntryType = 'normal' | 'confChange' | 'confChangeV2';

/** One entry of the log. `data` is owned by the log once proposed: the proposer must not change it afterwards. */
export interface Entry {
  readonly term: Term;
  readonly index: LogIndex;
  readonly type: EntryType;
  readonly data: Uint8Array;
}

/** Names an entry: a leader creates at most one entry per index in its term, so equal names mean equal entries. */
export interface EntryId {
  readonly term: Term;
  readonly index: LogIndex;
}

/** What a member must have on stable storage before it sends what promises it (Raft §5, figure 2, "persistent state"). */
export interface HardState {
  readonly term: Term;
  /** The candidate voted for in `term`; 0n when none. */
  readonly vote: NodeId;
  /** Largest index known to be committed. May lag behind on disk; it never needs a sync of its own. */
  readonly commit: LogIndex;
}

/** The hard state of a member that never ran. */
export const EMPTY_HARD_STATE: HardState = Object.freeze({
  term: toTerm(0),
  vote: NONE,
  commit: toIndex(0),
});

/** The configuration of the group (raftpb.ConfState). Lists are ascending. */
export interface ConfState {
  readonly voters: readonly NodeId[];
  readonly learners: readonly NodeId[];
  /** Voters of the outgoing half while in a joint configuration; empty otherwise. */
  readonly votersOutgoing: readonly NodeId[];
  /** Nodes that become learners when the joint configuration is left. */
  readonly learnersNext: readonly NodeId[];
  readonly autoLeave: boolean;
}

/** The configuration without members: what a member that is about to join starts from. */
export const EMPTY_CONF_STATE: ConfState = Object.freeze({
  voters: [],
  learners: [],
  votersOutgoing: [],
  learnersNext: [],
  autoLeave: false,
});

/** Names the point of the log that a snapshot stands for. */
export interface SnapshotMeta {
  readonly index: LogIndex;
  readonly term: Term;
  readonly confState: ConfState;
}

/** A snapshot: its place in the log and the bytes of the application's state (empty when the state travels elsewhere). */
export interface Snapshot {
  readonly meta: SnapshotMeta;
  readonly data: Uint8Array;
}

/** No bytes; shared by every empty entry. */
export const NO_DATA: Uint8Array = new Uint8Array(0);

/** The term of messages that hold in any term. */
export const NO_TERM: Term = toTerm(0);
