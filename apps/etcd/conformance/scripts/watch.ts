/** Watches: creation, history, filters, progress, cancellation, compaction (rpc.md §6). */
import { WatchCreateRequest, WatchRequest, services } from '@kv/proto';
import { bytes } from '../script.js';
import type { Script, Session } from '../script.js';
import type { DuplexCall } from '../wire.js';
import { opDelete, opPut } from './operations.js';

type WatchStream = DuplexCall<typeof services.watch.watch>;

const create = (stream: WatchStream, fields: Partial<WatchCreateRequest>): void => {
  const value = WatchCreateRequest.create(fields);
  stream.send(WatchRequest.create({ requestUnion: { $case: 'createRequest', value } }));
};
const cancel = (stream: WatchStream, watchId: bigint): void => {
  stream.send(
    WatchRequest.create({ requestUnion: { $case: 'cancelRequest', value: { watchId } } }),
  );
};
const progress = (stream: WatchStream): void => {
  stream.send(WatchRequest.create({ requestUnion: { $case: 'progressRequest', value: {} } }));
};

/** Reads answers until this many events have come. How they are cut into answers is a matter of timing, so they are merged. */
async function events(s: Session, stream: WatchStream, count: number): Promise<void> {
  const seen: unknown[] = [];
  while (seen.length < count) {
    const answer = await stream.next();
    if (answer === 'end') break;
    seen.push(...answer.events);
    if (answer.canceled) break;
  }
  s.transcript.add('events', seen);
}
const answer = async (s: Session, stream: WatchStream): Promise<void> => {
  s.transcript.add('answer', await stream.next());
};

async function history(s: Session): Promise<void> {
  await s.put({ key: bytes('w/a'), value: bytes('1') });
  await s.put({ key: bytes('w/b'), value: bytes('1') });
  await s.txn({ success: [opPut('w/a', '2'), opPut('x', '1'), opDelete('w/b')] });
  await s.deleteRange({ key: bytes('w/a') });
  await s.put({ key: bytes('w/a'), value: bytes('3') });
}
const range = { key: bytes('w/'), rangeEnd: bytes('w0') };

export const watchScripts: readonly Script[] = [
  {
    name: 'watch: live events, one answer for a transaction',
    async run(s) {
      const stream = s.duplex(services.watch.watch);
      create(stream, { ...range, prevKv: true });
      await answer(s, stream);
      await s.txn({ success: [opPut('w/1', 'a'), opPut('w/2', 'b'), opPut('other', 'c')] });
      await answer(s, stream);
      await s.deleteRange(range);
      await answer(s, stream);
      stream.cancel();
    },
  },
  {
    name: 'watch: from every revision of the past',
    async run(s) {
      await history(s);
      for (const [startRevision, count] of [
        [1n, 6],
        [2n, 6],
        [3n, 5],
        [4n, 4],
        [5n, 2],
        [6n, 1],
      ] as const) {
        const stream = s.duplex(services.watch.watch);
        create(stream, { ...range, startRevision, prevKv: true });
        await answer(s, stream);
        await events(s, stream, count);
        stream.cancel();
      }
    },
  },
  {
    name: 'watch: filters',
    async run(s) {
      await history(s);
      for (const [filters, count] of [
        [[0], 2],
        [[1], 4],
        [[9], 6],
      ] as const) {
        const stream = s.duplex(services.watch.watch);
        create(stream, { ...range, startRevision: 1n, filters: [...filters] });
        await answer(s, stream);
        await events(s, stream, count);
        stream.cancel();
      }
    },
  },
  {
    name: 'watch: ids, refusals, cancellation',
    async run(s) {
      const stream = s.duplex(services.watch.watch);
      const asked: Partial<WatchCreateRequest>[] = [
        { key: bytes('a') },
        { key: bytes('a'), watchId: 7n },
        { key: bytes('a'), watchId: 7n },
        { key: bytes('a') },
        { key: bytes('b'), rangeEnd: bytes('a') },
        { key: bytes('a'), startRevision: -1n },
        { key: bytes('a'), startRevision: 999n },
        {},
        { key: bytes('a'), rangeEnd: bytes('\0') },
      ];
      for (const fields of asked) {
        create(stream, fields);
        await answer(s, stream);
      }
      cancel(stream, 7n);
      await answer(s, stream);
      cancel(stream, 99n);
      cancel(stream, 0n);
      await answer(s, stream);
      stream.cancel();
    },
  },
  {
    name: 'watch: compaction below and above',
    async run(s) {
      await history(s);
      await s.compact({ revision: 4n, physical: true });
      const stream = s.duplex(services.watch.watch);
      create(stream, { ...range, startRevision: 2n });
      await answer(s, stream);
      await answer(s, stream);
      create(stream, { ...range, startRevision: 4n });
      await answer(s, stream);
      await events(s, stream, 4);
      stream.cancel();
    },
  },
  {
    name: 'watch: progress on request',
    async run(s) {
      await history(s);
      const stream = s.duplex(services.watch.watch);
      create(stream, { ...range });
      await answer(s, stream);
      progress(stream);
      await answer(s, stream);
      await s.put({ key: bytes('elsewhere') });
      progress(stream);
      await answer(s, stream);
      stream.cancel();
    },
  },
];
