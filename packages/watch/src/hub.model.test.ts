/**
 * G-8, whatever happens in whatever order: random writes, slow and fast clients, fall-backs, compactions, snapshots,
 * reconnections, every option. The checks are in `test/client.ts`. Bounds are tiny, so that every one of them is hit.
 */
import fc from 'fast-check';
import type { KeyRange, StoreEvent } from '@kv/mvcc/model';
import { expect, test } from 'vitest';
import { Client } from '../test/client.js';
import { TestStore, key, rev } from '../test/store.js';
import type { Change } from '../test/store.js';
import { WatchHub, watchId } from './index.js';
import type { WatchCreateRequest, WatchLimits } from './index.js';

const CLIENTS = 3;
const NAMES = ['a', 'b', 'b\0', 'c', 'd'];

const changeArb: fc.Arbitrary<Change> = fc.record({
  type: fc.constantFrom('put', 'put', 'delete'),
  key: fc.constantFrom(...NAMES),
});
const rangeArb: fc.Arbitrary<KeyRange> = fc.oneof(
  fc.record({ type: fc.constant('single' as const), key: fc.constantFrom(...NAMES).map(key) }),
  fc.record({
    type: fc.constant('range' as const),
    start: fc.constantFrom('a', 'b').map(key),
    end: fc.constantFrom('b\0', 'c', 'e').map(key),
  }),
  fc.record({ type: fc.constant('from' as const), start: fc.constantFrom(...NAMES).map(key) }),
  fc.constant({ type: 'all' as const }),
);
const createArb = fc.record({
  range: rangeArb,
  /** Relative to the revision at that moment; `now` is 0 on the wire. */
  start: fc.oneof(fc.constant('now' as const), fc.integer({ min: -8, max: 4 })),
  progressNotify: fc.boolean(),
  prevKv: fc.boolean(),
  noPut: fc.boolean(),
  noDelete: fc.boolean(),
  fragment: fc.boolean(),
});
const client = fc.nat({ max: CLIENTS - 1 });
const actionArb = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('write' as const),
      /** Not notified alone, but with the write after it or when something else happens. */
      isHeld: fc.boolean(),
      changes: fc.array(changeArb, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('take' as const), client, count: fc.nat(4) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('create' as const), client, options: createArb }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('catchUp' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('cancel' as const), client, id: fc.nat(4) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('compact' as const), back: fc.nat(12) }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('progress' as const), client }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('tick' as const), client }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('reconnect' as const), client }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('restore' as const),
      changes: fc.array(changeArb, { maxLength: 5 }),
      compactBack: fc.option(fc.nat(12)),
    }),
  },
);
type Action = typeof actionArb extends fc.Arbitrary<infer T> ? T : never;
type CreateOptions = typeof createArb extends fc.Arbitrary<infer T> ? T : never;

const limitsArb: fc.Arbitrary<Partial<WatchLimits>> = fc.record({
  outboxResponsesMax: fc.integer({ min: 1, max: 6 }),
  outboxBytesMax: fc.integer({ min: 1, max: 200 }),
  catchUpRevisionsMax: fc.integer({ min: 1, max: 5 }),
  catchUpBytesMax: fc.integer({ min: 1, max: 150 }),
  catchUpWatchersMax: fc.integer({ min: 1, max: 4 }),
});

class World {
  readonly store = new TestStore(20);
  readonly hub: WatchHub;
  readonly clients: readonly Client[];
  catchUpWanted = false;
  /** Events of writes that are notified together. */
  readonly held: StoreEvent[] = [];

  constructor(limits: Partial<WatchLimits>) {
    this.hub = new WatchHub({
      history: this.store,
      revision: this.store.revision,
      envelopeBytes: () => 20,
      fragmentBytesMax: 80,
      onCatchUpNeeded: () => {
        expect(this.catchUpWanted, 'asked once').toBe(false);
        this.catchUpWanted = true;
      },
      limits,
    });
    this.clients = Array.from({ length: CLIENTS }, () => new Client(this.hub, this.store));
  }

  client(index: number): Client {
    const found = this.clients[index];
    if (found === undefined) throw new Error(`no client ${index}`);
    return found;
  }

  notify(): void {
    const events = this.held.splice(0);
    if (events.length > 0) this.hub.notify(this.store.revision, events);
  }

