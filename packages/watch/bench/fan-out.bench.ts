/**
 * What watchers cost, in processor time: `pnpm bench`, after `pnpm build`. Matching, queues, encoding and taking; the history is an array.
 * Not measured: headers, sockets, flow control, and reading history from a disk.
 */
import type { Key, Revision, StoreEvent } from '@kv/mvcc/model';
import { AUTO_WATCH_ID, WatchHub } from '@kv/watch';
import type { HistoryReader, WatchCreateRequest, WatchStream } from '@kv/watch';

const VALUE_BYTES = 300;
const encoded = new Uint8Array(VALUE_BYTES).fill(7);
const ledger: (readonly StoreEvent[])[] = [];
let revision = 1;

const history: HistoryReader = {
  compactRevision: 0 as Revision,
  read({ from, to, revisionsMax }) {
    const next = Math.min(to + 1, from + revisionsMax);
    return { events: ledger.slice(from, next).flat(), nextRevision: next as Revision };
  },
  previous: () => undefined,
};

function write(key: string): readonly StoreEvent[] {
  const modRevision = ++revision as Revision;
  const kv = { key: key as Key, createRevision: modRevision, modRevision, version: 1, encoded };
  const lease = 0n as StoreEvent['kv']['lease'];
  const events: readonly StoreEvent[] = [{ type: 'put', kv: { ...kv, lease }, isCreate: true }];
  ledger[modRevision] = events;
  return events;
}

interface World {
  readonly hub: WatchHub;
  readonly drain: () => number;
}

/** Streams that take, and encode, everything at once. */
function world(
  streams: number,
  watchers: (i: number) => WatchCreateRequest,
  perStream: number,
): World {
  let taken = 0;
  const hub = new WatchHub({
    history,
    revision: revision as Revision,
    envelopeBytes: () => 40,
    onCatchUpNeeded: () => undefined,
  });
  for (let s = 0; s < streams; s++) {
    const stream: WatchStream = hub.openStream({
      onReady: () => {
        for (let next = stream.take(); next !== undefined; next = stream.take())
          if (next.type === 'events')
            taken += Math.sign(next.batch.encode().length) * next.batch.events.length;
      },
    });
    for (let i = 0; i < perStream; i++) stream.create(watchers(s * perStream + i));
  }
  return { hub, drain: () => taken };
}

function measure(
  what: string,
  writes: number,
  { hub, drain }: World,
  key: (i: number) => string,
): void {
  const events = Array.from({ length: writes }, (_, i) => write(key(i)));
  const before = drain();
  const started = process.cpuUsage();
  for (const some of events) hub.notify((some[0]?.kv.modRevision ?? 0) as Revision, some);
  report(what, writes, drain() - before, process.cpuUsage(started).user / 1_000);
}

function report(what: string, writes: number, delivered: number, ms: number): void {
  const perSecond = (count: number): string =>
    Math.round((count / ms) * 1_000).toLocaleString('en');
  const parts = [`${perSecond(writes)} writes/s`, `${perSecond(delivered)} events/s`];
  console.log(`${what.padEnd(52)} ${ms.toFixed(0).padStart(6)} ms   ${parts.join(', ')}`);
}

const name = (i: number): string => `key-${String(i).padStart(6, '0')}`;
const create = (range: WatchCreateRequest['range'], start = 0): WatchCreateRequest => ({
  range,
  startRevision: start as Revision,
  watchId: AUTO_WATCH_ID,
});
const single = (i: number): WatchCreateRequest => create({ type: 'single', key: name(i) as Key });
const all = (): WatchCreateRequest => create({ type: 'all' });

measure('nobody watches', 1_000_000, world(0, all, 0), name);
measure('1 watcher of everything', 500_000, world(1, all, 1), name);
measure('10,000 watchers, a key each, 100 streams', 500_000, world(100, single, 100), (i) =>
  name(i % 10_000),
);
const prefix = (i: number): WatchCreateRequest =>
  create({ type: 'range', start: name(i) as Key, end: name(i + 1) as Key });
measure('10,000 watchers, a range each, 100 streams', 500_000, world(100, prefix, 100), (i) =>
  name(i % 10_000),
);
measure('1,000 watchers of everything, 1,000 streams', 2_000, world(1_000, all, 1), name);

const late = world(100, () => create({ type: 'all' }, revision - 10_000), 10);
const before = late.drain();
const started = process.cpuUsage();
let slices = 1;
while (late.hub.runCatchUp()) slices++;
report(
  `1,000 watchers catch up 10,000 revisions, ${slices} slices`,
  10_000,
  late.drain() - before,
  process.cpuUsage(started).user / 1_000,
);
