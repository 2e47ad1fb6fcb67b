// What a store promises one by one: revisions, isolation, poison, limits of reads, and every method in every life phase.
import { describe, expect, it } from 'vitest';
import {
  bytes,
  everything,
  finish,
  key,
  noLease,
  pairsOf,
  request,
  rev,
  summary,
  textOf,
  viewOf,
} from '../test/scratch.js';
import type { ReadView } from './api.js';
import { MvccError } from './errors.js';
import { InvariantError } from './invariant.js';
import type { MvccLimits } from './limits.js';
import type { LeaseId } from './model.js';
import type { BackendOperation } from './testing/memory-backend.js';
import { MemoryBackend } from './testing/memory-backend.js';
import { MvccStore } from './store.js';

const open = (
  backend = new MemoryBackend(),
  limits: Partial<MvccLimits> = {},
): Promise<MvccStore> => MvccStore.open(backend, { verify: true, limits });

/** One batch with one request per operation; returns the revisions. */
function put(store: MvccStore, ...names: readonly string[]): number[] {
  const txn = store.begin();
  const revisions = names.map((name) =>
    request(txn, () => txn.put(key(name), bytes(`v-${name}`), noLease)),
  );
  txn.end();
  return revisions;
}

describe('G-4 revisions', () => {
  it('start at 1; each request that changes something takes exactly the next', async () => {
    const store = await open();
    expect(store.revision).toBe(1);
    expect(put(store, 'a', 'b')).toEqual([2, 3]);
    const txn = store.begin();
    expect(request(txn)).toBe(3);
    expect(request(txn, () => txn.deleteRange({ type: 'single', key: key('none') }))).toBe(3);
    expect(
      request(
        txn,
        () => txn.put(key('c'), bytes('1'), noLease),
        () => txn.deleteRange(everything),
        () => txn.put(key('c'), bytes('2'), noLease),
      ),
    ).toBe(4);
    txn.end();
    expect(store.revision).toBe(4);
    expect(summary(store.readNewest())).toBe('c=2@4');
  });

  it('give a pair its creation, modification and version as etcd does', async () => {
    const store = await open();
    put(store, 'a', 'a', 'a');
    expect(store.readNewest().get(key('a'))).toMatchObject({
      createRevision: 2,
      modRevision: 4,
      version: 3,
    });
    const txn = store.begin();
    request(txn, () => txn.deleteRange(everything));
    txn.end();
    put(store, 'a');
    expect(store.readNewest().get(key('a'))).toMatchObject({
      createRevision: 6,
      modRevision: 6,
      version: 1,
    });
  });

  it('name events in order of sub-revision, with what they created', async () => {
    const store = await open();
    put(store, 'b', 'a');
    const txn = store.begin();
    txn.beginRequest();
    txn.put(key('b'), bytes('2'), noLease);
    txn.put(key('c'), bytes('2'), noLease);
    txn.deleteRange({ type: 'from', start: key('a') });
    const { events } = txn.endRequest();
    txn.end();
    expect(events.map((e) => `${e.type} ${e.kv.key} ${e.kv.modRevision} ${e.isCreate}`)).toEqual([
      'put b 4 false',
      'put c 4 true',
      'delete a 4 false',
      'delete b 4 false',
      'delete c 4 false',
    ]);
  });
});

