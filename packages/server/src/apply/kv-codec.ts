/**
 * Requests of the KV service from their bytes to commands, in one pass and without the objects between.
 *
 * Lenient on purpose: everything that is protobuf becomes a command, and `grpc/validate.ts` says afterwards what is not
 * allowed. So an entry that another version accepted can always be applied.
 */
import type { Key, KeyRange, LeaseId, SortOrder, SortTarget } from '@kv/mvcc';
import { counterFromHalves, signedFromHalves } from '../grpc/int64.js';
import { WireError, WireReader, WireType } from '../wire/reader.js';
import type {
  Compare,
  CompareOperand,
  CompareResult,
  DeleteRangeCommand,
  PutCommand,
  RangeCommand,
  TxnCommand,
  TxnOp,
} from './command.js';

const { varint, length } = WireType;

/** Deeper nesting is not read: a request of 2 MiB can nest 100,000 transactions, and a stack is finite. */
const TXN_DEPTH_MAX = 500;

const NO_KEY = '' as Key;
const NO_LEASE = 0n as LeaseId;
const NO_BYTES: Uint8Array = new Uint8Array(0);

/** Reads a message by a reader of its own, as messages nest. */
function readerOver(bytes: Buffer, start: number, end: number): WireReader {
  return new WireReader().reset(bytes, start, end);
}

/** Flat messages need no more than one reader for ever: reading is synchronous and does not nest. */
const flatReader = new WireReader();

function keyAt(reader: WireReader): Key {
  return reader.bytes.toString('latin1', reader.from, reader.to) as Key;
}

function bytesAt(reader: WireReader): Uint8Array {
  return reader.bytes.subarray(reader.from, reader.to);
}

function leaseAt(reader: WireReader): LeaseId {
  return signedFromHalves(reader.low, reader.high) as LeaseId;
}

/** Go reads a bool as "any bit set". */
function boolAt(reader: WireReader): boolean {
  return reader.low !== 0 || reader.high !== 0;
}

/** `end` as on the wire: empty for one key, one zero byte for "and all that follow". */
export function keyRangeOf(key: Key, end: Key): KeyRange {
  if (end === '') return { type: 'single', key };
  if (end === '\0') return key === '\0' ? { type: 'all' } : { type: 'from', start: key };
  return { type: 'range', start: key, end };
}

/** etcdserverpb.PutRequest. `start` inclusive, `end` exclusive. The value is a view of `bytes`. */
export function decodePut(bytes: Buffer, start: number, end: number): PutCommand {
  const reader = flatReader.reset(bytes, start, end);
  let key = NO_KEY;
  let value = NO_BYTES;
  let lease = NO_LEASE;
  let prevKv = false;
  let ignoreValue = false;
  let ignoreLease = false;
  while (reader.next()) {
    if (reader.is(1, length)) key = keyAt(reader);
    else if (reader.is(2, length)) value = bytesAt(reader);
    else if (reader.is(3, varint)) lease = leaseAt(reader);
    else if (reader.is(4, varint)) prevKv = boolAt(reader);
    else if (reader.is(5, varint)) ignoreValue = boolAt(reader);
    else if (reader.is(6, varint)) ignoreLease = boolAt(reader);
  }
  return { type: 'put', key, value, lease, prevKv, ignoreValue, ignoreLease };
}

/** etcdserverpb.DeleteRangeRequest. */
export function decodeDeleteRange(bytes: Buffer, start: number, end: number): DeleteRangeCommand {
  const reader = flatReader.reset(bytes, start, end);
  let key = NO_KEY;
  let rangeEnd = NO_KEY;
  let prevKv = false;
  while (reader.next()) {
    if (reader.is(1, length)) key = keyAt(reader);
    else if (reader.is(2, length)) rangeEnd = keyAt(reader);
    else if (reader.is(3, varint)) prevKv = boolAt(reader);
  }
  return { type: 'deleteRange', range: keyRangeOf(key, rangeEnd), prevKv };
}

