/** Who is suspected, case by case. Goal: the same verdicts as etcd's (v3.7.1 etcdserver/corrupt_test.go describes them). */
import { describe, expect, it } from 'vitest';
import type { MemberId } from '../ids.js';
import { hashFromJson, hashToJson, type PeerHashAnswer } from './peer-hash.js';
import type { StoreHash } from './store-hash.js';
import { compactionVerdict, initialSuspects, periodicSuspect } from './suspects.js';

const self = 1n as MemberId;
const a = 2n as MemberId;
const b = 3n as MemberId;
const own: StoreHash = { hash: 10, compactRevision: 5, hashRevision: 20, revision: 20 };
const says = (id: MemberId, rest: Partial<StoreHash> = {}): PeerHashAnswer => ({
  type: 'hash',
  id,
  ...own,
  ...rest,
});
const silent = (id: MemberId): PeerHashAnswer => ({ type: 'none', id, reason: 'unreachable' });
const idsOf = (suspects: readonly { readonly id: MemberId }[]) => suspects.map(({ id }) => id);

describe('G-13 at the start', () => {
  it('whoever differs at the same compaction is found; who can not be compared is not', () => {
    expect(initialSuspects(own, [says(a), silent(b)])).toEqual([]);
    expect(initialSuspects(own, [says(a, { hash: 11, compactRevision: 6 })])).toEqual([]);
    expect(idsOf(initialSuspects(own, [says(a, { hash: 11 }), says(b)]))).toEqual([a]);
  });
});

describe('G-13 from time to time', () => {
  const suspect = (after: Partial<StoreHash>, ...peers: readonly PeerHashAnswer[]) =>
    periodicSuspect(self, own, { ...own, ...after }, peers)?.id;

  it('nobody, when all agree, or were not heard', () => {
    expect(suspect({}, says(a), silent(b))).toBe(undefined);
    expect(suspect({ hash: 11, hashRevision: 21, revision: 21 }, says(a))).toBe(undefined);
  });

  it('the leader, whose hash changes where nothing was written', () => {
    expect(suspect({ hash: 11 }, says(a))).toBe(self);
  });

  it('a member ahead of the leader, compacted further, or with another hash', () => {
    expect(suspect({}, says(a, { revision: 21 }))).toBe(a);
    expect(suspect({}, says(a), says(b, { compactRevision: 6 }))).toBe(b);
    expect(suspect({}, says(a), says(b, { hash: 11 }))).toBe(b);
  });
});

describe('G-13 by the hashes of compactions', () => {
  const verdict = (...peers: readonly PeerHashAnswer[]) => compactionVerdict(self, own, peers);

  it('agrees when all were heard, and else looks further', () => {
    expect(verdict(says(a), says(b))).toEqual({ type: 'agreed' });
    expect(verdict(says(a), silent(b))).toEqual({ type: 'undecided' });
    expect(verdict(says(a), says(b, { compactRevision: 4, hash: 1 }))).toEqual({
      type: 'undecided',
    });
  });

  it('finds the minority, and member 0 where there is no majority', () => {
    const suspects = (...peers: readonly PeerHashAnswer[]) => {
      const found = verdict(...peers);
      return found.type === 'differ' ? idsOf(found.suspects) : undefined;
    };
    expect(suspects(says(a, { hash: 11 }), says(b))).toEqual([a]);
    expect(suspects(says(a, { hash: 11 }), says(b, { hash: 11 }))).toEqual([self]);
    expect(suspects(says(a, { hash: 11 }), says(b, { hash: 12 }))).toEqual([0n]);
  });
});

describe('a hash on the wire', () => {
  it('is what Go writes, without zeros, and is read again', () => {
    const text = '{"header":{"revision":20},"hash":10,"compact_revision":5,"hash_revision":20}';
    expect(hashToJson(own)).toBe(text);
    expect(hashFromJson(text)).toEqual(own);
    expect(hashFromJson('{"header":{},"compact_revision":-1}')).toMatchObject({
      hash: 0,
      compactRevision: -1,
    });
    expect(() => hashFromJson('{"hash":"x"}')).toThrow(TypeError);
  });
});
