/** Catching up: bounded, shared, fair, and safe when a read fails. */
import { describe, expect, test } from 'vitest';
import { TestStore, key, rev } from '../test/store.js';
import { AUTO_WATCH_ID, WatchHub } from './index.js';
import type { WatchCreateRequest, WatchLimits, WatchStream } from './index.js';

function hubOver(store: TestStore, limits: Partial<WatchLimits> = {}): WatchHub {
  const { revision } = store;
  const onCatchUpNeeded = (): void => undefined;
  return new WatchHub({
    history: store,
    revision,
    envelopeBytes: () => 20,
    onCatchUpNeeded,
    limits,
  });
}

const from = (start: number, name = 'a'): WatchCreateRequest => ({
  range: { type: 'single', key: key(name) },
  startRevision: rev(start),
  watchId: AUTO_WATCH_ID,
});

/** All events that wait, as revisions. */
function takeRevisions(stream: WatchStream): number[] {
  const revisions: number[] = [];
  for (let response = stream.take(); response !== undefined; response = stream.take())
    if (response.type === 'events')
      revisions.push(...response.batch.events.map((event) => event.kv.modRevision));
  return revisions;
}

const open = (hub: WatchHub): WatchStream => hub.openStream({ onReady: () => undefined });

function storeWith(writes: number): TestStore {
  const store = new TestStore();
  for (let i = 0; i < writes; i++) store.write({ type: 'put', key: 'a' });
  return store;
}

function runAll(hub: WatchHub): number {
  let slices = 1;
  while (hub.runCatchUp()) expect(++slices).toBeLessThan(10_000);
  return slices;
}

describe('shared reads', () => {
  test('1,000 watchers from revision 1 read the history once, not 1,000 times', () => {
    const store = storeWith(10_000);
    const hub = hubOver(store, { outboxResponsesMax: 1e6, outboxBytesMax: 1e9 });
    const stream = open(hub);
    for (let i = 0; i < 1_000; i++) stream.create(from(1));
    runAll(hub);
    expect(store.reads.length).toBeLessThanOrEqual(11);
    expect(hub.stats().liveWatchers).toBe(1_000);
    expect(takeRevisions(stream)).toHaveLength(1_000 * 10_000);
  });

  test('each slice is bounded: revisions, bytes, watchers', () => {
    const store = storeWith(50);
    const limits = { catchUpRevisionsMax: 10, catchUpBytesMax: 1e6, catchUpWatchersMax: 3 };
    const hub = hubOver(store, limits);
    const stream = open(hub);
    for (let i = 0; i < 7; i++) stream.create(from(1));
    expect(runAll(hub)).toBe(3 * 5);
    for (const { revisionsMax, bytesMax } of store.reads)
      expect([revisionsMax, bytesMax]).toEqual([10, 1e6]);
    expect(takeRevisions(stream)).toHaveLength(7 * 50);
  });

  test('a read covers the hull of its watchers only', () => {
    const store = storeWith(5);
    const hub = hubOver(store);
    const stream = open(hub);
    stream.create(from(2, 'a'));
    runAll(hub);
    stream.create(from(2, 'c'));
    stream.create({ ...from(2), range: { type: 'range', start: key('b'), end: key('d') } });
    runAll(hub);
    expect(store.reads.map((read) => read.range)).toEqual([
      { type: 'single', key: 'a' },
      { type: 'range', start: 'b', end: 'd' },
    ]);
  });

  test('watchers of equal options at one place get one batch (H-W17)', () => {
    const store = storeWith(5);
    const hub = hubOver(store);
    const streams = [open(hub), open(hub)];
    for (const stream of streams)
      for (const prevKv of [false, true]) stream.create({ ...from(2), prevKv });
    runAll(hub);
    const batches = streams.map((stream) => {
      const found = [];
      for (let response = stream.take(); response !== undefined; response = stream.take())
        if (response.type === 'events') found.push(response.batch);
      return found;
    });
    expect(batches[0]?.[0]).toBe(batches[1]?.[0]);
    expect(batches[0]?.[1]).toBe(batches[1]?.[1]);
    expect(batches[0]?.[0]).not.toBe(batches[0]?.[1]);
  });
});

describe('fairness (H-W3, H-W10)', () => {
  test('newcomers at revision 1 without end do not starve one who is ahead', () => {
    const store = storeWith(1_000);
    const hub = hubOver(store, { catchUpRevisionsMax: 10, catchUpWatchersMax: 4 });
    const newcomers = open(hub);
    newcomers.create(from(1));
    const ahead = open(hub);
    ahead.create(from(900));
    let slices = 0;
    while (takeRevisions(ahead).at(-1) !== store.revision) {
      newcomers.create(from(1));
      hub.runCatchUp();
      takeRevisions(newcomers);
      expect(++slices, 'slices until it is live').toBeLessThan(1_000);
    }
  });

  test('writes faster than a watcher catches up do not starve one below', () => {
    const store = storeWith(100);
    const hub = hubOver(store, { catchUpRevisionsMax: 5 });
    const chaser = open(hub);
    chaser.create(from(90));
    hub.runCatchUp();
    const below = open(hub);
    below.create(from(2));
    let seen: number[] = [];
    for (let slice = 0; slice < 200 && seen.length === 0; slice++) {
      for (let i = 0; i < 10; i++)
        hub.notify(rev(store.revision + 1), store.write({ type: 'put', key: 'a' }));
      hub.runCatchUp();
      takeRevisions(chaser);
      seen = takeRevisions(below);
    }
    expect(seen[0]).toBe(2);
  });

  test('a client that does not read holds nobody up, and costs no reads (H-W20, B-54)', () => {
    const store = storeWith(500);
    const hub = hubOver(store, { outboxResponsesMax: 2, catchUpRevisionsMax: 10 });
    const [lazy, busy] = [open(hub), open(hub)];
    for (let i = 0; i < 50; i++) lazy.create(from(1));
    busy.create(from(1));
    let seen = 0;
    while (hub.runCatchUp()) seen += takeRevisions(busy).length;
    expect(seen + takeRevisions(busy).length).toBe(500);
    expect(hub.stats()).toMatchObject({ parkedWatchers: 50, queuedWatchers: 0, liveWatchers: 1 });
    const reads = store.reads.length;
    expect(hub.runCatchUp()).toBe(false);
    expect(store.reads.length).toBe(reads);
  });
});

