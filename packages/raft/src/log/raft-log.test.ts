/** The log in two parts against one plain array, and the rules by which entries are appended. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entriesSize } from '../codec/entry.js';
import { InvariantViolation } from '../invariant.js';
import { MemoryStorage } from '../memory-storage.js';
import { EMPTY_CONF_STATE, NO_DATA, toIndex, toTerm, type Entry } from '../types.js';
import { findSliceFlaw } from './log-slice.js';
import { RaftLog } from './raft-log.js';

const entry = (term: number, index: number): Entry => ({
  term: toTerm(term),
  index: toIndex(index),
  type: 'normal',
  data: new Uint8Array(index % 7),
});

const run = (from: number, terms: readonly number[]): Entry[] =>
  terms.map((term, at) => entry(term, from + at));

/** `stable` and `unstable` are the terms of the two parts. */
function logOf(stable: readonly number[], unstable: readonly number[] = []): RaftLog {
  const storage = new MemoryStorage();
  storage.append(run(1, stable));
  const log = new RaftLog(storage, Infinity, () => undefined);
  log.append(run(stable.length + 1, unstable));
  return log;
}

describe('RaftLog', () => {
  it('reads the same, wherever the border between its parts is', () => {
    const terms = fc.array(fc.nat(2), { minLength: 1, maxLength: 12 }).map((steps) => {
      let term = 1;
      return steps.map((step) => (term += step));
    });
    fc.assert(
      fc.property(
        terms,
        fc.nat(12),
        fc.nat(12),
        fc.nat(12),
        fc.nat(120),
        (all, cut, one, two, bytesMax) => {
          const border = Math.min(cut, all.length);
          const log = logOf(all.slice(0, border), all.slice(border));
          const plain = run(1, all);
          expect(log.lastId()).toEqual({ index: all.length, term: all[all.length - 1] });
          for (let index = 0; index <= all.length + 2; index += 1) {
            const expected = index === 0 ? 0 : plain[index - 1]?.term;
            expect(log.term(toIndex(index))).toBe(expected);
          }
          const from = 1 + Math.min(one, two, all.length - 1);
          const to = Math.max(from + 1, Math.min(1 + Math.max(one, two), all.length + 1));
          const read = log.slice(toIndex(from), toIndex(to), bytesMax);
          const wanted = plain.slice(from - 1, to - 1);
          expect(read).toEqual(wanted.slice(0, read.length));
          expect(read.length).toBeGreaterThan(0);
          if (read.length > 1) expect(entriesSize(read)).toBeLessThanOrEqual(bytesMax);
          const more = wanted.slice(0, read.length + 1);
          if (more.length > read.length) expect(entriesSize(more)).toBeGreaterThan(bytesMax);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it.each([
    [[1, 1, 2], 3, 2, 3, 2],
    [[1, 1, 2], 3, 1, 2, 1],
    [[1, 3, 3, 3, 5, 5], 6, 2, 1, 1],
    [[4, 4], 2, 3, 0, 0],
    [[1, 2], 9, 2, 9, 0],
  ])(
    'log %j, from %i for term %i: may match at %i of term %i',
    (terms, index, term, at, ofTerm) => {
      const found = logOf(terms).findConflictByTerm(toIndex(index), toTerm(term));
      expect(found).toEqual({ index: at, term: ofTerm });
    },
  );

  it('R3: an append to what is committed is a bug', () => {
    const log = logOf([1, 1], [1]);
    log.commitTo(toIndex(2));
    expect(() => {
      log.append(run(2, [2]));
    }).toThrow(InvariantViolation);
    log.append(run(3, [2]));
    expect(log.lastId()).toEqual({ index: 3, term: 2 });
  });

  it('R2: nothing is committed that is not there, and nothing applied that is not committed', () => {
    const log = logOf([1, 1]);
    expect(() => {
      log.commitTo(toIndex(3));
    }).toThrow(InvariantViolation);
    log.commitTo(toIndex(1));
    expect(() => {
      log.appliedTo(toIndex(2), []);
    }).toThrow(InvariantViolation);
  });

  it('entries that are not stable are applied only where that is allowed', () => {
    const log = logOf([1], [1, 1]);
    log.commitTo(toIndex(3));
    expect(log.nextCommitted(true).map(({ index }) => index)).toEqual([1, 2, 3]);
    expect(log.nextCommitted(false).map(({ index }) => index)).toEqual([1]);
  });

  it('a snapshot comes before anything behind it', () => {
    const log = logOf([1]);
    const meta = { index: toIndex(9), term: toTerm(2), confState: EMPTY_CONF_STATE };
    log.restore({ meta, data: NO_DATA });
    expect([log.firstIndex(), log.lastIndex(), log.committed]).toEqual([10, 9, 9]);
    expect(log.term(toIndex(9))).toBe(2);
    log.append(run(10, [2]));
    log.commitTo(toIndex(10));
    expect(log.hasNextCommitted(true)).toBe(false);
    log.unstable.stableSnapshotTo(toIndex(9));
    log.appliedTo(toIndex(9), []);
    expect(log.nextCommitted(true).map(({ index }) => index)).toEqual([10]);
  });

  it('what became stable leaves memory, unless it was replaced meanwhile', () => {
    const { unstable } = logOf([1], [1, 1, 1]);
    unstable.acceptInProgress();
    unstable.truncateAndAppend(run(3, [2, 2]));
    expect(unstable.nextEntries().map(({ index }) => index)).toEqual([3, 4]);
    unstable.stableTo({ index: toIndex(3), term: toTerm(1) });
    expect(unstable.entryCount).toBe(3);
    unstable.stableTo({ index: toIndex(3), term: toTerm(2) });
    expect([unstable.entryCount, unstable.offset]).toEqual([1, 4]);
    unstable.stableTo({ index: toIndex(3), term: toTerm(2) });
    expect(unstable.entryCount).toBe(1);
  });
});

describe('LogSlice', () => {
  const flaw = (term: number, prevTerm: number, prevIndex: number, entries: Entry[]) =>
    findSliceFlaw({
      term: toTerm(term),
      prev: { term: toTerm(prevTerm), index: toIndex(prevIndex) },
      entries,
    });

  it("is sound when indexes follow and terms do not fall or exceed the leader's", () => {
    expect(flaw(5, 1, 1, run(2, [1, 3, 5]))).toBeUndefined();
    expect(flaw(5, 5, 1, [])).toBeUndefined();
    expect(flaw(5, 1, 1, run(3, [1]))).toMatch(/entry 3 follows entry 1/);
    expect(flaw(5, 2, 1, run(2, [1]))).toMatch(/falls from 2 to 1/);
    expect(flaw(5, 1, 1, run(2, [6]))).toMatch(/term 6 above 5/);
    expect(flaw(5, 6, 1, [])).toMatch(/term 6 above 5/);
  });
});
