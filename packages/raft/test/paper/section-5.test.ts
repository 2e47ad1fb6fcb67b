/** The claims of section 5 of the Raft paper (extended version), one test each. */
import { describe, expect, it } from 'vitest';
import type { Message } from '../../src/message.js';
import { RawNode } from '../../src/raw-node.js';
import { NO_DATA, toIndex, toTerm } from '../../src/types.js';
import { confOf, entryOf, id, TestCluster, TestMember } from '../support/cluster.js';

const heartbeat = (from: number, to: number, term: number): Message => ({
  type: 'MsgHeartbeat',
  from: id(from),
  to: id(to),
  term: toTerm(term),
  commit: toIndex(0),
  context: NO_DATA,
});

const vote = (from: number, to: number, term: number, index: number, logTerm: number): Message => ({
  type: 'MsgVote',
  from: id(from),
  to: id(to),
  term: toTerm(term),
  index: toIndex(index),
  logTerm: toTerm(logTerm),
  transfer: false,
});

const append = (
  term: number,
  index: number,
  logTerm: number,
  terms: number[],
  commit = 0,
): Message => ({
  type: 'MsgApp',
  from: id(2),
  to: id(1),
  term: toTerm(term),
  index: toIndex(index),
  logTerm: toTerm(logTerm),
  entries: terms.map((one, at) => entryOf(one, index + 1 + at)),
  commit: toIndex(commit),
});

const three = confOf(1, 2, 3);

describe('§5.1 Raft basics', () => {
  it.each(['follower', 'candidate', 'leader'])(
    'a %s that sees a later term follows in it',
    (role) => {
      const cluster = new TestCluster(3);
      const member = cluster.member(1);
      if (role === 'candidate') member.node.campaign();
      if (role === 'leader') cluster.elect(1);
      member.node.step(heartbeat(2, 1, 7));
      expect([member.node.role, member.node.term, member.node.leader]).toEqual([
        'follower',
        7,
        id(2),
      ]);
    },
  );

  it('a request of an earlier term changes nothing', () => {
    const member = new TestMember(1, { confState: three, log: [1, 2], term: 5 });
    member.node.step(append(3, 2, 2, [3]));
    member.work();
    expect(member.terms()).toEqual([1, 2]);
    expect(member.node.leader).toBe(0n);
  });
});

