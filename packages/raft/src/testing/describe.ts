/** Work and messages in the words of etcd-io/raft, which its scenarios expect (etcd-io/raft util.go, tracker). */
import { decodeConfChange, decodeConfChangeV2 } from '../codec/conf.js';
import {
  toConfChangeV2,
  type ConfChangeSingle,
  type ConfChangeType,
  type ConfChangeV2,
} from '../conf-change.js';
import { LOCAL_APPEND, LOCAL_APPLY } from '../config.js';
import type { Message } from '../message.js';
import type { Ready, Role, StorageAppend, StorageApply, StorageResponse } from '../ready.js';
import type { ProgressState, ProgressStatus } from '../status.js';
import {
  NONE,
  type ConfState,
  type Entry,
  type HardState,
  type NodeId,
  type Snapshot,
} from '../types.js';

const roleNames: Readonly<Record<Role, string>> = {
  follower: 'StateFollower',
  preCandidate: 'StatePreCandidate',
  candidate: 'StateCandidate',
  leader: 'StateLeader',
};

const progressNames: Readonly<Record<ProgressState, string>> = {
  probe: 'StateProbe',
  replicate: 'StateReplicate',
  snapshot: 'StateSnapshot',
};

const entryNames: Readonly<Record<Entry['type'], string>> = {
  normal: 'EntryNormal',
  confChange: 'EntryConfChange',
  confChangeV2: 'EntryConfChangeV2',
};

const changeLetters: Readonly<Record<ConfChangeType, string>> = {
  addNode: 'v',
  addLearnerNode: 'l',
  removeNode: 'r',
  updateNode: 'u',
};

const changeNames: Readonly<Record<ConfChangeType, string>> = {
  addNode: 'ConfChangeAddNode',
  addLearnerNode: 'ConfChangeAddLearnerNode',
  removeNode: 'ConfChangeRemoveNode',
  updateNode: 'ConfChangeUpdateNode',
};

const transitionNames: Readonly<Record<ConfChangeV2['transition'], string>> = {
  auto: 'ConfChangeTransitionAuto',
  jointImplicit: 'ConfChangeTransitionJointImplicit',
  jointExplicit: 'ConfChangeTransitionJointExplicit',
};

export function describeRole(role: Role): string {
  return roleNames[role];
}

export function hex(id: NodeId): string {
  return id.toString(16);
}

function describeTarget(id: NodeId): string {
  switch (id) {
    case NONE:
      return 'None';
    case LOCAL_APPEND:
      return 'AppendThread';
    case LOCAL_APPLY:
      return 'ApplyThread';
    default:
      return hex(id);
  }
}

function describeHardState(state: HardState): string {
  const vote = state.vote === NONE ? '' : ` Vote:${state.vote.toString()}`;
  return `Term:${state.term}${vote} Commit:${state.commit}`;
}

const list = (ids: readonly NodeId[]): string => `[${ids.join(' ')}]`;

function describeConfState(state: ConfState): string {
  return (
    `Voters:${list(state.voters)} VotersOutgoing:${list(state.votersOutgoing)} ` +
    `Learners:${list(state.learners)} LearnersNext:${list(state.learnersNext)} ` +
    `AutoLeave:${String(state.autoLeave)}`
  );
}

function describeSnapshot({ meta }: Snapshot): string {
  return `Index:${meta.index} Term:${meta.term} ConfState:${describeConfState(meta.confState)}`;
}

/** A configuration, as `voters=(1 2 3)&&(1 2) learners=(4)`. */
export function describeConfiguration(state: ConfState): string {
  const group = (ids: readonly NodeId[]): string => `(${ids.map(hex).join(' ')})`;
  let text = `voters=${group(state.voters)}`;
  if (state.votersOutgoing.length > 0) text += `&&${group(state.votersOutgoing)}`;
  if (state.learners.length > 0) text += ` learners=${group(state.learners)}`;
  if (state.learnersNext.length > 0) text += ` learners_next=${group(state.learnersNext)}`;
  return state.autoLeave ? `${text} autoleave` : text;
}

