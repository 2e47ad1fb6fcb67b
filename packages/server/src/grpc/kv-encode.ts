/**
 * Responses of the KV service, by splicing: every pair goes out as the bytes that the store keeps. Sizes are computed first,
 * then everything is written once into one buffer.
 */
import type { StoredKeyValue } from '@kv/mvcc';
import type {
  DeleteRangeOutcome,
  PutOutcome,
  RangeOutcome,
  TxnOpOutcome,
  TxnOutcome,
} from '../apply/outcome.js';
import { assertNever } from '../invariant.js';
import {
  allocate,
  finished,
  lengthFieldSize,
  tagOf,
  varintSize,
  writeLengthPrefix,
  writeVarint,
} from '../wire/writer.js';
import { bareHeaderSize, writeBareHeader, type ResponseHeaders } from './header.js';

/** The header of the whole answer, or the bare one of an answer inside of a transaction. */
type Header = ResponseHeaders | 'bare';

function headerSize(header: Header, revision: number): number {
  return header === 'bare' ? bareHeaderSize(revision) : header.fieldSize(revision);
}

function writeHeader(header: Header, into: Buffer, at: number, revision: number): number {
  return header === 'bare'
    ? writeBareHeader(into, at, revision)
    : header.writeField(into, at, revision);
}

function pairSize(field: number, kv: StoredKeyValue): number {
  return lengthFieldSize(field, kv.encoded.length);
}

function writePair(into: Buffer, at: number, field: number, kv: StoredKeyValue): number {
  const start = writeLengthPrefix(into, at, field, kv.encoded.length);
  into.set(kv.encoded, start);
  return start + kv.encoded.length;
}

function pairsSize(field: number, kvs: readonly StoredKeyValue[]): number {
  let size = 0;
  for (const kv of kvs) size += pairSize(field, kv);
  return size;
}

function writePairs(
  into: Buffer,
  at: number,
  field: number,
  kvs: readonly StoredKeyValue[],
): number {
  for (const kv of kvs) at = writePair(into, at, field, kv);
  return at;
}

/** A varint field; 0 is left out. */
function counterSize(field: number, value: number): number {
  return value === 0 ? 0 : varintSize(tagOf(field, 0)) + varintSize(value);
}

function writeCounter(into: Buffer, at: number, field: number, value: number): number {
  return value === 0 ? at : writeVarint(into, writeVarint(into, at, tagOf(field, 0)), value);
}

// etcdserverpb.PutResponse: header 1, prev_kv 2.

function putSize(header: Header, outcome: PutOutcome): number {
  const { previous } = outcome;
  return headerSize(header, outcome.revision) + (previous ? pairSize(2, previous) : 0);
}

function writePut(into: Buffer, at: number, header: Header, outcome: PutOutcome): number {
  const end = writeHeader(header, into, at, outcome.revision);
  return outcome.previous ? writePair(into, end, 2, outcome.previous) : end;
}

// etcdserverpb.DeleteRangeResponse: header 1, deleted 2, prev_kvs 3.

function deleteRangeSize(header: Header, outcome: DeleteRangeOutcome): number {
  return (
    headerSize(header, outcome.revision) +
    counterSize(2, outcome.deleted) +
    pairsSize(3, outcome.previous)
  );
}

function writeDeleteRange(
  into: Buffer,
  at: number,
  header: Header,
  outcome: DeleteRangeOutcome,
): number {
  const afterHeader = writeHeader(header, into, at, outcome.revision);
  return writePairs(into, writeCounter(into, afterHeader, 2, outcome.deleted), 3, outcome.previous);
}

// etcdserverpb.RangeResponse: header 1, kvs 2, more 3, count 4.

function rangeSize(header: Header, outcome: RangeOutcome): number {
  return headerSize(header, outcome.revision) + rangeBodySize(outcome);
}

function rangeBodySize(outcome: Pick<RangeOutcome, 'kvs' | 'more' | 'count'>): number {
  return (
    pairsSize(2, outcome.kvs) + counterSize(3, Number(outcome.more)) + counterSize(4, outcome.count)
  );
}

function writeRange(into: Buffer, at: number, header: Header, outcome: RangeOutcome): number {
  return writeRangeBody(into, writeHeader(header, into, at, outcome.revision), outcome);
}

function writeRangeBody(
  into: Buffer,
  at: number,
  outcome: Pick<RangeOutcome, 'kvs' | 'more' | 'count'>,
): number {
  const afterPairs = writePairs(into, at, 2, outcome.kvs);
  return writeCounter(
    into,
    writeCounter(into, afterPairs, 3, Number(outcome.more)),
    4,
    outcome.count,
  );
}

