/**
 * Goal: every hand-written codec of the hot path says what the generated one says. Method: random messages (SEED repeats a
 * run); responses are read by the generated decoder, written again by the generated encoder, and must be the same bytes;
 * requests are read by both, also with unknown fields between theirs and with fields that come twice.
 */
import type { Key, LeaseId, Revision, StoredKeyValue, StoreEvent } from '@kv/mvcc';
import {
  DeleteRangeRequest,
  DeleteRangeResponse,
  KeyValue,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  RangeStreamResponse,
  TxnResponse,
  WatchResponse,
} from '@kv/proto';
import { EventBatch, watchId } from '@kv/watch';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeDeleteRange, decodePut, decodeRange, keyRangeOf } from '../apply/kv-codec.js';
import type { RangeOutcome, TxnOpOutcome, TxnOutcome } from '../apply/outcome.js';
import type { ClusterId, MemberId } from '../ids.js';
import { bufferOver } from '../wire/buffer.js';
import { ResponseHeaders } from './header.js';
import { counterFromInt64 } from './int64.js';
import { encodePutResponse, encodeRangeChunk, encodeResponse, responseSize } from './kv-encode.js';
import { encodeWatchResponse } from './watch-codec.js';

const seed = Number(process.env['SEED'] ?? Date.now() % 1e9);
console.log(`hot codecs: SEED=${seed}`);
const runs = { seed, numRuns: 300 };

const CLUSTER = 0xcdf818194e3a8c32n as ClusterId;
const MEMBER = 0x8e9e05c52164694dn as MemberId;
const int64Edges = [0n, 1n, -1n, 127n, 128n, 2n ** 31n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)];
const int64 = fc.oneof(
  fc.constantFrom(...int64Edges),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);
const counter = fc.oneof(
  fc.constantFrom(0, 1, 127, 128, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER),
  fc.maxSafeNat(),
);
const bytes = fc.uint8Array({ maxLength: 300 });

/** A stored pair: its bytes are what counts, here written by the generated encoder. */
const pair: fc.Arbitrary<StoredKeyValue> = fc
  .record({
    key: bytes,
    createRevision: counter,
    modRevision: counter,
    version: counter,
    value: bytes,
    lease: int64,
  })
  .map((fields) => ({
    key: Buffer.from(fields.key).toString('latin1') as Key,
    createRevision: fields.createRevision as Revision,
    modRevision: fields.modRevision as Revision,
    version: fields.version,
    lease: fields.lease as LeaseId,
    encoded: KeyValue.encode({
      ...fields,
      createRevision: BigInt(fields.createRevision),
      modRevision: BigInt(fields.modRevision),
      version: BigInt(fields.version),
    }).finish(),
  }));
const maybePair = fc.option(pair, { nil: undefined });
const pairs = fc.array(pair, { maxLength: 4 });
const revision = counter as fc.Arbitrary<Revision>;

const range: fc.Arbitrary<RangeOutcome> = fc.record({
  type: fc.constant('range'),
  revision,
  kvs: pairs,
  count: counter,
  more: fc.boolean(),
});
const { outcome } = fc.letrec<{ readonly outcome: TxnOutcome; readonly op: TxnOpOutcome }>(
  (tie) => ({
    outcome: fc.record({
      type: fc.constant('txn'),
      revision: counter,
      succeeded: fc.boolean(),
      responses: fc.array(tie('op'), { maxLength: 4 }),
    }),
    op: fc.oneof(
      { depthSize: 'small' },
      fc.constant({ type: 'empty' } as const),
      range,
      fc.record({ type: fc.constant('put' as const), revision, previous: maybePair }),
      fc.record({
        type: fc.constant('deleteRange' as const),
        revision,
        deleted: counter,
        previous: pairs,
      }),
      tie('outcome'),
    ),
  }),
);

const headersAt = (term: number): ResponseHeaders =>
  new ResponseHeaders(CLUSTER, MEMBER, { term: term as never });

interface Codec<T> {
  encode(message: T): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
}

/** Reads `written` by the generated decoder; what that writes must be the same bytes. */
function same<T>(codec: Codec<T>, written: Uint8Array): T {
  const message = codec.decode(Uint8Array.from(written));
  expect(Buffer.from(codec.encode(message).finish()).equals(written)).toBe(true);
  return message;
}

