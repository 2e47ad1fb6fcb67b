/** When watchers hear of what was written: in a turn of their own, together, and never of what came before they asked. */
import { MvccStore, type Key, type LeaseId, type RequestResult, type Revision } from '@kv/mvcc';
import { MemoryBackend } from '@kv/mvcc/testing';
import { toTerm } from '@kv/raft';
import { AUTO_WATCH_ID, type WatchStream } from '@kv/watch';
import { beforeEach, describe, expect, it } from 'vitest';
import { ResponseHeaders } from '../grpc/header.js';
import type { ClusterId, MemberId } from '../ids.js';
import { FakeClock } from '../testing/index.js';
import { WatchEngine } from './watch-engine.js';

let clock: FakeClock;
let store: MvccStore;
let engine: WatchEngine;
let failures: unknown[];

beforeEach(async () => {
  clock = new FakeClock();
  failures = [];
  store = await MvccStore.open(new MemoryBackend());
  const headers = new ResponseHeaders(1n as ClusterId, 2n as MemberId, { term: toTerm(1) });
  engine = new WatchEngine(store, headers, clock, {
    fragmentBytesMax: 1024 * 1024,
    restMsMax: 50,
    onError: (error) => {
      failures.push(error);
    },
  });
});

function put(key: string): RequestResult {
  const txn = store.begin();
  txn.beginRequest();
  txn.put(key as Key, new Uint8Array(1), 0n as LeaseId);
  const result = txn.endRequest();
  txn.end();
  return result;
}

function watch(prevKv = false): WatchStream {
  engine.tell();
  const stream = engine.openStream(() => undefined);
  const range = { type: 'all' } as const;
  stream.create({ range, startRevision: 0 as Revision, watchId: AUTO_WATCH_ID, prevKv });
  stream.take();
  return stream;
}

/** The revisions of the events of each response. */
function told(stream: WatchStream): readonly (readonly number[])[] {
  const found: number[][] = [];
  for (let next = stream.take(); next !== undefined; next = stream.take()) {
    if (next.type === 'events') found.push(next.batch.events.map(({ kv }) => kv.modRevision));
  }
  return found;
}

describe('what was written', () => {
  it('is told in the next turn: who wrote does not wait for those who watch', async () => {
    const stream = watch();
    engine.notify([put('a')]);
    expect(told(stream)).toEqual([]);
    await clock.settle();
    expect(told(stream)).toEqual([[2]]);
  });

  it('in several batches before that turn is told together', async () => {
    const stream = watch();
    engine.notify([put('a'), put('b')]);
    engine.notify([put('c')]);
    await clock.settle();
    expect(told(stream)).toEqual([[2, 3, 4]]);
  });

  it('G-8 before a watch was asked for is not told to it, though nobody was told yet', async () => {
    const early = watch();
    engine.notify([put('a')]);
    const late = watch();
    await clock.settle();
    expect([told(early), told(late)]).toEqual([[[2]], []]);
  });

  it('G-8 when the store was replaced is read from its history, once', async () => {
    const stream = watch();
    engine.notify([put('a')]);
    engine.restore(store.revision);
    await clock.settle();
    expect(told(stream)).toEqual([[2]]);
  });

  it('G-13 that can not be told, as the pairs before can not be read, stops the member', async () => {
    watch(true);
    engine.notify([put('a'), put('a')]);
    const damaged = new Error('damaged page');
    store.previous = () => {
      throw damaged;
    };
    // Neither who asks for a stream hears of it, nor the turn in which it would have been told.
    expect(() => {
      engine.tell();
    }).not.toThrow();
    expect(failures).toEqual([damaged]);
    await clock.settle();
    expect(failures).toHaveLength(1);
  });

  it('after few were told, is told in the next turn; after many, when they have rested', async () => {
    const few = Array.from({ length: 256 }, () => watch());
    engine.notify([put('a')]);
    await clock.settle();
    engine.notify([put('a')]);
    await clock.settle();
    expect(few.map(told)).toEqual(few.map(() => [[2], [3]]));

    const many = [...few, ...Array.from({ length: 64 }, () => watch())];
    engine.notify([put('a')]);
    await clock.settle();
    expect(many.map(told)).toEqual(many.map(() => [[4]]));
    engine.notify([put('a')]);
    await clock.advance(3);
    engine.notify([put('a')]);
    expect(many.map(told)).toEqual(many.map(() => []));
    await clock.advance(1);
    expect(many.map(told)).toEqual(many.map(() => [[5, 6]]));
  });

  it('is not kept back for longer than the bound, however many watch', async () => {
    const many = Array.from({ length: 2000 }, () => watch());
    engine.notify([put('a')]);
    await clock.settle();
    engine.notify([put('a')]);
    await clock.advance(49);
    expect(many.map(told)).toEqual(many.map(() => [[2]]));
    await clock.advance(1);
    expect(many.map(told)).toEqual(many.map(() => [[3]]));
  });

  it('while they rest is told to a client that asks its stream for something', async () => {
    const many = Array.from({ length: 303 }, () => watch());
    engine.notify([put('a')]);
    await clock.settle();
    engine.notify([put('a')]);
    const late = watch();
    expect([many.map(told), told(late)]).toEqual([many.map(() => [[2], [3]]), []]);
    engine.notify([put('a')]);
    await clock.advance(2);
    expect([many.map(told), told(late)]).toEqual([many.map(() => [[4]]), [[4]]]);
  });

  it('is told to nobody after the end', async () => {
    const stream = watch();
    engine.notify([put('a')]);
    engine.close();
    await clock.settle();
    expect(told(stream)).toEqual([]);
  });
});
