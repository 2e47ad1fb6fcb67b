/** Claims of section 6 and 7 of the Raft paper, and of the thesis: joint consensus, snapshots, transfer, reads, pre-vote. */
import { describe, expect, it } from 'vitest';
import { LEAVE_JOINT } from '../../src/conf-change.js';
import type { Message } from '../../src/message.js';
import { READS_WAITING_MAX } from '../../src/read-queue.js';
import { EMPTY_CONF_STATE, NO_DATA, toIndex } from '../../src/types.js';
import { confOf, id, TestCluster, TestMember } from '../support/cluster.js';

const context = (name: string): Uint8Array => Uint8Array.from(name, (char) => char.charCodeAt(0));

describe('§6 cluster membership changes', () => {
  const replace = {
    transition: 'jointExplicit',
    changes: [
      { type: 'addNode', nodeId: id(4) },
      { type: 'removeNode', nodeId: id(3) },
    ],
    context: NO_DATA,
  } as const;

  it('while a configuration is joint, both majorities are needed', () => {
    const cluster = new TestCluster(3);
    const leader = cluster.elect(1);
    leader.node.proposeConfChange(replace);
    cluster.settle();
    const joint = leader.node.status().config;
    expect([joint.voters, joint.votersOutgoing]).toEqual([
      [id(1), id(2), id(4)],
      [id(1), id(2), id(3)],
    ]);
    // Neither 3 nor 4 answers: 1 and 2 are majorities of both. Without 2 there is no majority of either.
    cluster.isolate(2);
    cluster.propose(1, 'x');
    cluster.settle();
    const before = leader.node.commit;
    expect(before).toBeLessThan(leader.node.lastIndex);
    cluster.heal();
    leader.node.tick();
    cluster.settle();
    expect(leader.node.commit).toBe(leader.node.lastIndex);
  });

  it('an explicit joint configuration is left on demand, and not twice', () => {
    const cluster = new TestCluster(3);
    const leader = cluster.elect(1);
    leader.node.proposeConfChange(replace);
    cluster.settle();
    leader.node.proposeConfChange(LEAVE_JOINT);
    cluster.settle();
    expect(leader.node.status().config).toEqual({
      ...EMPTY_CONF_STATE,
      voters: [id(1), id(2), id(4)],
    });
    const last = leader.node.lastIndex;
    leader.node.proposeConfChange(LEAVE_JOINT);
    cluster.settle();
    expect(leader.applied.find(({ index }) => index === last + 1)).toMatchObject({
      type: 'normal',
    });
  });

  it('H-C9: a new leader accepts no change before everything before it is applied', () => {
    const cluster = new TestCluster(3);
    const leader = cluster.member(1);
    leader.node.campaign();
    cluster.settle(({ type }) => type === 'MsgAppResp');
    expect([leader.node.role, leader.node.commit]).toEqual(['leader', 0]);
    leader.node.proposeConfChange({ id: 1n, type: 'addNode', nodeId: id(4), context: NO_DATA });
    leader.node.proposeConfChange({ id: 2n, type: 'addNode', nodeId: id(5), context: NO_DATA });
    leader.node.tick();
    cluster.settle();
    expect(leader.applied.map(({ type }) => type)).toEqual(['normal', 'confChange', 'normal']);
  });

  it('a new member is caught up and then counts', () => {
    const cluster = new TestCluster(1);
    const leader = cluster.elect(1);
    cluster.propose(1, 'a', 'b');
    cluster.settle();
    const joiner = cluster.add(2, { confState: confOf(1) });
    leader.node.proposeConfChange({
      id: 1n,
      type: 'addLearnerNode',
      nodeId: id(2),
      context: NO_DATA,
    });
    cluster.settle();
    expect(joiner.node.lastIndex).toBe(leader.node.lastIndex);
    expect(leader.node.status().config.learners).toEqual([id(2)]);
    // A learner does not count.
    cluster.isolate(2);
    cluster.propose(1, 'c');
    cluster.settle();
    expect(leader.node.commit).toBe(leader.node.lastIndex);
    cluster.heal();
    leader.node.proposeConfChange({ id: 2n, type: 'addNode', nodeId: id(2), context: NO_DATA });
    leader.node.tick();
    cluster.settle();
    expect(joiner.node.status().config).toEqual(confOf(1, 2));
    // Now it does.
    cluster.isolate(2);
    cluster.propose(1, 'd');
    cluster.settle();
    expect(leader.node.commit).toBeLessThan(leader.node.lastIndex);
  });

  it('H-C8: a removed member with pre-vote does not disturb the others', () => {
    const cluster = new TestCluster(3, { config: { preVote: true, checkQuorum: true } });
    const leader = cluster.elect(1);
    cluster.isolate(3);
    leader.node.proposeConfChange({ id: 1n, type: 'removeNode', nodeId: id(3), context: NO_DATA });
    cluster.settle();
    cluster.heal();
    for (let ticks = 0; ticks < 50; ticks += 1) {
      for (const member of cluster.members) member.node.tick();
      cluster.settle();
    }
    expect([leader.node.role, leader.node.term]).toEqual(['leader', 1]);
  });

  it('an application may refuse a change when it applies it, with identifier 0', () => {
    const cluster = new TestCluster(1);
    const { node } = cluster.elect(1);
    const before = node.status().config;
    expect(
      node.applyConfChange({ id: 1n, type: 'removeNode', nodeId: id(0), context: NO_DATA }),
    ).toEqual(before);
  });

  it('a change that does not fit, and was not checked, is a typed error', () => {
    const { node } = new TestCluster(1).elect(1);
    expect(() => node.applyConfChange(LEAVE_JOINT)).toThrow(
      expect.objectContaining({ code: 'invalidConfChange' }) as Error,
    );
  });
});

