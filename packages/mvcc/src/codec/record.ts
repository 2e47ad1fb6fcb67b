/**
 * The bytes of one record: a short header, then the encoded `mvccpb.KeyValue`. DESIGN.md draws the layout.
 *
 * The bytes of the KeyValue are those that Go's protobuf writes (fields in ascending order, zero values left out), so
 * that hashes can be compared with etcd's. Source: etcd v3.7.1 api/mvccpb/kv.proto, server/storage/mvcc/kvstore_txn.go.
 */
import type { Key, LeaseId, Revision, StoredKeyValue } from '../model.js';
import { crc32c } from './crc32c.js';
import {
  readInt64,
  readUint32,
  VarintReader,
  varintSize,
  writeInt64,
  writeUint32,
  writeVarint,
  writeVarint64,
} from './varint.js';

const tombstoneFlag = 1;
const leaseFlag = 2;
/** Two checksums and the length of the tail. */
const prefixBytes = 12;
/** Everything but key and value is at most this long. */
const overheadBytesMax = 128;

// Tags of mvccpb.KeyValue: field number << 3 | wire type.
const keyTag = 0x0a;
const createRevisionTag = 0x10;
const modRevisionTag = 0x18;
const versionTag = 0x20;
const valueTag = 0x2a;
const leaseTag = 0x30;

/** Where the parts of an encoded record are. All are views of memory that is never written again. */
export interface EncodedRecord {
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
  /** The KeyValue: the end of `head`, then `tail`. */
  readonly keyValue: Uint8Array;
  /** Checksum of the head (which holds that of the tail): what the digest of the store sums up. */
  readonly checksum: number;
}

/**
 * Carves records out of small slabs, so that a put costs no allocation of its own. A record that is kept keeps its slab;
 * slabs are small so that this wastes little.
 */
export class RecordEncoder {
  /** What the last record was written into. */
  slab: Uint8Array = new Uint8Array(0);
  /** Where the last record begins. */
  start = 0;
  private used = 0;

  /** A put. `value` is copied. */
  put(
    seq: number,
    key: Key,
    value: Uint8Array,
    main: number,
    sub: number,
    created: number,
    version: number,
    lease: LeaseId,
  ): EncodedRecord {
    this.reserve(key.length + value.length + overheadBytesMax);
    const bytes = this.slab;
    const start = this.used;
    const keyValueStart = writeHeader(bytes, start, seq, main, sub, false, lease);
    let at = writeKey(bytes, keyValueStart, key);
    bytes[at++] = createRevisionTag;
    at = writeVarint(bytes, at, created);
    bytes[at++] = modRevisionTag;
    at = writeVarint(bytes, at, main);
    bytes[at++] = versionTag;
    at = writeVarint(bytes, at, version);
    const headEnd = at;
    if (value.length > 0) {
      bytes[at++] = valueTag;
      at = writeVarint(bytes, at, value.length);
      bytes.set(value, at);
      at += value.length;
    }
    if (lease !== 0n) {
      bytes[at++] = leaseTag;
      at = writeVarint64(bytes, at, lease);
    }
    return this.finish(start, keyValueStart, headEnd, at);
  }

  /** A tombstone: as in etcd, a KeyValue with only the key. */
  tombstone(seq: number, key: Key, main: number, sub: number): EncodedRecord {
    this.reserve(key.length + overheadBytesMax);
    const start = this.used;
    const keyValueStart = writeHeader(this.slab, start, seq, main, sub, true, 0n as LeaseId);
    const end = writeKey(this.slab, keyValueStart, key);
    return this.finish(start, keyValueStart, end, end);
  }

  private reserve(bytes: number): void {
    if (this.used + bytes <= this.slab.length) return;
    this.slab = new Uint8Array(Math.max(slabBytes, bytes));
    this.used = 0;
  }

  private finish(
    start: number,
    keyValueStart: number,
    headEnd: number,
    end: number,
  ): EncodedRecord {
    const bytes = this.slab;
    writeUint32(bytes, start + 4, crc32c(bytes, headEnd, end));
    writeUint32(bytes, start + 8, end - headEnd);
    const checksum = crc32c(bytes, start + 4, headEnd);
    writeUint32(bytes, start, checksum);
    this.used = end;
    this.start = start;
    return {
      head: bytes.subarray(start, headEnd),
      tail: bytes.subarray(headEnd, end),
      keyValue: bytes.subarray(keyValueStart, end),
      checksum,
    };
  }
}

const slabBytes = 8192;

/** Writes header fields after checksums and length; returns where the KeyValue starts. */
function writeHeader(
  bytes: Uint8Array,
  start: number,
  seq: number,
  main: number,
  sub: number,
  tombstone: boolean,
  lease: LeaseId,
): number {
  let at = start + prefixBytes;
  bytes[at++] = (tombstone ? tombstoneFlag : 0) | (lease === 0n ? 0 : leaseFlag);
  at = writeVarint(bytes, at, seq);
  at = writeVarint(bytes, at, main);
  at = writeVarint(bytes, at, sub);
  if (lease !== 0n) {
    writeInt64(bytes, at, lease);
    at += 8;
  }
  return at;
}

function writeKey(bytes: Uint8Array, start: number, key: Key): number {
  bytes[start] = keyTag;
  let at = writeVarint(bytes, start + 1, key.length);
  for (let i = 0; i < key.length; i++) bytes[at++] = key.charCodeAt(i);
  return at;
}

