/** Bytes of raftpb.Message: a union of ours on one side, one flat record of optional fields on the other. */
import { RaftError } from '../errors.js';
import { assertNever } from '../invariant.js';
import type { Message } from '../message.js';
import {
  NONE,
  NO_DATA,
  toIndex,
  toTerm,
  type Entry,
  type LogIndex,
  type NodeId,
  type Snapshot,
  type Term,
} from '../types.js';
import { readSnapshot, snapshotSize, writeSnapshotFields } from './conf.js';
import { checkRange, entrySize, readEntry, writeEntryFields } from './entry.js';
import { Reader } from './reader.js';
import { delimitedSize, Sizer, Writer, type Sink } from './writer.js';

/** The numbers of raftpb.MessageType. Those that never travel between members have no variant and are refused. */
const messageNumbers: Readonly<Record<Message['type'], number>> = {
  MsgProp: 2,
  MsgApp: 3,
  MsgAppResp: 4,
  MsgVote: 5,
  MsgVoteResp: 6,
  MsgSnap: 7,
  MsgHeartbeat: 8,
  MsgHeartbeatResp: 9,
  MsgTransferLeader: 13,
  MsgTimeoutNow: 14,
  MsgReadIndex: 15,
  MsgReadIndexResp: 16,
  MsgPreVote: 17,
  MsgPreVoteResp: 18,
};

const messageTypes: readonly (Message['type'] | undefined)[] = invert(messageNumbers);

function invert(numbers: typeof messageNumbers): (Message['type'] | undefined)[] {
  const types: (Message['type'] | undefined)[] = [];
  for (const [type, number] of Object.entries(numbers)) types[number] = type as Message['type'];
  return types;
}

/** The context by which etcd marks the votes of a transfer: the bytes of "CampaignTransfer". */
const transferContext: Uint8Array = Uint8Array.from('CampaignTransfer', (char) =>
  char.charCodeAt(0),
);

const noEntries: readonly Entry[] = [];

/** Encoded bytes of a message, without a frame. */
export function messageSize(message: Message): number {
  const sizer = new Sizer();
  writeHead(message, sizer);
  writeTail(message, sizer);
  let size = sizer.size;
  for (const entry of entriesOf(message)) size += delimitedSize(entrySize(entry));
  if (message.type === 'MsgSnap') size += delimitedSize(snapshotSize(message.snapshot));
  return size;
}

/** Writes `messageSize(message)` bytes at `at`, and returns the position after them. Copies data once. */
export function writeMessage(message: Message, bytes: Uint8Array, at: number): number {
  const writer = new Writer(bytes, at);
  writeHead(message, writer);
  for (const entry of entriesOf(message)) {
    writer.delimited(0x3a, entrySize(entry));
    writeEntryFields(entry, writer);
  }
  if (message.type === 'MsgSnap') {
    writer.delimited(0x4a, snapshotSize(message.snapshot));
    writeSnapshotFields(message.snapshot, writer);
  }
  writeTail(message, writer);
  return writer.at;
}

export function encodeMessage(message: Message): Uint8Array {
  const bytes = new Uint8Array(messageSize(message));
  writeMessage(message, bytes, 0);
  return bytes;
}

/** The fields before the entries, in order. A field that the variant has is written also when zero, as etcd does. */
function writeHead(message: Message, sink: Sink): void {
  sink.counter(0x08, messageNumbers[message.type]);
  sink.identifier(0x10, message.to);
  sink.identifier(0x18, message.from);
  if (message.term !== 0) sink.counter(0x20, message.term);
  switch (message.type) {
    case 'MsgApp':
    case 'MsgVote':
    case 'MsgPreVote':
      sink.counter(0x28, message.logTerm);
      sink.counter(0x30, message.index);
      return;
    case 'MsgAppResp':
      if (message.reject) sink.counter(0x28, message.logTerm);
      sink.counter(0x30, message.index);
      return;
    case 'MsgReadIndexResp':
      sink.counter(0x30, message.index);
      return;
    default:
      return;
  }
}

/** The fields after the entries, in order; of them, only the snapshot comes elsewhere. */
function writeTail(message: Message, sink: Sink): void {
  switch (message.type) {
    case 'MsgApp':
      sink.counter(0x40, message.commit);
      return;
    case 'MsgAppResp':
      if (!message.reject) return;
      sink.bool(0x50, true);
      sink.counter(0x58, message.rejectHint);
      return;
    case 'MsgVote':
    case 'MsgPreVote':
      if (message.transfer) sink.data(0x62, transferContext);
      return;
    case 'MsgVoteResp':
    case 'MsgPreVoteResp':
      if (message.reject) sink.bool(0x50, true);
      return;
    case 'MsgHeartbeat':
      sink.counter(0x40, message.commit);
      if (message.context.length !== 0) sink.data(0x62, message.context);
      return;
    case 'MsgHeartbeatResp':
      if (message.context.length !== 0) sink.data(0x62, message.context);
      return;
    default:
      return;
  }
}

