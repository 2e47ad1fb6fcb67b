/** C7: where RangeStream is missing or breaks, a range goes on by pages from behind the last pair, at the same revision. */
import type { RangeRequest } from '@kv/proto/kv';
import { KeyValue, RangeResponse, RangeStreamResponse, kvService } from '@kv/proto/kv';
import { expect, test } from 'vitest';
import { Client } from '../src/client.js';
import { wireTransport } from '../src/transport/wire/transport.js';
import { Failure, fakeServer, type FakeServer, type StreamHandler } from './fake-server.js';

const header = { clusterId: 1n, memberId: 1n, revision: 9n, raftTerm: 1n };
const total = 40;

/** Keys 0 to 39 (one byte each), by Range; what RangeStream does is the test's. */
async function serve(
  asked: RangeRequest[],
  stream: (request: RangeRequest) => readonly number[] | Failure,
): Promise<FakeServer> {
  const kvOf = (byte: number): KeyValue =>
    KeyValue.create({ key: Uint8Array.of(byte), modRevision: 5n });
  const onStream: StreamHandler = (call) => {
    call.on('data', (bytes: Uint8Array) => {
      const answer = stream(kvService.rangeStream.request.decode(bytes));
      if (answer instanceof Failure) {
        call.emit('error', answer);
        return;
      }
      const rangeResponse = RangeResponse.create({ kvs: answer.map(kvOf) });
      call.write(
        kvService.rangeStream.response.encode(RangeStreamResponse.create({ rangeResponse })),
      );
      call.emit('error', new Failure(14, 'connection lost'));
    });
  };
  return fakeServer(
    {
      [kvService.range.path]: (bytes) => {
        const request = kvService.range.request.decode(bytes);
        asked.push(request);
        const from = request.key[0] ?? 0;
        // A key that ends with a zero byte: behind the one before it.
        const first = request.key.length === 2 ? from + 1 : from;
        const count = Math.min(total - first, Number(request.limit));
        const kvs = Array.from({ length: count }, (_, at) => kvOf(first + at));
        const more = first + count < total;
        return kvService.range.response.encode(
          RangeResponse.create({ header, kvs, more, count: BigInt(total) }),
        );
      },
    },
    { [kvService.rangeStream.path]: onStream },
  );
}

async function read(server: FakeServer): Promise<readonly (number | undefined)[]> {
  await using client = await Client.open({
    endpoints: [server.endpoint],
    transport: wireTransport,
  });
  const seen: (number | undefined)[] = [];
  for await (const kv of client.range({ all: true }, { pageCountMax: 16 })) seen.push(kv.key[0]);
  return seen;
}

const everything = Array.from({ length: total }, (_, n) => n);

test('a server without RangeStream is asked for it once', async () => {
  const [asked, streams]: [RangeRequest[], RangeRequest[]] = [[], []];
  await using server = await serve(asked, (request) => {
    streams.push(request);
    return new Failure(12, 'unknown method RangeStream for service etcdserverpb.KV');
  });
  await using client = await Client.open({
    endpoints: [server.endpoint],
    transport: wireTransport,
  });
  for (let round = 0; round < 2; round++) {
    const all = await client.range({ all: true }, { pageCountMax: 16 }).toArray();
    expect(all.map(({ key }) => key[0])).toEqual(everything);
  }
  expect(streams).toHaveLength(1);
  expect(asked.slice(0, 3).map(({ revision }) => revision)).toEqual([0n, 9n, 9n]);
});

test('a stream that breaks goes on behind its last pair, at the revision of the first page', async () => {
  const [asked, streams]: [RangeRequest[], RangeRequest[]] = [[], []];
  await using server = await serve(asked, (request) => {
    streams.push(request);
    const first = (request.key[0] ?? 0) + 1;
    return [first, first + 1];
  });
  expect(await read(server)).toEqual(everything);
  expect(streams.map(({ revision }) => revision)).toEqual(streams.map(() => 9n));
  expect([...(asked[1]?.key ?? [])]).toEqual([17, 0]);
});

test('what only the whole range could mend is told by a page', async () => {
  let pages = 0;
  const more = kvService.range.response.encode(
    RangeResponse.create({
      header,
      more: true,
      kvs: [KeyValue.create({ key: Uint8Array.of(1), modRevision: 5n })],
    }),
  );
  await using server = await fakeServer({
    [kvService.range.path]: () => {
      pages += 1;
      if (pages > 1)
        throw new Failure(11, 'etcdserver: mvcc: required revision has been compacted');
      return more;
    },
  });
  await expect(read(server)).rejects.toMatchObject({ code: 'compacted' });
});
