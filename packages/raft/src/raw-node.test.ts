/** The node as an application sees it: results, the contract of Ready, limits, restarts. */
import { describe, expect, it } from 'vitest';
import { confOf, entryOf, id, TestCluster, TestMember } from '../test/support/cluster.js';
import { entrySize } from './codec.js';
import { decodeConfChange, encodeConfChange } from './codec/conf.js';
import { resolveConfig, validateConfig } from './config.js';
import { RaftError } from './errors.js';
import { InvariantViolation } from './invariant.js';
import { MemoryStorage } from './memory-storage.js';
import type { Message } from './message.js';
import { RawNode } from './raw-node.js';
import type { Ready } from './ready.js';
import { bytesOf } from './testing/bytes.js';
import { NO_DATA, toIndex, toTerm } from './types.js';

const alone = confOf(1);
const three = confOf(1, 2, 3);
const config = { id: id(1), preVote: false, checkQuorum: false };

function nodeWith(
  options: Partial<typeof config> & Record<string, unknown> = {},
  confState = alone,
) {
  const storage = new MemoryStorage();
  storage.setConfState(confState);
  return { storage, node: new RawNode({ ...config, ...options }, storage, () => 0) };
}

function save(storage: MemoryStorage, ready: Ready): void {
  if (ready.hardState !== undefined) storage.setHardState(ready.hardState);
  storage.append(ready.entries);
}

describe('proposals', () => {
  it('a leader tells where a batch is', () => {
    const { node } = new TestCluster(1).elect(1);
    const batch = Array.from({ length: 1000 }, (_, at) => Uint8Array.of(at & 255));
    expect(node.propose(batch)).toEqual({ outcome: 'appended', term: 1, firstIndex: 2 });
    expect(node.lastIndex).toBe(1001);
    expect(node.ready().entries[7]?.data).toBe(batch[7]);
  });

  it('a follower forwards, and the leader appends the same bytes', () => {
    const cluster = new TestCluster(3);
    cluster.elect(1);
    expect(cluster.member(2).node.propose([bytesOf('a'), bytesOf('b')])).toEqual({
      outcome: 'forwarded',
      to: id(1),
    });
    cluster.settle();
    expect(cluster.member(3).applied.map(({ data }) => data.join())).toEqual(['', '97', '98']);
  });

  it.each([
    ['noLeader', 'a follower without a leader', () => new TestCluster(3).member(2)],
    [
      'noLeader',
      'a candidate',
      () => {
        const member = new TestCluster(3).member(1);
        member.node.campaign();
        return member;
      },
    ],
    [
      'forwardingDisabled',
      'a follower that must not forward',
      () => {
        const cluster = new TestCluster(3, { config: { proposalForwarding: false } });
        cluster.elect(1);
        return cluster.member(2);
      },
    ],
    [
      'transferring',
      'a leader that hands over',
      () => {
        const leader = new TestCluster(3).elect(1);
        leader.node.transferLeader(id(2));
        return leader;
      },
    ],
    [
      'removed',
      'a leader that was removed',
      () => {
        const cluster = new TestCluster(2);
        const leader = cluster.elect(1);
        leader.node.proposeConfChange({
          id: 1n,
          type: 'removeNode',
          nodeId: id(1),
          context: NO_DATA,
        });
        cluster.settle();
        return leader;
      },
    ],
  ])('dropped, %s: %s', (reason, _name, make) => {
    expect(make().node.propose([NO_DATA])).toEqual({ outcome: 'dropped', reason });
  });

  it('G-15: a leader bounds what is uncommitted, and accepts again when it is applied', () => {
    const cluster = new TestCluster(3, { config: { uncommittedBytesMax: 10 } });
    const leader = cluster.elect(1);
    expect(leader.node.propose([new Uint8Array(50)])).toMatchObject({ outcome: 'appended' });
    expect(leader.node.propose([new Uint8Array(1)])).toEqual({
      outcome: 'dropped',
      reason: 'uncommittedBytes',
    });
    expect(leader.node.propose([NO_DATA])).toMatchObject({ outcome: 'appended' });
    cluster.settle();
    expect(leader.node.propose([new Uint8Array(10)])).toMatchObject({ outcome: 'appended' });
  });

  it('a batch is taken as a whole or not at all', () => {
    const cluster = new TestCluster(3, { config: { uncommittedBytesMax: 10 } });
    const { node } = cluster.elect(1);
    node.propose([new Uint8Array(6)]);
    const before = node.lastIndex;
    expect(node.propose([new Uint8Array(3), new Uint8Array(3)])).toMatchObject({
      outcome: 'dropped',
    });
    expect(node.lastIndex).toBe(before);
  });
});

