/** The hand-written reader and writer against the generated codecs, and against bytes that are no message. */
import { PutRequest, RangeRequest, TxnRequest } from '@kv/proto';
import { InternalRaftRequest } from '@kv/proto/internal';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCommand, ownSequence, RequestField, spliceEntry } from '../apply/entry-codec.js';
import { decodePut, decodeRange, decodeTxn } from '../apply/kv-codec.js';
import {
  counterFromHalves,
  counterFromInt64,
  hexOf,
  signedFromHalves,
  unsignedFromHalves,
} from '../grpc/int64.js';
import type { MemberId } from '../ids.js';
import { RequestIds } from '../request/request-id.js';
import { bufferOver } from './buffer.js';
import { WireReader } from './reader.js';
import {
  halvesSize,
  varint64Size,
  varintSize,
  writeHalves,
  writeVarint,
  writeVarint64,
} from './writer.js';

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const edges = fc.constantFrom(0n, 1n, -1n, 2n ** 31n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n));
const anyInt64 = fc.oneof(int64, edges);
const smallBytes = fc.uint8Array({ maxLength: 40 });

function readOne(bytes: Uint8Array): WireReader {
  const reader = new WireReader().reset(bufferOver(bytes), 0, bytes.length);
  reader.next();
  return reader;
}

describe('varints', () => {
  it('numbers and identifiers of any size come back, from the size that was announced', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        const bytes = Buffer.alloc(varintSize(value) + 1);
        const end = writeVarint(bytes, 1, value);
        bytes[0] = 0x08;
        const { low, high } = readOne(bytes);
        return end === bytes.length && counterFromHalves(low, high) === value;
      }),
    );
    fc.assert(
      fc.property(anyInt64, (value) => {
        const bytes = Buffer.alloc(varint64Size(value) + 1);
        const end = writeVarint64(bytes, 1, value);
        bytes[0] = 0x08;
        const { low, high } = readOne(bytes);
        const again = Buffer.alloc(halvesSize(low, high) + 1);
        writeHalves(again, 1, low, high);
        again[0] = 0x08;
        return (
          end === bytes.length &&
          signedFromHalves(low, high) === value &&
          unsignedFromHalves(low, high) === BigInt.asUintN(64, value) &&
          again.equals(bytes)
        );
      }),
    );
  });
});

describe('int64', () => {
  it('counters saturate, identifiers do not', () => {
    for (const [value, counter] of [
      [0n, 0],
      [-1n, -1],
      [2n ** 53n - 1n, Number.MAX_SAFE_INTEGER],
      [2n ** 53n, Number.MAX_SAFE_INTEGER],
      [2n ** 63n - 1n, Number.MAX_SAFE_INTEGER],
      [-(2n ** 63n), -Number.MAX_SAFE_INTEGER],
    ] as const) {
      expect(counterFromInt64(value)).toBe(counter);
      const low = Number(BigInt.asUintN(32, value));
      const high = Number(BigInt.asUintN(64, value) >> 32n);
      expect(counterFromHalves(low, high)).toBe(counter);
      expect(signedFromHalves(low, high)).toBe(value);
    }
    expect(hexOf(-1n)).toBe('ffffffffffffffff');
    expect(hexOf(0x8a0a11c6194fc77n)).toBe('8a0a11c6194fc77');
  });
});

