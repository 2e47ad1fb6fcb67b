/** The order in which pieces of work are done, with a disk that syncs when the test says so (invariant I1). */
import type { Entry, HardState, StorageAppend } from '@kv/raft';
import { toIndex, toTerm } from '@kv/raft';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../testing/index.js';
import { QUICK_SYNCS_MIN } from './inline-sync.js';
import { LogWriter, WAITING_BYTES_MAX, type LogWriterParts } from './log-writer.js';

const SELF = 1n as LogWriterParts['node']['id'];
const OTHER = 2n as LogWriterParts['node']['id'];

let told: string[];
let syncs: (() => void)[];
let syncsNow: number;
let writer: LogWriter;

beforeEach(() => {
  told = [];
  syncs = [];
  syncsNow = 0;
  writer = new LogWriter({
    node: {
      id: SELF,
      step: (message) => {
        told.push(`raft hears ${message.type}`);
        return 'stepped';
      },
    },
    wal: {
      append: ({ entries, hardState }) => {
        told.push(`written ${entries.length}${hardState === undefined ? '' : ' and state'}`);
      },
      sync: () => new Promise((resolve) => syncs.push(resolve)),
      syncNow: () => {
        syncsNow++;
        return true;
      },
    },
    log: {
      append: (entries) => {
        if (entries.length > 0) told.push(`log has ${entries.at(-1)?.index ?? 0}`);
      },
      setHardState: ({ commit }) => {
        told.push(`log says commit ${commit}`);
      },
    },
    clock: new FakeClock(),
    metrics: { written: () => undefined, synced: () => undefined, committed: () => undefined },
    send: (messages) => {
      for (const { type } of messages) told.push(`others hear ${type}`);
    },
  });
});

const entry = (index: number, bytes = 10): Entry => ({
  index: toIndex(index),
  term: toTerm(1),
  type: 'normal',
  data: new Uint8Array(bytes),
});

/** Entries, the promise to the leader that they are here, and the report to Raft. */
function entries(...all: readonly Entry[]): StorageAppend {
  const last = all.at(-1);
  return {
    hardState: undefined,
    entries: all,
    snapshot: undefined,
    responses: [
      { type: 'MsgAppResp', from: SELF, to: OTHER } as StorageAppend['responses'][number],
      {
        type: 'MsgStorageAppendResp',
        to: SELF,
        term: toTerm(1),
        last: last === undefined ? undefined : { index: last.index, term: last.term },
        snapshot: undefined,
      },
    ],
  };
}

function commit(index: number): StorageAppend {
  const hardState: HardState = { term: toTerm(1), vote: SELF, commit: toIndex(index) };
  return { hardState, entries: [], snapshot: undefined, responses: [] };
}

/** The running sync ends, and what is told then. */
function finish(): readonly string[] {
  told = [];
  syncs.shift()?.();
  writer.finish();
  return told;
}

describe('a piece of work', () => {
  it('I1 says nothing before its sync has ended: then memory has it, others hear, and Raft', () => {
    writer.write(entries(entry(1)), true);
    expect(told).toEqual(['written 1']);
    void writer.sync();
    expect(finish()).toEqual([
      'log has 1',
      'others hear MsgAppResp',
      'raft hears MsgStorageAppendResp',
    ]);
    expect(writer.isSyncing).toBe(false);
  });

  it('that needs no sync is done at once when nothing is before it', () => {
    writer.write(commit(4), false);
    expect(told).toEqual(['written 0 and state', 'log says commit 4']);
    expect(writer.sync()).toBeUndefined();
  });

  it('I1 that is written during a sync waits for the next one, with all that is', () => {
    writer.write(entries(entry(1)), true);
    void writer.sync();
    writer.write(entries(entry(2)), true);
    writer.write(entries(entry(3)), true);
    expect(writer.sync()).toBeUndefined();
    expect(finish().filter((line) => line.startsWith('log'))).toEqual(['log has 1']);
    void writer.sync();
    expect(finish().filter((line) => line.startsWith('log'))).toEqual(['log has 2', 'log has 3']);
    expect(syncs).toHaveLength(0);
  });

  it('I1 that needs no sync is done with what was before it, never earlier', () => {
    writer.write(entries(entry(1)), true);
    void writer.sync();
    writer.write(commit(1), false);
    writer.write(entries(entry(2)), true);
    writer.write(commit(2), false);
    expect(finish().filter((line) => line.startsWith('log'))).toEqual([
      'log has 1',
      'log says commit 1',
    ]);
    void writer.sync();
    expect(finish().filter((line) => line.startsWith('log'))).toEqual([
      'log has 2',
      'log says commit 2',
    ]);
  });

  it('is too much when what waits behind a sync passes the bound', () => {
    writer.write(entries(entry(1)), true);
    void writer.sync();
    writer.write(entries(entry(2, WAITING_BYTES_MAX)), true);
    expect(writer.isFull).toBe(false);
    writer.write(entries(entry(3, 1)), true);
    expect(writer.isFull).toBe(true);
    finish();
    void writer.sync();
    expect(writer.isFull).toBe(false);
  });
});

describe('a lone entry', () => {
  beforeEach(() => {
    for (let n = 0; n < QUICK_SYNCS_MIN; n++) {
      writer.write(entries(entry(n + 1)), true);
      void writer.sync();
      finish();
    }
  });

  it('is synced on this thread after quick ones only', () => {
    writer.write(entries(entry(40)), true);
    expect([writer.syncNow(), syncsNow, writer.isSyncing]).toEqual([true, 1, false]);
    expect(told).toContain('log has 40');
  });

  it('is not while a sync runs, nor with another one beside it', () => {
    writer.write(entries(entry(40)), true);
    void writer.sync();
    writer.write(entries(entry(41)), true);
    expect(writer.syncNow()).toBe(false);
    finish();
    writer.write(entries(entry(42)), true);
    expect([writer.syncNow(), syncsNow]).toEqual([false, 0]);
  });
});
