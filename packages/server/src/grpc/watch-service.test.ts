/** The rows of reliability.md §5.2 through the services of a whole member, and watches from end to end. */
import {
  CompactionRequest,
  Event_EventType as EventType,
  kvService,
  WatchCreateRequest,
  WatchCreateRequest_FilterType as Filter,
  watchService,
} from '@kv/proto';
import type { WatchResponse, WatchRequest } from '@kv/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryMember, type TestStream } from '../testing/index.js';
import { bytes, deletion, put, putOp, text } from '../testing/requests.js';
import { TxnRequest } from '@kv/proto';

type Watch = TestStream<WatchRequest, WatchResponse>;

let m: MemoryMember;
beforeEach(async () => {
  m = await MemoryMember.open();
});
afterEach(async () => {
  await m.stop();
});

const open = (metadata = {}): Watch => m.stream(watchService.watch, metadata);

const creation = (key: string, end = '', rest: Partial<WatchCreateRequest> = {}): WatchRequest => ({
  requestUnion: {
    $case: 'createRequest',
    value: WatchCreateRequest.create({ key: bytes(key), rangeEnd: bytes(end), ...rest }),
  },
});
const cancellation = (watchId: bigint): WatchRequest => ({
  requestUnion: { $case: 'cancelRequest', value: { watchId } },
});
const progress: WatchRequest = { requestUnion: { $case: 'progressRequest', value: {} } };

const doPut = (key: string, value: string) => m.call(kvService.put, put(key, value));
const compact = (revision: bigint) =>
  m.call(kvService.compact, CompactionRequest.create({ revision }));

/** `+key=value@revision` and `-key@revision` of each event. */
function events(responses: readonly WatchResponse[]): readonly string[] {
  return responses.flatMap((response) =>
    response.events.map(({ type, kv }) => {
      const at = `@${String(kv?.modRevision)}`;
      return type === EventType.DELETE
        ? `-${text(kv?.key)}${at}`
        : `+${text(kv?.key)}=${text(kv?.value)}${at}`;
    }),
  );
}

