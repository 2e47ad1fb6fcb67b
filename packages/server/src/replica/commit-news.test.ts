/** What only tells how far is committed waits for the entries that tell it too, and never for longer. */
import { toIndex, toTerm, type Entry, type LogIndex, type Message } from '@kv/raft';
import { beforeEach, describe, expect, it } from 'vitest';
import type { MemberId } from '../ids.js';
import { CommitNews } from './commit-news.js';

const self = 1n as MemberId;
const a = 2n as MemberId;
const b = 3n as MemberId;
const term = toTerm(4);
const entry: Entry = { term, index: toIndex(8), type: 'normal', data: new Uint8Array(1) };

function append(to: MemberId, commit: LogIndex, entries: readonly Entry[] = []): Message {
  const index = toIndex(7);
  return { type: 'MsgApp', from: self, to, term, index, logTerm: term, entries, commit };
}
const heartbeat: Message = {
  type: 'MsgHeartbeat',
  from: self,
  to: a,
  term,
  commit: toIndex(5),
  context: new Uint8Array(0),
};

let news: CommitNews;
beforeEach(() => {
  news = new CommitNews();
});

describe('a message that only tells how far is committed', () => {
  it('is sent at once when no entries are about to follow', () => {
    const told = append(a, toIndex(6));
    expect(news.sift([told], false)).toEqual([told]);
    expect(news.release()).toEqual([]);
  });

  it('is held while entries are about to follow, the newest for each member, and released in the end', () => {
    const newest = append(a, toIndex(7));
    const other = append(b, toIndex(6));
    expect(news.sift([append(a, toIndex(6)), other], true)).toEqual([]);
    expect(news.sift([newest], true)).toEqual([]);
    expect(news.isHeld).toBe(true);
    expect(news.release()).toEqual([newest, other]);
    expect(news.isHeld).toBe(false);
  });

  it('is not sent at all once entries went to the member, and is to the others', () => {
    const other = append(b, toIndex(6));
    const entries = append(a, toIndex(6), [entry]);
    news.sift([append(a, toIndex(6)), other], true);
    expect(news.sift([entries], false)).toEqual([entries]);
    expect(news.release()).toEqual([other]);
  });

  it('does not come after a newer one that was sent', () => {
    const newer = append(a, toIndex(7));
    news.sift([append(a, toIndex(6))], true);
    expect(news.sift([newer], false)).toEqual([newer]);
    expect(news.release()).toEqual([]);
  });

  it('holds up nothing else: entries, heartbeats', () => {
    const entries = append(a, toIndex(6), [entry]);
    expect(news.sift([heartbeat, entries], true)).toEqual([heartbeat, entries]);
  });
});