describe('the contract of Ready', () => {
  it('nothing is to be done where nothing happened', () => {
    const { node } = nodeWith();
    expect(node.hasReady()).toBe(false);
    const ready = node.ready();
    expect([ready.softState, ready.hardState, ready.mustSync]).toEqual([
      undefined,
      undefined,
      false,
    ]);
  });

  it('R5, CP-2: a vote is in messagesAfterAppend, with the hard state that it promises', () => {
    const member = new TestMember(1, { confState: three });
    const last = { index: toIndex(0), logTerm: toTerm(0), transfer: false };
    member.node.step({ type: 'MsgVote', from: id(2), to: id(1), term: toTerm(1), ...last });
    const ready = member.node.ready();
    expect(ready.messages).toEqual([]);
    expect(ready.messagesAfterAppend).toMatchObject([{ type: 'MsgVoteResp', to: id(2) }]);
    expect(ready.hardState).toEqual({ term: 1, vote: id(2), commit: 0 });
    expect(ready.mustSync).toBe(true);
  });

  it('R5, CP-1: so is an acknowledgement, with the entries', () => {
    const member = new TestMember(1, { confState: three });
    const entries = [entryOf(1, 1), entryOf(1, 2)];
    const append = { index: toIndex(0), logTerm: toTerm(0), commit: toIndex(0), entries };
    member.node.step({ type: 'MsgApp', from: id(2), to: id(1), term: toTerm(1), ...append });
    const ready = member.node.ready();
    expect(ready.messages).toEqual([]);
    expect(ready.messagesAfterAppend).toMatchObject([{ type: 'MsgAppResp', index: 2 }]);
    expect(ready.entries).toEqual(entries);
  });

  it('thesis §10.2.1: a leader may send before its own disk has the entries', () => {
    const { node } = new TestCluster(3).elect(1);
    node.propose([NO_DATA]);
    const ready = node.ready();
    expect(ready.messages.map(({ type }) => type)).toEqual(['MsgApp', 'MsgApp']);
    expect(ready.messagesAfterAppend).toEqual([]);
    expect(ready.entries).toHaveLength(1);
  });

  it('H-D2: a single member does not commit before its entry is durable', () => {
    const { node, storage } = nodeWith();
    node.campaign();
    const vote = node.ready();
    expect([node.role, vote.committedEntries.length]).toEqual(['candidate', 0]);
    save(storage, vote);
    node.advance();
    const entry = node.ready();
    expect([node.role, entry.entries.length, entry.committedEntries.length]).toEqual([
      'leader',
      1,
      0,
    ]);
    save(storage, entry);
    expect(node.commit).toBe(0);
    node.advance();
    expect(node.commit).toBe(1);
    expect(node.ready().committedEntries).toHaveLength(1);
  });

  it('a change of the commit index alone needs no sync', () => {
    const { node, storage } = nodeWith();
    node.campaign();
    for (let batch = 0; batch < 2; batch += 1) {
      save(storage, node.ready());
      node.advance();
    }
    const ready = node.ready();
    expect(ready.hardState?.commit).toBe(1);
    expect(ready.mustSync).toBe(false);
  });

  it('soft state is told when it changes', () => {
    const { node, storage } = nodeWith();
    node.campaign();
    const first = node.ready();
    expect(first.softState).toEqual({ leader: 0n, role: 'candidate' });
    save(storage, first);
    node.advance();
    expect(node.ready().softState).toEqual({ leader: id(1), role: 'leader' });
  });

  it('two Readys without an advance, and an advance without a Ready, are bugs of the caller', () => {
    const { node } = nodeWith();
    expect(() => {
      node.advance();
    }).toThrow(InvariantViolation);
    node.ready();
    expect(() => node.ready()).toThrow(InvariantViolation);
  });

  it('arrays of a Ready do not change when the log does', () => {
    const member = new TestMember(1, { confState: three });
    const append = (term: number, index: number, logTerm: number, terms: number[]): Message => ({
      type: 'MsgApp',
      from: id(2),
      to: id(1),
      term: toTerm(term),
      index: toIndex(index),
      logTerm: toTerm(logTerm),
      commit: toIndex(0),
      entries: terms.map((one, at) => entryOf(one, index + 1 + at)),
    });
    member.node.step(append(1, 0, 0, [1, 1, 1]));
    const ready = member.node.ready();
    member.node.step(append(2, 1, 1, [2]));
    expect(ready.entries.map(({ term }) => term)).toEqual([1, 1, 1]);
    member.storage.append(ready.entries);
    member.node.advance();
    expect(member.node.ready().entries.map(({ term }) => term)).toEqual([2]);
  });

  it('committed entries come in portions of applyingBytesMax, at least one, each once and in order', () => {
    const size = entrySize(entryOf(1, 2, 'xxxxx'));
    for (const [applyingBytesMax, portion] of [
      [1, 1],
      [size * 3, 3],
      [size * 4 - 1, 3],
    ] as const) {
      const cluster = new TestCluster(1, { config: { applyingBytesMax } });
      const leader = cluster.elect(1);
      leader.node.propose(Array.from({ length: 10 }, () => bytesOf('xxxxx')));
      save(leader.storage, leader.node.ready());
      leader.node.advance();
      const portions: number[] = [];
      const seen: number[] = [];
      while (leader.node.hasReady()) {
        const ready = leader.node.ready();
        portions.push(ready.committedEntries.length);
        seen.push(...ready.committedEntries.map(({ index }) => index));
        leader.node.advance();
      }
      expect(Math.max(...portions)).toBe(portion);
      expect(seen).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    }
  });
});