const sortOrders: readonly SortOrder[] = ['none', 'ascend', 'descend'];
const sortTargets: readonly SortTarget[] = ['key', 'version', 'create', 'mod', 'value'];

/** etcdserverpb.RangeRequest. */
export function decodeRange(bytes: Buffer, start: number, end: number): RangeCommand {
  const reader = flatReader.reset(bytes, start, end);
  let key = NO_KEY;
  let rangeEnd = NO_KEY;
  // The varint fields by number: a range has many, and most requests set none of them.
  let limit = 0;
  let revision = 0;
  let order = 0;
  let target = 0;
  let serializable = false;
  let keysOnly = false;
  let countOnly = false;
  let minModRevision = 0;
  let maxModRevision = 0;
  let minCreateRevision = 0;
  let maxCreateRevision = 0;
  while (reader.next()) {
    if (reader.wireType === length) {
      if (reader.field === 1) key = keyAt(reader);
      else if (reader.field === 2) rangeEnd = keyAt(reader);
      continue;
    }
    if (reader.wireType !== varint) continue;
    const counter = counterFromHalves(reader.low, reader.high);
    if (reader.field === 3) limit = counter;
    else if (reader.field === 4) revision = counter;
    // An enum is read as 32 bits.
    else if (reader.field === 5) order = reader.low | 0;
    else if (reader.field === 6) target = reader.low | 0;
    else if (reader.field === 7) serializable = boolAt(reader);
    else if (reader.field === 8) keysOnly = boolAt(reader);
    else if (reader.field === 9) countOnly = boolAt(reader);
    else if (reader.field === 10) minModRevision = counter;
    else if (reader.field === 11) maxModRevision = counter;
    else if (reader.field === 12) minCreateRevision = counter;
    else if (reader.field === 13) maxCreateRevision = counter;
  }
  const sortOrder = sortOrders[order];
  const sortTarget = sortTargets[target];
  return {
    type: 'range',
    query: {
      range: keyRangeOf(key, rangeEnd),
      limit,
      sortOrder: sortOrder ?? 'none',
      sortTarget: sortTarget ?? 'key',
      keysOnly,
      countOnly,
      minModRevision,
      maxModRevision,
      minCreateRevision,
      maxCreateRevision,
    },
    revision,
    serializable,
    sortKnown: sortOrder !== undefined && sortTarget !== undefined,
  };
}

/** A transaction that is being read. */
interface TxnDraft extends TxnCommand {
  readonly compares: Compare[];
  readonly success: TxnOp[];
  readonly failure: TxnOp[];
}

/** etcdserverpb.TxnRequest, nested ones included. Throws a WireError for nesting beyond reason. */
export function decodeTxn(bytes: Buffer, start: number, end: number): TxnCommand {
  return readTxn(bytes, start, end, 0, { type: 'txn', compares: [], success: [], failure: [] });
}

/** Appends to `into`. */
function readTxn(
  bytes: Buffer,
  start: number,
  end: number,
  depth: number,
  into: TxnDraft,
): TxnDraft {
  if (depth > TXN_DEPTH_MAX) throw new WireError();
  const reader = readerOver(bytes, start, end);
  while (reader.next()) {
    const { from, to } = reader;
    if (reader.is(1, length)) into.compares.push(decodeCompare(bytes, from, to));
    else if (reader.is(2, length)) into.success.push(decodeOp(bytes, from, to, depth));
    else if (reader.is(3, length)) into.failure.push(decodeOp(bytes, from, to, depth));
  }
  return into;
}

/** Numbers of the members of the union `RequestOp.request`. */
const Member = { range: 1, put: 2, deleteRange: 3, txn: 4 } as const;

/**
 * etcdserverpb.RequestOp: of several members of the union the last one counts, and parts of one that follow each other are
 * one message, as in Go. A transaction is merged by reading on into it: reading it again would double the work at each level.
 */