/** The context of a read request travels as the data of one entry. */
function entriesOf(message: Message): readonly Entry[] {
  switch (message.type) {
    case 'MsgProp':
    case 'MsgApp':
      return message.entries;
    case 'MsgReadIndex':
    case 'MsgReadIndexResp':
      return [{ term: toTerm(0), index: toIndex(0), type: 'normal', data: message.context }];
    default:
      return noEntries;
  }
}

/** raftpb.Message as it is on the wire. */
interface Fields {
  type: number;
  to: NodeId;
  from: NodeId;
  term: Term;
  logTerm: Term;
  index: LogIndex;
  entries: Entry[];
  commit: LogIndex;
  snapshot: Snapshot | undefined;
  reject: boolean;
  rejectHint: LogIndex;
  context: Uint8Array;
}

/**
 * Decodes `bytes` from `start` (inclusive) to `end` (exclusive). Data of entries, contexts and snapshots is borrowed
 * from `bytes`. Throws `RaftError('malformed')`, also for message types that members never send to one another.
 */
export function decodeMessage(bytes: Uint8Array, start = 0, end: number = bytes.length): Message {
  checkRange(bytes, start, end);
  return toMessage(readFields(new Reader('Message', bytes, start, end)));
}

function readFields(reader: Reader): Fields {
  const fields: Fields = {
    type: 0,
    to: NONE,
    from: NONE,
    term: toTerm(0),
    logTerm: toTerm(0),
    index: toIndex(0),
    entries: [],
    commit: toIndex(0),
    snapshot: undefined,
    reject: false,
    rejectHint: toIndex(0),
    context: NO_DATA,
  };
  while (!reader.done) readField(reader, fields);
  return fields;
}

function readField(reader: Reader, fields: Fields): void {
  const tag = reader.tag();
  switch (tag) {
    case 0x08:
      fields.type = reader.counter();
      return;
    case 0x10:
      fields.to = reader.nodeId();
      return;
    case 0x18:
      fields.from = reader.nodeId();
      return;
    case 0x20:
      fields.term = reader.term();
      return;
    case 0x28:
      fields.logTerm = reader.term();
      return;
    case 0x30:
      fields.index = reader.index();
      return;
    case 0x3a: {
      const outer = reader.enter();
      fields.entries.push(readEntry(reader));
      reader.leave(outer);
      return;
    }
    case 0x40:
      fields.commit = reader.index();
      return;
    case 0x4a: {
      const outer = reader.enter();
      fields.snapshot = readSnapshot(reader);
      reader.leave(outer);
      return;
    }
    case 0x50:
      fields.reject = reader.bool();
      return;
    case 0x58:
      fields.rejectHint = reader.index();
      return;
    case 0x62:
      fields.context = reader.data();
      return;
    default:
      reader.skip(tag);
  }
}

function toMessage(fields: Fields): Message {
  const { from, to, term, index, logTerm, commit, reject, rejectHint, entries, context } = fields;
  const type = messageTypes[fields.type];
  switch (type) {
    case 'MsgProp':
      return { type, from, to, term, entries };
    case 'MsgApp':
      return { type, from, to, term, index, logTerm, entries, commit };
    case 'MsgAppResp':
      return { type, from, to, term, index, reject, rejectHint, logTerm };
    case 'MsgVote':
    case 'MsgPreVote':
      return { type, from, to, term, index, logTerm, transfer: isTransfer(context) };
    case 'MsgVoteResp':
    case 'MsgPreVoteResp':
      return { type, from, to, term, reject };
    case 'MsgSnap':
      if (fields.snapshot === undefined) throw missing('a MsgSnap without a snapshot');
      return { type, from, to, term, snapshot: fields.snapshot };
    case 'MsgHeartbeat':
      return { type, from, to, term, commit, context };
    case 'MsgHeartbeatResp':
      return { type, from, to, term, context };
    case 'MsgTransferLeader':
    case 'MsgTimeoutNow':
      return { type, from, to, term };
    case 'MsgReadIndex':
      return { type, from, to, term, context: readContext(entries) };
    case 'MsgReadIndexResp':
      return { type, from, to, term, index, context: readContext(entries) };
    case undefined:
      throw missing(`message type ${fields.type} is not for other members`);
    default:
      return assertNever(type);
  }
}

function readContext(entries: readonly Entry[]): Uint8Array {
  const [entry] = entries;
  if (entry === undefined || entries.length !== 1) {
    throw missing(`a read index needs one entry, not ${entries.length}`);
  }
  return entry.data;
}

function isTransfer(context: Uint8Array): boolean {
  return (
    context.length === transferContext.length &&
    context.every((byte, at) => byte === transferContext[at])
  );
}

function missing(what: string): RaftError {
  return new RaftError('malformed', `malformed raftpb.Message: ${what}`);
}
