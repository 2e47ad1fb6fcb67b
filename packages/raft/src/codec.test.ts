/** Bytes as etcd-io/raft v3.7 writes them, and everything that is not such bytes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeConfChange,
  decodeConfChangeV2,
  decodeConfState,
  decodeEntry,
  decodeHardState,
  decodeMessage,
  decodeSnapshot,
  encodeConfChange,
  encodeConfChangeV2,
  encodeConfState,
  encodeEntry,
  encodeHardState,
  encodeMessage,
  encodeSnapshot,
  entrySize,
  messageSize,
  writeEntry,
} from './codec.js';
import { RaftError } from './errors.js';
import type { Message } from './message.js';
import { bytesOf } from './testing/bytes.js';
import {
  EMPTY_CONF_STATE,
  NO_DATA,
  toIndex,
  toNodeId,
  toTerm,
  type ConfState,
  type Entry,
  type Snapshot,
} from './types.js';

const fromHex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const node = (id: number | bigint) => toNodeId(BigInt(id));

const confState: ConfState = {
  voters: [node(1), node(0x8e9e05c52164694dn)],
  learners: [node(3)],
  votersOutgoing: [node(1), node(4)],
  learnersNext: [node(4)],
  autoLeave: true,
};

function entry(term: number, index: number, type: Entry['type'], data: Uint8Array): Entry {
  return { term: toTerm(term), index: toIndex(index), type, data };
}

const hello = entry(5, 300, 'normal', bytesOf('hello'));
const snapshot: Snapshot = {
  meta: { index: toIndex(9), term: toTerm(2), confState },
  data: bytesOf('state'),
};
const route = { to: node(1), from: node(2), term: toTerm(5) };

/** Produced by marshalling the same values with go.etcd.io/raft/v3 v3.7.0. */
describe('bytes equal those of etcd-io/raft', () => {
  it.each<[string, Entry, string]>([
    ['normal', hello, '100518ac02220568656c6c6f'],
    ['empty', entry(1, 1, 'normal', NO_DATA), '10011801'],
    [
      'change',
      entry(5, 2 ** 40, 'confChangeV2', Uint8Array.of(0, 255)),
      '0802100518808080808020220200ff',
    ],
  ])('entry: %s', (_name, value, hex) => {
    expect(toHex(encodeEntry(value))).toBe(hex);
    expect(decodeEntry(fromHex(hex))).toEqual(value);
    expect(entrySize(value)).toBe(hex.length / 2);
  });

  it('hard state, with a vote above 2^63', () => {
    const value = { term: toTerm(7), vote: node(2n ** 64n - 10n), commit: toIndex(0) };
    expect(toHex(encodeHardState(value))).toBe('080710f6ffffffffffffffff011800');
    expect(decodeHardState(encodeHardState(value))).toEqual(value);
  });

  it.each<[string, ConfState, string]>([
    ['joint', confState, '080108cdd2918bd2b881cf8e0110031801180420042801'],
    ['empty', EMPTY_CONF_STATE, '2800'],
  ])('configuration: %s', (_name, value, hex) => {
    expect(toHex(encodeConfState(value))).toBe(hex);
    expect(decodeConfState(fromHex(hex))).toEqual(value);
  });

  it('changes of both kinds', () => {
    const one = {
      id: 2n ** 64n - 1n,
      type: 'addLearnerNode',
      nodeId: node(0x8e9e05c52164694dn),
      context: bytesOf('ctx'),
    } as const;
    expect(toHex(encodeConfChange(one))).toBe(
      '08ffffffffffffffffff01100318cdd2918bd2b881cf8e012203637478',
    );
    expect(decodeConfChange(encodeConfChange(one))).toEqual(one);
    const several = {
      transition: 'jointExplicit',
      changes: [
        { type: 'addNode', nodeId: node(1) },
        { type: 'removeNode', nodeId: node(2) },
      ],
      context: bytesOf('x'),
    } as const;
    expect(toHex(encodeConfChangeV2(several))).toBe('08021204080010011204080110021a0178');
    expect(decodeConfChangeV2(encodeConfChangeV2(several))).toEqual(several);
  });

  it('snapshot', () => {
    expect(toHex(encodeSnapshot(snapshot))).toBe(
      '0a057374617465121d0a17080108cdd2918bd2b881cf8e011003180118042004280110091802',
    );
    expect(decodeSnapshot(encodeSnapshot(snapshot))).toEqual(snapshot);
  });

  const index = toIndex(299);
  const logTerm = toTerm(3);
  const drafts = [entry(0, 0, 'normal', bytesOf('a')), entry(0, 0, 'normal', bytesOf('b'))];
  const none = { rejectHint: toIndex(0), logTerm: toTerm(0) };
  const rejected = { reject: true, rejectHint: toIndex(12), logTerm };
  const read = { ...route, context: bytesOf('readreq1') };
  const round = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);
  const append = { to: node(2), from: node(1), term: toTerm(5), logTerm: toTerm(4), index };

  it.each<[Message, string]>([
    [
      { type: 'MsgProp', ...route, term: toTerm(0), entries: drafts },
      '0802100118023a032201613a03220162',
    ],
    [
      { type: 'MsgApp', ...append, entries: [hello], commit: toIndex(0) },
      '0803100218012005280430ab023a0c100518ac02220568656c6c6f4000',
    ],
    [
      { type: 'MsgAppResp', ...route, index: toIndex(300), reject: false, ...none },
      '080410011802200530ac02',
    ],
    [{ type: 'MsgAppResp', ...route, index, ...rejected }, '0804100118022005280330ab025001580c'],
    [
      { type: 'MsgVote', ...route, index, logTerm, transfer: true },
      '0805100118022005280330ab02621043616d706169676e5472616e73666572',
    ],
    [
      { type: 'MsgPreVote', ...route, index, logTerm, transfer: false },
      '0811100118022005280330ab02',
    ],
    [{ type: 'MsgVoteResp', ...route, reject: false }, '0806100118022005'],
    [{ type: 'MsgPreVoteResp', ...route, reject: true }, '08121001180220055001'],
    [
      { type: 'MsgSnap', ...route, snapshot },
      '08071001180220054a260a057374617465121d0a17080108cdd2918bd2b881cf8e011003180118042004280110091802',
    ],
    [
      { type: 'MsgHeartbeat', ...route, commit: toIndex(7), context: round },
      '0808100118022005400762080100000000000000',
    ],
    [{ type: 'MsgHeartbeatResp', ...route, context: NO_DATA }, '0809100118022005'],
    [{ type: 'MsgTransferLeader', ...route, from: node(3) }, '080d100118032005'],
    [{ type: 'MsgTimeoutNow', ...route }, '080e100118022005'],
    [{ type: 'MsgReadIndex', ...read, term: toTerm(0) }, '080f100118023a0a22087265616472657131'],
    [
      { type: 'MsgReadIndexResp', ...read, index: toIndex(42) },
      '0810100118022005302a3a0a22087265616472657131',
    ],
  ])('$type', (message, hex) => {
    expect(toHex(encodeMessage(message))).toBe(hex);
    expect(messageSize(message)).toBe(hex.length / 2);
    expect(decodeMessage(fromHex(hex))).toEqual(message);
  });
});

