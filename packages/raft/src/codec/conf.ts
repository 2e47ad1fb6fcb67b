/** Bytes of configurations, their changes, and snapshots: raftpb.ConfState, ConfChange, ConfChangeV2, Snapshot. */
import type {
  ConfChange,
  ConfChangeSingle,
  ConfChangeTransition,
  ConfChangeType,
  ConfChangeV2,
} from '../conf-change.js';
import {
  EMPTY_CONF_STATE,
  NONE,
  NO_DATA,
  toIndex,
  toTerm,
  type ConfState,
  type NodeId,
  type Snapshot,
  type SnapshotMeta,
} from '../types.js';
import { checkRange } from './entry.js';
import { Reader } from './reader.js';
import { counterSize, delimitedSize, Sizer, Writer, type Sink } from './writer.js';

const changeTypes: readonly ConfChangeType[] = [
  'addNode',
  'removeNode',
  'updateNode',
  'addLearnerNode',
];

const transitions: readonly ConfChangeTransition[] = ['auto', 'jointImplicit', 'jointExplicit'];

function encode(write: (sink: Sink) => void): Uint8Array {
  const sizer = new Sizer();
  write(sizer);
  const writer = new Writer(new Uint8Array(sizer.size), 0);
  write(writer);
  return writer.bytes;
}

/** Lists are written one number per field, as proto2 does, and `auto_leave` also when false, as etcd does. */
function writeConfState(state: ConfState, sink: Sink): void {
  for (const id of state.voters) sink.identifier(0x08, id);
  for (const id of state.learners) sink.identifier(0x10, id);
  for (const id of state.votersOutgoing) sink.identifier(0x18, id);
  for (const id of state.learnersNext) sink.identifier(0x20, id);
  sink.bool(0x28, state.autoLeave);
}

export function encodeConfState(state: ConfState): Uint8Array {
  return encode((sink) => {
    writeConfState(state, sink);
  });
}

/** Throws `RaftError('malformed')`. */
export function decodeConfState(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
): ConfState {
  checkRange(bytes, start, end);
  return readConfState(new Reader('ConfState', bytes, start, end));
}

function readConfState(reader: Reader): ConfState {
  const voters: NodeId[] = [];
  const learners: NodeId[] = [];
  const votersOutgoing: NodeId[] = [];
  const learnersNext: NodeId[] = [];
  const lists = [voters, learners, votersOutgoing, learnersNext];
  let autoLeave = false;
  while (!reader.done) {
    const tag = reader.tag();
    const list = lists[(tag >>> 3) - 1];
    if (list !== undefined && (tag & 7) === 0) {
      list.push(reader.nodeId());
    } else if (list !== undefined && (tag & 7) === 2) {
      readPacked(reader, list);
    } else if (tag === 0x28) {
      autoLeave = reader.bool();
    } else {
      reader.skip(tag);
    }
  }
  for (const list of lists) list.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return { voters, learners, votersOutgoing, learnersNext, autoLeave };
}

function readPacked(reader: Reader, list: NodeId[]): void {
  const outer = reader.enter();
  while (!reader.done) list.push(reader.nodeId());
  reader.leave(outer);
}

function writeSingle(change: ConfChangeSingle, sink: Sink): void {
  sink.counter(0x08, changeTypes.indexOf(change.type));
  sink.identifier(0x10, change.nodeId);
}

export function encodeConfChange(change: ConfChange): Uint8Array {
  return encode((sink) => {
    if (change.id !== 0n) sink.identifier(0x08, change.id);
    sink.counter(0x10, changeTypes.indexOf(change.type));
    sink.identifier(0x18, change.nodeId);
    if (change.context.length !== 0) sink.data(0x22, change.context);
  });
}

/** `context` of the result is borrowed from `bytes`. Throws `RaftError('malformed')`. */
export function decodeConfChange(bytes: Uint8Array): ConfChange {
  const reader = new Reader('ConfChange', bytes, 0, bytes.length);
  let id = 0n;
  let type: ConfChangeType = 'addNode';
  let nodeId: NodeId = NONE;
  let context = NO_DATA;
  while (!reader.done) {
    const tag = reader.tag();
    switch (tag) {
      case 0x08:
        id = reader.identifier();
        break;
      case 0x10:
        type = reader.choice(changeTypes, 'a change type');
        break;
      case 0x18:
        nodeId = reader.nodeId();
        break;
      case 0x22:
        context = reader.data();
        break;
      default:
        reader.skip(tag);
    }
  }
  return { id, type, nodeId, context };
}