// etcdserverpb.TxnResponse: header 1, succeeded 2, responses 3; ResponseOp: range 1, put 2, delete_range 3, txn 4.

function txnSize(header: Header, outcome: TxnOutcome): number {
  let size = headerSize(header, outcome.revision) + counterSize(2, Number(outcome.succeeded));
  for (const response of outcome.responses) size += lengthFieldSize(3, opSize(response));
  return size;
}

function writeTxn(into: Buffer, at: number, header: Header, outcome: TxnOutcome): number {
  let end = writeHeader(header, into, at, outcome.revision);
  end = writeCounter(into, end, 2, Number(outcome.succeeded));
  for (const response of outcome.responses) {
    end = writeOp(into, writeLengthPrefix(into, end, 3, opSize(response)), response);
  }
  return end;
}

function opSize(op: TxnOpOutcome): number {
  return op.type === 'empty' ? 0 : lengthFieldSize(opField(op), opBodySize(op));
}

function writeOp(into: Buffer, at: number, op: TxnOpOutcome): number {
  if (op.type === 'empty') return at;
  const start = writeLengthPrefix(into, at, opField(op), opBodySize(op));
  switch (op.type) {
    case 'range':
      return writeRange(into, start, 'bare', op);
    case 'put':
      return writePut(into, start, 'bare', op);
    case 'deleteRange':
      return writeDeleteRange(into, start, 'bare', op);
    case 'txn':
      return writeTxn(into, start, 'bare', op);
    default:
      return assertNever(op, 'an operation has a known outcome');
  }
}

type FullOpOutcome = Exclude<TxnOpOutcome, { readonly type: 'empty' }>;

function opField(op: FullOpOutcome): number {
  return { range: 1, put: 2, deleteRange: 3, txn: 4 }[op.type];
}

/** Nested transactions are measured once for each level above them; nesting is bounded by the budget of operations. */
function opBodySize(op: FullOpOutcome): number {
  switch (op.type) {
    case 'range':
      return rangeSize('bare', op);
    case 'put':
      return putSize('bare', op);
    case 'deleteRange':
      return deleteRangeSize('bare', op);
    case 'txn':
      return txnSize('bare', op);
    default:
      return assertNever(op, 'an operation has a known outcome');
  }
}

export function encodePutResponse(headers: ResponseHeaders, outcome: PutOutcome): Buffer {
  const bytes = allocate(putSize(headers, outcome));
  return finished(bytes, writePut(bytes, 0, headers, outcome));
}

/** Bytes of an answer before it is made: what is too large is refused instead of built. */
export function responseSize(
  headers: ResponseHeaders,
  outcome: DeleteRangeOutcome | RangeOutcome | TxnOutcome,
): number {
  switch (outcome.type) {
    case 'deleteRange':
      return deleteRangeSize(headers, outcome);
    case 'range':
      return rangeSize(headers, outcome);
    case 'txn':
      return txnSize(headers, outcome);
    default:
      return assertNever(outcome, 'an answer has a known type');
  }
}

/** `size` as told by {@link responseSize} in the same turn. */
export function encodeResponse(
  headers: ResponseHeaders,
  outcome: DeleteRangeOutcome | RangeOutcome | TxnOutcome,
  size: number,
): Buffer {
  const bytes = allocate(size);
  switch (outcome.type) {
    case 'deleteRange':
      return finished(bytes, writeDeleteRange(bytes, 0, headers, outcome));
    case 'range':
      return finished(bytes, writeRange(bytes, 0, headers, outcome));
    case 'txn':
      return finished(bytes, writeTxn(bytes, 0, headers, outcome));
    default:
      return assertNever(outcome, 'an answer has a known type');
  }
}

/** One chunk of a stream of ranges: `RangeStreamResponse { range_response 1 }`, with a header only in the last. */
export function encodeRangeChunk(
  chunk: Pick<RangeOutcome, 'kvs' | 'more' | 'count'>,
  last: { readonly headers: ResponseHeaders; readonly revision: number } | undefined,
): Buffer {
  const header = last === undefined ? 0 : last.headers.fieldSize(last.revision);
  const body = header + rangeBodySize(chunk);
  const bytes = allocate(lengthFieldSize(1, body));
  let at = writeLengthPrefix(bytes, 0, 1, body);
  if (last !== undefined) at = last.headers.writeField(bytes, at, last.revision);
  return finished(bytes, writeRangeBody(bytes, at, chunk));
}