describe('requests', () => {
  it('a put is read as the generated decoder reads it', () => {
    const anyPut = fc.record({
      key: smallBytes,
      value: smallBytes,
      lease: anyInt64,
      prevKv: fc.boolean(),
      ignoreValue: fc.boolean(),
      ignoreLease: fc.boolean(),
    });
    fc.assert(
      fc.property(anyPut, (message) => {
        const bytes = bufferOver(PutRequest.encode(message).finish());
        const command = decodePut(bytes, 0, bytes.length);
        expect({ ...command, value: Buffer.from(command.value) }).toEqual({
          type: 'put',
          key: Buffer.from(message.key).toString('latin1'),
          value: Buffer.from(message.value),
          lease: message.lease,
          prevKv: message.prevKv,
          ignoreValue: message.ignoreValue,
          ignoreLease: message.ignoreLease,
        });
      }),
    );
  });

  it('a range is read as the generated decoder reads it', () => {
    const anyRange = fc.record({
      key: fc.uint8Array({ minLength: 1, maxLength: 9 }),
      limit: anyInt64,
      revision: anyInt64,
      serializable: fc.boolean(),
      keysOnly: fc.boolean(),
      countOnly: fc.boolean(),
      minModRevision: anyInt64,
      maxModRevision: anyInt64,
      minCreateRevision: anyInt64,
      maxCreateRevision: anyInt64,
    });
    fc.assert(
      fc.property(anyRange, (fields) => {
        const message = RangeRequest.create(fields);
        const bytes = bufferOver(RangeRequest.encode(message).finish());
        const command = decodeRange(bytes, 0, bytes.length);
        expect(command).toMatchObject({
          revision: counterFromInt64(fields.revision),
          serializable: fields.serializable,
          query: {
            range: { type: 'single', key: Buffer.from(fields.key).toString('latin1') },
            limit: counterFromInt64(fields.limit),
            keysOnly: fields.keysOnly,
            countOnly: fields.countOnly,
            minModRevision: counterFromInt64(fields.minModRevision),
            maxModRevision: counterFromInt64(fields.maxModRevision),
            minCreateRevision: counterFromInt64(fields.minCreateRevision),
            maxCreateRevision: counterFromInt64(fields.maxCreateRevision),
          },
        });
      }),
    );
  });

  it('any bytes are read, or refused as the generated decoder refuses them', () => {
    const codecs = [
      [decodePut, PutRequest],
      [decodeRange, RangeRequest],
      [decodeTxn, TxnRequest],
    ] as const;
    const accepts = (decode: () => unknown): boolean => {
      try {
        decode();
        return true;
      } catch (error) {
        expect((error as Error).name).toMatch(/^(WireError|Error)$/);
        return false;
      }
    };
    // Bytes that are often tags, lengths and ends of groups, so that many of the messages are nearly right.
    const byte = fc.oneof(fc.nat({ max: 255 }), fc.nat({ max: 0x2f }), fc.constantFrom(0x80, 0xff));
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 40 }), (garbage) => {
        const bytes = Buffer.from(garbage);
        for (const [decode, codec] of codecs) {
          expect(accepts(() => decode(bytes, 0, bytes.length))).toBe(
            accepts(() => codec.decode(bytes)),
          );
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe('entries', () => {
  const ids = new RequestIds(0x8e9e05c52164694dn as MemberId, 1_700_000_000_000);

  it('are what etcd reads: header with the id, and the request as it came', () => {
    fc.assert(
      fc.property(smallBytes, smallBytes, (key, value) => {
        const request = PutRequest.encode(PutRequest.create({ key, value })).finish();
        const sequence = ids.next();
        const entry = spliceEntry(ids, sequence, RequestField.put, request);
        const read = InternalRaftRequest.decode(entry);
        expect(read.header?.ID).toBe(ids.full(sequence));
        expect(Buffer.from(read.put?.value ?? [])).toEqual(Buffer.from(value));
        expect(ownSequence(ids, entry)).toBe(sequence);
        expect(decodeCommand(entry)).toMatchObject({ type: 'put' });
      }),
    );
  });

  it('of another member, or with an id of the old kind, are told apart', () => {
    const other = new RequestIds(0x1234n as MemberId, 1_700_000_000_000);
    const entry = spliceEntry(other, other.next(), RequestField.put, new Uint8Array(0));
    expect(ownSequence(ids, entry)).toBeUndefined();
    const sequence = ids.next();
    const legacy = InternalRaftRequest.encode(
      InternalRaftRequest.create({ ID: ids.full(sequence), leaseRevoke: { ID: 7n } }),
    ).finish();
    expect(ownSequence(ids, bufferOver(legacy))).toBe(sequence);
    expect(decodeCommand(bufferOver(legacy))).toEqual({ type: 'leaseRevoke', id: 7n });
  });

  it('ids are etcd’s: 16 bits of the member, then a clock and a count', () => {
    const first = ids.full(ids.next());
    expect(first >> 48n).toBe(0x694dn);
    expect(ids.full(ids.next()) - first).toBe(1n);
    expect(ids.leaseId()).toBeGreaterThan(0n);
  });
});