export function encodeConfChangeV2(change: ConfChangeV2): Uint8Array {
  return encode((sink) => {
    sink.counter(0x08, transitions.indexOf(change.transition));
    for (const single of change.changes) {
      sink.data(
        0x12,
        encode((inner) => {
          writeSingle(single, inner);
        }),
      );
    }
    if (change.context.length !== 0) sink.data(0x1a, change.context);
  });
}

/** No bytes mean "leave the joint configuration". `context` is borrowed. Throws `RaftError('malformed')`. */
export function decodeConfChangeV2(bytes: Uint8Array): ConfChangeV2 {
  const reader = new Reader('ConfChangeV2', bytes, 0, bytes.length);
  let transition: ConfChangeTransition = 'auto';
  const changes: ConfChangeSingle[] = [];
  let context = NO_DATA;
  while (!reader.done) {
    const tag = reader.tag();
    switch (tag) {
      case 0x08:
        transition = reader.choice(transitions, 'a transition');
        break;
      case 0x12: {
        const outer = reader.enter();
        changes.push(readSingle(reader));
        reader.leave(outer);
        break;
      }
      case 0x1a:
        context = reader.data();
        break;
      default:
        reader.skip(tag);
    }
  }
  return { transition, changes, context };
}

function readSingle(reader: Reader): ConfChangeSingle {
  let type: ConfChangeType = 'addNode';
  let nodeId: NodeId = NONE;
  while (!reader.done) {
    const tag = reader.tag();
    switch (tag) {
      case 0x08:
        type = reader.choice(changeTypes, 'a change type');
        break;
      case 0x10:
        nodeId = reader.nodeId();
        break;
      default:
        reader.skip(tag);
    }
  }
  return { type, nodeId };
}

function encodeSnapshotMeta(meta: SnapshotMeta): Uint8Array {
  return encode((sink) => {
    sink.data(0x0a, encodeConfState(meta.confState));
    sink.counter(0x10, meta.index);
    sink.counter(0x18, meta.term);
  });
}

/** Encoded bytes of a snapshot, without a frame. */
export function snapshotSize(snapshot: Snapshot): number {
  const { confState, index, term } = snapshot.meta;
  const sizer = new Sizer();
  writeConfState(confState, sizer);
  const meta = delimitedSize(sizer.size) + 2 + counterSize(index) + counterSize(term);
  const data = snapshot.data.length;
  return (data === 0 ? 0 : delimitedSize(data)) + delimitedSize(meta);
}

/** Writes `snapshotSize(snapshot)` bytes. Copies the data, once. */
export function writeSnapshotFields(snapshot: Snapshot, writer: Writer): void {
  if (snapshot.data.length !== 0) writer.data(0x0a, snapshot.data);
  writer.data(0x12, encodeSnapshotMeta(snapshot.meta));
}

export function encodeSnapshot(snapshot: Snapshot): Uint8Array {
  const writer = new Writer(new Uint8Array(snapshotSize(snapshot)), 0);
  writeSnapshotFields(snapshot, writer);
  return writer.bytes;
}

/** `data` of the result is borrowed from `bytes`. Throws `RaftError('malformed')`. */
export function decodeSnapshot(bytes: Uint8Array, start = 0, end: number = bytes.length): Snapshot {
  checkRange(bytes, start, end);
  return readSnapshot(new Reader('Snapshot', bytes, start, end));
}

const emptyMeta: SnapshotMeta = {
  index: toIndex(0),
  term: toTerm(0),
  confState: EMPTY_CONF_STATE,
};

/** Reads a snapshot up to the reader's end. */
export function readSnapshot(reader: Reader): Snapshot {
  let data = NO_DATA;
  let meta = emptyMeta;
  while (!reader.done) {
    const tag = reader.tag();
    switch (tag) {
      case 0x0a:
        data = reader.data();
        break;
      case 0x12: {
        const outer = reader.enter();
        meta = readSnapshotMeta(reader);
        reader.leave(outer);
        break;
      }
      default:
        reader.skip(tag);
    }
  }
  return { meta, data };
}

function readSnapshotMeta(reader: Reader): SnapshotMeta {
  let { index, term, confState } = emptyMeta;
  while (!reader.done) {
    const tag = reader.tag();
    switch (tag) {
      case 0x0a: {
        const outer = reader.enter();
        confState = readConfState(reader);
        reader.leave(outer);
        break;
      }
      case 0x10:
        index = reader.index();
        break;
      case 0x18:
        term = reader.term();
        break;
      default:
        reader.skip(tag);
    }
  }
  return { index, term, confState };
}
