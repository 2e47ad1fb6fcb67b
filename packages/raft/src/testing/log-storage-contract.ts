/** What every {@link LogStorage} must do, as a suite that each implementation runs. */
import { entrySize } from '../codec/entry.js';
import type { LogStorage } from '../storage.js';
import {
  EMPTY_CONF_STATE,
  NO_DATA,
  toIndex,
  toNodeId,
  toTerm,
  type ConfState,
  type Entry,
  type HardState,
  type LogIndex,
  type Snapshot,
} from '../types.js';

/** The writing side, which the contract needs and the port does not have. Each call is durable when it is done. */
export interface LogStorageUnderTest {
  readonly storage: LogStorage;
  readonly save: (
    hardState: HardState | undefined,
    entries: readonly Entry[],
  ) => Promise<void> | void;
  /** Replaces the log by a snapshot that was received. */
  readonly install: (snapshot: Snapshot) => Promise<void> | void;
  /** Forgets entries up to `index` (inclusive), for which a snapshot stands from now on. */
  readonly release: (index: LogIndex, confState: ConfState) => Promise<void> | void;
  readonly close: () => Promise<void> | void;
}

/** Registers one test: vitest's `it` or `test`, or anything of this shape. */
export type RegisterTest = (name: string, body: () => Promise<void>) => void;

const confState: ConfState = { ...EMPTY_CONF_STATE, voters: [toNodeId(1n), toNodeId(2n)] };

/** An entry with its index in its data. */
function entry(index: number, term: number): Entry {
  const data = Uint8Array.of(index, term);
  return { index: toIndex(index), term: toTerm(term), type: 'normal', data };
}

const entries = (from: number, to: number, term: number): Entry[] =>
  Array.from({ length: to - from }, (_, at) => entry(from + at, term));

/** Registers the suite. `open` gives an empty storage. */
export function logStorageContract(
  test: RegisterTest,
  open: () => Promise<LogStorageUnderTest> | LogStorageUnderTest,
): void {
  for (const [name, body] of Object.entries(suite)) {
    test(`LogStorage: ${name}`, async () => {
      const opened = await open();
      try {
        await body(opened);
      } finally {
        await opened.close();
      }
    });
  }
}