function decodeOp(bytes: Buffer, start: number, end: number, depth: number): TxnOp {
  const reader = readerOver(bytes, start, end);
  let op: TxnOp = { type: 'empty' };
  let txn: TxnDraft | undefined;
  let parts: Buffer[] | undefined;
  let member = 0;
  let memberFrom = 0;
  let memberTo = 0;
  while (reader.next()) {
    const { field, from, to } = reader;
    if (reader.wireType !== length || field > Member.txn) continue;
    if (field !== member) txn = parts = undefined;
    if (field === Member.txn) {
      txn ??= { type: 'txn', compares: [], success: [], failure: [] };
      op = readTxn(bytes, from, to, depth + 1, txn);
    } else {
      op = decodeFlat(field, bytes, from, to);
      if (field === member) {
        parts ??= [bytes.subarray(memberFrom, memberTo)];
        parts.push(bytes.subarray(from, to));
      }
    }
    member = field;
    memberFrom = from;
    memberTo = to;
  }
  if (parts === undefined) return op;
  const merged = Buffer.concat(parts);
  return decodeFlat(member, merged, 0, merged.length);
}

function decodeFlat(member: number, bytes: Buffer, start: number, end: number): TxnOp {
  switch (member) {
    case Member.range:
      return decodeRange(bytes, start, end);
    case Member.put:
      return decodePut(bytes, start, end);
    default:
      return decodeDeleteRange(bytes, start, end);
  }
}

const compareResults: readonly CompareResult[] = ['equal', 'greater', 'less', 'notEqual'];

/** Numbers of the operands: which field of the union holds the operand of which target. */
const Operand = { none: 0, version: 4, create: 5, mod: 6, value: 7, lease: 8 } as const;

/** etcdserverpb.Compare. */
function decodeCompare(bytes: Buffer, start: number, end: number): Compare {
  const reader = flatReader.reset(bytes, start, end);
  let key = NO_KEY;
  let rangeEnd = NO_KEY;
  let result = 0;
  let target = 0;
  let operandField: number = Operand.none;
  let counter = 0;
  let lease = NO_LEASE;
  let value = NO_BYTES;
  while (reader.next()) {
    if (reader.wireType === length) {
      if (reader.field === 3) key = keyAt(reader);
      else if (reader.field === 64) rangeEnd = keyAt(reader);
      else if (reader.field === Operand.value) {
        operandField = Operand.value;
        value = bytesAt(reader);
      }
    } else if (reader.wireType === varint) {
      if (reader.field === 1) result = reader.low | 0;
      else if (reader.field === 2) target = reader.low | 0;
      else if (isNumberOperand(reader.field)) {
        operandField = reader.field;
        counter = counterFromHalves(reader.low, reader.high);
        lease = leaseAt(reader);
      }
    }
  }
  return {
    range: keyRangeOf(key, rangeEnd),
    result: compareResults[result] ?? 'unknown',
    operand: operandOf(target, operandField, counter, lease, value),
  };
}

function isNumberOperand(field: number): boolean {
  return field >= Operand.version && field <= Operand.lease && field !== Operand.value;
}

function operandOf(
  target: number,
  given: number,
  counter: number,
  lease: LeaseId,
  value: Uint8Array,
): CompareOperand {
  switch (target) {
    case 0:
      return { target: 'version', counter: given === Operand.version ? counter : 0 };
    case 1:
      return { target: 'create', counter: given === Operand.create ? counter : 0 };
    case 2:
      return { target: 'mod', counter: given === Operand.mod ? counter : 0 };
    case 3:
      return { target: 'value', value: given === Operand.value ? value : NO_BYTES };
    case 4:
      return { target: 'lease', lease: given === Operand.lease ? lease : NO_LEASE };
    default:
      return { target: 'unknown' };
  }
}
