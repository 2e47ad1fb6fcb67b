/**
 * The formats of the streams. Goal: what one side sends the other one hears, however the bytes are cut; and whatever a peer
 * sends is a message or a PeerError, never an invariant. Method: properties over random messages, and bytes worked out by
 * hand from etcd's format.
 */
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { toIndex, toTerm } from '@kv/raft';
import type { Entry, Message, MsgApp, NodeId } from '@kv/raft';
import { encodeEntry, encodeMessage } from '@kv/raft/codec';
import { AppendDecoder, AppendEncoder } from './append-codec.js';
import { PeerError } from './errors.js';
import { MessageDecoder, MessageEncoder } from './stream-codec.js';
import type { StreamDecoder } from './stream-codec.js';

const from = 0x8e9e05c52164694dn as NodeId;
const to = 1n as NodeId;

const entry = (term: number, index: number, data: Uint8Array): Entry => ({
  term: toTerm(term),
  index: toIndex(index),
  type: 'normal',
  data,
});

const append = (
  term: number,
  prev: readonly [number, number],
  entries: readonly Entry[],
): MsgApp => ({
  type: 'MsgApp',
  ...{ from, to, term: toTerm(term) },
  logTerm: toTerm(prev[0]),
  index: toIndex(prev[1]),
  entries,
  commit: toIndex(prev[1]),
});

/** Appends of which some continue those before and some do not. */
const appends = fc
  .array(
    fc.record({
      term: fc.constantFrom(1, 1, 1, 2),
      skip: fc.constantFrom(0, 0, 0, 1),
      data: fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 }),
    }),
    { maxLength: 12 },
  )
  .map((steps) => {
    let index = 0;
    let last = 0;
    return steps.map(({ term, skip, data }) => {
      index += skip;
      const entries = data.map((bytes, n) => entry(term, index + n + 1, bytes));
      const message = append(term, [last, index], entries);
      index += entries.length;
      last = term;
      return message;
    });
  });

/** The bytes in pieces of these sizes, again and again. */
function feed(decoder: StreamDecoder, bytes: Uint8Array, sizes: readonly number[]): Message[] {
  const heard: Message[] = [];
  for (let at = 0, n = 0; at < bytes.length; n++) {
    const size = sizes[n % sizes.length] ?? 1;
    // Copies: what a message refers to must not be what the next chunk overwrites.
    decoder.push(Uint8Array.from(bytes.subarray(at, at + size)), (message) => heard.push(message));
    at += size;
  }
  return heard;
}

const plain = (messages: readonly Message[]): readonly string[] =>
  messages.map((message) => Buffer.from(encodeMessage(message)).toString('hex'));

const sizes = fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 5 });

describe('the stream of appends', () => {
  it('is heard as it was said, however it is cut', () => {
    fc.assert(
      fc.property(appends, sizes, fc.nat(5), (messages, cuts, batch) => {
        const encoder = new AppendEncoder();
        const parts: Buffer[] = [];
        for (let at = 0; at < messages.length; at += batch + 1) {
          parts.push(encoder.heartbeat(), encoder.encode(messages.slice(at, at + batch + 1)));
        }
        const heard = feed(new AppendDecoder(to, from), Buffer.concat(parts), cuts);
        expect(plain(heard)).toEqual(plain(messages));
      }),
    );
  });

  it('says only the entries of an append that continues the one before, as etcd does', () => {
    const encoder = new AppendEncoder();
    const first = append(1, [1, 4], [entry(1, 5, Uint8Array.of(7))]);
    const second = append(
      1,
      [1, 5],
      [entry(1, 6, Uint8Array.of(8)), entry(1, 7, Uint8Array.of(9))],
    );
    const whole = encoder.encode([first]);
    expect(whole[0]).toBe(2);
    expect(whole.readBigUInt64BE(1)).toBe(BigInt(encodeMessage(first).length));
    const linked = encoder.encode([second]);
    const sized = (item: Entry): Buffer => {
      const bytes = encodeEntry(item);
      const size = Buffer.alloc(8);
      size.writeBigUInt64BE(BigInt(bytes.length));
      return Buffer.concat([size, bytes]);
    };
    expect(linked.toString('hex')).toBe(
      Buffer.concat([
        Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 2]),
        ...second.entries.map(sized),
        Buffer.from([0, 0, 0, 0, 0, 0, 0, 5]),
      ]).toString('hex'),
    );
  });

  it('begins anew with a whole message after a change of term', () => {
    const encoder = new AppendEncoder();
    encoder.encode([append(1, [1, 4], [entry(1, 5, Uint8Array.of(7))])]);
    expect(encoder.encode([append(2, [1, 5], [])])[0]).toBe(2);
    // The entry before it is of term 1, so the next one of term 2 does not follow from it.
    expect(encoder.encode([append(2, [1, 5], [])])[0]).toBe(2);
    expect(encoder.encode([append(2, [2, 5], [])])[0]).toBe(1);
  });

  it.each([
    ['an unknown type', [3]],
    ['a message that is too long', [2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ['too many entries', [1, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]],
    ['a message that is none', [2, 0, 0, 0, 0, 0, 0, 0, 1, 0xff]],
    ['an entry that is none', [1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0xff]],
  ])('B-201 refuses %s', (_, bytes) => {
    const decoder = new AppendDecoder(to, from);
    expect(() => feed(decoder, Uint8Array.from(bytes), [64])).toThrow(PeerError);
  });
});

describe('the stream of other messages', () => {
  const heartbeat: Message = {
    type: 'MsgHeartbeat',
    ...{ from, to, term: toTerm(3) },
    commit: toIndex(2),
    context: Uint8Array.of(1, 2, 3),
  };
  const vote: Message = {
    type: 'MsgPreVote',
    ...{ from, to, term: toTerm(4) },
    index: toIndex(9),
    logTerm: toTerm(3),
    transfer: false,
  };

  it('is heard as it was said, however it is cut, and without its signs of life', () => {
    fc.assert(
      fc.property(sizes, (cuts) => {
        const encoder = new MessageEncoder();
        const bytes = Buffer.concat([
          encoder.heartbeat(),
          encoder.encode([heartbeat, vote]),
          encoder.heartbeat(),
          encoder.encode([vote]),
        ]);
        expect(plain(feed(new MessageDecoder(), bytes, cuts))).toEqual(
          plain([heartbeat, vote, vote]),
        );
      }),
    );
  });

  it('gives signs of life in the bytes that etcd sends', () => {
    expect(new MessageEncoder().heartbeat().toString('hex')).toBe('00000000000000020808');
  });

  it('B-201 whatever comes is a message or a PeerError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), sizes, (noise, cuts) => {
        for (const decoder of [new MessageDecoder(), new AppendDecoder(to, from)]) {
          try {
            feed(decoder, noise, cuts);
          } catch (error) {
            expect(error).toBeInstanceOf(PeerError);
          }
        }
      }),
    );
  });
});