describe('J-1: numbers at their bounds', () => {
  it.each([
    0,
    1,
    127,
    128,
    2 ** 14,
    2 ** 28 - 1,
    2 ** 28,
    2 ** 31,
    2 ** 32,
    2 ** 35 - 1,
    2 ** 35,
    2 ** 49,
    2 ** 53 - 1,
  ])('counter %d', (value) => {
    const one = entry(value, value, 'normal', NO_DATA);
    expect(decodeEntry(encodeEntry(one))).toEqual(one);
    expect(encodeEntry(one).length).toBe(entrySize(one));
  });

  it.each([1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n])(
    'identifier %d',
    (value) => {
      const state = { term: toTerm(1), vote: node(value), commit: toIndex(1) };
      expect(decodeHardState(encodeHardState(state))).toEqual(state);
    },
  );

  it.each(['10808080808080801', '10ffffffffffffffffff01'])(
    'a counter above 2^53 - 1: %s',
    (hex) => {
      const padded = hex.length % 2 === 0 ? hex : `${hex}0`;
      expect(() => decodeEntry(fromHex(padded))).toThrow(RaftError);
    },
  );

  it('refuses to write what does not fit', () => {
    const wrong = { term: toTerm(1), vote: node(2n ** 64n), commit: toIndex(1) };
    expect(() => encodeHardState(wrong)).toThrow(/does not fit 64 bits/);
    expect(() => entrySize(entry(-1, 1, 'normal', NO_DATA))).toThrow(/not in 0 to 2\^53 - 1/);
    expect(() => entrySize(entry(2 ** 53, 1, 'normal', NO_DATA))).toThrow(RaftError);
  });
});

describe('what is unknown is skipped', () => {
  const known = '100518ac02220568656c6c6f';

  it.each([
    ['a varint', '7801'],
    ['eight bytes', '790102030405060708'],
    ['four bytes', '7d01020304'],
    ['bytes', '7a03010203'],
    ['a group', '7b080112017a7c'],
    ['a known field of another wire type', '0a0101'],
  ])('%s', (_name, extra) => {
    expect(decodeEntry(fromHex(extra + known))).toEqual(hello);
    expect(decodeEntry(fromHex(known + extra))).toEqual(hello);
  });

  it('packed lists are read like others', () => {
    const state = decodeConfState(fromHex('0a020201' + '2800'));
    expect(state.voters).toEqual([node(1), node(2)]);
  });

  it('zero fields that older releases write', () => {
    expect(decodeEntry(fromHex('080010011801'))).toEqual(entry(1, 1, 'normal', NO_DATA));
    const heartbeat = decodeMessage(
      fromHex('08081001180220052800300040004a0412021a005000580068007200'),
    );
    expect(heartbeat).toMatchObject({ type: 'MsgHeartbeat', commit: 0 });
  });
});

