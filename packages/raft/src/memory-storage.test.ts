/** The reference storage passes the contract of storages, and keeps its snapshot apart from where a node starts. */
import { describe, expect, it } from 'vitest';
import { MemoryStorage } from './memory-storage.js';
import { logStorageContract } from './testing/log-storage-contract.js';
import { EMPTY_CONF_STATE, NO_DATA, toIndex, toNodeId, toTerm, type Entry } from './types.js';

describe('MemoryStorage', () => {
  logStorageContract(it, () => {
    const storage = new MemoryStorage();
    return {
      storage,
      save: (hardState, entries) => {
        if (hardState !== undefined) storage.setHardState(hardState);
        storage.append(entries);
      },
      install: (snapshot) => void storage.applySnapshot(snapshot),
      release: (index, confState) => {
        storage.createSnapshot(index, confState, NO_DATA);
        storage.releaseUpTo(index);
      },
      close: () => undefined,
    };
  });

  const entry = (index: number): Entry => ({
    index: toIndex(index),
    term: toTerm(1),
    type: 'normal',
    data: NO_DATA,
  });

  it('does not change the snapshot by where a node is to start (found by simulation: a joiner got it)', () => {
    const storage = new MemoryStorage();
    const confState = { ...EMPTY_CONF_STATE, voters: [toNodeId(1n)] };
    storage.applySnapshot({
      meta: { index: toIndex(1), term: toTerm(1), confState },
      data: NO_DATA,
    });
    const later = { ...EMPTY_CONF_STATE, voters: [toNodeId(1n), toNodeId(2n)] };
    storage.setConfState(later);
    expect(storage.initialState().confState).toEqual(later);
    expect(storage.snapshot().meta.confState).toEqual(confState);
  });

  it('refuses an older snapshot than it has', () => {
    const storage = new MemoryStorage();
    const at = (index: number) => ({
      meta: { index: toIndex(index), term: toTerm(1), confState: EMPTY_CONF_STATE },
      data: NO_DATA,
    });
    expect(storage.applySnapshot(at(5))).toBe(true);
    expect(storage.applySnapshot(at(5))).toBe(false);
    expect(storage.applySnapshot(at(4))).toBe(false);
    expect(storage.lastIndex()).toBe(5);
  });

  it('skips what is released when it is appended again', () => {
    const storage = new MemoryStorage();
    storage.append([1, 2, 3, 4].map(entry));
    storage.releaseUpTo(toIndex(3));
    storage.append([2, 3, 4, 5].map(entry));
    expect([storage.firstIndex(), storage.lastIndex()]).toEqual([4, 5]);
    storage.append([1, 2].map(entry));
    expect(storage.lastIndex()).toBe(5);
  });

  it('keeps its place through many releases and appends', () => {
    const storage = new MemoryStorage();
    let last = 0;
    for (let round = 0; round < 200; round += 1) {
      storage.append(Array.from({ length: 7 }, () => entry((last += 1))));
      storage.releaseUpTo(toIndex(last - 3));
      expect(storage.firstIndex()).toBe(last - 2);
      const read = storage.entries(toIndex(last - 2), toIndex(last + 1), Infinity);
      expect(read.map(({ index }) => index)).toEqual([last - 2, last - 1, last]);
    }
  });
});