describe('flow control', () => {
  it('append messages are cut to messageBytesMax', () => {
    const size = entrySize(entryOf(1, 2, 'xxxxx'));
    const leader = new TestCluster(2, { config: { messageBytesMax: size * 2 } }).elect(1);
    leader.node.propose(Array.from({ length: 5 }, () => bytesOf('xxxxx')));
    const first = leader.work();
    expect(first).toMatchObject([{ type: 'MsgApp', entries: [{ index: 2 }, { index: 3 }] }]);
  });

  it('F-24: a window of inflightMessagesMax is not exceeded, and opens with each answer', () => {
    const cluster = new TestCluster(2, { config: { inflightMessagesMax: 3, messageBytesMax: 0 } });
    const leader = cluster.elect(1);
    for (let count = 0; count < 10; count += 1) leader.node.propose([bytesOf('x')]);
    const sent = leader.work().filter(({ type }) => type === 'MsgApp');
    expect(sent).toHaveLength(3);
    expect(leader.node.status().progress.get(id(2))).toMatchObject({
      paused: true,
      inflightFull: true,
      next: 5,
    });
    cluster.member(2).node.step(sent[0] ?? raise());
    for (const answer of cluster.member(2).work()) leader.node.step(answer);
    const next = leader.work().filter(({ type }) => type === 'MsgApp');
    expect(next).toMatchObject([{ entries: [{ index: 5 }] }]);
  });

  it('a full window is tried again after a heartbeat, with an empty append', () => {
    const cluster = new TestCluster(2, { config: { inflightMessagesMax: 1 } });
    const leader = cluster.elect(1);
    leader.node.propose([bytesOf('lost')]);
    leader.work();
    leader.outbox = [];
    leader.node.propose([bytesOf('waits')]);
    expect(leader.work()).toEqual([]);
    leader.node.tick();
    cluster.settle();
    leader.node.tick();
    cluster.settle();
    expect(cluster.member(2).node.lastIndex).toBe(3);
  });

  it('an unreachable member is probed with one message at a time', () => {
    const cluster = new TestCluster(2);
    const leader = cluster.elect(1);
    leader.node.reportUnreachable(id(2));
    expect(leader.node.status().progress.get(id(2))?.state).toBe('probe');
    leader.node.propose([bytesOf('a')]);
    leader.node.propose([bytesOf('b')]);
    expect(leader.work().filter(({ type }) => type === 'MsgApp')).toHaveLength(1);
    cluster.settle();
    expect(cluster.member(2).node.lastIndex).toBe(3);
    expect(leader.node.status().progress.get(id(2))?.state).toBe('replicate');
  });

  it('a member that has everything is probed until it answers, as an append to it may have been lost', () => {
    const cluster = new TestCluster(2);
    const leader = cluster.elect(1);
    const progress = () => leader.node.status().progress.get(id(2));
    leader.node.reportUnreachable(id(2));
    expect(progress()).toMatchObject({ state: 'probe', match: leader.node.lastIndex });
    leader.node.tick();
    cluster.settle();
    expect(progress()?.state).toBe('replicate');
  });

  it.each([
    ['finished', 5],
    ['failed', 2],
  ] as const)('a snapshot that is reported %s is followed by a probe at %i', (outcome, next) => {
    const cluster = new TestCluster(3);
    const leader = cluster.elect(1);
    cluster.isolate(3);
    cluster.propose(1, 'a', 'b', 'c');
    cluster.settle();
    leader.storage.createSnapshot(toIndex(4), three, NO_DATA);
    leader.storage.releaseUpTo(toIndex(4));
    cluster.heal();
    leader.node.tick();
    cluster.settle(({ type }) => type === 'MsgSnap');
    const progress = () => leader.node.status().progress.get(id(3));
    expect(progress()).toMatchObject({ state: 'snapshot', pendingSnapshot: 4, paused: true });
    leader.node.reportSnapshot(id(3), outcome);
    expect(progress()).toMatchObject({ state: 'probe', pendingSnapshot: 0, next, paused: true });
    leader.node.tick();
    cluster.settle();
    expect(progress()).toMatchObject({ state: 'replicate', match: 4 });
    leader.node.reportSnapshot(id(3), outcome);
    expect(progress()).toMatchObject({ state: 'replicate', match: 4 });
  });
});