const kvOf = (kv: StoredKeyValue): KeyValue => KeyValue.decode(kv.encoded);
const headerOf = (at: number, term: number): unknown => ({
  clusterId: CLUSTER,
  memberId: MEMBER,
  revision: BigInt(at),
  raftTerm: BigInt(term),
});

describe('responses', () => {
  it('of a put', () => {
    fc.assert(
      fc.property(revision, counter, maybePair, (at, term, previous) => {
        const written = encodePutResponse(headersAt(term), { type: 'put', revision: at, previous });
        const read = same(PutResponse, written);
        expect(read.header).toEqual(headerOf(at, term));
        expect(read.prevKv).toEqual(previous === undefined ? undefined : kvOf(previous));
      }),
      runs,
    );
  });

  it('of a range, whole and in chunks', () => {
    fc.assert(
      fc.property(range, counter, (answer, term) => {
        const headers = headersAt(term);
        const read = same(
          RangeResponse,
          encodeResponse(headers, answer, responseSize(headers, answer)),
        );
        expect(read).toEqual({
          header: headerOf(answer.revision, term),
          kvs: answer.kvs.map(kvOf),
          more: answer.more,
          count: BigInt(answer.count),
        });
        const last = same(
          RangeStreamResponse,
          encodeRangeChunk(answer, { headers, revision: answer.revision }),
        );
        expect(last.rangeResponse).toEqual(read);
        const chunk = same(RangeStreamResponse, encodeRangeChunk(answer, undefined));
        expect(chunk.rangeResponse).toEqual({ ...read, header: undefined });
      }),
      runs,
    );
  });

  it('of a deletion', () => {
    fc.assert(
      fc.property(revision, counter, counter, pairs, (at, term, deleted, previous) => {
        const headers = headersAt(term);
        const answer = { type: 'deleteRange', revision: at, deleted, previous } as const;
        const read = same(
          DeleteRangeResponse,
          encodeResponse(headers, answer, responseSize(headers, answer)),
        );
        expect(read.deleted).toBe(BigInt(deleted));
        expect(read.prevKvs).toEqual(previous.map(kvOf));
      }),
      runs,
    );
  });

  it('of a transaction, nested ones included', () => {
    const types = {
      range: 'responseRange',
      put: 'responsePut',
      deleteRange: 'responseDeleteRange',
    };
    const check = (read: TxnResponse, answer: TxnOutcome): void => {
      expect(read.succeeded).toBe(answer.succeeded);
      expect(read.responses).toHaveLength(answer.responses.length);
      for (const [i, op] of answer.responses.entries()) {
        const response = read.responses[i]?.response;
        if (op.type === 'empty') expect(response).toBeUndefined();
        else if (op.type === 'txn') {
          if (response?.$case !== 'responseTxn')
            throw new Error(`found ${String(response?.$case)}`);
          check(response.value, op);
        } else {
          expect(response?.$case).toBe(types[op.type]);
          expect(response?.value.header?.revision).toBe(BigInt(op.revision));
        }
      }
    };
    fc.assert(
      fc.property(outcome, counter, (answer, term) => {
        const headers = headersAt(term);
        check(
          same(TxnResponse, encodeResponse(headers, answer, responseSize(headers, answer))),
          answer,
        );
      }),
      runs,
    );
  });

  it('of a watch, for every number of events and any watch id', () => {
    const event = fc.record({ isDelete: fc.boolean(), kv: pair, previous: maybePair });
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 5 }),
        int64,
        revision,
        fc.boolean(),
        (list, id, at, fragment) => {
          const events: StoreEvent[] = list.map(({ isDelete, kv }) => ({
            type: isDelete ? 'delete' : 'put',
            kv,
            isCreate: false,
          }));
          const batch = new EventBatch(
            events,
            list.map(({ previous }) => previous),
          );
          const read = same(
            WatchResponse,
            encodeWatchResponse(headersAt(7), {
              type: 'events',
              watchId: watchId(id),
              revision: at,
              batch,
              fragment,
            }),
          );
          expect([read.watchId, read.fragment, read.header]).toEqual([
            id,
            fragment,
            headerOf(at, 7),
          ]);
          expect(read.events.map(({ kv, prevKv }) => [kv, prevKv])).toEqual(
            list.map(({ kv, previous }) => [kvOf(kv), previous && kvOf(previous)]),
          );
          expect(
            read.events.map(({ type }) => Number(type === 1 || String(type) === 'DELETE')),
          ).toEqual(list.map(({ isDelete }) => Number(isDelete)));
        },
      ),
      runs,
    );
  });
});