describe('§5.2 leader election', () => {
  it('members start as followers', () => {
    expect(new TestMember(1, { confState: three }).node.role).toBe('follower');
  });

  it('a leader sends heartbeats to all others', () => {
    const leader = new TestCluster(3).elect(1);
    leader.node.tick();
    const sent = leader.work();
    expect(sent.map(({ type, to }) => [type, to])).toEqual([
      ['MsgHeartbeat', id(2)],
      ['MsgHeartbeat', id(3)],
    ]);
  });

  it('a follower without a leader becomes a candidate in the next term and votes for itself', () => {
    const member = new TestMember(1, { confState: three, term: 4 });
    member.tick(10);
    const { role, term, vote: votedFor } = member.node.status();
    expect([role, term, votedFor]).toEqual(['candidate', 5, id(1)]);
    expect(member.outbox.map(({ type, to, term: of }) => [type, to, of])).toEqual([
      ['MsgVote', id(2), 5],
      ['MsgVote', id(3), 5],
    ]);
  });

  it('a candidate that times out starts another election', () => {
    const member = new TestMember(1, { confState: three });
    member.tick(10);
    member.tick(10);
    expect([member.node.role, member.node.term]).toEqual(['candidate', 2]);
  });

  it('a heartbeat keeps a follower from campaigning', () => {
    const member = new TestMember(1, { confState: three });
    for (let round = 0; round < 5; round += 1) {
      member.tick(9);
      member.node.step(heartbeat(2, 1, 1));
    }
    expect(member.node.role).toBe('follower');
  });

  it.each([
    [1, [], 'leader'],
    [3, [true], 'leader'],
    [3, [false, false], 'follower'],
    [5, [true, true], 'leader'],
    [5, [true, false], 'candidate'],
    [5, [false, false, false], 'follower'],
  ])('of %i members, with votes %j, the candidate becomes: %s', (size, votes, role) => {
    const confState = confOf(...Array.from({ length: size }, (_, at) => at + 1));
    const member = new TestMember(1, { confState });
    member.node.campaign();
    member.work();
    votes.forEach((granted, at) => {
      const from = id(at + 2);
      member.node.step({ type: 'MsgVoteResp', from, to: id(1), term: toTerm(1), reject: !granted });
    });
    expect(member.node.role).toBe(role);
  });

  it('a vote counts once, also when it arrives twice', () => {
    const member = new TestMember(1, { confState: confOf(1, 2, 3, 4, 5) });
    member.node.campaign();
    member.work();
    for (let copy = 0; copy < 3; copy += 1) {
      member.node.step({
        type: 'MsgVoteResp',
        from: id(2),
        to: id(1),
        term: toTerm(1),
        reject: false,
      });
    }
    expect(member.node.role).toBe('candidate');
  });

  it('a member votes at most once per term, also after a restart', () => {
    const first = new TestMember(1, { confState: three });
    first.node.step(vote(2, 1, 1, 0, 0));
    first.node.step(vote(3, 1, 1, 0, 0));
    const answers = first.work();
    expect(answers).toMatchObject([
      { type: 'MsgVoteResp', to: id(2), reject: false },
      { type: 'MsgVoteResp', to: id(3), reject: true },
    ]);
    const again = new TestMember(1, { confState: three, term: 1, vote: 2 });
    again.node.step(vote(3, 1, 1, 0, 0));
    again.node.step(vote(2, 1, 1, 0, 0));
    expect(again.work()).toMatchObject([{ reject: true }, { reject: false }]);
  });

  it('a candidate gives way to a leader of its term', () => {
    const member = new TestMember(1, { confState: three });
    member.node.campaign();
    member.node.step(heartbeat(3, 1, 1));
    expect([member.node.role, member.node.leader, member.node.term]).toEqual([
      'follower',
      id(3),
      1,
    ]);
  });

  it('election timeouts are drawn between one and two times electionTicks', () => {
    const drawn = new Set<number>();
    for (let value = 0; value < 10; value += 1) {
      const member = new TestMember(1, { confState: three });
      const bounds: number[] = [];
      // The random port is asked for a number below electionTicks.
      const node = new RawNode(
        { id: id(1), electionTicks: 10, preVote: false },
        member.storage,
        (bound) => {
          bounds.push(bound);
          return value;
        },
      );
      let ticks = 0;
      for (; node.role === 'follower'; ticks += 1) node.tick();
      expect(bounds).toEqual([10]);
      drawn.add(ticks);
    }
    expect([...drawn]).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  });
});