describe('starting', () => {
  it('bootstrap writes the first members into the log as committed changes, like etcd', () => {
    const storage = new MemoryStorage();
    const node = new RawNode(config, storage, () => 0);
    node.bootstrap([
      { id: id(1), context: bytesOf('one') },
      { id: id(2), context: bytesOf('two') },
    ]);
    const ready = node.ready();
    expect(ready.hardState).toEqual({ term: 1, vote: 0n, commit: 2 });
    expect(ready.mustSync).toBe(true);
    const changes = ready.committedEntries.map(({ data }) => decodeConfChange(data));
    expect(changes.map(({ type, nodeId, context }) => [type, nodeId, context])).toEqual([
      ['addNode', id(1), bytesOf('one')],
      ['addNode', id(2), bytesOf('two')],
    ]);
    save(storage, ready);
    for (const change of changes) node.applyConfChange(change);
    node.advance();
    expect(node.status().config).toEqual(confOf(1, 2));
    expect(node.hasReady()).toBe(false);
    expect(() => {
      node.bootstrap([{ id: id(1), context: NO_DATA }]);
    }).toThrow(RaftError);
  });

  it('a restarted member hands out again what was not applied, and nothing else', () => {
    for (const [applied, expected] of [
      [0, [1, 2, 3]],
      [2, [3]],
      [3, []],
    ] as const) {
      const start = { confState: alone, log: [1, 1, 1], term: 1, commit: 3 };
      const member = new TestMember(1, { ...start, config: { applied: toIndex(applied) } });
      member.work();
      expect(member.applied.map(({ index }) => index)).toEqual(expected);
    }
  });

  it('H-D1: what was applied counts as committed, though the hard state on disk lags behind', () => {
    const start = { confState: alone, log: [1, 1, 1], term: 1, commit: 1 };
    const member = new TestMember(1, { ...start, config: { applied: toIndex(3) } });
    expect([member.node.commit, member.node.applied]).toEqual([3, 3]);
    expect(member.node.ready().hardState?.commit).toBe(3);
  });

  it.each([
    ['a commit index beyond the log', { log: [1], commit: 2 }, 0],
    ['an applied index beyond the log (H-D17, H-R10)', { log: [1], commit: 1 }, 2],
    ['an unsound configuration', { confState: { ...alone, learners: [id(1)] } }, 0],
  ])('a storage with %s is refused', (_name, start, applied) => {
    const make = () =>
      new TestMember(1, { confState: alone, ...start, config: { applied: toIndex(applied) } });
    expect(make).toThrow(expect.objectContaining({ code: 'storage' }) as Error);
  });

  it('a configuration with problems is refused with all of them', () => {
    const wrong = {
      id: id(0),
      electionTicks: 1,
      heartbeatTicks: 1,
      inflightMessagesMax: 0,
      applyingBytesMax: 0,
      messageBytesMax: -1,
      inflightBytesMax: -2,
      readIndexMode: 'leaseBased',
      checkQuorum: false,
    } as const;
    expect(
      validateConfig(wrong)
        .map(({ field }) => field)
        .sort(),
    ).toEqual([
      'applyingBytesMax',
      'electionTicks',
      'id',
      'inflightBytesMax',
      'inflightMessagesMax',
      'messageBytesMax',
      'readIndexMode',
    ]);
    expect(() => resolveConfig(wrong)).toThrow(/electionTicks 1 .*; .*inflightMessagesMax 0/);
    expect(validateConfig({ id: id(1) })).toEqual([]);
  });

  it('errors of another install of the package are recognised', () => {
    const foreign = Object.defineProperty(new Error('x'), Symbol.for('@kv/raft.RaftError'), {
      value: true,
    });
    expect(foreign instanceof RaftError).toBe(true);
    expect(new Error('x') instanceof RaftError).toBe(false);
    expect(new RaftError('storage', 'x', { cause: foreign }).cause).toBe(foreign);
  });
});

