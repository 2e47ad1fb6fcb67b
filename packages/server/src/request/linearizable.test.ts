/** Rounds of linearizable reads: who is served by which round, and how rounds fail (semantics.md §2, observed 8). */
import { toIndex, type LogIndex } from '@kv/raft';
import { beforeEach, describe, expect, it } from 'vitest';
import { Linearizable, type Reader } from './linearizable.js';

let asked: Uint8Array[];
let applied: number;
let waiting: { readonly index: LogIndex; readonly reached: () => void }[];
let reads: Linearizable;
let heard: string[];

beforeEach(() => {
  asked = [];
  applied = 5;
  waiting = [];
  heard = [];
  reads = new Linearizable(
    {
      requestIndex: (context) => asked.push(context),
      whenApplied: (index, reached) => {
        if (index <= applied) reached();
        else waiting.push({ index, reached });
      },
      requestTimeoutMs: 7000,
      roundFailed: () => undefined,
    },
    1,
  );
});

const reader = (name: string): Reader => ({
  ready: () => heard.push(`${name} ready`),
  failed: (failure) => heard.push(`${name} ${failure}`),
});
const answer = (n: number, index = 5): void => {
  reads.confirmed(asked[n] ?? new Uint8Array(0), toIndex(index));
};

describe('a round', () => {
  it('serves all who were there when it began; later ones wait for the next (I6)', () => {
    reads.join(reader('a'));
    reads.join(reader('b'));
    reads.begin(0);
    reads.join(reader('late'));
    expect(reads.wantsRound).toBe(false);
    answer(0);
    expect(heard).toEqual(['a ready', 'b ready']);
    expect(reads.wantsRound).toBe(true);
    reads.begin(1);
    answer(0);
    expect(heard).toHaveLength(2);
    answer(1);
    expect(heard.at(-1)).toBe('late ready');
  });

  it('waits until its index is applied', () => {
    reads.join(reader('a'));
    reads.begin(0);
    answer(0, 9);
    expect(heard).toEqual([]);
    waiting[0]?.reached();
    expect(heard).toEqual(['a ready']);
  });

  it('asks again after 500 ms with another context; an answer to either is good', () => {
    reads.join(reader('a'));
    reads.begin(0);
    reads.tick(400);
    expect(asked).toHaveLength(1);
    reads.tick(500);
    expect(asked).toHaveLength(2);
    expect(asked[0]).not.toEqual(asked[1]);
    answer(0);
    expect(heard).toEqual(['a ready']);
    answer(1);
    expect(heard).toHaveLength(1);
  });

  it('asks again when a term begins', () => {
    reads.join(reader('a'));
    reads.begin(0);
    reads.termBegan(10);
    expect(asked).toHaveLength(2);
  });

  it('fails all its readers after the request timeout, and no others', () => {
    reads.join(reader('a'));
    reads.begin(0);
    reads.join(reader('later'));
    reads.tick(6999);
    expect(heard).toEqual([]);
    reads.tick(7000);
    expect(heard).toEqual(['a timedOut']);
    reads.begin(7000);
    reads.tick(14_000);
    expect(heard.at(-1)).toBe('later timedOut');
  });

  it('fails when the leader changes', () => {
    reads.join(reader('a'));
    reads.begin(0);
    reads.leaderChanged();
    expect(heard).toEqual(['a leaderChanged']);
    answer(0);
    expect(heard).toHaveLength(1);
  });

  it('stopping fails everybody, also who waits for the applied index, and who comes later', () => {
    reads.join(reader('applying'));
    reads.begin(0);
    answer(0, 9);
    reads.join(reader('asking'));
    reads.begin(1);
    reads.join(reader('waiting'));
    reads.stop();
    reads.join(reader('late'));
    expect(heard.sort()).toEqual(
      ['applying stopped', 'asking stopped', 'late stopped', 'waiting stopped'].sort(),
    );
    waiting[0]?.reached();
    expect(heard).toHaveLength(4);
  });

  it('answers that nobody asked for are ignored', () => {
    answer(0);
    reads.confirmed(new Uint8Array(3), toIndex(1));
    expect(heard).toEqual([]);
  });
});