describe('§7 log compaction', () => {
  it('F-3: a follower that needs released entries gets a snapshot, and goes on behind it', () => {
    const cluster = new TestCluster(3);
    const leader = cluster.elect(1);
    cluster.isolate(3);
    cluster.propose(1, 'a', 'b', 'c');
    cluster.settle();
    leader.storage.createSnapshot(leader.node.applied, confOf(1, 2, 3), context('state'));
    leader.storage.releaseUpTo(leader.node.applied);
    cluster.propose(1, 'd');
    cluster.settle();
    cluster.heal();
    const sent: Message['type'][] = [];
    leader.node.tick();
    cluster.settle(({ type }) => {
      sent.push(type);
      return false;
    });
    expect(sent).toContain('MsgSnap');
    const late = cluster.member(3);
    expect(late.node.commit).toBe(5);
    expect(late.storage.snapshot().data).toEqual(context('state'));
    expect(late.applied.map(({ index }) => index)).toEqual([1, 5]);
    expect(leader.node.status().progress.get(id(3))).toMatchObject({
      state: 'replicate',
      match: 5,
    });
  });

  it('a snapshot of what the log has only moves the commit', () => {
    const member = new TestMember(1, { confState: confOf(1, 2), log: [1, 1, 1], term: 1 });
    const meta = { index: toIndex(2), term: member.node.term, confState: confOf(1, 2) };
    member.node.step({
      type: 'MsgSnap',
      from: id(2),
      to: id(1),
      term: member.node.term,
      snapshot: { meta, data: NO_DATA },
    });
    expect(member.node.commit).toBe(2);
    expect(member.work()).toMatchObject([{ type: 'MsgAppResp', index: 2 }]);
    expect(member.terms()).toEqual([1, 1, 1]);
  });

  it('a leader without a snapshot at hand waits', () => {
    const cluster = new TestCluster(2);
    const leader = cluster.elect(1);
    cluster.isolate(2);
    cluster.propose(1, 'a');
    cluster.settle();
    expect(leader.storage.snapshot().meta.index).toBe(0);
    expect(leader.node.status().progress.get(id(2))?.state).toBe('replicate');
  });
});

describe('thesis §3.10 leadership transfer', () => {
  it('an up-to-date target takes over at once, past pre-vote and check quorum', () => {
    const cluster = new TestCluster(3, { config: { preVote: true, checkQuorum: true } });
    cluster.elect(1);
    cluster.member(1).node.transferLeader(id(3));
    cluster.settle();
    expect(cluster.members.map(({ node }) => node.leader)).toEqual([id(3), id(3), id(3)]);
    expect(cluster.member(3).node.term).toBe(2);
  });

  it('a follower passes the wish on to the leader', () => {
    const cluster = new TestCluster(3);
    cluster.elect(1);
    cluster.member(2).node.transferLeader(id(2));
    cluster.settle();
    expect(cluster.member(2).node.role).toBe('leader');
  });

  it.each([
    ['itself', 1],
    ['a learner', 4],
    ['nobody', 9],
  ])('a transfer to %s is ignored', (_name, target) => {
    const confState = { ...confOf(1, 2, 3), learners: [id(4)] };
    const cluster = new TestCluster(4, { confState });
    const leader = cluster.elect(1);
    leader.node.transferLeader(id(target));
    expect(leader.node.status().transferee).toBe(0n);
    expect(leader.node.propose([NO_DATA])).toMatchObject({ outcome: 'appended' });
  });

  it('is given up after a whole election timeout, whenever it began', () => {
    const cluster = new TestCluster(3);
    const leader = cluster.elect(1);
    leader.tick(7);
    cluster.isolate(3);
    leader.node.transferLeader(id(3));
    leader.tick(9);
    expect(leader.node.status().transferee).toBe(id(3));
    leader.tick(1);
    expect(leader.node.status().transferee).toBe(0n);
  });

  it('the removal of the target ends the transfer', () => {
    const cluster = new TestCluster(3);
    const leader = cluster.elect(1);
    leader.node.proposeConfChange({ id: 1n, type: 'removeNode', nodeId: id(3), context: NO_DATA });
    cluster.isolate(3);
    leader.node.transferLeader(id(3));
    cluster.settle();
    expect(leader.node.status().transferee).toBe(0n);
  });
});

