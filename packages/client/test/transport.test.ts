/** The contract of transports (src/transport/port.ts), kept by both of ours. */
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseEndpoint } from '../src/endpoint.js';
import { outcomeOf } from '../src/retry.js';
import { grpcJsTransport } from '../src/transport/grpc-js.js';
import type { CallOptions, Channel, Transport } from '../src/transport/port.js';
import { StatusError } from '../src/transport/status-error.js';
import { wireTransport } from '../src/transport/wire/transport.js';
import { Failure, fakeServer, socketServer, type FakeServer } from './fake-server.js';
import { FaultyProxy } from './faulty-proxy.js';

const options = {
  tls: {},
  keepAliveMs: 10_000,
  keepAliveTimeoutMs: 5_000,
  receiveBytesMax: 4 << 20,
};
const echo = '/test.Test/Echo';
const hang = '/test.Test/Hang';
const fail = '/test.Test/Fail';
const chat = '/test.Test/Chat';
const flood = '/test.Test/Flood';

function settings(
  signal = new AbortController().signal,
  metadata: CallOptions['metadata'] = [],
): CallOptions {
  return { signal, metadata };
}

async function server(): Promise<FakeServer> {
  return fakeServer(
    {
      [echo]: (request) => request,
      [hang]: () => new Promise<never>(() => undefined),
      [fail]: (_request, metadata) => {
        throw new Failure(5, `etcdserver: né ${metadata.get('token') ?? 'none'}`);
      },
    },
    {
      [chat]: (call) => {
        call.on('data', (message: Uint8Array) => call.write(Buffer.from(message).reverse()));
        call.on('end', () => {
          call.end();
        });
      },
      [flood]: (call) => {
        for (let i = 0; i < 200; i++) call.write(Buffer.alloc(50_000, i));
        call.end();
      },
    },
  );
}

async function open(transport: Transport, endpoint: string): Promise<Channel> {
  const channel = transport.channel(parseEndpoint(endpoint, false), options);
  await channel.whenReady(AbortSignal.timeout(5_000));
  return channel;
}