/**
 * Reads heads without an object per record: `read` fills the fields, which hold until the next `read`. Trusts nothing:
 * `problem` names what is wrong with the bytes.
 */
export class HeadReader {
  checksum = 0;
  tailChecksum = 0;
  tailBytes = 0;
  seq = 0;
  isTombstone = false;
  main = 0;
  sub = 0;
  lease: LeaseId = 0n as LeaseId;
  created = 0;
  version = 0;
  keyValueStart = 0;
  keyStart = 0;
  keyEnd = 0;
  /** Where the head ends and the tail starts. */
  headEnd = 0;
  problem: string | undefined;
  private readonly reader = new VarintReader();

  /** Parses the head at `bytes[start]` and verifies its checksum; nothing at `end` or after is read. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    if (!this.parse(bytes, start, end)) return false;
    if (crc32c(bytes, start + 4, this.headEnd) === this.checksum) return true;
    return this.fail('the checksum of the header does not match');
  }

  /** As `read`, for bytes that never left this process: without the checksum. */
  parse(bytes: Uint8Array, start: number, end: number): boolean {
    const reader = this.reader;
    this.problem = undefined;
    if (end - start <= prefixBytes) return this.fail('the record is cut short');
    this.checksum = readUint32(bytes, start);
    this.tailChecksum = readUint32(bytes, start + 4);
    this.tailBytes = readUint32(bytes, start + 8);
    const flags = bytes[start + prefixBytes] ?? 0;
    this.isTombstone = (flags & tombstoneFlag) !== 0;
    reader.reset(bytes, start + prefixBytes + 1, end);
    this.seq = reader.read();
    this.main = reader.read();
    this.sub = reader.read();
    this.lease = 0n as LeaseId;
    if ((flags & leaseFlag) !== 0) {
      const at = reader.offset;
      reader.skip(8);
      if (!reader.failed) this.lease = readInt64(bytes, at) as LeaseId;
    }
    this.keyValueStart = reader.offset;
    this.readKeyValue(reader);
    this.headEnd = reader.offset;
    return reader.failed ? this.fail('the header of the record does not parse') : true;
  }

  /** Verifies the tail after a head that was read; false with `problem` if it is damaged or passes `end`. */
  readTail(bytes: Uint8Array, end: number): boolean {
    const tailEnd = this.headEnd + this.tailBytes;
    if (tailEnd > end) return this.fail('the value is cut short');
    if (crc32c(bytes, this.headEnd, tailEnd) !== this.tailChecksum) {
      return this.fail('the checksum of the value does not match');
    }
    return true;
  }

  private readKeyValue(reader: VarintReader): void {
    reader.expect(keyTag);
    const keyLength = reader.read();
    this.keyStart = reader.offset;
    reader.skip(keyLength);
    this.keyEnd = reader.offset;
    this.created = 0;
    this.version = 0;
    if (this.isTombstone) return;
    reader.expect(createRevisionTag);
    this.created = reader.read();
    reader.expect(modRevisionTag);
    reader.read();
    reader.expect(versionTag);
    this.version = reader.read();
  }

  private fail(problem: string): false {
    this.problem = problem;
    return false;
  }
}

/** The KeyValue without value and lease: what reads of keys only return. */
export function encodeKeyOnly(
  key: Key,
  created: number,
  main: number,
  version: number,
  lease: LeaseId = 0n as LeaseId,
): Uint8Array {
  const bytes = new Uint8Array(
    1 +
      varintSize(key.length) +
      key.length +
      3 +
      varintSize(created) +
      varintSize(main) +
      varintSize(version) +
      (lease === 0n ? 0 : 11),
  );
  let at = writeKey(bytes, 0, key);
  bytes[at++] = createRevisionTag;
  at = writeVarint(bytes, at, created);
  bytes[at++] = modRevisionTag;
  at = writeVarint(bytes, at, main);
  bytes[at++] = versionTag;
  at = writeVarint(bytes, at, version);
  if (lease !== 0n) {
    bytes[at++] = leaseTag;
    at = writeVarint64(bytes, at, lease);
  }
  return at === bytes.length ? bytes : bytes.subarray(0, at);
}

/** The KeyValue of a DELETE event: key and mod_revision. */
export function deletedKeyValue(key: Key, main: number): StoredKeyValue {
  const bytes = new Uint8Array(2 + varintSize(key.length) + key.length + varintSize(main));
  const at = writeKey(bytes, 0, key);
  bytes[at] = modRevisionTag;
  writeVarint(bytes, at + 1, main);
  return {
    key,
    createRevision: 0 as Revision,
    modRevision: main as Revision,
    version: 0,
    lease: 0n as LeaseId,
    encoded: bytes,
  };
}

/** The value inside an encoded KeyValue: a view, empty if there is none. For comparisons and sorting by value. */
export function valueOf(kv: StoredKeyValue): Uint8Array {
  const reader = new VarintReader();
  const bytes = kv.encoded;
  reader.reset(bytes, 0, bytes.length);
  while (reader.offset < bytes.length) {
    const tag = reader.read();
    if (tag === keyTag || tag === valueTag) {
      const length = reader.read();
      if (tag === valueTag) return bytes.subarray(reader.offset, reader.offset + length);
      reader.skip(length);
    } else if (tag === leaseTag) break;
    else reader.read();
  }
  return bytes.subarray(bytes.length);
}
