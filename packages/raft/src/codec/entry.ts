/** Bytes of raftpb.Entry and raftpb.HardState: what the log stores and what replication carries. */
import { RaftError } from '../errors.js';
import {
  NONE,
  NO_DATA,
  toIndex,
  toTerm,
  type Entry,
  type EntryType,
  type HardState,
  type NodeId,
} from '../types.js';
import { Reader } from './reader.js';
import { counterSize, delimitedSize, identifierSize, Writer } from './writer.js';

const entryTypes: readonly EntryType[] = ['normal', 'confChange', 'confChangeV2'];

/** Encoded bytes of an entry, without a frame. Fields that etcd 3.7 leaves out when unset are left out when zero. */
export function entrySize(entry: Entry): number {
  let size = 0;
  if (entry.type !== 'normal') size += 2;
  if (entry.term !== 0) size += 1 + counterSize(entry.term);
  if (entry.index !== 0) size += 1 + counterSize(entry.index);
  if (entry.data.length !== 0) size += delimitedSize(entry.data.length);
  return size;
}

/** Encoded bytes of several entries. */
export function entriesSize(entries: readonly Entry[]): number {
  let size = 0;
  for (const entry of entries) size += entrySize(entry);
  return size;
}

/** Writes `entrySize(entry)` bytes at `at`, and returns the position after them. Copies the data, once. */
export function writeEntry(entry: Entry, bytes: Uint8Array, at: number): number {
  const writer = new Writer(bytes, at);
  writeEntryFields(entry, writer);
  return writer.at;
}

/** As {@link writeEntry}, for a writer that is under way. */
export function writeEntryFields(entry: Entry, writer: Writer): void {
  if (entry.type !== 'normal') writer.counter(0x08, entryTypes.indexOf(entry.type));
  if (entry.term !== 0) writer.counter(0x10, entry.term);
  if (entry.index !== 0) writer.counter(0x18, entry.index);
  if (entry.data.length !== 0) writer.data(0x22, entry.data);
}

export function encodeEntry(entry: Entry): Uint8Array {
  const bytes = new Uint8Array(entrySize(entry));
  writeEntry(entry, bytes, 0);
  return bytes;
}

/**
 * Decodes `bytes` from `start` (inclusive) to `end` (exclusive). `data` of the result is borrowed from `bytes`.
 * Throws `RaftError('malformed')`.
 */
export function decodeEntry(bytes: Uint8Array, start = 0, end: number = bytes.length): Entry {
  checkRange(bytes, start, end);
  return readEntry(new Reader('Entry', bytes, start, end));
}

/** Reads an entry up to the reader's end. */
export function readEntry(reader: Reader): Entry {
  let term = toTerm(0);
  let index = toIndex(0);
  let type: EntryType = 'normal';
  let data = NO_DATA;
  while (!reader.done) {
    const tag = reader.tag();
    switch (tag) {
      case 0x08:
        type = reader.choice(entryTypes, 'an entry type');
        break;
      case 0x10:
        term = reader.term();
        break;
      case 0x18:
        index = reader.index();
        break;
      case 0x22:
        data = reader.data();
        break;
      default:
        reader.skip(tag);
    }
  }
  return { term, index, type, data };
}

/** Encodes all three fields, also when zero, as etcd does. */
export function encodeHardState(state: HardState): Uint8Array {
  const size = 3 + counterSize(state.term) + identifierSize(state.vote) + counterSize(state.commit);
  const writer = new Writer(new Uint8Array(size), 0);
  writer.counter(0x08, state.term);
  writer.identifier(0x10, state.vote);
  writer.counter(0x18, state.commit);
  return writer.bytes;
}

/** Throws `RaftError('malformed')`. */
export function decodeHardState(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
): HardState {
  checkRange(bytes, start, end);
  const reader = new Reader('HardState', bytes, start, end);
  let term = toTerm(0);
  let vote: NodeId = NONE;
  let commit = toIndex(0);
  while (!reader.done) {
    const tag = reader.tag();
    switch (tag) {
      case 0x08:
        term = reader.term();
        break;
      case 0x10:
        vote = reader.nodeId();
        break;
      case 0x18:
        commit = reader.index();
        break;
      default:
        reader.skip(tag);
    }
  }
  return { term, vote, commit };
}

/** The range to decode comes from a frame, so from a disk or a peer: not a matter for an assertion. */
export function checkRange(bytes: Uint8Array, start: number, end: number): void {
  if (start < 0 || start > end || end > bytes.length) {
    throw new RaftError('malformed', `range ${start} to ${end} exceeds ${bytes.length} bytes`);
  }
}