export function describeConfChange(change: ConfChangeV2): string {
  const changes = change.changes.map(
    ({ type, nodeId }) => ` changes:{type:${changeNames[type]} node_id:${nodeId.toString()}}`,
  );
  const context = change.context.length > 0 ? ` context:${quote(change.context)}` : '';
  return `transition:${transitionNames[change.transition]}${changes.join('')}${context}`;
}

/** Changes as `v1 l2 r3 u4`. */
function describeChanges(changes: readonly ConfChangeSingle[]): string {
  return changes.map(({ type, nodeId }) => `${changeLetters[type]}${nodeId.toString()}`).join(' ');
}

/** Bytes as a quoted string, with everything that is not printable ASCII escaped. */
function quote(data: Uint8Array): string {
  let text = '';
  for (const byte of data) {
    const char = String.fromCharCode(byte);
    if (char === '"' || char === '\\') text += `\\${char}`;
    else if (byte >= 0x20 && byte < 0x7f) text += char;
    else text += `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return `"${text}"`;
}

function describePayload(entry: Entry): string {
  switch (entry.type) {
    case 'normal':
      return quote(entry.data);
    case 'confChange':
      return describeChanges(toConfChangeV2(decodeConfChange(entry.data)).changes);
    case 'confChangeV2':
      return describeChanges(decodeConfChangeV2(entry.data).changes);
  }
}

function describeEntry(entry: Entry): string {
  const payload = describePayload(entry);
  const suffix = payload === '' ? '' : ` ${payload}`;
  return `${entry.term}/${entry.index} ${entryNames[entry.type]}${suffix}`;
}

export function describeEntries(entries: readonly Entry[]): string {
  return entries.map((entry) => `${describeEntry(entry)}\n`).join('');
}

export function describeProgress(progress: ProgressStatus): string {
  let text = `${progressNames[progress.state]} match=${progress.match} next=${progress.next}`;
  if (progress.learner) text += ' learner';
  if (progress.paused) text += ' paused';
  if (progress.pendingSnapshot > 0) text += ` pendingSnap=${progress.pendingSnapshot}`;
  if (!progress.recentActive) text += ' inactive';
  if (progress.inflightMessages > 0) text += ` inflight=${progress.inflightMessages}`;
  if (progress.inflightMessages > 0 && progress.inflightFull) text += '[full]';
  return text;
}

/** A message of any kind in the flat form of raftpb, of which only what is set is shown. */
interface FlatMessage {
  readonly type: string;
  readonly from: NodeId;
  readonly to: NodeId;
  readonly term?: number;
  readonly logTerm?: number;
  readonly index?: number;
  readonly rejectHint?: number;
  readonly commit?: number;
  readonly vote?: NodeId;
  readonly entries?: readonly Entry[];
  readonly snapshot?: Snapshot | undefined;
  readonly responses?: readonly FlatMessage[];
}

function flatten(message: Message | StorageResponse): FlatMessage {
  switch (message.type) {
    case 'MsgStorageAppendResp': {
      const { last, snapshot } = message;
      const at = last === undefined ? {} : { index: last.index, logTerm: last.term };
      return {
        type: message.type,
        from: LOCAL_APPEND,
        to: message.to,
        term: message.term,
        snapshot,
        ...at,
      };
    }
    case 'MsgStorageApplyResp':
      return { ...message, from: LOCAL_APPLY };
    case 'MsgAppResp': {
      const { reject, rejectHint, ...rest } = message;
      return reject ? { ...rest, rejectHint } : { ...rest, logTerm: 0 };
    }
    case 'MsgVoteResp':
    case 'MsgPreVoteResp': {
      const { reject, ...rest } = message;
      return reject ? { ...rest, rejectHint: 0 } : rest;
    }
    case 'MsgReadIndex':
    case 'MsgReadIndexResp':
      return {
        ...message,
        entries: [{ term: 0, index: 0, type: 'normal', data: message.context } as Entry],
      };
    default:
      return message;
  }
}

function flattenAppend(from: NodeId, work: StorageAppend): FlatMessage {
  const { hardState, entries, snapshot, responses } = work;
  const base = { type: 'MsgStorageAppend', from, to: LOCAL_APPEND, entries, snapshot };
  return { ...base, ...hardState, responses: responses.map(flatten) };
}

function flattenApply(from: NodeId, work: StorageApply): FlatMessage {
  const { entries, response } = work;
  return {
    type: 'MsgStorageApply',
    from,
    to: LOCAL_APPLY,
    entries,
    responses: [flatten(response)],
  };
}

export function describeMessage(message: Message | StorageResponse): string {
  return describeFlat(flatten(message), '');
}

/** The work, without the responses that it asks for. */
export function describeAppendWork(from: NodeId, work: StorageAppend): string {
  return describeFlat({ ...flattenAppend(from, work), responses: [] }, '');
}

/** The work, without the response that it asks for. */
export function describeApplyWork(from: NodeId, work: StorageApply): string {
  return describeFlat({ ...flattenApply(from, work), responses: [] }, '');
}

function describeFlat(m: FlatMessage, indent: string): string {
  let text = `${indent}${describeTarget(m.from)}->${describeTarget(m.to)} ${m.type}`;
  text += ` Term:${m.term ?? 0} Log:${m.logTerm ?? 0}/${m.index ?? 0}`;
  if (m.rejectHint !== undefined) text += ` Rejected (Hint: ${m.rejectHint})`;
  if (m.commit !== undefined && m.commit !== 0) text += ` Commit:${m.commit}`;
  if (m.vote !== undefined && m.vote !== NONE) text += ` Vote:${m.vote.toString()}`;
  text += describeFlatEntries(m.entries ?? [], indent);
  if (m.snapshot !== undefined) text += `\n${indent}  Snapshot: ${describeSnapshot(m.snapshot)}`;
  const responses = m.responses ?? [];
  if (responses.length === 0) return text;
  const lines = responses.map((response) => `\n${describeFlat(response, `${indent}  `)}`);
  return `${text} Responses:[${lines.join('')}\n${indent}]`;
}

function describeFlatEntries(entries: readonly Entry[], indent: string): string {
  if (entries.length === 0) return '';
  const lines = entries.map(describeEntry);
  if (lines.length === 1) return ` Entries:[${lines.join('')}]`;
  return ` Entries:[${lines.map((line) => `\n${indent}  ${line}`).join('')}\n${indent}]`;
}

/** A whole Ready of the member `id`. */
export function describeReady(id: NodeId, ready: Ready): string {
  let text = '';
  if (ready.softState !== undefined) {
    const { leader, role } = ready.softState;
    text += `Lead:${leader.toString()} State:${roleNames[role]}\n`;
  }
  if (ready.hardState !== undefined) text += `HardState ${describeHardState(ready.hardState)}\n`;
  if (ready.readStates.length > 0) {
    const reads = ready.readStates.map(({ index, context }) => `{${index} [${context.join(' ')}]}`);
    text += `ReadStates [${reads.join(' ')}]\n`;
  }
  if (ready.entries.length > 0) text += `Entries:\n${describeEntries(ready.entries)}`;
  if (ready.snapshot !== undefined) text += `Snapshot ${describeSnapshot(ready.snapshot)}\n`;
  if (ready.committedEntries.length > 0) {
    text += `CommittedEntries:\n${describeEntries(ready.committedEntries)}`;
  }
  const messages = flattenMessages(id, ready);
  if (messages.length > 0) {
    text += `Messages:\n${messages.map((message) => `${describeFlat(message, '')}\n`).join('')}`;
  }
  return text === '' ? '<empty Ready>' : `Ready MustSync=${String(ready.mustSync)}:\n${text}`;
}

function flattenMessages(id: NodeId, ready: Ready): FlatMessage[] {
  const { messages, messagesAfterAppend, storageAppend, storageApply } = ready;
  const flat = [...messages, ...messagesAfterAppend].map(flatten);
  if (storageAppend !== undefined) flat.push(flattenAppend(id, storageAppend));
  if (storageApply !== undefined) flat.push(flattenApply(id, storageApply));
  return flat;
}
