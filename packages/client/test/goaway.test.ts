/** A server that goes away: calls in progress finish, and nothing of the old connection outlives the client (C4). */
import { createServer, type Http2Session } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { expect, test } from 'vitest';
import { parseEndpoint } from '../src/endpoint.js';
import { wireTransport } from '../src/transport/wire/transport.js';

const options = {
  tls: {},
  keepAliveMs: 10_000,
  keepAliveTimeoutMs: 5_000,
  receiveBytesMax: 1 << 20,
};

test('after GOAWAY new calls use a new connection, and close ends the old one, too', async () => {
  const sessions: Http2Session[] = [];
  const sockets = new Set<Socket>();
  const server = createServer();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('session', (session) => sessions.push(session));
  server.on('stream', (stream) => {
    stream.on('error', () => undefined); // Never answers.
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const channel = wireTransport.channel(parseEndpoint(`127.0.0.1:${port}`, false), options);
  const { signal } = new AbortController();

  await channel.whenReady(signal);
  const call = channel.unary('/a/b', new Uint8Array(), { signal, metadata: [] });
  const outcome = expect(call).rejects.toMatchObject({ grpcCode: 1 });
  await expect.poll(() => sessions[0]?.state.nextStreamID ?? 0).toBeGreaterThan(0);
  // Streams up to 1 were taken: the call goes on, new ones go elsewhere.
  sessions[0]?.goaway(0, 1);
  await expect.poll(() => channel.isReady).toBe(false);
  await channel.whenReady(signal);
  expect(sessions).toHaveLength(2);
  expect(sockets.size).toBe(2);

  channel.close();
  await outcome;
  await expect.poll(() => sockets.size).toBe(0);
  server.close();
});
