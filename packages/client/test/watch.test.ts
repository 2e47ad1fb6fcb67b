/** C3: a watch yields each event once and in order, whatever happens to its streams. */
import {
  Event_EventType,
  WatchRequest,
  WatchResponse,
  watchService,
  type WatchCreateRequest,
} from '@kv/proto/watch';
import { KeyValue } from '@kv/proto/kv';
import { describe, expect, test } from 'vitest';
import { Client } from '../src/client.js';
import { wireTransport } from '../src/transport/wire/transport.js';
import { Failure, fakeServer, type FakeServer, type StreamHandler } from './fake-server.js';

const path = watchService.watch.path;
const { request, response } = watchService.watch;

type Say = (answer: Partial<WatchResponse>) => void;

/** A watch server that answers the n-th creation by the n-th script. */
function scripted(
  scripts: readonly ((
    created: WatchCreateRequest,
    say: Say,
    end: (error?: Failure) => void,
  ) => void)[],
): Promise<FakeServer> {
  let streams = 0;
  const handler: StreamHandler = (call) => {
    const script = scripts[streams];
    streams += 1;
    call.on('data', (bytes: Uint8Array) => {
      const message = request.decode(bytes);
      if (message.requestUnion?.$case !== 'createRequest') return;
      const say: Say = (answer) => call.write(response.encode(WatchResponse.create(answer)));
      script?.(message.requestUnion.value, say, (error) => {
        if (error === undefined) call.end();
        else call.emit('error', error);
      });
    });
    call.on('error', () => undefined);
    call.on('end', () => call.end());
  };
  return fakeServer({}, { [path]: handler });
}

function header(revision: number): WatchResponse['header'] {
  return { clusterId: 1n, memberId: 1n, revision: BigInt(revision), raftTerm: 1n };
}

function event(revision: number): WatchResponse['events'][number] {
  const kv = KeyValue.create({ key: Uint8Array.of(revision), modRevision: BigInt(revision) });
  return { type: Event_EventType.PUT, kv, prevKv: undefined };
}

async function revisionsOf(
  server: FakeServer,
  count: number,
  startRevision = 0,
): Promise<number[]> {
  await using client = await Client.open({
    endpoints: [server.endpoint],
    transport: wireTransport,
  });
  const revisions: number[] = [];
  for await (const batch of client.watch('k', { startRevision })) {
    revisions.push(...batch.events.map(({ kv }) => kv.modRevision));
    if (revisions.length >= count) break;
  }
  return revisions;
}

const lost = new Failure(14, 'etcdserver: server stopped');