  act(action: Action): void {
    if (action.type !== 'write') this.notify();
    switch (action.type) {
      case 'write': {
        this.held.push(...this.store.write(...action.changes));
        if (!action.isHeld) this.notify();
        return;
      }
      case 'take':
        this.client(action.client).take(action.count);
        return;
      case 'create':
        this.client(action.client).create(this.request(action.options));
        return;
      case 'catchUp':
        this.catchUp();
        return;
      case 'cancel':
        this.client(action.client).cancel(BigInt(action.id));
        return;
      case 'compact':
        this.store.compact(this.store.revision - action.back);
        return;
      case 'progress':
        this.client(action.client).stream.requestProgress();
        return;
      case 'tick':
        this.client(action.client).stream.tickProgress();
        return;
      case 'reconnect':
        this.client(action.client).reconnect();
        return;
      case 'restore':
        // The leader's snapshot is some revisions ahead; what lies between was never notified here.
        for (const change of action.changes) this.store.write(change);
        if (action.compactBack !== null)
          this.store.compact(this.store.revision - action.compactBack);
        this.hub.restore(this.store.revision);
    }
  }

  request(options: CreateOptions): WatchCreateRequest {
    const { start, ...rest } = options;
    const revision = start === 'now' ? 0 : Math.max(1, this.hub.revision + start);
    return { ...rest, startRevision: rev(revision), watchId: watchId(0n) };
  }

  catchUp(): void {
    if (this.catchUpWanted) this.catchUpWanted = this.hub.runCatchUp();
  }

  /** Only does what it was told to: a lost signal would leave somebody waiting. */
  settle(): void {
    this.notify();
    for (let round = 0; this.catchUpWanted || this.clients.some((one) => one.isReady); round++) {
      expect(round, 'comes to rest').toBeLessThan(2_000);
      this.catchUp();
      for (const one of this.clients) one.take(3);
    }
  }

  /** Reliable to the end: nobody waits for anything any more. */
  checkComplete(): void {
    for (const one of this.clients)
      for (const watched of one.watched.values()) {
        if (watched.ended !== undefined) continue;
        expect(watched.received).toEqual(watched.expected(this.store));
      }
    const stats = this.hub.stats();
    expect([stats.pendingEvents, stats.pendingBytes, stats.pendingResponses]).toEqual([0, 0, 0]);
    expect([stats.queuedWatchers, stats.parkedWatchers]).toEqual([0, 0]);
    const open = this.clients.flatMap((one) => [...one.watched.values()]);
    expect(stats.watchers).toBe(open.length);
    expect(stats.liveWatchers).toBe(open.filter((watched) => watched.ended === undefined).length);
  }
}

test('G-8, H-W9: every promise of a watch, in any order of events', () => {
  fc.assert(
    fc.property(
      limitsArb,
      fc.array(actionArb, { maxLength: 80, size: 'max' }),
      (limits, actions) => {
        const world = new World(limits);
        for (const action of actions) world.act(action);
        world.settle();
        world.checkComplete();
      },
    ),
    { numRuns: Number(process.env['RUNS'] ?? 300) },
  );
});

test('G-8 with long histories and many watchers; the model reaches every kind of answer', () => {
  const seen = new Map<string, number>();
  const count = (what: string, times: number): void => {
    seen.set(what, (seen.get(what) ?? 0) + times);
  };
  fc.assert(
    fc.property(
      limitsArb,
      fc.array(actionArb, { minLength: 300, maxLength: 600, size: 'max' }),
      (limits, actions) => {
        const world = new World(limits);
        for (const action of actions) world.act(action);
        world.settle();
        world.checkComplete();
        for (const { responses } of world.clients)
          for (const response of responses) {
            const isStream = response.type === 'progress' && response.watchId === -1n;
            count(isStream ? 'stream progress' : response.type, 1);
            if (response.type === 'events' && response.fragment) count('fragment', 1);
          }
        count('fall back', world.hub.stats().fallBacks);
      },
    ),
    { numRuns: Number(process.env['RUNS'] ?? 60) },
  );
  const kinds = ['created', 'canceled', 'compacted', 'events', 'fragment', 'fall back'];
  for (const kind of [...kinds, 'progress', 'stream progress'])
    expect(seen.get(kind) ?? 0, kind).toBeGreaterThan(20);
  if (process.env['RUNS'] !== undefined) console.log(seen);
});