describe('asynchronous storage writes', () => {
  it('several appends may be under way; an entry is committed when the work that holds it is done', () => {
    const { node, storage } = nodeWith({ asyncStorageWrites: true });
    const finish = (ready: Ready): void => {
      const work = ready.storageAppend ?? raise();
      if (work.hardState !== undefined) storage.setHardState(work.hardState);
      storage.append(work.entries);
      for (const response of work.responses) node.step(response);
    };
    node.campaign();
    finish(node.ready());
    finish(node.ready());
    node.propose([bytesOf('a')]);
    const first = node.ready();
    node.propose([bytesOf('b')]);
    const second = node.ready();
    expect([first, second].map(({ entries }) => entries.map(({ index }) => index))).toEqual([
      [2],
      [3],
    ]);
    finish(first);
    expect(node.commit).toBe(2);
    finish(second);
    expect(node.commit).toBe(3);
    const applies = [first, node.ready()].map(({ storageApply }) => storageApply ?? raise());
    expect(applies.map(({ entries }) => entries.map(({ index }) => index))).toEqual([[1], [2, 3]]);
    expect(node.applied).toBe(0);
    for (const { response } of applies) node.step(response);
    expect(node.applied).toBe(3);
    expect(() => {
      node.advance();
    }).toThrow(InvariantViolation);
  });

  it('a report of an earlier term is ignored: later work may still replace what it is about (entries a, b, a)', () => {
    const { node, storage } = nodeWith({ asyncStorageWrites: true }, three);
    const receive = (leader: number, term: number, entryTerm: number): Ready => {
      const append = { index: toIndex(0), logTerm: toTerm(0), commit: toIndex(0) };
      const entries = [entryOf(entryTerm, 1)];
      node.step({
        type: 'MsgApp',
        from: id(leader),
        to: id(1),
        term: toTerm(term),
        ...append,
        entries,
      });
      return node.ready();
    };
    const works = [receive(2, 1, 1), receive(3, 2, 2), receive(2, 3, 1)];
    const finish = (ready: Ready | undefined): void => {
      storage.append(ready?.storageAppend?.entries ?? raise());
      for (const response of ready?.storageAppend?.responses ?? []) {
        if (response.to === id(1)) node.step(response);
      }
    };
    finish(works[0]);
    finish(works[1]);
    // Storage has b now, and will have a: to the node it is a all the time.
    const probe = { index: toIndex(1), logTerm: toTerm(1), commit: toIndex(0), entries: [] };
    node.step({ type: 'MsgApp', from: id(2), to: id(1), term: toTerm(3), ...probe });
    expect(node.ready().storageAppend?.responses).toMatchObject([
      { type: 'MsgAppResp', reject: false },
      {},
    ]);
    finish(works[2]);
    expect(storage.term(toIndex(1))).toBe(1);
  });
});