describe('reads', () => {
  it('G-7 at a revision ignore what came later; above the newest they say future', async () => {
    const store = await open();
    put(store, 'a', 'b', 'a');
    expect(summary(viewOf(store.read(rev(2))))).toBe('a=v-a@2');
    expect(summary(viewOf(store.read(rev(3))))).toBe('a=v-a@2 b=v-b@3');
    expect(store.read(rev(5))).toEqual({ type: 'future', requested: 5, revision: 4 });
    expect(viewOf(store.read(rev(1))).count(everything)).toBe(0);
  });

  it('inside a request see its earlier operations; the view of before stays readable', async () => {
    const store = await open();
    put(store, 'a');
    const txn = store.begin();
    txn.beginRequest();
    expect([txn.view().revision, txn.revision]).toEqual([2, 2]);
    txn.put(key('b'), bytes('x'), noLease);
    expect([txn.view().revision, txn.revision]).toEqual([3, 2]);
    expect(summary(txn.view())).toBe('a=v-a@2 b=x@3');
    expect(summary(viewOf(txn.read(rev(2))))).toBe('a=v-a@2');
    expect(() => store.readNewest()).toThrow(InvariantError);
    txn.endRequest();
    txn.end();
  });

  it('go on in a cursor at their revision while writes and compaction happen', async () => {
    const store = await MvccStore.open(new MemoryBackend(), { limits: { readKeysPerStepMax: 2 } });
    put(store, 'a', 'b', 'c', 'd', 'e');
    const cursor = store.readNewest().cursor(everything, { keysOnly: false });
    const seen = cursor.next(9).map((kv) => kv.key);
    const txn = store.begin();
    request(txn, () => txn.deleteRange(everything));
    request(txn, () => txn.put(key('bb'), bytes(''), noLease));
    txn.compact(rev(8));
    txn.end();
    expect(store.compactSlice()).toBe('waiting');
    while (!cursor.done) seen.push(...cursor.next(9).map((kv) => kv.key));
    expect(seen).toEqual(['a', 'b', 'c', 'd', 'e']);
    while (store.compactSlice() !== 'done');
    expect(summary(store.readNewest())).toBe('bb=@8');
  });

  it('G-7 at a revision that was compacted since go on under a pin', async () => {
    const store = await open();
    put(store, 'a', 'b', 'a');
    const view = viewOf(store.read(rev(3)));
    const pin = store.pin(rev(3));
    const txn = store.begin();
    txn.compact(rev(4));
    txn.end();
    expect(store.compactSlice()).toBe('waiting');
    expect(summary(view)).toBe('a=v-a@2 b=v-b@3');
    pin.release();
    while (store.compactSlice() !== 'done');
  });

  it('find prev_kv at the revision before, unless compacted', async () => {
    const store = await open();
    put(store, 'a');
    const txn = store.begin();
    txn.beginRequest();
    txn.put(key('a'), bytes('new'), noLease);
    const [event] = txn.endRequest().events;
    txn.end();
    if (event === undefined) throw new Error('a put makes an event');
    expect(textOf(store.previous(event))).toBe('v-a');
    put(store, 'b');
    const compaction = store.begin();
    compaction.compact(rev(3));
    compaction.end();
    expect(store.previous(event)).toBeUndefined();
  });

  it('G-15 keep the cache of records within its bound', async () => {
    const store = await MvccStore.open(new MemoryBackend(), {
      limits: { recordCacheBytesMax: 100_000 },
    });
    for (let i = 0; i < 500; i++) put(store, `k${i}`.padEnd(500, '.'));
    expect(store.counts.cachedRecords).toBeGreaterThan(20);
    expect(store.counts.cachedRecords).toBeLessThan(60);
    for (const { key } of pairsOf(store.readNewest())) store.readNewest().get(key);
    expect(store.counts.cachedRecords).toBeLessThan(100);
    expect(pairsOf(store.readNewest())).toHaveLength(500);
  });

  it('J-4 own their bytes: changing a value after put, or its buffer, changes nothing', async () => {
    const store = await open();
    const value = bytes('before');
    const txn = store.begin();
    request(txn, () => txn.put(key('a'), value, noLease));
    value.fill(0);
    txn.end();
    expect(textOf(store.readNewest().get(key('a')))).toBe('before');
  });
});

/** A batch of one entry that sets two keys to its index. */
function writeBoth(store: MvccStore, index: number, valueBytes = 0): void {
  const value = bytes(`${index}`.padEnd(valueBytes, ' '));
  const txn = store.begin();
  request(txn, () => txn.put(key('a'), value, noLease));
  request(txn, () => txn.put(key('b'), value, noLease));
  txn.setConsistentIndex({ index, term: 1 });
  txn.end();
}

