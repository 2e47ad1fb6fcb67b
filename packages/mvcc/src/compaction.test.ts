// Compaction: what stays, what goes, pins, and CP-8: a crash at any slice leaves nothing visible and goes on.
import { describe, expect, it } from 'vitest';
import {
  bytes,
  everything,
  finish,
  key,
  noLease,
  request,
  rev,
  summary,
  viewOf,
} from '../test/scratch.js';
import type { MvccOptions } from './options.js';
import { MemoryBackend } from './testing/memory-backend.js';
import { MvccStore } from './store.js';

const small: MvccOptions = { verify: true, limits: { compactionRecordsMax: 2 } };
const open = (backend = new MemoryBackend()): Promise<MvccStore> => MvccStore.open(backend, small);

/** Each word is a request: `a=1` puts, `-a` deletes. Revisions from 2. */
function apply(store: MvccStore, script: string): void {
  const txn = store.begin();
  for (const word of script.split(' ')) {
    const [name = '', value = ''] = word.split('=');
    request(txn, () => {
      if (word.startsWith('-')) txn.deleteRange({ type: 'single', key: key(word.slice(1)) });
      else txn.put(key(name), bytes(value), noLease);
    });
  }
  txn.end();
}

function compact(store: MvccStore, revision: number): string {
  const txn = store.begin();
  const outcome = txn.compact(rev(revision));
  txn.end();
  return outcome.type;
}

function removeAll(store: MvccStore): void {
  while (store.compactSlice() === 'more');
}

describe('compaction', () => {
  it('B-31 B-32 B-33 outcomes: scheduled once, compacted again, future above the revision; 0 succeeds once', async () => {
    const store = await open();
    expect(store.compactRevision).toBe(-1);
    expect(compact(store, -1)).toBe('compacted');
    expect(compact(store, 0)).toBe('scheduled');
    expect(compact(store, 0)).toBe('compacted');
    apply(store, 'a=1');
    expect(compact(store, 3)).toBe('future');
    expect(compact(store, 2)).toBe('scheduled');
    expect(compact(store, 2)).toBe('compacted');
  });

  it('G-7 hides revisions below at once, before anything is removed; the revision itself stays readable', async () => {
    const store = await open();
    apply(store, 'a=1 a=2 b=1 -a b=2');
    compact(store, 4);
    expect(store.read(rev(3))).toEqual({ type: 'compacted', requested: 3, compactRevision: 4 });
    expect(summary(viewOf(store.read(rev(4))))).toBe('a=2@3 b=1@4');
    removeAll(store);
    expect(summary(viewOf(store.read(rev(4))))).toBe('a=2@3 b=1@4');
    expect(summary(store.readNewest())).toBe('b=2@6');
    expect(store.finishedCompactRevision).toBe(4);
  });

  it('H-W5 keeps a tombstone at exactly its revision for watchers that start there, and drops older ones', async () => {
    const store = await open();
    apply(store, 'a=1 b=1 -a -b');
    compact(store, 5);
    removeAll(store);
    const batch = store.history({ range: everything, from: rev(5) }).next();
    expect('events' in batch && batch.events.map((e) => `${e.type} ${e.kv.key}`)).toEqual([
      'delete b',
    ]);
    expect(store.counts).toMatchObject({ indexedKeys: 1, revisions: 1, liveKeys: 0 });
    apply(store, 'c=1');
    compact(store, 6);
    removeAll(store);
    expect(store.counts).toMatchObject({ indexedKeys: 1, revisions: 1, liveKeys: 1 });
  });

  it('H-D9 the revision does not fall when its newest records were removed', async () => {
    const backend = new MemoryBackend();
    const store = await open(backend);
    apply(store, 'a=1 -a');
    compact(store, 3);
    removeAll(store);
    await store.checkpoint();
    const again = await open(backend.crash());
    expect([again.revision, again.compactRevision]).toEqual([3, 3]);
  });

  it('waits for pins below its revision, and only for those', async () => {
    const store = await open();
    apply(store, 'a=1 a=2 a=3');
    const low = store.pin(rev(2));
    const high = store.pin(rev(4));
    const past = viewOf(store.read(rev(2)));
    compact(store, 4);
    expect(store.compactSlice()).toBe('waiting');
    expect(summary(past)).toBe('a=1@2');
    expect(store.counts.pins).toBe(2);
    low.release();
    low.release();
    expect(store.counts.pins).toBe(1);
    expect(store.compactSlice()).not.toBe('waiting');
    removeAll(store);
    high.release();
    expect(store.counts.revisions).toBe(1);
  });

  it('a second compaction takes over from an unfinished one', async () => {
    const store = await open();
    apply(store, 'a=1 a=2 a=3 a=4 a=5 b=1 b=2');
    compact(store, 4);
    expect(store.compactSlice()).toBe('more');
    compact(store, 8);
    removeAll(store);
    expect(store.counts.revisions).toBe(2);
    expect(store.compactionHashes).toEqual([]);
    expect(summary(store.readNewest())).toBe('a=5@6 b=2@8');
  });

  it('counts the bytes of all puts, and what it removed', async () => {
    const store = await open();
    apply(store, 'a=1 bb=22 -a a=333');
    compact(store, 5);
    expect(store.work).toEqual({ putBytes: 2 + 4 + 4, removedRecords: 0 });
    removeAll(store);
    // The first of a, and its deletion.
    expect(store.work).toEqual({ putBytes: 10, removedRecords: 2 });
  });

  it('removes keys with long histories in linear time', async () => {
    const store = await open();
    apply(store, Array.from({ length: 3000 }, (_, i) => `hot=${i}`).join(' '));
    compact(store, 3000);
    removeAll(store);
    expect(store.counts.revisions).toBe(2);
  });
});