describe('what waits, and what does not', () => {
  const append = { type: 'MsgApp', from: id(2), to: id(1), term: toTerm(1) } as const;
  const from0 = { index: toIndex(0), logTerm: toTerm(0), commit: toIndex(1) };

  it('an election, until a committed change of the configuration is applied', () => {
    const { node, storage } = nodeWith({}, three);
    const change = { id: 1n, type: 'addNode', nodeId: id(4), context: NO_DATA } as const;
    const entry = { ...entryOf(1, 1), type: 'confChange', data: encodeConfChange(change) } as const;
    node.step({ ...append, ...from0, entries: [entry] });
    node.campaign();
    expect(node.role).toBe('follower');
    const ready = node.ready();
    save(storage, ready);
    expect(ready.committedEntries).toEqual([entry]);
    node.campaign();
    expect(node.role).toBe('follower');
    node.applyConfChange(change);
    node.advance();
    node.campaign();
    expect(node.role).toBe('candidate');
  });

  it('a snapshot, until what is being applied is applied; and there is no Ready meanwhile', () => {
    const { node, storage } = nodeWith({ asyncStorageWrites: true }, three);
    node.step({ ...append, ...from0, entries: [entryOf(1, 1)] });
    const { storageAppend } = node.ready();
    storage.append(storageAppend?.entries ?? raise());
    for (const response of storageAppend?.responses ?? []) {
      if (response.to === id(1)) node.step(response);
    }
    const { storageApply } = node.ready();
    const meta = { index: toIndex(5), term: toTerm(1), confState: three };
    const snapshot = { meta, data: NO_DATA };
    node.step({ type: 'MsgSnap', from: id(2), to: id(1), term: toTerm(1), snapshot });
    expect(node.hasReady()).toBe(false);
    node.step(storageApply?.response ?? raise());
    expect(node.hasReady()).toBe(true);
    expect(node.ready().snapshot).toEqual(snapshot);
  });

  it('an election, until a snapshot that came is installed', () => {
    const { node } = nodeWith({ asyncStorageWrites: true }, three);
    const meta = { index: toIndex(5), term: toTerm(1), confState: three };
    const snapshot = { meta, data: NO_DATA };
    node.step({ type: 'MsgSnap', from: id(2), to: id(1), term: toTerm(1), snapshot });
    node.campaign();
    expect(node.role).toBe('follower');
    const { storageAppend } = node.ready();
    for (const response of storageAppend?.responses ?? raise()) {
      if (response.to === id(1)) node.step(response);
    }
    node.campaign();
    expect(node.role).toBe('candidate');
  });

  it('a vote, in a term whose leader is known', () => {
    const member = new TestMember(1, { confState: three });
    member.node.step({ ...append, ...from0, commit: toIndex(0), entries: [] });
    member.work();
    const candidate = { index: toIndex(9), logTerm: toTerm(1), transfer: false };
    member.node.step({ type: 'MsgVote', from: id(3), to: id(1), term: toTerm(1), ...candidate });
    expect(member.work()).toMatchObject([{ type: 'MsgVoteResp', to: id(3), reject: true }]);
  });

  it('a pre-candidate whose request is refused from a later term: it follows into that term', () => {
    const member = new TestMember(1, { confState: three, config: { preVote: true } });
    member.node.campaign();
    member.work();
    expect([member.node.role, member.node.term]).toEqual(['preCandidate', 0]);
    const refusal = { type: 'MsgPreVoteResp', from: id(2), to: id(1), reject: true } as const;
    member.node.step({ ...refusal, term: toTerm(4) });
    expect([member.node.role, member.node.term]).toEqual(['follower', 4]);
  });

  it('a snapshot of a configuration without this member, for ever: it is for somebody else', () => {
    const member = new TestMember(1, { confState: three, log: [1, 1], term: 1, commit: 1 });
    const meta = { index: toIndex(9), term: toTerm(1), confState: confOf(2, 3) };
    const snapshot = { meta, data: NO_DATA };
    member.node.step({ type: 'MsgSnap', from: id(2), to: id(1), term: toTerm(1), snapshot });
    expect(member.work()).toMatchObject([{ type: 'MsgAppResp', reject: false, index: 1 }]);
    expect(member.terms()).toEqual([1, 1]);
  });

  it('a snapshot, until the member that needs it is heard of again', () => {
    const cluster = new TestCluster(3, { config: { checkQuorum: true } });
    const leader = cluster.elect(1);
    cluster.isolate(3);
    cluster.propose(1, 'a', 'b');
    cluster.settle();
    leader.storage.createSnapshot(toIndex(3), three, NO_DATA);
    leader.storage.releaseUpTo(toIndex(3));
    const progress = () => leader.node.status().progress.get(id(3));
    for (let ticks = 0; progress()?.recentActive === true && ticks < 20; ticks++) {
      leader.node.tick();
      cluster.settle();
    }
    leader.node.reportUnreachable(id(3));
    cluster.propose(1, 'c');
    expect(leader.work().some(({ type }) => type === 'MsgSnap')).toBe(false);
    expect(progress()).toMatchObject({ state: 'probe', recentActive: false });
    cluster.heal();
    leader.node.tick();
    cluster.settle();
    expect(cluster.member(3).node.lastIndex).toBe(4);
  });

  it('H-C1: a read, for an answer to a heartbeat that asked for it; a position that was never asked for is none', () => {
    const cluster = new TestCluster(3);
    const leader = cluster.elect(1);
    const answer = (position: number): Message => {
      const context = new Uint8Array(8);
      new DataView(context.buffer).setBigUint64(0, BigInt(position), true);
      return { type: 'MsgHeartbeatResp', from: id(2), to: id(1), term: leader.node.term, context };
    };
    leader.node.readIndex(bytesOf('a'));
    leader.work();
    leader.node.step(answer(1000));
    leader.work();
    expect(leader.readStates).toEqual([]);
    leader.node.step(answer(1));
    leader.work();
    expect(leader.readStates).toHaveLength(1);
    leader.node.readIndex(bytesOf('b'));
    leader.work();
    expect(leader.readStates).toHaveLength(1);
  });
});

function raise(): never {
  throw new Error('there is nothing of the kind');
}
