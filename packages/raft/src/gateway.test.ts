/** B-201 and H-R10: what no correct member sends is a typed error and changes nothing. */
import { describe, expect, it } from 'vitest';
import { confOf, entryOf, id, TestCluster, TestMember } from '../test/support/cluster.js';
import type { RaftErrorCode } from './errors.js';
import type { Message } from './message.js';
import { EMPTY_CONF_STATE, NO_DATA, NO_TERM, toIndex, toTerm } from './types.js';

const route = { from: id(2), to: id(1), term: toTerm(3) };
const none = { reject: false, rejectHint: toIndex(0), logTerm: toTerm(0) };

function appendOf(
  index: number,
  logTerm: number,
  entries: [term: number, index: number][],
): Message {
  return {
    type: 'MsgApp',
    ...route,
    index: toIndex(index),
    logTerm: toTerm(logTerm),
    commit: toIndex(0),
    entries: entries.map(([term, at]) => entryOf(term, at)),
  };
}

function snapshotOf(index: number, term: number, confState = confOf(1, 2)): Message {
  const meta = { index: toIndex(index), term: toTerm(term), confState };
  return { type: 'MsgSnap', ...route, snapshot: { meta, data: NO_DATA } };
}

describe('messages that no correct member sends', () => {
  it.each<[string, Message, RaftErrorCode]>([
    [
      'a gap between entries',
      appendOf(1, 1, [
        [1, 2],
        [1, 4],
      ]),
      'invalidMessage',
    ],
    ['entries that do not follow', appendOf(1, 1, [[1, 3]]), 'invalidMessage'],
    [
      'terms that fall',
      appendOf(1, 1, [
        [2, 2],
        [1, 3],
      ]),
      'invalidMessage',
    ],
    ['entries of an earlier term than the one before', appendOf(1, 2, [[1, 2]]), 'invalidMessage'],
    ["entries of a later term than the message's", appendOf(1, 1, [[4, 2]]), 'invalidMessage'],
    ["a predecessor of a later term than the message's", appendOf(1, 4, []), 'invalidMessage'],
    ['an append without a term', { ...appendOf(1, 1, []), term: NO_TERM }, 'invalidMessage'],
    [
      'a heartbeat without a term',
      { type: 'MsgHeartbeat', ...route, term: NO_TERM, commit: toIndex(0), context: NO_DATA },
      'invalidMessage',
    ],
    [
      'a vote without a term',
      { type: 'MsgVoteResp', ...route, term: NO_TERM, reject: false },
      'invalidMessage',
    ],
    ['no sender', { type: 'MsgTimeoutNow', ...route, from: id(0) }, 'invalidMessage'],
    ['another receiver (H-C6)', { type: 'MsgTimeoutNow', ...route, to: id(7) }, 'invalidMessage'],
    [
      'a proposal of nothing',
      { type: 'MsgProp', ...route, term: NO_TERM, entries: [] },
      'invalidMessage',
    ],
    [
      'a proposal of a malformed change',
      {
        type: 'MsgProp',
        ...route,
        term: NO_TERM,
        entries: [{ ...entryOf(0, 0, '\xff'), type: 'confChange' }],
      },
      'invalidMessage',
    ],
    ['an empty snapshot', snapshotOf(0, 0), 'invalidMessage'],
    ['a snapshot of a later term', snapshotOf(5, 4), 'invalidMessage'],
    [
      'a snapshot with an unsound configuration',
      snapshotOf(5, 2, { ...EMPTY_CONF_STATE, voters: [id(1)], learners: [id(1)] }),
      'invalidMessage',
    ],
    [
      'H-R10: a commit index beyond what this member ever acknowledged to have',
      { type: 'MsgHeartbeat', ...route, commit: toIndex(9), context: NO_DATA },
      'commitBeyondLog',
    ],
  ])('%s', (_name, message, code) => {
    const member = new TestMember(1, { confState: confOf(1, 2, 3), log: [1, 1], term: 1 });
    const before = member.node.status();
    expect(() => member.node.step(message)).toThrow(expect.objectContaining({ code }) as Error);
    expect(member.node.status()).toEqual(before);
    expect(member.node.hasReady()).toBe(false);
  });

  it('an acknowledgement of entries that the leader never had', () => {
    const leader = new TestCluster(3).elect(1);
    const message: Message = {
      type: 'MsgAppResp',
      ...route,
      term: toTerm(1),
      index: toIndex(99),
      ...none,
    };
    expect(() => leader.node.step(message)).toThrow(/acknowledges 99, but the log ends at 1/);
  });

  it('H-R10: the error tells the operator what to do', () => {
    const member = new TestMember(1, { confState: confOf(1, 2, 3) });
    expect(() =>
      member.node.step({ type: 'MsgHeartbeat', ...route, commit: toIndex(9), context: NO_DATA }),
    ).toThrow(/data was lost .* remove the member and add it again/);
  });

  it('an old heartbeat is outdated, not a sign of loss', () => {
    const member = new TestMember(1, { confState: confOf(1, 2, 3), term: 5 });
    const message: Message = {
      type: 'MsgHeartbeat',
      ...route,
      commit: toIndex(9),
      context: NO_DATA,
    };
    expect(member.node.step(message)).toBe('stepped');
  });

  it('answers from outside of the configuration are ignored, and told', () => {
    const leader = new TestCluster(3).elect(1);
    const message: Message = {
      type: 'MsgAppResp',
      ...route,
      from: id(9),
      term: toTerm(9),
      index: toIndex(1),
      ...none,
    };
    expect(leader.node.step(message)).toBe('unknownPeer');
    expect(leader.node.term).toBe(1);
  });

  it('a vote request from outside is heard: the member may have been added without our knowing', () => {
    const member = new TestMember(1, { confState: confOf(1, 2, 3) });
    const last = { index: toIndex(5), logTerm: toTerm(2), transfer: false };
    expect(member.node.step({ type: 'MsgVote', ...route, from: id(9), ...last })).toBe('stepped');
    expect(member.work()).toMatchObject([{ type: 'MsgVoteResp', to: id(9), reject: false }]);
  });
});