describe('C3: watches', () => {
  test('after a lost stream the watch goes on after the last event', async () => {
    const starts: bigint[] = [];
    await using server = await scripted([
      (created, say, end) => {
        starts.push(created.startRevision);
        say({ created: true, header: header(10) });
        say({ header: header(12), events: [event(11), event(12)] });
        end(lost);
      },
      (created, say) => {
        starts.push(created.startRevision);
        say({ created: true, header: header(20) });
        say({ header: header(20), events: [event(13)] });
      },
    ]);
    expect(await revisionsOf(server, 3)).toEqual([11, 12, 13]);
    expect(starts).toEqual([0n, 13n]);
  });

  test('lost before the first event: nothing since the creation is missed', async () => {
    const starts: bigint[] = [];
    await using server = await scripted([
      (created, say, end) => {
        starts.push(created.startRevision);
        say({ created: true, header: header(10) });
        end(lost);
      },
      (created, say) => {
        starts.push(created.startRevision);
        say({ created: true, header: header(15) });
        say({ header: header(15), events: [event(11)] });
      },
    ]);
    expect(await revisionsOf(server, 1)).toEqual([11]);
    expect(starts).toEqual([0n, 11n]);
  });

  test('lost before it was created: the start revision stays', async () => {
    const starts: bigint[] = [];
    await using server = await scripted([
      (created, _say, end) => {
        starts.push(created.startRevision);
        end(lost);
      },
      (created, say) => {
        starts.push(created.startRevision);
        say({ created: true, header: header(15) });
        say({ header: header(15), events: [event(7)] });
      },
    ]);
    expect(await revisionsOf(server, 1, 7)).toEqual([7]);
    expect(starts).toEqual([7n, 7n]);
  });

  test('with a start revision in the past, the revision of the creation is no progress', async () => {
    const starts: bigint[] = [];
    await using server = await scripted([
      (created, say, end) => {
        starts.push(created.startRevision);
        say({ created: true, header: header(100) });
        end(lost);
      },
      (created, say) => {
        starts.push(created.startRevision);
        say({ created: true, header: header(100) });
        say({ header: header(100), events: [event(5)] });
      },
    ]);
    expect(await revisionsOf(server, 1, 5)).toEqual([5]);
    expect(starts).toEqual([5n, 5n]);
  });

  test('a progress notification moves the point of resumption', async () => {
    const starts: bigint[] = [];
    await using server = await scripted([
      (created, say, end) => {
        starts.push(created.startRevision);
        say({ created: true, header: header(10) });
        say({ header: header(50) });
        end(lost);
      },
      (created, say) => {
        starts.push(created.startRevision);
        say({ created: true, header: header(60) });
        say({ header: header(60), events: [event(55)] });
      },
    ]);
    expect(await revisionsOf(server, 1)).toEqual([55]);
    expect(starts).toEqual([0n, 51n]);
  });

  test('a compacted start ends the watch with `compacted` and where history begins', async () => {
    await using server = await scripted([
      (_created, say) => {
        say({ created: true, header: header(10) });
        say({ canceled: true, compactRevision: 8n, header: header(10) });
      },
    ]);
    await expect(revisionsOf(server, 1, 2)).rejects.toMatchObject({ code: 'compacted' });
  });

  test('no leader ends it; a refusal does, too', async () => {
    await using noLeader = await scripted([
      (_created, _say, end) => {
        end(new Failure(14, 'etcdserver: no leader'));
      },
    ]);
    await expect(revisionsOf(noLeader, 1)).rejects.toMatchObject({ code: 'noLeader' });
    await using refused = await scripted([
      (_created, say) => {
        say({ created: true, canceled: true, cancelReason: 'mvcc: watcher range is empty' });
      },
    ]);
    await expect(revisionsOf(refused, 1)).rejects.toMatchObject({ code: 'watchCanceled' });
  });

  test('J-1: a revision beyond 2^53 is an error, never rounded', async () => {
    await using server = await scripted([
      (_created, say) => {
        say({ created: true, header: header(1) });
        const kv = KeyValue.create({ key: Uint8Array.of(1), modRevision: 2n ** 53n + 1n });
        say({ header: header(2), events: [{ type: Event_EventType.PUT, kv, prevKv: undefined }] });
      },
    ]);
    await expect(revisionsOf(server, 1)).rejects.toMatchObject({ code: 'protocol' });
  });

  test('B-192: aborting rejects with the reason, also while waiting to resume', async () => {
    await using client = await Client.open({
      endpoints: ['127.0.0.1:1'],
      transport: wireTransport,
    });
    const controller = new AbortController();
    const next = client.watch('k', { signal: controller.signal })[Symbol.asyncIterator]().next();
    controller.abort();
    await expect(next).rejects.toMatchObject({ name: 'AbortError' });
  });
});

test('the request of a watch says what was asked', async () => {
  let seen: WatchCreateRequest | undefined;
  await using server = await scripted([
    (created, say) => {
      seen = created;
      say({ created: true, header: header(1) });
      say({ header: header(2), events: [event(2)] });
    },
  ]);
  await using client = await Client.open({
    endpoints: [server.endpoint],
    transport: wireTransport,
  });
  for await (const _batch of client.watch({ prefix: 'a\u00ff' }, { prevKv: true, only: 'delete' }))
    break;
  expect(seen).toMatchObject({ prevKv: true, filters: [0], startRevision: 0n });
  expect(WatchRequest.create({}).requestUnion).toBeUndefined();
});
