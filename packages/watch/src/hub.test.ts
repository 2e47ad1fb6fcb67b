/** The hub: what it costs, what it holds, and when it calls. */
import type { KeyRange, StoreEvent } from '@kv/mvcc/model';
import { describe, expect, test } from 'vitest';
import { TestStore, key, rev } from '../test/store.js';
import { AUTO_WATCH_ID, WatchError, WatchHub, watchId } from './index.js';
import type { EventBatch, WatchHubOptions, WatchResponse, WatchStream } from './index.js';

function world(
  options: Partial<WatchHubOptions> = {},
  valueBytes = 8,
): { readonly store: TestStore; readonly hub: WatchHub } {
  const store = new TestStore(valueBytes);
  const hub = new WatchHub({
    history: store,
    revision: store.revision,
    envelopeBytes: () => 20,
    onCatchUpNeeded: () => undefined,
    ...options,
  });
  return { store, hub };
}

const open = (hub: WatchHub): WatchStream => hub.openStream({ onReady: () => undefined });
const single = (name: string): KeyRange => ({ type: 'single', key: key(name) });
const now = { startRevision: rev(0), watchId: AUTO_WATCH_ID };

function put(store: TestStore, hub: WatchHub, ...names: string[]): void {
  const events = store.write(...names.map((name) => ({ type: 'put' as const, key: name })));
  hub.notify(store.revision, events);
}

function takeAll(stream: WatchStream): WatchResponse[] {
  const responses: WatchResponse[] = [];
  for (let next = stream.take(); next !== undefined; next = stream.take()) responses.push(next);
  return responses;
}

const batches = (stream: WatchStream): EventBatch[] =>
  takeAll(stream).flatMap((response) => (response.type === 'events' ? [response.batch] : []));

describe('cost of an event', () => {
  test.each(['single', 'range'] as const)(
    'F-31: with 10,000 watchers of type %s on distinct keys it is that of those concerned',
    (type) => {
      const { store, hub } = world();
      const stream = open(hub);
      const name = (i: number): string => `k${String(i).padStart(5, '0')}`;
      for (let i = 0; i < 10_000; i++) {
        const range: KeyRange =
          type === 'single'
            ? single(name(i))
            : { type: 'range', start: key(name(i)), end: key(name(i + 1)) };
        stream.create({ ...now, range });
      }
      takeAll(stream);
      for (let i = 0; i < 1_000; i++) put(store, hub, name(i * 10));
      expect(hub.stats().matchVisits / 1_000).toBeLessThan(type === 'single' ? 1.01 : 60);
      expect(batches(stream)).toHaveLength(1_000);
    },
  );

  test('nobody watches: nothing is looked at', () => {
    const { store, hub } = world();
    put(store, hub, 'a', 'b');
    expect(hub.stats().matchVisits).toBe(0);
  });
});

describe('encode once', () => {
  test('H-W17: equal choices are one batch, over streams and ranges; others are not', () => {
    const { store, hub } = world();
    const [s, t] = [open(hub), open(hub)];
    for (const stream of [s, t]) {
      stream.create({ ...now, range: { type: 'all' } });
      stream.create({ ...now, range: { type: 'from', start: key('a') }, noDelete: true });
      stream.create({ ...now, range: { type: 'all' }, prevKv: true });
      stream.create({ ...now, range: single('b') });
    }
    put(store, hub, 'a', 'b', 'c');
    const byLength = (stream: WatchStream): EventBatch[] =>
      batches(stream).sort((x, y) => x.events.length - y.events.length);
    const [ofS, ofT] = [byLength(s), byLength(t)];
    expect(ofS).toHaveLength(4);
    expect(new Set([...ofS, ...ofT]).size).toBe(3);
    expect(ofS.map((batch) => batch.previous === undefined).sort()).toEqual([
      false,
      true,
      true,
      true,
    ]);
  });

  test('a previous pair is looked up once for all who want it', () => {
    const { store, hub } = world();
    put(store, hub, 'a');
    let lookups = 0;
    const previous = store.previous.bind(store);
    store.previous = (event) => {
      lookups++;
      return previous(event);
    };
    const stream = open(hub);
    for (let i = 0; i < 100; i++)
      stream.create({ ...now, range: i % 2 === 0 ? single('a') : { type: 'all' }, prevKv: true });
    put(store, hub, 'a', 'b');
    expect(lookups).toBe(1);
    expect(batches(stream)).toHaveLength(100);
  });
});

