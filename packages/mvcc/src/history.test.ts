// G-8 reliable, ordered and atomic catch-up: every event once, in order, no revision split between batches.
import { describe, expect, it } from 'vitest';
import { bytes, everything, key, noLease, request, rev, textOf } from '../test/scratch.js';
import type { HistoryBatch, HistoryQuery } from './api.js';
import { MemoryBackend } from './testing/memory-backend.js';
import { MvccStore } from './store.js';

async function filled(requests: number, keysPerRequest: number): Promise<MvccStore> {
  const store = await MvccStore.open(new MemoryBackend());
  const txn = store.begin();
  for (let i = 0; i < requests; i++) {
    txn.beginRequest();
    for (let j = 0; j < keysPerRequest; j++) txn.put(key(`k${j}`), bytes(`${i}`), noLease);
    txn.endRequest();
  }
  txn.end();
  return store;
}

function batches(store: MvccStore, query: HistoryQuery): HistoryBatch[] {
  const cursor = store.history(query);
  const all: HistoryBatch[] = [];
  for (;;) {
    const batch = cursor.next();
    if ('type' in batch) throw new Error('compacted');
    all.push(batch);
    if (batch.done) return all;
  }
}

describe('history', () => {
  it.each([
    ['many small revisions', 3000, 1],
    ['revisions that do not divide the batch', 400, 7],
    ['revisions larger than a batch', 3, 2500],
  ])('never splits a revision: %s', async (_name, requests, keysPerRequest) => {
    const store = await filled(requests, keysPerRequest);
    const found = batches(store, { range: everything, from: rev(2) });
    const events = found.flatMap((batch) => batch.events);
    expect(events).toHaveLength(requests * keysPerRequest);
    expect(events.map((e) => textOf(e.kv))).toEqual(
      Array.from(
        { length: requests * keysPerRequest },
        (_, i) => `${Math.floor(i / keysPerRequest)}`,
      ),
    );
    let through = 1;
    for (const batch of found) {
      for (const { kv } of batch.events) {
        expect(kv.modRevision).toBeGreaterThan(through);
        expect(kv.modRevision).toBeLessThanOrEqual(batch.throughRevision);
      }
      through = batch.throughRevision;
    }
    expect(through).toBe(store.revision);
  });

  it('gives exactly the revisions of its window, and those of its range', async () => {
    const store = await filled(50, 2);
    const [batch] = batches(store, {
      range: { type: 'single', key: key('k1') },
      from: rev(10),
      to: rev(12),
    });
    expect(batch?.events.map((e) => e.kv.modRevision)).toEqual([10, 11, 12]);
    expect(batch?.throughRevision).toBe(12);
  });

  it('is empty when the window is ahead of the store, and when nothing matches', async () => {
    const store = await filled(5, 1);
    expect(batches(store, { range: everything, from: rev(7) })).toEqual([
      { events: [], throughRevision: 6, done: true },
    ]);
    expect(batches(store, { range: { type: 'from', start: key('z') }, from: rev(2) })).toEqual([
      { events: [], throughRevision: 6, done: true },
    ]);
  });

  it('tells that its position was compacted, even between batches', async () => {
    const store = await filled(3000, 1);
    const cursor = store.history({ range: everything, from: rev(2) });
    expect(cursor.next()).toMatchObject({ done: false });
    const txn = store.begin();
    txn.compact(rev(2500));
    txn.end();
    expect(cursor.next()).toEqual({ type: 'compacted', compactRevision: 2500 });
    expect(store.history({ range: everything, from: rev(2499) }).next()).toMatchObject({
      type: 'compacted',
    });
    expect(store.history({ range: everything, from: rev(2500) }).next()).toMatchObject({
      done: true,
    });
  });

  it('finds where to start among gaps that compaction left', async () => {
    const store = await filled(300, 1);
    const txn = store.begin();
    request(txn, () => txn.put(key('other'), bytes(''), noLease));
    txn.compact(rev(290));
    txn.end();
    while (store.compactSlice() === 'more');
    for (let from = 290; from <= 302; from++) {
      const events = batches(store, { range: everything, from: rev(from) }).flatMap(
        (b) => b.events,
      );
      expect(events.map((e) => e.kv.modRevision)).toEqual(
        Array.from({ length: 303 - from }, (_, i) => from + i),
      );
    }
  });
});