describe('the batch', () => {
  it('H-D1 keeps index, term and configuration with its effects, and never lets them fall', async () => {
    const backend = new MemoryBackend();
    const store = await open(backend);
    const txn = store.begin();
    request(txn, () => txn.put(key('a'), bytes('1'), noLease));
    txn.setConsistentIndex({ index: 7, term: 2 }, bytes('{"voters":[1]}'));
    txn.end();
    expect(await store.checkpoint()).toEqual({ index: 7, term: 2 });
    const later = store.begin();
    expect(() => {
      later.setConsistentIndex({ index: 6, term: 2 });
    }).toThrow(InvariantError);
    const again = await open(backend.crash());
    expect(again.consistentIndex).toEqual({ index: 7, term: 2 });
    expect(again.confState).toEqual(bytes('{"voters":[1]}'));
  });

  it.each([1, 2, 4])(
    'CP-5 a crash before the checkpoint loses whole batches, never part of one (%i share a commit)',
    async (commitBatchesMax) => {
      const backend = new MemoryBackend();
      const store = await open(backend, { commitBatchesMax });
      for (let index = 1; index <= 9; index++) writeBoth(store, index);
      const commits = Math.floor(9 / commitBatchesMax);
      // The first one is that of the founding.
      expect(backend.unsyncedCommits).toBe(1 + commits);
      for (let kept = 0; kept <= commits; kept++) {
        const again = await open(backend.crash(1 + kept));
        const index = kept * commitBatchesMax;
        expect(again.consistentIndex.index).toBe(index);
        expect(again.revision).toBe(1 + 2 * index);
        expect(textOf(again.readNewest().get(key('b')))).toBe(index === 0 ? undefined : `${index}`);
      }
    },
  );

  it('buckets see their own changes and survive', async () => {
    const backend = new MemoryBackend();
    const store = await open(backend);
    const txn = store.begin();
    const leases = txn.bucket('lease');
    leases.put(bytes('2'), bytes('two'));
    leases.put(bytes('1'), bytes('one'));
    leases.put(bytes('1'), bytes('uno'));
    leases.put(bytes('3'), bytes(''));
    leases.delete(bytes('2'));
    leases.delete(bytes('none'));
    expect(leases.get(bytes('1'))).toEqual(bytes('uno'));
    txn.end();
    await store.checkpoint();
    const again = await open(backend.crash());
    expect([...again.bucket('lease').entries()]).toEqual([
      [bytes('1'), bytes('uno')],
      [bytes('3'), bytes('')],
    ]);
    expect(again.bucket('auth').get(bytes('1'))).toBeUndefined();
  });

  it('G-9 leases of living keys are found again at open, once', async () => {
    const backend = new MemoryBackend();
    const store = await open(backend);
    const txn = store.begin();
    const lease = (id: bigint): LeaseId => id as LeaseId;
    request(txn, () => txn.put(key('kept'), bytes(''), lease(-(2n ** 63n))));
    request(txn, () => txn.put(key('moved'), bytes(''), lease(1n)));
    request(txn, () => txn.put(key('moved'), bytes(''), lease(2n ** 53n + 1n)));
    request(txn, () => txn.put(key('detached'), bytes(''), lease(1n)));
    request(txn, () => txn.put(key('detached'), bytes(''), noLease));
    request(txn, () => txn.put(key('deleted'), bytes(''), lease(1n)));
    request(txn, () => txn.deleteRange({ type: 'single', key: key('deleted') }));
    txn.end();
    await store.checkpoint();
    const again = await open(backend.crash());
    expect(again.takeRecoveredLeases()).toEqual(
      new Map([
        [key('kept'), -(2n ** 63n)],
        [key('moved'), 2n ** 53n + 1n],
      ]),
    );
    expect(again.takeRecoveredLeases().size).toBe(0);
  });
});

describe('batches that share a commit', () => {
  it('are read like any other before it', async () => {
    const backend = new MemoryBackend();
    const store = await open(backend);
    for (let index = 1; index <= 3; index++) writeBoth(store, index);
    expect(backend.unsyncedCommits).toBe(1);
    expect(summary(store.readNewest())).toBe('a=3@6 b=3@7');
    expect(summary(viewOf(store.read(rev(3))))).toBe('a=1@2 b=1@3');
    expect(store.consistentIndex.index).toBe(3);
  });

  it('are bounded in bytes', async () => {
    const backend = new MemoryBackend();
    const store = await open(backend, { commitBytesMax: 10_000 });
    writeBoth(store, 1, 4000);
    expect(backend.unsyncedCommits).toBe(1);
    writeBoth(store, 2, 4000);
    expect(backend.unsyncedCommits).toBe(2);
    writeBoth(store, 3, 20_000);
    expect(backend.unsyncedCommits).toBe(3);
  });

  it('are committed before anybody else looks: at a checkpoint, in an image, at the end', async () => {
    const backend = new MemoryBackend();
    const store = await open(backend);
    writeBoth(store, 1);
    expect((await store.checkpoint()).index).toBe(1);
    expect((await open(backend.crash())).consistentIndex.index).toBe(1);
    writeBoth(store, 2);
    const image = await store.exportImage();
    expect(image.consistentIndex.index).toBe(2);
    await image.close();
    writeBoth(store, 3);
    await store.close();
    expect((await open(backend.crash(Infinity))).consistentIndex.index).toBe(3);
  });

  it('and those that a pause for the log asks for, in the middle of a checkpoint', async () => {
    const backend = new MemoryBackend();
    const store = await open(backend);
    writeBoth(store, 1);
    let committed = -1;
    backend.checkpoint = (commitOpen) => {
      writeBoth(store, 2);
      commitOpen?.();
      committed = backend.unsyncedCommits;
      return Promise.resolve();
    };
    expect((await store.checkpoint()).index).toBe(1);
    expect(committed).toBe(3);
  });
});