describe('no room', () => {
  test('a stream that is full costs no read at all', () => {
    const store = storeWith(5);
    const hub = hubOver(store, { outboxResponsesMax: 1 });
    const stream = open(hub);
    stream.create(from(0));
    hub.notify(rev(store.revision + 1), store.write({ type: 'put', key: 'a' }));
    stream.create(from(2));
    expect(hub.runCatchUp()).toBe(false);
    expect(store.reads).toEqual([]);
    expect(hub.stats().parkedWatchers).toBe(1);
  });

  test('a response that does not fit is read once, not in every slice until there is room', () => {
    const store = storeWith(10);
    const hub = hubOver(store, { outboxBytesMax: 110, catchUpRevisionsMax: 8 });
    const stream = open(hub);
    stream.create(from(2));
    expect(runAll(hub)).toBe(2);
    expect(hub.stats()).toMatchObject({ parkedWatchers: 1, pendingResponses: 1 });
    expect(store.reads).toHaveLength(2);
    expect(takeRevisions(stream)).toHaveLength(8);
    runAll(hub);
    expect(takeRevisions(stream)).toEqual([10, 11]);
  });

  test('parked watchers come back when half is taken, not with each response', () => {
    const store = storeWith(1);
    const hub = hubOver(store, { outboxResponsesMax: 4 });
    const stream = open(hub);
    stream.create(from(0));
    const parkedAfter: number[] = [];
    for (let i = 0; i < 5; i++)
      hub.notify(rev(store.revision + 1), store.write({ type: 'put', key: 'a' }));
    for (let i = 0; i < 4; i++) {
      parkedAfter.push(hub.stats().parkedWatchers);
      stream.take();
    }
    expect(parkedAfter).toEqual([1, 1, 1, 0]);
  });
});

describe('compaction', () => {
  test('H-W5: a watch from the compact revision gets the DELETE that is there', () => {
    const store = new TestStore();
    const put = { type: 'put', key: 'a' } as const;
    for (let i = 0; i < 3; i++) store.write(put);
    store.write({ type: 'delete', key: 'a' });
    store.write(put);
    store.compact(5);
    const hub = hubOver(store);
    const stream = open(hub);
    stream.create({ ...from(5), prevKv: true });
    runAll(hub);
    stream.take();
    const response = stream.take();
    if (response?.type !== 'events') throw new Error('no events');
    expect(response.batch.events.map((event) => event.type)).toEqual(['delete', 'put']);
    expect(response.batch.previous).toEqual([undefined, undefined]);
  });

  test('H-W3: compaction between two slices ends whoever it passed, and nobody else', () => {
    const store = storeWith(100);
    const hub = hubOver(store, { catchUpRevisionsMax: 10 });
    const stream = open(hub);
    stream.create(from(1));
    stream.create(from(60));
    hub.runCatchUp();
    store.compact(50);
    runAll(hub);
    const answers = [];
    for (let response = stream.take(); response !== undefined; response = stream.take())
      answers.push(response.type === 'events' ? `events ${response.watchId}` : response.type);
    expect(answers.filter((answer) => answer === 'compacted')).toHaveLength(1);
    expect(hub.stats()).toMatchObject({ watchers: 2, liveWatchers: 1, queuedWatchers: 0 });
  });
});

describe('a read that fails', () => {
  test('comes through, and no watcher is lost', () => {
    const store = storeWith(20);
    const hub = hubOver(store);
    const stream = open(hub);
    stream.create(from(2));
    store.failure = new Error('disk');
    expect(() => hub.runCatchUp()).toThrow('disk');
    expect(hub.stats().queuedWatchers).toBe(1);
    expect(hub.runCatchUp()).toBe(false);
    expect(takeRevisions(stream)).toHaveLength(20);
  });

  test('in the middle of a notification, for a previous pair: the rest get their events from history', () => {
    const store = storeWith(1);
    const hub = hubOver(store);
    const streams = [open(hub), open(hub), open(hub)];
    for (const [i, stream] of streams.entries()) stream.create({ ...from(0), prevKv: i === 1 });
    // One has nothing waiting, so no take would bring its watcher back: it is queued at once.
    for (const stream of streams.slice(1)) takeRevisions(stream);
    const previous = store.previous.bind(store);
    store.previous = () => {
      throw new Error('disk');
    };
    const events = store.write({ type: 'put', key: 'a' });
    expect(() => {
      hub.notify(store.revision, events);
    }).toThrow('disk');
    store.previous = previous;
    runAll(hub);
    expect(streams.map(takeRevisions)).toEqual([[3], [3], [3]]);
  });
});