describe('CP-8 a crash between slices', () => {
  it('at any of them loses nothing visible, and the removal goes on to the same end', async () => {
    const script = 'a=1 b=1 a=2 c=1 -b a=3 -c d=1 b=2 a=4 -d e=1';
    const whole = await open();
    apply(whole, script);
    const before = finish(whole.hashKv());
    compact(whole, 9);
    const during = finish(whole.hashKv());
    removeAll(whole);
    const expected = finish(whole.hashKv());
    expect(during).toEqual(expected);
    for (let slices = 0; slices < 8; slices++) {
      for (let lost = 0; lost <= slices; lost++) {
        const backend = new MemoryBackend();
        const store = await open(backend);
        apply(store, script);
        expect(finish(store.hashKv())).toEqual(before);
        compact(store, 9);
        await store.checkpoint();
        for (let i = 0; i < slices; i++) store.compactSlice();
        const kept = Math.max(0, backend.unsyncedCommits - lost);
        const again = await open(backend.crash(kept));
        expect(again.compactRevision).toBe(9);
        expect(finish(again.hashKv())).toEqual(expected);
        expect(summary(viewOf(again.read(rev(9))))).toBe(summary(viewOf(whole.read(rev(9)))));
        removeAll(again);
        expect(finish(again.hashKv())).toEqual(expected);
        expect(again.counts).toEqual({
          ...whole.counts,
          cachedRecords: expect.any(Number) as number,
        });
        expect(again.finishedCompactRevision).toBe(9);
      }
    }
  });
});

describe('hashes of compactions', () => {
  it('HashKV leaves out a tombstone at exactly the compaction revision, as etcd does (values of etcd 3.7.1)', async () => {
    const store = await open();
    apply(store, 'a=1 b=1 -a c=1');
    expect(finish(store.hashKv()).hash).toBe(2_652_966_416);
    compact(store, 4);
    expect(finish(store.hashKv()).hash).toBe(636_317_916);
    removeAll(store);
    expect(finish(store.hashKv()).hash).toBe(636_317_916);
  });

  it('B-93 HashKV: 0 is now, a compacted or future revision is an outcome, a negative one an empty hash', async () => {
    const store = await open();
    apply(store, 'a=1 b=1 a=2');
    compact(store, 3);
    expect(finish(store.hashKv(0))).toEqual(finish(store.hashKv(4)));
    expect(store.hashKv(2)).toEqual({ type: 'compacted', requested: 2, compactRevision: 3 });
    expect(store.hashKv(5)).toEqual({ type: 'future', requested: 5, revision: 4 });
    expect(finish(store.hashKv(-1))).toMatchObject({ hashRevision: -1, compactRevision: 3 });
  });

  it('equal HashKV just before, are kept for the last ten, and answer for their revisions', async () => {
    const store = await open();
    const made = [];
    for (let i = 0; i < 12; i++) {
      apply(store, `a=${i} b=${i} -b c${i}=1`);
      const revision = store.revision;
      const before = finish(store.hashKv());
      compact(store, revision);
      removeAll(store);
      made.push(before);
      expect(finish(store.hashKv(revision))).toEqual(before);
    }
    expect(store.compactionHashes).toEqual(made.slice(-10));
  });
});