const suite: Readonly<Record<string, (under: LogStorageUnderTest) => Promise<void>>> = {
  async 'a new log is empty and starts at 1'({ storage }) {
    equal(storage.firstIndex(), 1, 'first index');
    equal(storage.lastIndex(), 0, 'last index');
    equal(storage.term(toIndex(0)), 0, 'term before the log');
    equal(storage.term(toIndex(1)), undefined, 'term behind the log');
    equal(storage.initialState().hardState.term, 0, 'term');
    equal(storage.initialState().confState.voters.length, 0, 'voters');
    await Promise.resolve();
  },

  async 'what is saved can be read'({ storage, save }) {
    const hardState: HardState = { term: toTerm(3), vote: toNodeId(2n), commit: toIndex(4) };
    await save(hardState, [...entries(1, 4, 1), ...entries(4, 7, 3)]);
    equal(storage.lastIndex(), 6, 'last index');
    equal(storage.term(toIndex(3)), 1, 'term at 3');
    equal(storage.term(toIndex(6)), 3, 'term at 6');
    const read = storage.entries(toIndex(2), toIndex(6), Infinity);
    equal(
      read.map(({ index, data }) => `${index}:${data.join()}`).join(' '),
      '2:2,1 3:3,1 4:4,3 5:5,3',
      'entries',
    );
    equal(storage.initialState().hardState.commit, 4, 'commit');
  },

  async 'entries are cut to a size, but not below one'({ storage, save }) {
    await save(undefined, entries(1, 6, 1));
    const size = entrySize(entry(1, 1));
    const count = (bytesMax: number): number =>
      storage.entries(toIndex(1), toIndex(6), bytesMax).length;
    equal(count(0), 1, 'at size 0');
    equal(count(size), 1, 'at the size of one');
    equal(count(2 * size - 1), 1, 'just below the size of two');
    equal(count(2 * size), 2, 'at the size of two');
    equal(count(Infinity), 5, 'without a bound');
  },

  async 'entries replace the log from the first one on'({ storage, save }) {
    await save(undefined, entries(1, 6, 1));
    await save(undefined, entries(3, 5, 2));
    equal(storage.lastIndex(), 4, 'last index');
    equal(storage.term(toIndex(2)), 1, 'term before');
    equal(storage.term(toIndex(3)), 2, 'term after');
    equal(storage.term(toIndex(5)), undefined, 'term of what was dropped');
  },

  async 'what was read is not changed by what is saved later'({ storage, save }) {
    await save(undefined, entries(1, 6, 1));
    const read = storage.entries(toIndex(1), toIndex(6), Infinity);
    await save(undefined, entries(2, 4, 2));
    equal(read.map(({ term }) => term).join(), '1,1,1,1,1', 'terms read before');
  },

  async 'what is released is gone, but for the last term'({ storage, save, release }) {
    await save(undefined, entries(1, 8, 2));
    await release(toIndex(4), confState);
    equal(storage.firstIndex(), 5, 'first index');
    equal(storage.lastIndex(), 7, 'last index');
    equal(storage.term(toIndex(3)), undefined, 'term of what is gone');
    equal(storage.term(toIndex(4)), 2, 'term of the last released');
    equal(storage.entries(toIndex(5), toIndex(8), Infinity).length, 3, 'entries left');
    const snapshot = storage.snapshot();
    equal(snapshot === undefined || snapshot.meta.index >= 4, true, 'snapshot covers it');
  },

  async 'reading what is released fails with a typed error'({ storage, save, release }) {
    await save(undefined, entries(1, 8, 2));
    await release(toIndex(4), confState);
    let code: unknown;
    try {
      storage.entries(toIndex(4), toIndex(6), Infinity);
    } catch (error) {
      code = error instanceof Error && 'code' in error ? error.code : undefined;
    }
    equal(code, 'storage', 'code');
  },

  async 'everything can be released, and the log goes on behind it'({ storage, save, release }) {
    await save(undefined, entries(1, 4, 1));
    await release(toIndex(3), confState);
    equal(storage.firstIndex(), 4, 'first index');
    equal(storage.lastIndex(), 3, 'last index');
    await save(undefined, entries(4, 6, 2));
    equal(storage.lastIndex(), 5, 'last index');
    equal(storage.entries(toIndex(4), toIndex(6), Infinity).length, 2, 'entries');
  },

  async 'a snapshot replaces the log and brings its configuration'({ storage, save, install }) {
    await save(undefined, entries(1, 4, 1));
    const meta = { index: toIndex(10), term: toTerm(5), confState };
    await install({ meta, data: NO_DATA });
    equal(storage.firstIndex(), 11, 'first index');
    equal(storage.lastIndex(), 10, 'last index');
    equal(storage.term(toIndex(10)), 5, 'term of the snapshot');
    equal(storage.term(toIndex(3)), undefined, 'term of what was replaced');
    equal(storage.initialState().confState.voters.join(), '1,2', 'voters');
    await save(undefined, entries(11, 13, 6));
    equal(storage.term(toIndex(12)), 6, 'term behind the snapshot');
  },

  async "all of etcd's identifiers survive"({ storage, save }) {
    const vote = toNodeId(0xffff_ffff_ffff_fff0n);
    await save({ term: toTerm(1), vote, commit: toIndex(0) }, entries(1, 2, 1));
    equal(storage.initialState().hardState.vote, vote, 'vote');
  },
};

function equal(actual: unknown, expected: unknown, what: string): void {
  if (Object.is(actual, expected)) return;
  throw new Error(`${what} is ${String(actual)}, expected ${String(expected)}`);
}
