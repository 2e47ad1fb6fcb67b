/**
 * Bytes of a stored lease: `leasepb.Lease { int64 ID = 1; int64 TTL = 2; int64 RemainingTTL = 3 }`, under its identifier as
 * 8 bytes big endian (etcd server/storage/schema/lease.go). Fields that are 0 are left out, as proto3 has it.
 */
import { LeaseError } from './errors.js';
import { leaseId } from './lease.js';
import type { LeaseId, LeaseRecord } from './lease.js';

const KEY_BYTES = 8;
const VARINT_BYTES_MAX = 10;
const RECORD_BYTES_MAX = 3 * (1 + VARINT_BYTES_MAX);

/** Tag of an int64 field: number in the upper bits, wire type 0. */
const TAG_ID = 0x08;
const TAG_TTL = 0x10;
const TAG_REMAINING_TTL = 0x18;

/** The key of a lease in its bucket. Negative identifiers come after positive ones, as in etcd. */
export function leaseRecordKey(id: LeaseId): Uint8Array {
  const key = new Uint8Array(KEY_BYTES);
  new DataView(key.buffer).setBigInt64(0, id);
  return key;
}

/** The stored bytes of a lease; a new array that the caller owns. */
export function encodeLeaseRecord(lease: LeaseRecord): Uint8Array {
  const out = new Uint8Array(RECORD_BYTES_MAX);
  let end = putField(out, 0, TAG_ID, lease.id);
  end = putField(out, end, TAG_TTL, BigInt(lease.ttlSeconds));
  end = putField(out, end, TAG_REMAINING_TTL, BigInt(lease.remainingTtlSeconds));
  return out.slice(0, end);
}

function putField(out: Uint8Array, start: number, tag: number, value: bigint): number {
  if (value === 0n) return start;
  let at = start;
  out[at++] = tag;
  let rest = BigInt.asUintN(64, value);
  while (rest > 0x7fn) {
    out[at++] = Number(rest & 0x7fn) | 0x80;
    rest >>= 7n;
  }
  out[at++] = Number(rest);
  return at;
}

/**
 * Reads what {@link encodeLeaseRecord} or etcd wrote; fields that we do not know are skipped, the last of equal ones counts.
 * Throws `bad_record` for bytes that are no such message, or whose seconds are beyond 2^53. The bytes are not kept.
 */
export function decodeLeaseRecord(bytes: Uint8Array): LeaseRecord {
  const reader = new RecordReader(bytes);
  let id = 0n;
  let ttlSeconds = 0;
  let remainingTtlSeconds = 0;
  while (!reader.atEnd) {
    const tag = reader.varint();
    switch (tag) {
      case BigInt(TAG_ID):
        id = reader.varint();
        break;
      case BigInt(TAG_TTL):
        ttlSeconds = reader.seconds('ttl');
        break;
      case BigInt(TAG_REMAINING_TTL):
        remainingTtlSeconds = reader.seconds('remaining ttl');
        break;
      default:
        reader.skip(tag);
    }
  }
  return { id: leaseId(id), ttlSeconds, remainingTtlSeconds };
}

class RecordReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  varint(): bigint {
    let value = 0n;
    for (let i = 0; i < VARINT_BYTES_MAX; i++) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw this.#bad('ends inside a number');
      value |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw this.#bad('has a number longer than 10 bytes');
  }

  seconds(field: string): number {
    const value = BigInt.asIntN(64, this.varint());
    const seconds = Number(value);
    if (!Number.isSafeInteger(seconds)) throw this.#bad(`has ${field} ${String(value)} s`);
    return seconds;
  }

  /** Skips the value of an unknown field by its wire type. */
  skip(tag: bigint): void {
    switch (tag & 7n) {
      case 0n:
        this.varint();
        return;
      case 1n:
        this.#advance(8n);
        return;
      case 2n:
        this.#advance(this.varint());
        return;
      case 5n:
        this.#advance(4n);
        return;
      default:
        throw this.#bad(`has wire type ${String(tag & 7n)}`);
    }
  }

  #advance(count: bigint): void {
    const left = BigInt(this.#bytes.length - this.#at);
    if (count > left) throw this.#bad('ends inside a field');
    this.#at += Number(count);
  }

  #bad(what: string): LeaseError {
    const size = this.#bytes.length;
    return new LeaseError('bad_record', `lease record of ${size} bytes ${what} at ${this.#at}`);
  }
}