describe('thesis §6.4 linearizable reads', () => {
  it('F-2: a read waits for a quorum that answers after it came', () => {
    const cluster = new TestCluster(3);
    const leader = cluster.elect(1);
    leader.node.readIndex(context('r1'));
    leader.work();
    expect(leader.readStates).toEqual([]);
    cluster.settle();
    expect(leader.readStates).toEqual([{ index: 1, context: context('r1') }]);
  });

  it('H-C1: an answer to an earlier heartbeat does not confirm a later read', () => {
    const cluster = new TestCluster(3);
    const leader = cluster.elect(1);
    leader.node.readIndex(context('r1'));
    const earlier = leader.work();
    cluster.member(2).node.step(earlier.find(({ to }) => to === id(2)) ?? fail());
    const [answer = fail()] = cluster.member(2).work();
    leader.node.readIndex(context('r2'));
    leader.node.step(answer);
    leader.work();
    expect(leader.readStates.map((state) => state.context)).toEqual([context('r1')]);
    leader.node.step(answer);
    leader.work();
    expect(leader.readStates).toHaveLength(1);
  });

  it('H-C2: a read that waits when leadership is lost is not answered when it comes back', () => {
    const cluster = new TestCluster(3);
    const leader = cluster.elect(1);
    leader.node.readIndex(context('r1'));
    cluster.settle(({ type }) => type === 'MsgHeartbeat');
    cluster.elect(2);
    cluster.elect(1);
    leader.node.tick();
    cluster.settle();
    expect([leader.node.role, leader.readStates]).toEqual(['leader', []]);
  });

  it('a leader that is cut off confirms nothing', () => {
    const cluster = new TestCluster(3);
    const leader = cluster.elect(1);
    cluster.isolate(1);
    leader.node.readIndex(context('r1'));
    leader.tick(3);
    cluster.settle();
    expect(leader.readStates).toEqual([]);
  });

  it('a heartbeat is another chance for a read whose confirmation was lost', () => {
    const cluster = new TestCluster(3);
    const leader = cluster.elect(1);
    leader.node.readIndex(context('r1'));
    cluster.settle(({ type }) => type === 'MsgHeartbeat');
    leader.node.tick();
    cluster.settle();
    expect(leader.readStates).toHaveLength(1);
  });

  it('H-C3: a new leader answers only when it has committed in its term', () => {
    const cluster = new TestCluster(3);
    const leader = cluster.member(1);
    leader.node.campaign();
    cluster.settle(({ type }) => type === 'MsgAppResp');
    leader.node.readIndex(context('r1'));
    cluster.settle(({ type }) => type === 'MsgAppResp');
    expect(leader.readStates).toEqual([]);
    leader.node.tick();
    cluster.settle();
    expect(leader.readStates).toEqual([{ index: 1, context: context('r1') }]);
  });

  it('reads that waited for that commit are confirmed by one heartbeat, however many they are', () => {
    const cluster = new TestCluster(3);
    const leader = cluster.member(1);
    leader.node.campaign();
    cluster.settle(({ type }) => type === 'MsgAppResp');
    for (let read = 0; read < 100; read += 1) leader.node.readIndex(context(`r${read}`));
    leader.node.tick();
    let heartbeats = 0;
    cluster.settle(({ type, to }) => {
      if (type === 'MsgHeartbeat' && to === id(2)) heartbeats += 1;
      return false;
    });
    expect(leader.readStates).toHaveLength(100);
    expect(heartbeats, 'that of the tick, and one for all').toBe(2);
  });

  it('G-15: a leader that is cut off keeps so many reads and drops the rest', () => {
    const cluster = new TestCluster(3);
    const leader = cluster.elect(1);
    cluster.isolate(1);
    for (let read = 0; read <= READS_WAITING_MAX; read += 1) {
      leader.node.readIndex(context(`r${read}`));
      leader.outbox.length = 0;
      if (read % 1000 === 0) leader.work();
    }
    cluster.heal();
    leader.node.tick();
    cluster.settle();
    expect(leader.readStates).toHaveLength(READS_WAITING_MAX);
  });

  it('H-C3: so does a single voter, whose commit index on disk may lag behind', () => {
    const member = new TestMember(1, { confState: confOf(1), log: [1, 1, 1], term: 1, commit: 1 });
    member.node.campaign();
    member.work();
    const fresh = new TestMember(1, { confState: confOf(1), log: [1, 1, 1], term: 1, commit: 1 });
    fresh.node.campaign();
    const ready = fresh.node.ready();
    if (ready.hardState !== undefined) fresh.storage.setHardState(ready.hardState);
    fresh.node.advance();
    expect([fresh.node.role, fresh.node.commit]).toEqual(['leader', 1]);
    fresh.node.readIndex(context('r1'));
    fresh.work();
    expect(fresh.readStates).toEqual([{ index: 4, context: context('r1') }]);
    member.node.readIndex(context('r2'));
    member.work();
    expect(member.readStates).toEqual([{ index: 4, context: context('r2') }]);
  });

  it('a follower asks the leader; without one the request is dropped', () => {
    const cluster = new TestCluster(3);
    cluster.member(2).node.readIndex(context('r0'));
    cluster.elect(1);
    cluster.propose(1, 'x');
    cluster.settle();
    cluster.member(2).node.readIndex(context('r1'));
    cluster.settle();
    expect(cluster.member(2).readStates).toEqual([{ index: 2, context: context('r1') }]);
  });

  it('a leader that was removed does not answer for the voter that is left', () => {
    const cluster = new TestCluster(2);
    const leader = cluster.elect(1);
    leader.node.proposeConfChange({ id: 1n, type: 'removeNode', nodeId: id(1), context: NO_DATA });
    cluster.settle();
    expect([leader.node.role, leader.node.status().config.voters]).toEqual(['leader', [id(2)]]);
    cluster.isolate(2);
    leader.node.readIndex(context('r1'));
    cluster.settle();
    expect(leader.readStates).toEqual([]);
  });

  it('with leases the leader answers by itself', () => {
    const cluster = new TestCluster(3, {
      config: { readIndexMode: 'leaseBased', checkQuorum: true },
    });
    const leader = cluster.elect(1);
    leader.node.readIndex(context('r1'));
    leader.work();
    expect(leader.readStates).toHaveLength(1);
  });
});

