// Any sequence of requests, compactions, reads and restarts gives what a naive model gives, on every backend.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  everything,
  finish,
  inMemory,
  key,
  noLease,
  pairsOf,
  scratch,
  textOf,
} from '../test/scratch.js';
import type { Backend } from './backend/backend.js';
import { SqliteBackend } from './backend/sqlite-backend.js';
import type { KeyRange, LeaseId, Revision } from './model.js';
import { MemoryBackend } from './testing/memory-backend.js';
import { NaiveModel } from './testing/naive-model.js';
import type { ModelPair } from './testing/naive-model.js';
import { MvccStore } from './store.js';

const keys = ['a', 'ab', 'b', 'b\0', 'c', '\xff', '\xff\xff', '__proto__'] as const;
const arbitraryKey = fc.constantFrom(...keys).map(key);
const arbitraryRange: fc.Arbitrary<KeyRange> = fc.oneof(
  arbitraryKey.map((k): KeyRange => ({ type: 'single', key: k })),
  fc
    .tuple(arbitraryKey, arbitraryKey)
    .map(([start, end]): KeyRange => ({ type: 'range', start, end })),
  arbitraryKey.map((start): KeyRange => ({ type: 'from', start })),
  fc.constant<KeyRange>(everything),
);

type Operation =
  | {
      readonly type: 'put';
      readonly key: ReturnType<typeof key>;
      readonly value: string;
      readonly lease: LeaseId;
    }
  | { readonly type: 'delete'; readonly range: KeyRange };

type Step =
  | { readonly type: 'batch'; readonly requests: readonly (readonly Operation[])[] }
  | { readonly type: 'read'; readonly range: KeyRange; readonly back: number }
  | { readonly type: 'history'; readonly range: KeyRange; readonly back: number }
  | { readonly type: 'compact'; readonly back: number; readonly slices: number }
  | { readonly type: 'restart' };

const arbitraryOperation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('put' as const),
      key: arbitraryKey,
      value: fc.string({ maxLength: 8 }).map((s) => s.replace(/[^\0-\xff]/g, '?')),
      lease: fc.constantFrom(0n, 1n, -1n, 2n ** 63n - 1n, 2n ** 53n + 1n).map((l) => l as LeaseId),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('delete' as const), range: arbitraryRange }),
  },
);

const back = fc.integer({ min: -1, max: 12 });
const arbitraryStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('batch' as const),
      requests: fc.array(fc.array(arbitraryOperation, { maxLength: 4 }), { maxLength: 4 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('read' as const), range: arbitraryRange, back }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('history' as const), range: arbitraryRange, back }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('compact' as const),
      back,
      slices: fc.integer({ min: 0, max: 9 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('restart' as const) }) },
);

/** Store and model side by side; each step changes and compares both. */
class Comparison {
  private readonly model = new NaiveModel();
  private store: MvccStore;
  private index = 0;
  private readonly restart: (store: MvccStore) => Promise<MvccStore>;

  constructor(store: MvccStore, restart: (store: MvccStore) => Promise<MvccStore>) {
    this.store = store;
    this.restart = restart;
  }

  async step(step: Step): Promise<void> {
    switch (step.type) {
      case 'batch':
        this.batch(step.requests);
        break;
      case 'read':
        this.read(step.range, this.model.revision - step.back);
        break;
      case 'history':
        this.history(step.range, this.model.revision - step.back);
        break;
      case 'compact':
        this.compact((this.model.revision - step.back) as Revision, step.slices);
        break;
      case 'restart':
        this.store = await this.restart(this.store);
        break;
      default:
        step satisfies never;
    }
    expect(this.store.revision).toBe(this.model.revision);
    expect(this.store.compactRevision).toBe(this.model.compactRevision);
    expect(this.store.consistentIndex.index).toBe(this.index);
  }

  async finish(): Promise<void> {
    while (this.store.compactSlice() === 'more');
    for (let at = Math.max(0, this.model.compactRevision); at <= this.model.revision; at++) {
      this.read(everything, at);
    }
    // A hash that compaction stored answers for its revision, and does not survive a restart.
    const hash = this.hash();
    this.store = await this.restart(this.store);
    expect(this.hash()).toEqual(hash);
    this.leases();
    await this.store.close();
  }

  private hash(): unknown {
    const { revision, compactRevision } = this.model;
    return revision === compactRevision ? undefined : finish(this.store.hashKv(revision));
  }

