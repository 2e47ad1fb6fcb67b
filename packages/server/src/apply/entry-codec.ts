/**
 * Log entries: `etcdserverpb.InternalRaftRequest` around the bytes of a request, made by splicing and read in place.
 *
 * ```
 *  a2 06 <len> { 08 <request id> }   field 100, header
 *  <tag> <len> <request as it came>  field 4 for a put, ...
 * ```
 *
 * The header is written first (protobuf fixes no order), so the id of an entry of ours is found in its first bytes.
 */
import type { RequestIds } from '../request/request-id.js';
import type { RequestSequence } from '../ids.js';
import { WireReader, WireType } from '../wire/reader.js';
import {
  allocate,
  finished,
  halvesSize,
  lengthFieldSize,
  writeHalves,
  writeLengthPrefix,
} from '../wire/writer.js';
import type { Command } from './command.js';
import { decodeDeleteRange, decodePut, decodeTxn } from './kv-codec.js';
import {
  decodeAlarm,
  decodeClusterVersionSet,
  decodeCompact,
  decodeDowngradeSet,
  decodeLeaseCheckpoint,
  decodeLeaseGrant,
  decodeLeaseRevoke,
  decodeMemberAttributesSet,
} from './state-codec.js';

/** Numbers of requests in `InternalRaftRequest` (rpc.md §14.1). */
export const RequestField = {
  put: 4,
  deleteRange: 5,
  txn: 6,
  compact: 7,
  leaseGrant: 8,
  leaseRevoke: 9,
  alarm: 10,
  leaseCheckpoint: 11,
  clusterVersionSet: 1300,
  memberAttributesSet: 1301,
  downgradeSet: 1302,
} as const;
export type RequestField = (typeof RequestField)[keyof typeof RequestField];

/** Requests that etcd logs, or logged once, without effect: range, auth reads, a test of versions. */
const FIELDS_WITHOUT_EFFECT: ReadonlySet<number> = new Set([3, 1013, 1102, 1107, 1106, 1202, 9900]);

const LEGACY_ID_FIELD = 1;
const HEADER_FIELD = 100;
const HEADER_ID_TAG = 0x08;
const TWO_32 = 0x1_0000_0000;

/**
 * The entry around a request's bytes, which are copied. The copy is the last part of the entry: it begins at
 * `entry.length - request.length`.
 */
export function spliceEntry(
  ids: RequestIds,
  sequence: RequestSequence,
  field: RequestField,
  request: Uint8Array,
): Buffer {
  const low = sequence % TWO_32;
  const high = ids.prefix * 0x1_0000 + Math.floor(sequence / TWO_32);
  const headerLength = 1 + halvesSize(low, high);
  const entry = allocate(
    lengthFieldSize(HEADER_FIELD, headerLength) + lengthFieldSize(field, request.length),
  );
  let at = writeLengthPrefix(entry, 0, HEADER_FIELD, headerLength);
  entry[at++] = HEADER_ID_TAG;
  at = writeHalves(entry, at, low, high);
  at = writeLengthPrefix(entry, at, field, request.length);
  entry.set(request, at);
  return finished(entry, at + request.length);
}

const idReader = new WireReader();
const headerReader = new WireReader();

/** The request id of an entry, if this member made it. Reads no more than needed; throws a WireError for what is no entry. */
export function ownSequence(ids: RequestIds, entry: Buffer): RequestSequence | undefined {
  const reader = idReader.reset(entry, 0, entry.length);
  while (reader.next()) {
    if (reader.is(HEADER_FIELD, WireType.length)) {
      return sequenceOfHeader(ids, entry, reader.from, reader.to);
    }
    if (reader.is(LEGACY_ID_FIELD, WireType.varint) && (reader.low !== 0 || reader.high !== 0)) {
      return ids.own(reader.low, reader.high);
    }
  }
  return undefined;
}

function sequenceOfHeader(
  ids: RequestIds,
  entry: Buffer,
  from: number,
  to: number,
): RequestSequence | undefined {
  const header = headerReader.reset(entry, from, to);
  while (header.next()) {
    if (header.is(1, WireType.varint)) return ids.own(header.low, header.high);
  }
  return undefined;
}

/** The command of an entry, whoever made it. Views into `entry`. Throws for what is no `InternalRaftRequest`. */
export function decodeCommand(entry: Buffer): Command {
  const reader = new WireReader().reset(entry, 0, entry.length);
  let command: Command | undefined;
  while (reader.next()) {
    if (reader.field === HEADER_FIELD || reader.field === LEGACY_ID_FIELD) continue;
    if (reader.wireType !== WireType.length) continue;
    command ??= decodeRequest(reader.field, entry, reader.from, reader.to);
  }
  return command ?? { type: 'unsupported', field: 0 };
}

/** The command of one request of this field number. `start` inclusive, `end` exclusive. */
export function decodeRequest(field: number, entry: Buffer, start: number, end: number): Command {
  switch (field) {
    case RequestField.put:
      return decodePut(entry, start, end);
    case RequestField.deleteRange:
      return decodeDeleteRange(entry, start, end);
    case RequestField.txn:
      return decodeTxn(entry, start, end);
    default:
      return decodeRareRequest(field, entry.subarray(start, end));
  }
}

function decodeRareRequest(field: number, bytes: Uint8Array): Command {
  switch (field) {
    case RequestField.compact:
      return decodeCompact(bytes);
    case RequestField.leaseGrant:
      return decodeLeaseGrant(bytes);
    case RequestField.leaseRevoke:
      return decodeLeaseRevoke(bytes);
    case RequestField.alarm:
      return decodeAlarm(bytes);
    case RequestField.leaseCheckpoint:
      return decodeLeaseCheckpoint(bytes);
    case RequestField.clusterVersionSet:
      return decodeClusterVersionSet(bytes);
    case RequestField.memberAttributesSet:
      return decodeMemberAttributesSet(bytes);
    case RequestField.downgradeSet:
      return decodeDowngradeSet(bytes);
    default:
      return FIELDS_WITHOUT_EFFECT.has(field)
        ? { type: 'noEffect' }
        : { type: 'unsupported', field };
  }
}