describe('memory (G-15, J-7)', () => {
  test.each([1_000, 64 * 1024])(
    'B-54, W5: a client that never reads holds at most its bound, with values of %d bytes',
    (valueBytes) => {
      const outboxBytesMax = 1024 * 1024;
      const { store, hub } = world({ limits: { outboxBytesMax } }, valueBytes);
      const [lazy, busy] = [open(hub), open(hub)];
      for (let i = 0; i < 10; i++) lazy.create({ ...now, range: { type: 'all' } });
      busy.create({ ...now, range: { type: 'all' } });
      let got = 0;
      for (let i = 0; i < 3_000; i++) {
        put(store, hub, 'a');
        got += batches(busy).length;
        expect(lazy.pendingBytes).toBeLessThanOrEqual(outboxBytesMax);
      }
      expect(got).toBe(3_000);
      expect(hub.stats().parkedWatchers).toBe(10);
    },
  );

  test('one response above the bound is let through alone', () => {
    const { store, hub } = world({ limits: { outboxBytesMax: 10 } }, 100);
    const stream = open(hub);
    stream.create({ ...now, range: single('a') });
    put(store, hub, 'a');
    expect(stream.pendingBytes).toBeGreaterThan(100);
    put(store, hub, 'a');
    expect(hub.stats().pendingResponses).toBe(1);
    while (hub.runCatchUp());
    takeAll(stream);
    while (hub.runCatchUp());
    expect(batches(stream)).toHaveLength(1);
  });

  test('H-W16: 100,000 watches come and go, and nothing is left', () => {
    const { store, hub } = world();
    put(store, hub, 'a');
    const stream = open(hub);
    for (let i = 0; i < 100_000; i++) {
      const startRevision = rev(i % 3);
      const range: KeyRange = i % 2 === 0 ? single('a') : { type: 'all' };
      const id = stream.create({ ...now, range, startRevision, progressNotify: i % 5 === 0 });
      if (id !== undefined) stream.cancel(id);
      takeAll(stream);
    }
    stream.tickProgress();
    put(store, hub, 'a');
    expect(takeAll(stream)).toEqual([]);
    stream.close();
    expect(hub.stats()).toMatchObject({
      streams: 0,
      watchers: 0,
      liveWatchers: 0,
      queuedWatchers: 0,
    });
  });

  test('B-51: 100,000 progress requests are bounded work and bounded memory', () => {
    const { hub } = world();
    const stream = open(hub);
    for (let i = 0; i < 9_000; i++)
      stream.create({ ...now, range: single(`k${i}`), startRevision: rev(i < 10 ? 2 ** 50 : 0) });
    for (let i = 0; i < 100_000; i++) stream.requestProgress();
    for (let i = 0; i < 10; i++) stream.cancel(watchId(BigInt(i)));
    for (let i = 0; i < 100_000; i++) stream.requestProgress();
    expect(hub.stats().pendingResponses).toBe(1_024);
  });

  test('B-53: many answers that nobody takes ask the owner to stop reading', () => {
    const { hub } = world({ limits: { outboxAnswersMax: 3 } });
    const stream = open(hub);
    expect(stream.congested).toBe(false);
    for (let i = 0; i < 3; i++) stream.create({ ...now, range: single('a') });
    expect(stream.congested).toBe(true);
    stream.take();
    expect(stream.congested).toBe(false);
  });
});

describe('calls to the owner', () => {
  test('ready is said once until everything was taken, and only when there is something', () => {
    const { store, hub } = world();
    let calls = 0;
    const stream = hub.openStream({ onReady: () => calls++ });
    expect(stream.take()).toBeUndefined();
    expect(calls).toBe(0);
    stream.create({ ...now, range: single('a') });
    put(store, hub, 'a');
    put(store, hub, 'b');
    expect(calls).toBe(1);
    stream.take();
    put(store, hub, 'a');
    expect(calls).toBe(1);
    takeAll(stream);
    put(store, hub, 'a');
    expect(calls).toBe(2);
  });

  test('the owner may use the streams inside the call', () => {
    const { store, hub } = world();
    const taken: string[] = [];
    const stream: WatchStream = hub.openStream({
      onReady: () => {
        for (const response of takeAll(stream)) {
          taken.push(response.type);
          if (response.type !== 'events') continue;
          stream.cancel(response.watchId);
          stream.create({ ...now, range: single('a') });
        }
      },
    });
    stream.create({ ...now, range: single('a') });
    put(store, hub, 'a');
    put(store, hub, 'a');
    const round = ['events', 'canceled', 'created'];
    expect(taken).toEqual(['created', ...round, ...round]);
  });

  test('an owner that was closed by another one in the same round is not called', () => {
    const { store, hub } = world();
    let calls = 0;
    const late: WatchStream[] = [];
    const early = hub.openStream({
      onReady: () => {
        for (const stream of late) stream.close();
      },
    });
    early.create({ ...now, range: { type: 'all' } });
    takeAll(early);
    const stream = hub.openStream({ onReady: () => calls++ });
    stream.create({ ...now, range: { type: 'all' } });
    takeAll(stream);
    calls = 0;
    late.push(stream);
    put(store, hub, 'a');
    expect(calls).toBe(0);
    expect(stream.take()).toBeUndefined();
  });

  test('one owner is called after the other, never inside the call of another', () => {
    const { hub } = world();
    const calls: string[] = [];
    const second = hub.openStream({ onReady: () => calls.push('second') });
    const first = hub.openStream({
      onReady: () => {
        second.create({ ...now, range: single('a') });
        calls.push('first');
      },
    });
    first.create({ ...now, range: single('a') });
    expect(calls).toEqual(['first', 'second']);
  });

  test('an owner that throws stops neither the hub nor the others', () => {
    const { store, hub } = world();
    const bad = hub.openStream({
      onReady: () => {
        throw new Error('owner');
      },
    });
    expect(() => bad.create({ ...now, range: single('a') })).toThrow('owner');
    const good = open(hub);
    good.create({ ...now, range: single('a') });
    put(store, hub, 'a');
    expect(batches(good)).toHaveLength(1);
    expect(batches(bad)).toHaveLength(1);
  });

  test('catch-up is asked for once, until it has ended', () => {
    let asked = 0;
    const { store, hub } = world({ onCatchUpNeeded: () => asked++ });
    put(store, hub, 'a');
    const stream = open(hub);
    for (let i = 0; i < 3; i++)
      stream.create({ ...now, range: single('a'), startRevision: rev(1) });
    expect(asked).toBe(1);
    expect(hub.runCatchUp()).toBe(false);
    stream.create({ ...now, range: single('a'), startRevision: rev(1) });
    expect(asked).toBe(2);
  });

  test('a closed stream is silent, refuses requests with `closed`, and closes again', () => {
    const { store, hub } = world();
    let calls = 0;
    const stream = hub.openStream({ onReady: () => calls++ });
    stream.create({ ...now, range: single('a') });
    stream.close();
    stream.close();
    put(store, hub, 'a');
    expect(calls).toBe(1);
    expect(stream.take()).toBeUndefined();
    for (const request of [
      () => stream.create({ ...now, range: single('a') }),
      () => stream.cancel(watchId(0n)),
      () => stream.revoke(watchId(0n), 'x'),
      () => {
        stream.requestProgress();
      },
      () => {
        stream.tickProgress();
      },
    ]) {
      let caught: unknown;
      try {
        request();
      } catch (error) {
        caught = error;
      }
      expect(caught instanceof WatchError && caught.code).toBe('closed');
    }
  });
});