describe('F-10 F-12 H-S12 an error inside a transaction', () => {
  const failing: readonly BackendOperation[] = ['begin', 'change', 'commit'];

  it.each(failing)(
    'of %s: keeps nothing of the batch, throws it typed, and poisons',
    async (at) => {
      let armed = false;
      const full = new MvccError('disk-full', 'no space for a test');
      const backend = new MemoryBackend({
        fault: (operation) => (armed && operation === at ? full : undefined),
      });
      const store = await open(backend, { commitBatchesMax: 1 });
      put(store, 'a');
      const before = finish(store.hashKv());
      armed = true;
      expect(() => put(store, 'b', 'c')).toThrow(full);
      expect(() => store.readNewest()).toThrow(
        expect.objectContaining({ code: 'poisoned', cause: full }) as Error,
      );
      expect(() => store.begin()).toThrow(MvccError);
      const again = await open(backend.crash(Infinity, {}));
      expect(finish(again.hashKv())).toEqual(before);
      await store.close();
    },
  );

  it('G-5 of the caller: abort gives the batch up', async () => {
    const backend = new MemoryBackend();
    const store = await open(backend, { commitBatchesMax: 1 });
    put(store, 'a');
    const txn = store.begin();
    txn.beginRequest();
    txn.put(key('b'), bytes(''), noLease);
    txn.abort(new Error('apply went wrong'));
    txn.abort(new Error('twice'));
    expect(() => store.readNewest()).toThrow(/apply went wrong/);
    expect(summary((await open(backend.crash(Infinity))).readNewest())).toBe('a=v-a@2');
  });

  it('takes all batches that share the commit, whole, and never those before', async () => {
    let armed = false;
    const backend = new MemoryBackend({
      fault: (operation) => (armed && operation === 'commit' ? new Error('full') : undefined),
    });
    const store = await open(backend, { commitBatchesMax: 3 });
    for (let index = 1; index <= 5; index++) writeBoth(store, index);
    armed = true;
    expect(() => {
      writeBoth(store, 6);
    }).toThrow('full');
    expect(() => store.readNewest()).toThrow(/full/);
    const again = await open(backend.crash(Infinity, {}));
    expect([again.consistentIndex.index, again.revision]).toEqual([3, 7]);
    expect(again.verify()).toEqual([]);
    // Closing a store that has stopped commits nothing more.
    armed = false;
    await store.close();
    expect(backend.unsyncedCommits).toBe(2);
  });

  it('of a checkpoint: poisons, for the log must not be cut', async () => {
    const lost = new MvccError('io', 'fsync failed');
    let armed = false;
    const store = await open(
      new MemoryBackend({ fault: (o) => (armed && o === 'checkpoint' ? lost : undefined) }),
    );
    armed = true;
    await expect(store.checkpoint()).rejects.toBe(lost);
    expect(() => store.begin()).toThrow(MvccError);
  });
});