describe('thesis §9.6 and §4.2.3: disruptive members', () => {
  it('F-6, H-C8: a member that was cut off comes back without raising the term', () => {
    const cluster = new TestCluster(3, { config: { preVote: true, checkQuorum: true } });
    cluster.elect(1);
    cluster.isolate(3);
    cluster.member(3).tick(100);
    expect(cluster.member(3).node.term).toBe(1);
    cluster.heal();
    cluster.settle();
    cluster.member(1).node.tick();
    cluster.settle();
    expect(cluster.members.map(({ node }) => [node.term, node.leader])).toEqual([
      [1, id(1)],
      [1, id(1)],
      [1, id(1)],
    ]);
  });

  it('F-6: check quorum: a leader that hears from no quorum steps down', () => {
    const cluster = new TestCluster(3, { config: { checkQuorum: true } });
    const leader = cluster.elect(1);
    cluster.isolate(1);
    leader.tick(20);
    expect([leader.node.role, leader.node.leader]).toEqual(['follower', 0n]);
  });

  it('check quorum: voters that hear from a leader ignore candidates', () => {
    const cluster = new TestCluster(3, { config: { checkQuorum: true } });
    cluster.elect(1);
    cluster.member(3).node.campaign();
    cluster.settle(({ type }) => type === 'MsgApp' || type === 'MsgHeartbeat');
    expect(cluster.member(2).node.term).toBe(1);
    expect(cluster.member(1).node.role).toBe('leader');
  });

  it('a stuck member of a later term frees itself: the leader learns of its term', () => {
    const cluster = new TestCluster(3, { config: { checkQuorum: true } });
    const leader = cluster.elect(1);
    cluster.isolate(3);
    cluster.member(3).tick(30);
    expect(cluster.member(3).node.term).toBeGreaterThan(1);
    cluster.heal();
    leader.node.tick();
    cluster.settle();
    expect(leader.node.term).toBe(cluster.member(3).node.term);
  });

  it('a follower told to forget its leader votes at once', () => {
    const cluster = new TestCluster(3, { config: { preVote: true, checkQuorum: true } });
    cluster.elect(1);
    cluster.isolate(1);
    cluster.member(2).node.forgetLeader();
    expect(cluster.member(2).node.leader).toBe(0n);
    cluster.elect(3);
    expect(cluster.member(3).node.role).toBe('leader');
  });
});

function fail(): never {
  throw new Error('there is nothing of the kind');
}