describe('several revisions notified together', () => {
  const write = (store: TestStore, name: string): readonly StoreEvent[] =>
    store.write({ type: 'put', key: name });

  test('reach each watcher in one response, encoded once for all that see the same', () => {
    const { store, hub } = world();
    const streams = Array.from({ length: 10 }, () => open(hub));
    for (const stream of streams)
      for (let i = 0; i < 100; i++) stream.create({ ...now, range: single('a') });
    for (const stream of streams) takeAll(stream);
    const events = ['a', 'b', 'a', 'a'].flatMap((name) => write(store, name));
    hub.notify(store.revision, events);
    const responses = streams.flatMap(takeAll);
    expect(responses).toHaveLength(1_000);
    const encodings = new Set<Uint8Array>();
    for (const response of responses) {
      if (response.type !== 'events') throw new Error(response.type);
      expect(response.revision).toBe(store.revision);
      encodings.add(response.batch.encode());
    }
    expect(encodings.size).toBe(1);
    const [one] = responses;
    const seen = one?.type === 'events' ? one.batch.events : [];
    expect(seen.map(({ kv }) => kv.modRevision)).toEqual([2, 4, 5]);
  });

  test('H-W7: a watcher that starts among them gets none from before its start', () => {
    const { store, hub } = world();
    const stream = open(hub);
    stream.create({ ...now, startRevision: rev(3), range: { type: 'all' } });
    takeAll(stream);
    hub.notify(
      rev(4),
      ['a', 'b', 'c'].flatMap((name) => write(store, name)),
    );
    const [batch] = batches(stream);
    expect(batch?.events.map(({ kv }) => kv.modRevision)).toEqual([3, 4]);
  });

  test('W2: one whose stream is full gets all of them from history', () => {
    const { store, hub } = world({ limits: { outboxResponsesMax: 1 } });
    const stream = open(hub);
    stream.create({ ...now, range: { type: 'all' } });
    takeAll(stream);
    put(store, hub, 'a');
    hub.notify(
      rev(4),
      ['b', 'c'].flatMap((name) => write(store, name)),
    );
    expect(hub.stats().fallBacks).toBe(1);
    const early = batches(stream);
    while (hub.runCatchUp());
    const revisions = [...early, ...batches(stream)].flatMap((batch) =>
      batch.events.map(({ kv }) => kv.modRevision),
    );
    expect(revisions).toEqual([2, 3, 4]);
  });
});

describe('bugs of ours are told', () => {
  test('a revision notified twice, left out, or without events', () => {
    const { store, hub } = world();
    const events = store.write({ type: 'put', key: 'a' });
    hub.notify(rev(2), events);
    expect(() => {
      hub.notify(rev(2), events);
    }).toThrow('once, in order');
    const skipped = world();
    skipped.store.write({ type: 'put', key: 'a' });
    const later = skipped.store.write({ type: 'put', key: 'a' });
    expect(() => {
      skipped.hub.notify(rev(3), later);
    }).toThrow('events of its own');
    expect(() => {
      world().hub.notify(rev(2), []);
    }).toThrow('events of its own');
  });

  test('W7: an end by the server without a reason', () => {
    const { hub } = world();
    expect(() => open(hub).revoke(watchId(0n), '')).toThrow('with a reason');
  });
});