describe('B-201: bytes that are no message', () => {
  const malformed = (body: () => unknown): void => {
    expect(body).toThrow(expect.objectContaining({ code: 'malformed' }) as Error);
  };

  it.each([
    ['an empty tag', '00'],
    ['field 0', '0001'],
    ['a tag above 32 bits', 'ffffffffffff01'],
    ['a number that does not end', '10'],
    ['a number of more than 64 bits', '10ffffffffffffffffff02'],
    ['a number of more than ten bytes', '10ffffffffffffffffffff01'],
    ['a length beyond the end', '22ff01'],
    ['a length beyond 2^53', '22ffffffffffffffffff01'],
    ['a fixed field beyond the end', '790102'],
    ['a group that does not end', '7b0801'],
    ['the end of a group that never began', '7c'],
    ['an unknown entry type', '0803'],
    ['groups that nest too deep', '7b'.repeat(100) + '7c'.repeat(100)],
  ])('%s', (_name, hex) => {
    malformed(() => decodeEntry(fromHex(hex)));
  });

  it.each([
    ['MsgHup is not for others', '0800100118022005'],
    ['MsgBeat', '0801100118022005'],
    ['MsgUnreachable', '080a100118022005'],
    ['MsgStorageAppend', '0813100118022005'],
    ['a type that does not exist', '0863100118022005'],
    ['a snapshot message without snapshot', '0807100118022005'],
    ['a read without its context', '080f10011802'],
    ['a read with two contexts', '080f100118023a003a00'],
  ])('message: %s', (_name, hex) => {
    malformed(() => decodeMessage(fromHex(hex)));
  });

  it('a range outside of the bytes', () => {
    malformed(() => decodeEntry(new Uint8Array(4), 2, 9));
    malformed(() => decodeMessage(new Uint8Array(4), 3, 2));
    malformed(() => decodeHardState(new Uint8Array(4), -1, 2));
  });

  it('any bytes are either decoded or refused as malformed', () => {
    const decoders = [
      decodeMessage,
      decodeEntry,
      decodeSnapshot,
      decodeConfState,
      decodeConfChangeV2,
    ];
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 60 }),
        fc.constantFrom(...decoders),
        (bytes, decode) => {
          try {
            decode(bytes);
          } catch (error) {
            expect(error).toMatchObject({ code: 'malformed' });
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('every truncation and every flipped bit of a message is decoded or refused as malformed', () => {
    const whole = fromHex(
      '08071001180220054a260a057374617465121d0a17080108cdd2918bd2b881cf8e011003180118042004280110091802',
    );
    for (let at = 0; at < whole.length; at += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const flipped = Uint8Array.from(whole);
        flipped[at] = (whole[at] ?? 0) ^ (1 << bit);
        for (const bytes of [flipped, whole.subarray(0, at)]) {
          try {
            decodeMessage(bytes);
          } catch (error) {
            expect(error).toMatchObject({ code: 'malformed' });
          }
        }
      }
    }
  });
});

describe('round trips', () => {
  const counter = fc.maxSafeNat();
  const anyEntry = fc
    .record({
      term: counter,
      index: counter,
      type: fc.constantFrom('normal' as const, 'confChange' as const, 'confChangeV2' as const),
      data: fc.uint8Array({ maxLength: 300 }),
    })
    .map(({ term, index, type, data }) => entry(term, index, type, data));

  it('entries, in the middle of other bytes', () => {
    fc.assert(
      fc.property(anyEntry, fc.nat(20), (value, offset) => {
        const size = entrySize(value);
        const bytes = new Uint8Array(offset + size + 3).fill(0xff);
        expect(writeEntry(value, bytes, offset)).toBe(offset + size);
        expect(bytes[offset + size]).toBe(0xff);
        expect(decodeEntry(bytes, offset, offset + size)).toEqual(value);
      }),
    );
  });

  it('appends of any size', () => {
    fc.assert(
      fc.property(
        fc.array(anyEntry, { maxLength: 20 }),
        counter,
        fc.bigInt(1n, 2n ** 64n - 1n),
        (entries, n, id) => {
          const message: Message = {
            type: 'MsgApp',
            from: toNodeId(id),
            to: toNodeId(1n),
            term: toTerm(n),
            logTerm: toTerm(n),
            index: toIndex(n),
            commit: toIndex(n),
            entries,
          };
          const bytes = encodeMessage(message);
          expect(bytes.length).toBe(messageSize(message));
          expect(decodeMessage(bytes)).toEqual(message);
        },
      ),
    );
  });

  it('decoding borrows the bytes', () => {
    const bytes = encodeEntry(hello);
    expect(decodeEntry(bytes).data.buffer).toBe(bytes.buffer);
  });
});