describe('§5.3 log replication', () => {
  it('a leader appends a proposal and sends it to all', () => {
    const cluster = new TestCluster(3);
    const leader = cluster.elect(1);
    const result = leader.node.propose([Uint8Array.of(7)]);
    expect(result).toEqual({ outcome: 'appended', term: 1, firstIndex: 2 });
    const sent = leader.work();
    expect(sent).toMatchObject([
      { type: 'MsgApp', to: id(2), index: 1, logTerm: 1, entries: [{ index: 2, term: 1 }] },
      { type: 'MsgApp', to: id(3), index: 1, logTerm: 1, entries: [{ index: 2, term: 1 }] },
    ]);
  });

  it.each([
    [1, 0],
    [2, 1],
    [3, 1],
    [4, 2],
    [5, 2],
  ])('of %i members, an entry is committed when %i others have it', (size, needed) => {
    const cluster = new TestCluster(size);
    const leader = cluster.elect(1);
    cluster.propose(1, 'x');
    const others = new Set(Array.from({ length: needed }, (_, at) => id(at + 2)));
    cluster.settle(({ type, from }) => type === 'MsgAppResp' && !others.has(from));
    expect(leader.node.commit).toBe(2);
    if (needed === 0) return;
    others.delete(id(2));
    cluster.propose(1, 'y');
    cluster.settle(({ type, from }) => type === 'MsgAppResp' && !others.has(from));
    expect(leader.node.commit).toBe(2);
  });

  it('committing an entry commits all before it, of earlier terms too', () => {
    for (const log of [[], [2], [1, 2], [1]]) {
      const cluster = new TestCluster(3, { log, term: 2 });
      const leader = cluster.elect(1);
      expect(leader.applied.map(({ term }) => term)).toEqual([...log, 3]);
    }
  });

  it('a follower learns of the commit and applies in order', () => {
    const cluster = new TestCluster(3);
    cluster.elect(1);
    cluster.propose(1, 'a', 'b');
    cluster.propose(1, 'c');
    cluster.settle();
    for (const member of cluster.members) {
      expect(member.applied.map(({ index }) => index)).toEqual([1, 2, 3, 4]);
    }
  });

  it.each([
    [0, 0, false],
    [1, 1, false],
    [2, 2, false],
    [1, 2, true],
    [2, 1, true],
    [3, 3, true],
  ])('an append after (%i, term %i) is refused: %s', (index, term, reject) => {
    const member = new TestMember(1, { confState: three, log: [1, 2], term: 2 });
    member.node.step(append(5, index, term, []));
    expect(member.work()).toMatchObject([{ type: 'MsgAppResp', reject }]);
  });

  it.each<[number, number, number[], number[], number[]]>([
    [2, 2, [3], [1, 2, 3], [3]],
    [1, 1, [3, 4], [1, 3, 4], [3, 4]],
    [0, 0, [1], [1, 2], []],
    [0, 0, [3], [3], [3]],
  ])('after (%i, term %i), terms %j give the log %j', (index, logTerm, terms, log, written) => {
    const member = new TestMember(1, { confState: three, log: [1, 2], term: 2 });
    member.node.step(append(5, index, logTerm, terms));
    const ready = member.node.ready();
    expect(ready.entries.map(({ term }) => term)).toEqual(written);
    member.storage.append(ready.entries);
    member.node.advance();
    expect(member.terms()).toEqual(log);
  });

  // Figure 7: logs of followers when the leader of term 8 comes to power.
  it.each([
    ['a', [1, 1, 1, 4, 4, 5, 5, 6, 6]],
    ['b', [1, 1, 1, 4]],
    ['c', [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6]],
    ['d', [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7]],
    ['e', [1, 1, 1, 4, 4, 4, 4]],
    ['f', [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3]],
  ])('figure 7 (%s): the leader makes the log equal to its own', (_name, log) => {
    const lead = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6];
    // The third member's vote is needed, since that of (d) cannot be had.
    const cluster = new TestCluster(3, [
      { log: lead, term: 7 },
      { log, term: 7 },
      { log: [], term: 7 },
    ]);
    cluster.elect(1);
    expect(cluster.member(2).terms()).toEqual([...lead, 8]);
    expect(cluster.member(3).terms()).toEqual([...lead, 8]);
  });

  it('finding where logs meet takes one probe per term, not per entry', () => {
    const lead = [1, ...new Array<number>(300).fill(6)];
    const log = [1, ...new Array<number>(200).fill(3)];
    const cluster = new TestCluster(3, [
      { log: lead, term: 6 },
      { log, term: 6 },
      { log: lead, term: 6 },
    ]);
    cluster.member(1).node.campaign();
    let refusals = 0;
    cluster.settle((message) => {
      if (message.type === 'MsgAppResp' && message.reject) refusals += 1;
      return false;
    });
    expect(cluster.member(2).terms()).toEqual([...lead, 7]);
    expect(refusals).toBeLessThanOrEqual(2);
  });
});

describe('§5.4 safety', () => {
  it.each([
    // Ours ends with (index, term); theirs; whether they get the vote.
    [[1, 1], 1, 1, false],
    [[1], 1, 1, true],
    [[1], 2, 1, true],
    [[1, 1], 1, 2, true],
    [[1, 2], 2, 1, false],
    [[1, 2], 9, 1, false],
    [[2], 1, 1, false],
  ])(
    '§5.4.1 with log %j, a candidate at index %i of term %i gets the vote: %s',
    (log, index, term, granted) => {
      const member = new TestMember(1, { confState: three, log, term: 3 });
      member.node.step(vote(2, 1, 4, index, term));
      expect(member.work()).toMatchObject([{ type: 'MsgVoteResp', reject: !granted }]);
    },
  );

  it('§5.4.2 an entry of an earlier term is not committed by counting (figure 8)', () => {
    // One entry to a message: the others acknowledge that of term 2 by itself.
    const config = { messageBytesMax: 1 };
    const cluster = new TestCluster(3, [
      { log: [1, 2], term: 2, config },
      { log: [1], term: 2, config },
      { log: [1], term: 2, config },
    ]);
    const leader = cluster.member(1);
    leader.node.campaign();
    // The others get the entry of term 2, but not the leader's own of term 3.
    const ownEntry = (message: Message): boolean =>
      message.type === 'MsgAppResp' && message.index > 2;
    cluster.settle(ownEntry);
    for (const other of [2, 3]) {
      expect(leader.node.status().progress.get(id(other))?.match).toBe(2);
    }
    expect(leader.node.commit).toBe(0);
    cluster.settle();
    leader.node.tick();
    cluster.settle();
    expect(leader.node.commit).toBe(3);
  });
});