  private batch(requests: readonly (readonly Operation[])[]): void {
    const txn = this.store.begin();
    for (const operations of requests) {
      txn.beginRequest();
      this.model.beginRequest();
      for (const operation of operations) {
        if (operation.type === 'put') {
          txn.put(operation.key, Buffer.from(operation.value, 'latin1'), operation.lease);
          this.model.put(operation.key, operation.value, operation.lease);
        } else {
          expect(txn.deleteRange(operation.range)).toBe(this.model.deleteRange(operation.range));
        }
        this.same(pairsOf(txn.view()), this.model.readDraft(everything));
      }
      const before = this.model.revision;
      this.model.endRequest();
      const { revision, events } = txn.endRequest();
      expect(revision).toBe(this.model.revision);
      expect(events.map((e) => [e.type, e.kv.key, e.kv.modRevision])).toEqual(
        this.model
          .history(everything, before + 1, revision)
          .map((e) => [e.type, e.key, e.modRevision]),
      );
    }
    txn.setConsistentIndex({ index: ++this.index, term: 1 });
    txn.end();
  }

  private read(range: KeyRange, at: number): void {
    const expected = this.model.read(range, at);
    const view = this.store.read(at as Revision);
    if (typeof expected === 'string') {
      expect(view.type).toBe(expected);
      return;
    }
    if (view.type !== 'view') throw new Error(`revision ${at} is ${view.type}`);
    this.same(pairsOf(view, range), expected);
    expect(view.count(range)).toBe(expected.length);
    const cursor = view.cursor(range, { keysOnly: true });
    const found = [];
    while (!cursor.done) found.push(...cursor.next(2));
    expect(found.map((kv) => [kv.key, kv.createRevision, kv.modRevision, kv.version])).toEqual(
      expected.map((p) => [p.key, p.createRevision, p.modRevision, p.version]),
    );
    for (const name of keys) {
      const one = expected.find((pair) => pair.key === name);
      if (one !== undefined) expect(textOf(view.get(key(name)))).toBe(one.value);
    }
  }

  private history(range: KeyRange, from: number): void {
    const cursor = this.store.history({ range, from: from as Revision });
    const found = [];
    for (;;) {
      const batch = cursor.next();
      if ('type' in batch) {
        expect(from).toBeLessThan(this.model.compactRevision);
        return;
      }
      found.push(...batch.events);
      if (batch.done) break;
    }
    expect(from > this.model.revision || from >= this.model.compactRevision).toBe(true);
    // At the compaction revision itself only the last event of each key must survive.
    const complete = Math.max(from, this.model.compactRevision + 1);
    expect(
      found
        .filter((e) => e.kv.modRevision >= complete)
        .map((e) => [e.type, e.kv.key, e.kv.modRevision]),
    ).toEqual(
      this.model
        .history(range, complete, this.model.revision)
        .map((e) => [e.type, e.key, e.modRevision]),
    );
  }

  private compact(revision: Revision, slices: number): void {
    const txn = this.store.begin();
    expect(txn.compact(revision).type).toBe(this.model.compact(revision));
    txn.end();
    for (let i = 0; i < slices; i++) this.store.compactSlice();
  }

  private leases(): void {
    const expected = this.model.read(everything);
    if (typeof expected === 'string') throw new Error('the newest revision is readable');
    expect([...this.store.takeRecoveredLeases()].sort()).toEqual(
      expected
        .filter((pair) => pair.lease !== noLease)
        .map((pair) => [pair.key, pair.lease])
        .sort(),
    );
  }

  private same(found: ReturnType<typeof pairsOf>, expected: readonly ModelPair[]): void {
    expect(
      found.map((kv) => ({
        key: kv.key,
        value: textOf(kv),
        createRevision: kv.createRevision,
        modRevision: kv.modRevision,
        version: kv.version,
        lease: kv.lease,
      })),
    ).toEqual(expected);
  }
}

const options = {
  verify: true,
  // Small bounds, so that a handful of keys crosses every one of them.
  limits: {
    compactionRecordsMax: 3,
    readKeysPerStepMax: 3,
    readBytesPerStepMax: 40,
    recordCacheBytesMax: 1500,
  },
};

async function runBoth(
  backend: Backend,
  reopen: (from: Backend) => Promise<Backend>,
  steps: readonly Step[],
): Promise<void> {
  let current = backend;
  const restart = async (store: MvccStore): Promise<MvccStore> => {
    await store.close();
    current = await reopen(current);
    return MvccStore.open(current, options);
  };
  const comparison = new Comparison(await MvccStore.open(current, options), restart);
  for (const step of steps) await comparison.step(step);
  await comparison.finish();
}

const { path } = scratch();

describe('the store equals the naive model', () => {
  it('G-4 G-5 G-7 J-8 in memory', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(arbitraryStep, { maxLength: 25 }), (steps) =>
        runBoth(
          new MemoryBackend(),
          (from) => Promise.resolve(inMemory(from).crash(Infinity)),
          steps,
        ),
      ),
      { numRuns: 300 },
    );
  });

  it('G-4 G-5 G-7 J-8 H-S11 on SQLite', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(arbitraryStep, { maxLength: 25 }), async (steps) =>
        runBoth(await SqliteBackend.open(path()), (from) => SqliteBackend.open(from.name), steps),
      ),
      { numRuns: 25 },
    );
  }, 120_000);
});
