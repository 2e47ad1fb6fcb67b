/** Members as replicated state: the rules at apply (rpc.md §8), what is stored, and the JSON that etcd keeps. */
import { MvccStore } from '@kv/mvcc';
import { MemoryBackend } from '@kv/mvcc/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import type { MemberId } from '../ids.js';
import { utf8 } from '../wire/buffer.js';
import { memberFromJson, memberToJson, type MemberRecord } from './member-record.js';
import { Membership } from './membership.js';
import { parseClusterVersion } from './version-text.js';

const id = (n: bigint): MemberId => n as MemberId;
const member = (n: bigint, url: string, isLearner = false): MemberRecord => ({
  id: id(n),
  peerUrls: [url],
  isLearner,
  name: '',
  clientUrls: [],
});
const context = (record: MemberRecord, isPromotion = false) => ({ member: record, isPromotion });

let store: MvccStore;
let members: Membership;

beforeEach(async () => {
  store = await MvccStore.open(new MemoryBackend());
  members = new Membership(1);
});

/** Applies changes as entries do, in one transaction. */
function apply(change: (txn: ReturnType<MvccStore['begin']>) => void): void {
  const txn = store.begin();
  change(txn);
  txn.end();
}

function add(record: MemberRecord): void {
  apply((txn) => {
    members.apply('addNode', record.id, context(record), (name) => txn.bucket(name));
  });
}

describe('changes', () => {
  it('are refused where etcd refuses them', () => {
    add(member(1n, 'http://a:1'));
    add(member(2n, 'http://b:1', true));
    const check = (
      type: Parameters<Membership['check']>[0],
      record: MemberRecord,
      promote = false,
    ) => members.check(type, record.id, context(record, promote));
    expect(check('addNode', member(1n, 'http://x:1'))).toBe('memberExists');
    expect(check('addNode', member(3n, 'http://a:1'))).toBe('peerUrlExists');
    expect(check('addLearnerNode', member(3n, 'http://c:1', true))).toBe('tooManyLearners');
    expect(check('addNode', member(3n, 'http://c:1'))).toBeUndefined();
    expect(check('addNode', member(1n, 'http://a:1'), true)).toBe('notLearner');
    expect(check('addNode', member(2n, 'http://b:1'), true)).toBeUndefined();
    expect(check('addNode', member(9n, 'http://z:1'), true)).toBe('memberNotFound');
    expect(check('removeNode', member(9n, ''))).toBe('memberNotFound');
    expect(check('updateNode', member(1n, 'http://b:1'))).toBe('peerUrlExists');
    expect(check('updateNode', member(1n, 'http://a:1'))).toBeUndefined();
  });

  it('G-12 an id that was removed never comes back, also after a restart', () => {
    add(member(1n, 'http://a:1'));
    add(member(2n, 'http://b:1'));
    apply((txn) => {
      members.apply('removeNode', id(2n), context(member(2n, '')), (name) => txn.bucket(name));
    });
    const again = new Membership(1);
    again.load((name) => store.bucket(name));
    expect(again.isRemoved(id(2n))).toBe(true);
    const record = member(2n, 'http://new:1');
    expect(again.check('addNode', record.id, context(record))).toBe('memberNotFound');
    expect(again.members()).toEqual(members.members());
  });

  it('a promotion keeps what the member published', () => {
    add(member(2n, 'http://b:1', true));
    apply((txn) => {
      const bucket: typeof txn.bucket = (name) => txn.bucket(name);
      members.setAttributes(id(2n), 'b', ['http://b:2'], bucket);
      members.apply('addNode', id(2n), context(member(2n, ''), true), bucket);
    });
    expect(members.find(id(2n))).toEqual({
      ...member(2n, 'http://b:1'),
      name: 'b',
      clientUrls: ['http://b:2'],
    });
  });

  it('what is stored and can not be read stops the start', () => {
    apply((txn) => {
      txn.bucket('members').put(utf8('1'), utf8('{"id":'));
    });
    expect(() => {
      members.load((name) => store.bucket(name));
    }).toThrow(expect.objectContaining({ code: 'unsupported_data' }) as Error);
  });
});

describe('JSON', () => {
  it('is what etcd writes, with all 64 bits of the id', () => {
    const json =
      '{"id":10276657743932975437,"peerURLs":["http://localhost:2380"],"name":"default","clientURLs":["http://localhost:2379"]}';
    const read = memberFromJson(json);
    expect(read?.member.id).toBe(10276657743932975437n);
    expect(read && memberToJson(read.member)).toBe(json);
  });

  it('a name that looks like a field is a name', () => {
    const record = { ...member(2n ** 64n - 1n, 'http://a:1', true), name: '"id":5' };
    expect(memberFromJson(memberToJson(record))?.member).toEqual(record);
  });

  it('anything else is nothing', () => {
    for (const text of ['', '{', '[]', 'null', '{"id":"x"}', '{"name":"a"}']) {
      expect(memberFromJson(text)).toBeUndefined();
    }
  });
});

it('versions as people write them (observed 14)', () => {
  expect(['3.6', '3.6.9', '3.06', '3.6.0-rc.0'].map(parseClusterVersion)).toEqual(
    Array.from({ length: 4 }, () => '3.6.0'),
  );
  for (const text of ['', 'x', '3', 'v3.6', '3.6-rc', ' 3.6', '3.5.1.2', '3.6.']) {
    expect(parseClusterVersion(text)).toBeUndefined();
  }
});