describe('misuse is noticed', () => {
  /** Takes a view, compacts above it, and uses it. */
  function compactBehind(store: MvccStore, use: (view: ReadView) => unknown): void {
    put(store, 'a', 'b', 'a');
    const view = viewOf(store.read(rev(3)));
    const txn = store.begin();
    txn.compact(rev(4));
    txn.end();
    use(view);
  }

  const misuses: Readonly<Record<string, (store: MvccStore) => void>> = {
    'a put outside of a request': (store) => store.begin().put(key('a'), bytes(''), noLease),
    'two transactions': (store) => {
      store.begin();
      store.begin();
    },
    'a request in a request': (store) => {
      const txn = store.begin();
      txn.beginRequest();
      txn.beginRequest();
    },
    'an end in a request': (store) => {
      const txn = store.begin();
      txn.beginRequest();
      txn.end();
    },
    'a compaction in a request': (store) => {
      const txn = store.begin();
      txn.beginRequest();
      txn.compact(rev(1));
    },
    'use after the end': (store) => {
      const txn = store.begin();
      txn.end();
      txn.beginRequest();
    },
    'a view of a revision that was compacted since': (store) => {
      compactBehind(store, (view) => view.get(key('a')));
    },
    'the same, counting': (store) => {
      compactBehind(store, (view) => view.count(everything));
    },
    'a cursor that begins after its revision was compacted': (store) => {
      compactBehind(store, (view) => view.cursor(everything, { keysOnly: true }).next(1));
    },
    'a compaction slice in a batch': (store) => {
      put(store, 'a');
      const txn = store.begin();
      txn.compact(rev(2));
      store.compactSlice();
    },
  };

  it.each(Object.entries(misuses))('%s', async (_name, misuse) => {
    const store = await open();
    expect(() => {
      misuse(store);
    }).toThrow(InvariantError);
  });
});

describe('the life of a store', () => {
  const methods: Readonly<Record<string, (store: MvccStore) => unknown>> = {
    read: (store) => store.read(),
    readAt: (store) => store.read(rev(1)),
    readNewest: (store) => store.readNewest(),
    begin: (store) => store.begin(),
    bucket: (store) => store.bucket('meta'),
    confState: (store) => store.confState,
    pin: (store) => store.pin(rev(1)),
    history: (store) => store.history({ range: everything, from: rev(1) }),
    compactSlice: (store) => store.compactSlice(),
    hashKv: (store) => store.hashKv(),
    hash: (store) => store.hash(),
    checkpoint: (store) => store.checkpoint(),
    size: (store) => store.size(),
    reclaimSlice: (store) => store.reclaimSlice(),
    defragment: (store) => store.defragment(new AbortController().signal),
    exportImage: (store) => store.exportImage(),
    verify: (store) => store.verify(),
  };

  it.each(Object.entries(methods))(
    '%s works while open and fails once closed',
    async (_n, call) => {
      const store = await open();
      await call(await open());
      await Promise.all([store.close(), store.close()]);
      const failure = await Promise.resolve()
        .then(() => call(store))
        .then(
          () => undefined,
          (error: unknown) => error,
        );
      expect(failure).toBeInstanceOf(MvccError);
      expect(failure).toMatchObject({ code: 'closed' });
    },
  );

  it('fails a view, a cursor, a history and a hash that outlive it', async () => {
    const store = await MvccStore.open(new MemoryBackend(), { limits: { readKeysPerStepMax: 1 } });
    put(store, 'a', 'b', 'c');
    const view = store.readNewest();
    const cursor = view.cursor(everything, { keysOnly: true });
    cursor.next(1);
    const history = store.history({ range: everything, from: rev(2) });
    const hash = store.hash();
    hash.step();
    await store.close();
    for (const use of [
      () => view.get(key('a')),
      () => view.count(everything),
      () => cursor.next(1),
      () => history.next(),
      () => hash.step(),
    ]) {
      expect(use).toThrow(expect.objectContaining({ code: 'closed' }) as Error);
    }
  });

  it('disposes', async () => {
    const backend = new MemoryBackend();
    let outside: MvccStore;
    {
      await using store = await open(backend);
      outside = store;
    }
    expect(() => outside.readNewest()).toThrow(MvccError);
  });

  it('closes the backend when opening fails', async () => {
    const backend = new MemoryBackend();
    backend.begin();
    backend.appendRecord(1, bytes('no record'), bytes(''));
    backend.commit();
    let closed = false;
    backend.close = () => {
      closed = true;
      return Promise.resolve();
    };
    await expect(open(backend)).rejects.toMatchObject({ code: 'corrupt' });
    expect(closed).toBe(true);
  });
});