/** Fields that no message of ours has, of each wire type. */
const unknown = fc
  .array(
    fc.constantFrom(
      [0xf8, 0x3f, 0x96, 0x01],
      [0xf8, 0x3f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
      [0xf9, 0x3f, 1, 2, 3, 4, 5, 6, 7, 8],
      [0xfa, 0x3f, 0x03, 0x0a, 0x01, 0x6b],
      [0xfd, 0x3f, 1, 2, 3, 4],
      // A group with a field and a group in it: no message of ours has one, and Go skips it.
      [0xfb, 0x3f, 0x0a, 0x01, 0x6b, 0x13, 0x08, 0x01, 0x14, 0xfc, 0x3f],
    ),
    { maxLength: 3 },
  )
  .map((fields) => Buffer.from(fields.flat()));

/** Two messages behind one another are one message: what comes later counts. */
const between = <T>(message: fc.Arbitrary<T>, codec: Codec<T>): fc.Arbitrary<Buffer> =>
  fc
    .tuple(unknown, message, unknown, message, unknown)
    .map(([a, first, b, second, c]) =>
      Buffer.concat([a, codec.encode(first).finish(), b, codec.encode(second).finish(), c]),
    );

const text = (part: Uint8Array): Key => Buffer.from(part).toString('latin1') as Key;
const flag = fc.boolean();

describe('requests, with unknown fields and fields that come twice', () => {
  it('to put', () => {
    const message = fc.record({
      key: bytes,
      value: bytes,
      lease: int64,
      prevKv: flag,
      ignoreValue: flag,
      ignoreLease: flag,
    });
    fc.assert(
      fc.property(between(message, PutRequest), (wire) => {
        const read = PutRequest.decode(wire);
        const command = decodePut(bufferOver(wire), 0, wire.length);
        expect({ ...command, value: Buffer.from(command.value) }).toEqual({
          type: 'put',
          ...read,
          key: text(read.key),
          value: Buffer.from(read.value),
        });
      }),
      runs,
    );
  });

  it('to delete', () => {
    const message = fc.record({ key: bytes, rangeEnd: bytes, prevKv: flag });
    fc.assert(
      fc.property(between(message, DeleteRangeRequest), (wire) => {
        const read = DeleteRangeRequest.decode(wire);
        expect(decodeDeleteRange(bufferOver(wire), 0, wire.length)).toEqual({
          type: 'deleteRange',
          range: keyRangeOf(text(read.key), text(read.rangeEnd)),
          prevKv: read.prevKv,
        });
      }),
      runs,
    );
  });

  it('to read', () => {
    const message = fc
      .record({
        key: bytes,
        rangeEnd: bytes,
        limit: int64,
        revision: int64,
        serializable: flag,
        keysOnly: flag,
        countOnly: flag,
        minModRevision: int64,
        maxModRevision: int64,
        minCreateRevision: int64,
        maxCreateRevision: int64,
      })
      .map((fields) => RangeRequest.create(fields));
    fc.assert(
      fc.property(between(message, RangeRequest), (wire) => {
        const read = RangeRequest.decode(wire);
        expect(decodeRange(bufferOver(wire), 0, wire.length)).toMatchObject({
          revision: counterFromInt64(read.revision),
          serializable: read.serializable,
          query: {
            range: keyRangeOf(text(read.key), text(read.rangeEnd)),
            limit: counterFromInt64(read.limit),
            keysOnly: read.keysOnly,
            countOnly: read.countOnly,
            minModRevision: counterFromInt64(read.minModRevision),
            maxModRevision: counterFromInt64(read.maxModRevision),
            minCreateRevision: counterFromInt64(read.minCreateRevision),
            maxCreateRevision: counterFromInt64(read.maxCreateRevision),
          },
        });
      }),
      runs,
    );
  });
});
