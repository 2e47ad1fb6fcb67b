/**
 * Bytes of what is stored and sent: raftpb of etcd-io/raft v3.7, wire-compatible with all releases of etcd 3.
 *
 * Decoding borrows: the result refers to the bytes given. Unknown fields are skipped. Whatever is not the message it
 * should be, or holds a number outside its range, is a `RaftError('malformed')`.
 */
export {
  decodeEntry,
  decodeHardState,
  encodeEntry,
  encodeHardState,
  entriesSize,
  entrySize,
  writeEntry,
} from './codec/entry.js';
export {
  decodeConfChange,
  decodeConfChangeV2,
  decodeConfState,
  decodeSnapshot,
  encodeConfChange,
  encodeConfChangeV2,
  encodeConfState,
  encodeSnapshot,
  snapshotSize,
} from './codec/conf.js';
export { decodeMessage, encodeMessage, messageSize, writeMessage } from './codec/message.js';
