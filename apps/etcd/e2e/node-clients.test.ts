/**
 * Goal: grpc-js and node:http2 work with the daemon, without TLS and with, with messages of 10 MB and 1,000 streams on one connection.
 * Method: the walk of the programs in `clients/`, on both.
 */
import { readFileSync } from 'node:fs';
import {
  PutRequest,
  RangeRequest,
  WatchCreateRequest,
  WatchRequest,
  kvService,
  watchService,
} from '@kv/proto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LargeMessageDaemon } from './large-message-daemon.js';
import { grpcJsClient, http2Client } from './node-clients.js';
import type { NodeClient } from './node-clients.js';

const largeBytes = 10_000_000;
const streams = 1000;

let daemon: LargeMessageDaemon;
beforeAll(async () => {
  daemon = await LargeMessageDaemon.start();
});
afterAll(() => daemon[Symbol.asyncDispose]());

async function put(client: NodeClient, key: string, value: Uint8Array): Promise<bigint> {
  const { path, request, response } = kvService.put;
  const message = request.encode(PutRequest.create({ key: Buffer.from(key), value }));
  return response.decode(await client.unary(path, message)).header?.revision ?? 0n;
}

async function get(client: NodeClient, key: string): Promise<Uint8Array | undefined> {
  const { path, request, response } = kvService.range;
  const message = request.encode(RangeRequest.create({ key: Buffer.from(key) }));
  return response.decode(await client.unary(path, message)).kvs[0]?.value;
}

/** A stream of its own that watches one key. Resolves once the server says so, with the promise of its first event's key. */
function watch(client: NodeClient, key: string): Promise<{ readonly event: Promise<string> }> {
  const { path, request, response } = watchService.watch;
  return new Promise((onCreated) => {
    const event = new Promise<string>((onEvent) => {
      const stream = client.open(path, (message) => {
        const { created, events } = response.decode(message);
        if (created) onCreated({ event });
        const changed = events[0]?.kv?.key;
        if (changed === undefined) return;
        onEvent(Buffer.from(changed).toString());
        stream.cancel();
      });
      const value = WatchCreateRequest.create({ key: Buffer.from(key) });
      stream.write(
        request.encode(WatchRequest.create({ requestUnion: { $case: 'createRequest', value } })),
      );
    });
  });
}

const kinds = [
  { name: 'grpc-js', connect: grpcJsClient },
  { name: 'node:http2', connect: http2Client },
] as const;

describe.each(kinds)('$name', ({ name, connect }) => {
  describe.each(['plain', 'secure'] as const)('on the %s address', (address) => {
    let client: NodeClient;
    beforeAll(() => {
      const authority = address === 'secure' ? readFileSync(daemon.authorityFile) : undefined;
      client = connect(daemon[address], authority);
    });
    afterAll(() => {
      client.close();
    });
    const prefix = `clients/${name}/${address}`;

    test('puts and gets, and is refused', async () => {
      const value = Buffer.from('1');
      expect(await put(client, `${prefix}/a`, value)).toBeGreaterThan(0n);
      expect(value.equals((await get(client, `${prefix}/a`)) ?? Buffer.alloc(0))).toBe(true);
      await expect(put(client, '', value)).rejects.toThrow(/key is not provided|status 3/);
    });

    test('moves messages of 10 MB both ways', async () => {
      const value = Buffer.alloc(largeBytes, '0123456789');
      await put(client, `${prefix}/large`, value);
      const read = await get(client, `${prefix}/large`);
      expect(read !== undefined && value.equals(read)).toBe(true);
    });

    test('holds 1,000 streams, each with an event of its own', async () => {
      const keys = Array.from({ length: streams }, (_, i) => `${prefix}/stream/${i}`);
      const watches = await Promise.all(keys.map((key) => watch(client, key)));
      await Promise.all(keys.map((key) => put(client, key, Buffer.from('x'))));
      expect(await Promise.all(watches.map(({ event }) => event))).toEqual(keys);
    });
  });
});