describe.each([
  ['grpc-js', grpcJsTransport],
  ['wire', wireTransport],
])('%s transport', (_name, transport) => {
  test('carries requests and answers of every size up to megabytes, many at once', async () => {
    await using fake = await server();
    const channel = await open(transport, fake.endpoint);
    const sizes = [0, 1, 5, 16_379, 16_384, 65_535, 65_536, 1_500_000];
    const answers = await Promise.all(
      sizes.map((size) => channel.unary(echo, new Uint8Array(size).fill(size % 251), settings())),
    );
    answers.forEach((answer, i) => {
      const size = sizes[i] ?? 0;
      expect(answer.length).toBe(size);
      expect(answer.every((byte) => byte === size % 251)).toBe(true);
    });
    channel.close();
  });

  test.each([
    ['an IPv6 address', '[::1]:0'],
    ['a Unix socket', `unix:${join(tmpdir(), `kv-client-${process.pid}.sock`)}`],
  ])('reaches a server at %s', async (what, address) => {
    if (what === 'an IPv6 address' && !hasIpv6()) return;
    const handlers = { [echo]: (request: Uint8Array): Uint8Array => request };
    await using fake = await fakeServer(handlers, {}, undefined, address);
    const channel = await open(transport, fake.endpoint);
    expect(await channel.unary(echo, Uint8Array.of(7), settings())).toHaveLength(1);
    channel.close();
  });

  test('a name with several addresses: those that nobody listens at are passed over', async () => {
    await using fake = await server();
    const channel = await open(transport, fake.endpoint.replace('127.0.0.1', 'localhost'));
    expect(await channel.unary(echo, Uint8Array.of(7), settings())).toHaveLength(1);
    channel.close();
  });

  test('a failed call rejects with code and text, percent-decoded; metadata reach the server', async () => {
    await using fake = await server();
    const channel = await open(transport, fake.endpoint);
    const call = channel.unary(fail, new Uint8Array(), settings(undefined, [['token', 'secret']]));
    await expect(call).rejects.toMatchObject({ grpcCode: 5, message: 'etcdserver: né secret' });
    await expect(call).rejects.toBeInstanceOf(StatusError);
    channel.close();
  });

  test('an unknown method is UNIMPLEMENTED', async () => {
    await using fake = await server();
    const channel = await open(transport, fake.endpoint);
    await expect(
      channel.unary('/test.Test/No', new Uint8Array(), settings()),
    ).rejects.toMatchObject({ grpcCode: 12 });
    channel.close();
  });

  test('B-192: aborting rejects with the reason and cancels the call at the server', async () => {
    await using fake = await server();
    const channel = await open(transport, fake.endpoint);
    const controller = new AbortController();
    const call = channel.unary(hang, new Uint8Array(), settings(controller.signal));
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    channel.close();
  });

  test('a stream carries messages both ways, in order, and ends', async () => {
    await using fake = await server();
    const channel = await open(transport, fake.endpoint);
    const stream = channel.stream(chat, settings());
    for (let i = 0; i < 50; i++) stream.send(Uint8Array.of(1, 2, i));
    stream.finish();
    const got: number[] = [];
    for await (const message of stream) got.push(message[0] ?? -1);
    expect(got).toEqual(Array.from({ length: 50 }, (_, i) => i));
    channel.close();
  });

  test('J-7: a reader that stops for a while loses nothing', async () => {
    await using fake = await server();
    const channel = await open(transport, fake.endpoint);
    let count = 0;
    for await (const message of channel.stream(flood, settings())) {
      expect(message.length).toBe(50_000);
      expect(message[0]).toBe(count % 256);
      count += 1;
      // Round trips on the same connection: meanwhile the stream has filled its window.
      if (count === 3) {
        for (let i = 0; i < 20; i++) await channel.unary(echo, new Uint8Array(), settings());
      }
    }
    expect(count).toBe(200);
    channel.close();
  });

  test('B-193: leaving the loop ends the stream; a second reader is refused', async () => {
    await using fake = await server();
    const channel = await open(transport, fake.endpoint);
    const stream = channel.stream(flood, settings());
    for await (const message of stream) {
      expect(message.length).toBe(50_000);
      break;
    }
    await expect(stream[Symbol.asyncIterator]().next()).rejects.toThrow('one reader');
    channel.close();
  });

  test('a message above the limit is RESOURCE_EXHAUSTED, and not buffered', async () => {
    await using fake = await server();
    const channel = transport.channel(parseEndpoint(fake.endpoint, false), {
      ...options,
      receiveBytesMax: 1_000,
    });
    await channel.whenReady(AbortSignal.timeout(5_000));
    await expect(channel.unary(echo, new Uint8Array(2_000), settings())).rejects.toMatchObject({
      grpcCode: 8,
    });
    channel.close();
  });

  test('C1: an answer above the limit says nothing of what the server did', async () => {
    await using fake = await server();
    const channel = transport.channel(parseEndpoint(fake.endpoint, false), {
      ...options,
      receiveBytesMax: 1_000,
    });
    await channel.whenReady(AbortSignal.timeout(5_000));
    const error: unknown = await channel.unary(echo, new Uint8Array(2_000), settings()).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(StatusError);
    expect(outcomeOf(error as StatusError)).toBe('unknown');
    channel.close();
  });

  test('B-195: close leaves no socket, also where the server takes nothing of what was sent', async () => {
    const settingsFrame = Buffer.from([0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0x7f, 0xff, 0xff, 0xff]);
    const window = Buffer.from([0, 0, 4, 8, 0, 0, 0, 0, 0, 0x7f, 0, 0, 0]);
    await using fake = await socketServer((socket) => {
      socket.once('data', () => {
        socket.write(Buffer.concat([settingsFrame, window]));
        socket.pause();
      });
    });
    // Those of the tests before are on their way out.
    await expect.poll(tcpHandles).toBe(0);
    const channel = await open(transport, fake.endpoint);
    const calls = Array.from({ length: 8 }, () =>
      channel.unary(hang, new Uint8Array(4 << 20), settings()),
    );
    const ended = Promise.allSettled(calls);
    await new Promise((resolve) => setImmediate(resolve));
    channel.close();
    await ended;
    // The server's end stays until it looks.
    await expect.poll(tcpHandles).toBe(1);
  });

  test('whenReady keeps trying until the signal aborts, and then nothing is left', async () => {
    const channel = transport.channel(parseEndpoint('127.0.0.1:1', false), options);
    await neverReady(channel);
    expect(channel.isReady).toBe(false);
    channel.close();
    await expect(channel.unary(echo, new Uint8Array(), settings())).rejects.toBeInstanceOf(
      StatusError,
    );
  });

  test('a peer that is no HTTP/2 server is never ready, and no error escapes', async () => {
    await using fake = await socketServer((socket) => {
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\nthis is something else entirely');
    });
    const channel = transport.channel(parseEndpoint(fake.endpoint, false), options);
    await neverReady(channel);
    channel.close();
  });

  test('calls in flight end with UNAVAILABLE when the connection breaks', async () => {
    await using fake = await server();
    const between = await FaultyProxy.open(fake.endpoint, 1);
    const channel = await open(transport, between.endpoint);
    const call = channel.unary(hang, new Uint8Array(), settings());
    const outcome = expect(call).rejects.toMatchObject({ grpcCode: 14 });
    await channel.unary(echo, new Uint8Array(), settings());
    await between[Symbol.asyncDispose]();
    await outcome;
    channel.close();
  });

  test('B-195: close ends calls, and is idempotent', async () => {
    await using fake = await server();
    const channel = await open(transport, fake.endpoint);
    const outcome = expect(
      channel.unary(hang, new Uint8Array(), settings()),
    ).rejects.toBeInstanceOf(StatusError);
    channel.close();
    channel.close();
    await outcome;
    expect(channel.isReady).toBe(false);
  });
});

function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).some((each) =>
    each?.some(({ address }) => address === '::1'),
  );
}

function tcpHandles(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
}

/** Waits until an attempt to connect has failed, and then gives up waiting. */
async function neverReady(channel: Channel): Promise<void> {
  const controller = new AbortController();
  const reason = new Error('waited long enough');
  const outcome = expect(channel.whenReady(controller.signal)).rejects.toBe(reason);
  await expect.poll(() => channel.lastError, { timeout: 10_000 }).toBeInstanceOf(Error);
  controller.abort(reason);
  await outcome;
}