describe('a watch', () => {
  it('is created, then tells of each change in order, with the revision in its header', async () => {
    const watch = open();
    await watch.send(creation('a', 'c'));
    const [created] = await watch.received();
    expect(created).toMatchObject({ created: true, watchId: 0n, header: { revision: 1n } });
    await doPut('a', '1');
    await doPut('x', '1');
    await m.call(kvService.deleteRange, deletion('a'));
    const responses = await watch.received();
    expect(events(responses)).toEqual(['+a=1@2', '-a@4']);
    expect(responses.map(({ header }) => header?.revision)).toEqual([2n, 4n]);
    expect(responses[0]?.header?.memberId).toBe(m.member.view().memberId);
  });

  it('G-8 does not hear of what was acknowledged before it was asked for, though others have not heard of it yet', async () => {
    const early = open();
    await early.send(creation('a'));
    await early.received();
    const call = m.begin(kvService.put, kvService.put.request.encode(put('a', '1')));
    while (call.end === undefined) await m.clock.turns(1);
    const late = open();
    await late.send(creation('a'));
    expect(events(await late.received())).toEqual([]);
    expect(events(await early.received())).toEqual(['+a=1@2']);
  });

  it('G-8 gets all changes of one request in one response', async () => {
    const watch = open();
    await watch.send(creation('\0', '\0'));
    await watch.received();
    await m.call(kvService.txn, TxnRequest.create({ success: [putOp('a', '1'), putOp('b', '2')] }));
    const responses = await watch.received();
    expect(responses).toHaveLength(1);
    expect(events(responses)).toEqual(['+a=1@2', '+b=2@2']);
  });

  it('G-8 reads history from where it is told to, then goes on live', async () => {
    for (let n = 0; n < 20; n++) await doPut('a', String(n));
    const watch = open();
    await watch.send(creation('a', '', { startRevision: 15n }));
    await doPut('a', 'live');
    const seen = events(await watch.received());
    expect(seen[0]).toBe('+a=13@15');
    expect(seen.at(-1)).toBe('+a=live@22');
    expect(seen).toHaveLength(8);
  });

  it('gives the pair before, where there was one', async () => {
    await doPut('a', 'old');
    const watch = open();
    await watch.send(creation('\0', '\0', { prevKv: true }));
    await doPut('a', 'new');
    await doPut('b', 'first');
    const seen = (await watch.received()).flatMap((response) => response.events);
    expect(seen.map((event) => text(event.prevKv?.value))).toEqual(['old', '']);
    expect(seen[1]?.prevKv).toBeUndefined();
  });

  it('B-40 an empty key is the key of one zero byte', async () => {
    const watch = open();
    await watch.send(creation(''));
    await watch.send(creation('', '\0'));
    await doPut('\0', 'z');
    await doPut('a', '1');
    const responses = await watch.received();
    const of = (id: bigint) => events(responses.filter(({ watchId }) => watchId === id));
    expect(of(0n)).toEqual(['+\0=z@2']);
    expect(of(1n)).toEqual(['+\0=z@2', '+a=1@3']);
  });

  it('B-41 a negative start is refused, and the stream stays', async () => {
    const watch = open();
    await watch.send(creation('a', '', { startRevision: -1n }));
    await watch.send(creation('a'));
    const [refused, created] = await watch.received();
    expect(refused).toMatchObject({
      created: true,
      canceled: true,
      watchId: -1n,
      cancelReason: 'etcdserver: mvcc: required revision has been compacted',
    });
    expect(created).toMatchObject({ created: true, canceled: false, watchId: 0n });
  });

  it('B-42 a start that is compacted is created, then ended with the revision to go on from', async () => {
    for (let n = 0; n < 10; n++) await doPut('a', String(n));
    await compact(8n);
    const watch = open();
    await watch.send(creation('a', '', { startRevision: 3n }));
    await watch.send(creation('a', '', { startRevision: 8n }));
    const responses = await watch.received();
    const first = responses.filter(({ watchId }) => watchId === 0n);
    expect(first).toMatchObject([
      { created: true, canceled: false },
      { canceled: true, compactRevision: 8n, cancelReason: '', header: { revision: 0n } },
    ]);
    expect(events(responses.filter(({ watchId }) => watchId === 1n))[0]).toBe('+a=6@8');
  });

  it('B-43 H-W7 a start in the future is silent until then', async () => {
    const watch = open();
    await watch.send(creation('a', '', { startRevision: 4n }));
    for (const value of ['1', '2', '3']) await doPut('a', value);
    expect(events(await watch.received())).toEqual(['+a=3@4']);
  });

  it('B-46 an id in use is refused; ids are chosen around those taken', async () => {
    const watch = open();
    await watch.send(creation('a', '', { watchId: 1n }));
    await watch.send(creation('b', '', { watchId: 1n }));
    await watch.send(creation('c'));
    await watch.send(creation('d'));
    await watch.send(creation('e', '', { watchId: -7n }));
    await watch.send(creation('f', '', { watchId: 2n ** 63n - 1n }));
    const responses = await watch.received();
    expect(responses.map(({ watchId }) => watchId)).toEqual([1n, -1n, 0n, 2n, -7n, 2n ** 63n - 1n]);
    expect(responses[1]?.cancelReason).toBe('mvcc: duplicate watch ID provided on the WatchStream');
  });

  it('B-47 a cancellation is answered once, of an unknown id never', async () => {
    const watch = open();
    await watch.send(creation('a'));
    await watch.received();
    await watch.send(cancellation(0n));
    await watch.send(cancellation(0n));
    await watch.send(cancellation(99n));
    const answers = await watch.received();
    expect(answers).toMatchObject([{ canceled: true, watchId: 0n, cancelReason: '' }]);
    await doPut('a', '1');
    expect(await watch.received()).toEqual([]);
  });

  it('B-48 a request that asks for nothing is ignored', async () => {
    const watch = open();
    await watch.send({ requestUnion: undefined });
    expect(await watch.received()).toEqual([]);
    expect(watch.call.finished).toBeUndefined();
  });

  it('B-49 filters drop events; unknown ones do nothing', async () => {
    const watch = open();
    await watch.send(creation('a', '', { filters: [Filter.NOPUT, Filter.NOPUT] }));
    await watch.send(creation('a', '', { filters: [Filter.NODELETE, 99] }));
    await watch.send(creation('a', '', { filters: [Filter.NODELETE, Filter.NOPUT] }));
    await watch.received();
    await doPut('a', '1');
    await m.call(kvService.deleteRange, deletion('a'));
    const responses = await watch.received();
    const of = (id: bigint) => events(responses.filter(({ watchId }) => watchId === id));
    expect([of(0n), of(1n), of(2n)]).toEqual([['-a@3'], ['+a=1@2'], []]);
    await watch.send(progress);
    expect(await watch.received()).toMatchObject([{ watchId: -1n, header: { revision: 3n } }]);
  });

  it('B-50 an inverted range is refused in etcd’s words', async () => {
    const watch = open();
    await watch.send(creation('b', 'a'));
    expect(await watch.received()).toMatchObject([
      { created: true, canceled: true, watchId: -1n, cancelReason: 'mvcc: watcher range is empty' },
    ]);
  });

  it('B-51 progress without a watcher is silence; with one it says how far everything was sent', async () => {
    const watch = open();
    await watch.send(progress);
    expect(await watch.received()).toEqual([]);
    await watch.send(creation('a'));
    await doPut('a', '1');
    await doPut('other', '1');
    await watch.send(progress);
    const responses = await watch.received();
    expect(responses.at(-1)).toMatchObject({
      watchId: -1n,
      events: [],
      header: { revision: 3n },
    });
    for (let n = 0; n < 10_000; n++) watch.call.send(watchService.watch.request.encode(progress));
    expect((await watch.received()).length).toBeLessThanOrEqual(10_000);
  });

  it('tells of progress from time to time to those who asked for it and heard nothing', async () => {
    const watch = open();
    await watch.send(creation('a', '', { progressNotify: true }));
    await watch.send(creation('b'));
    await watch.received();
    await doPut('x', '1');
    await m.clock.advance(12 * 60_000);
    expect(await watch.received()).toMatchObject([
      { watchId: 0n, header: { revision: 2n }, events: [] },
    ]);
  });

  it('B-53 a half-close does not end it', async () => {
    const watch = open();
    await watch.send(creation('a'));
    watch.call.halfClose();
    await doPut('a', '1');
    expect(events(await watch.received())).toEqual(['+a=1@2']);
    expect(watch.call.finished).toBeUndefined();
  });

  it('B-54 a client that does not read is caught up from the store when it does', async () => {
    const slow = open();
    slow.call.room = 1;
    const fast = open();
    await slow.send(creation('a'));
    await fast.send(creation('a'));
    const seen: string[] = [];
    for (let n = 0; n < 3000; n++)
      m.begin(kvService.put, kvService.put.request.encode(put('a', String(n))));
    await m.clock.settle();
    expect(slow.call.received).toHaveLength(1);
    expect(events(await fast.received())).toHaveLength(3000);
    for (let n = 0; n < 5000 && seen.length < 3000; n++)
      seen.push(...events(await slow.received()));
    expect(seen).toHaveLength(3000);
    expect(seen.at(-1)).toBe('+a=2999@3001');
  });

  it('bytes that are no message end the stream with INTERNAL', async () => {
    const watch = open();
    watch.call.send(Uint8Array.of(0x0a, 0x7f));
    await m.clock.settle();
    expect(watch.call.finished).toMatchObject({ type: 'failed', error: { code: 13 } });
  });

  it('ends with "server stopped" when the member stops', async () => {
    const other = await MemoryMember.open();
    const watch = other.stream(watchService.watch);
    await watch.send(creation('a'));
    await other.stop();
    expect(watch.call.finished).toMatchObject({
      error: { code: 14, message: 'etcdserver: server stopped' },
    });
  });
});
