/** Raft as a pure state machine. For applications: the node, its work, its settings. */
export { resolveConfig, validateConfig } from './config.js';
export type { Problem, Random, RaftConfig, ReadIndexMode, ResolvedConfig } from './config.js';
export { LEAVE_JOINT, toConfChangeV2 } from './conf-change.js';
export type {
  ConfChange,
  ConfChangeSingle,
  ConfChangeTransition,
  ConfChangeType,
  ConfChangeV2,
} from './conf-change.js';
export { RaftError } from './errors.js';
export type { RaftErrorCode } from './errors.js';
export type {
  DropReason,
  ElectionEvent,
  LogEvent,
  MessageEvent,
  Observer,
  RaftEvent,
} from './events.js';
export { InvariantViolation } from './invariant.js';
export type {
  Message,
  MessageType,
  MsgApp,
  MsgAppResp,
  MsgHeartbeat,
  MsgHeartbeatResp,
  MsgProp,
  MsgReadIndex,
  MsgReadIndexResp,
  MsgSnap,
  MsgTimeoutNow,
  MsgTransferLeader,
  MsgVote,
  MsgVoteResp,
} from './message.js';
export type {
  ReadState,
  Ready,
  Role,
  SoftState,
  StorageAppend,
  StorageAppendResp,
  StorageApply,
  StorageApplyResp,
  StorageResponse,
} from './ready.js';
export type { ProposeResult } from './proposal.js';
export { RawNode } from './raw-node.js';
export type { BootstrapPeer, StepResult } from './raw-node.js';
export { MemoryStorage } from './memory-storage.js';
export type { ProgressState, ProgressStatus, Status } from './status.js';
export type { LogStorage } from './storage.js';
export { EMPTY_CONF_STATE, EMPTY_HARD_STATE, NONE, toIndex, toNodeId, toTerm } from './types.js';
export type {
  ConfState,
  Entry,
  EntryId,
  EntryType,
  HardState,
  LogIndex,
  NodeId,
  Snapshot,
  SnapshotMeta,
  Term,
} from './types.js';
