/** A server that goes away: calls in progress finish or fail, and nothing of the old connection outlives them (C4). */
import { createServer, type Http2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { expect, test } from 'vitest';
import { parseEndpoint } from '../src/endpoint.js';
import type { Channel } from '../src/transport/port.js';
import { wireTransport } from '../src/transport/wire/transport.js';
import { FaultyProxy } from './faulty-proxy.js';

const options = {
  tls: {},
  keepAliveMs: 10_000,
  keepAliveTimeoutMs: 5_000,
  receiveBytesMax: 1 << 20,
};
const { signal } = new AbortController();
const call = (channel: Channel): Promise<Uint8Array> =>
  channel.unary('/a/b', new Uint8Array(), { signal, metadata: [] });

/** A server that answers when told to. */
class Departing implements AsyncDisposable {
  readonly sessions: Http2Session[] = [];
  readonly sockets = new Set<Socket>();
  readonly answers: (() => void)[] = [];
  readonly #server = createServer();

  async listen(): Promise<string> {
    this.#server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
    this.#server.on('session', (session) => this.sessions.push(session));
    this.#server.on('stream', (stream: ServerHttp2Stream) => {
      stream.on('error', () => undefined);
      this.answers.push(() => {
        stream.respond(
          { ':status': 200, 'content-type': 'application/grpc' },
          { waitForTrailers: true },
        );
        stream.on('wantTrailers', () => {
          stream.sendTrailers({ 'grpc-status': '0' });
        });
        stream.end(Buffer.alloc(5));
      });
    });
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** With one call inside. */
  async leave(channel: Channel): Promise<void> {
    await expect.poll(() => this.answers.length).toBe(1);
    // Streams up to 1 were taken: the call goes on, new ones go elsewhere.
    this.sessions[0]?.goaway(0, 1);
    await expect.poll(() => channel.isReady).toBe(false);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

test('after GOAWAY new calls use a new connection, and close ends the old one, too', async () => {
  await using server = new Departing();
  const channel = wireTransport.channel(parseEndpoint(await server.listen(), false), options);
  await channel.whenReady(signal);
  const outcome = expect(call(channel)).rejects.toMatchObject({ grpcCode: 1 });
  await server.leave(channel);
  await channel.whenReady(signal);
  expect(server.sessions).toHaveLength(2);
  expect(server.sockets.size).toBe(2);

  channel.close();
  await outcome;
  await expect.poll(() => server.sockets.size).toBe(0);
});

test('the old connection ends with its last call, although the server leaves it open', async () => {
  await using server = new Departing();
  // Node's server takes no notice of our end; the line does.
  await using line = await FaultyProxy.open(await server.listen(), 1);
  const channel = wireTransport.channel(parseEndpoint(line.endpoint, false), options);
  await channel.whenReady(signal);
  const answer = call(channel);
  await server.leave(channel);
  expect(line.socketCount).toBe(2);
  server.answers[0]?.();
  expect(await answer).toHaveLength(0);
  await expect.poll(() => line.socketCount).toBe(0);
  channel.close();
});

test('F-9: a call on the old connection ends when the line falls silent', async () => {
  await using server = new Departing();
  await using line = await FaultyProxy.open(await server.listen(), 1);
  const quick = { ...options, keepAliveMs: 100, keepAliveTimeoutMs: 100 };
  const channel = wireTransport.channel(parseEndpoint(line.endpoint, false), quick);
  await channel.whenReady(signal);
  const outcome = expect(call(channel)).rejects.toThrow('no answer to a ping within 100 ms');
  await server.leave(channel);
  // The one that takes its place is looked after as well, and does not make up for it.
  await channel.whenReady(signal);
  line.blackHole(true);
  await outcome;
  channel.close();
});
