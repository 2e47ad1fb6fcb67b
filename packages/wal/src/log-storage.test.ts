// Goal: StableLog answers Raft as LogStorage says, and forgets what is compacted. Method: cases, and a naive model.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMPTY_HARD_STATE, RaftError, toIndex, type Entry } from '@kv/raft';
import { logStorageContract } from '@kv/raft/testing';
import { entrySize } from '@kv/raft/codec';
import { entries, entry, ids, snapshot, state } from '../test/support.js';
import { StableLog } from './index.js';

const from = (index: number): StableLog =>
  StableLog.fromRecovered({
    metadata: new Uint8Array(0),
    hardState: state(2, index),
    entries: entries(index + 1, index + 5, 2),
    snapshot: snapshot(index, 2),
    repair: undefined,
  });

describe('the contract of LogStorage', () => {
  logStorageContract(it, () => {
    const storage = StableLog.empty();
    return {
      storage,
      save: (hardState, added) => {
        storage.append(added);
        if (hardState !== undefined) storage.setHardState(hardState);
      },
      install: (received) => {
        storage.applySnapshot(received);
      },
      release: (index) => {
        storage.compact(index);
      },
      close: () => undefined,
    };
  });
});

describe('StableLog', () => {
  it('of a new member is empty', () => {
    const log = StableLog.empty();
    expect([log.firstIndex(), log.lastIndex(), log.term(toIndex(0)), log.term(toIndex(1))]).toEqual(
      [1, 0, 0, undefined],
    );
    expect(log.initialState().hardState).toEqual(EMPTY_HARD_STATE);
    expect(log.snapshot()).toBeUndefined();
  });

  it('begins where the recovered log begins', () => {
    const log = from(10);
    expect([log.firstIndex(), log.lastIndex()]).toEqual([11, 15]);
    expect([9, 10, 11, 15, 16].map((index) => log.term(toIndex(index)))).toEqual([
      undefined,
      2,
      2,
      2,
      undefined,
    ]);
    expect(log.initialState()).toEqual({
      hardState: state(2, 10),
      confState: snapshot(10).confState,
    });
  });

  it('gives the longest prefix within bytesMax, at least one entry', () => {
    const log = from(10);
    const size = entrySize(entry(11, 2));
    const take = (bytesMax: number): string[] =>
      ids(log.entries(toIndex(11), toIndex(16), bytesMax));
    expect(take(0)).toEqual(['11@2']);
    expect(take(2 * size - 1)).toEqual(['11@2']);
    expect(take(2 * size)).toEqual(['11@2', '12@2']);
    expect(take(1e9)).toHaveLength(5);
    expect(ids(log.entries(toIndex(12), toIndex(13), 1e9))).toEqual(['12@2']);
  });

  it.each([
    [10, 12],
    [11, 17],
    [12, 12],
  ])('a range from %i to %i outside of it fails with `storage`', (start, end) => {
    expect(() => from(10).entries(toIndex(start), toIndex(end), 1)).toThrow(RaftError);
  });

  it('a snapshot of the leader replaces it all', () => {
    const log = from(10);
    log.applySnapshot({ meta: snapshot(40, 7), data: new Uint8Array(0) });
    expect([
      log.firstIndex(),
      log.lastIndex(),
      log.term(toIndex(40)),
      log.term(toIndex(15)),
    ]).toEqual([41, 40, 7, undefined]);
    expect(log.snapshot()?.meta.index).toBe(40);
    log.append([entry(41, 7)]);
    expect(log.lastIndex()).toBe(41);
  });

  it('equals a naive log under appends, overwrites and compactions', () => {
    const command = fc.record({
      kind: fc.constantFrom('append', 'overwrite', 'compact'),
      amount: fc.nat(700),
    });
    fc.assert(
      fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
        const log = StableLog.empty();
        let model: Entry[] = [];
        let before = 0;
        let term = 1;
        for (const { kind, amount } of commands) {
          const last = before + model.length;
          if (kind === 'compact') {
            const index = Math.min(last, before + amount);
            log.compact(toIndex(index));
            model = model.slice(index - before);
            before = index;
          } else {
            const first = kind === 'append' ? last + 1 : Math.max(before + 1, last - amount);
            if (kind === 'overwrite') term++;
            const added = entries(first, first + (amount % 50), term);
            log.append(added);
            model = [...model.filter((one) => one.index < first), ...added];
          }
          expect([log.firstIndex(), log.lastIndex()]).toEqual([before + 1, before + model.length]);
          if (model.length > 0) {
            expect(log.entries(log.firstIndex(), toIndex(log.lastIndex() + 1), 1e9)).toEqual(model);
          }
        }
      }),
    );
  });

  it('reads by index and appends in constant time (nothing quadratic)', () => {
    const log = StableLog.empty();
    const data = new Uint8Array(1);
    const started = performance.now();
    for (let i = 1; i <= 300_000; i++) {
      log.append([entry(i, 1, data)]);
      log.term(toIndex(i));
      if (i > 5000) log.compact(toIndex(i - 5000));
    }
    expect(performance.now() - started).toBeLessThan(5000);
    expect([log.firstIndex(), log.lastIndex()]).toEqual([295_001, 300_000]);
  });
});
