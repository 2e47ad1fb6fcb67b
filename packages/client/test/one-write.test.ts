/** Calls of one turn share one write to the socket (`wire/outbox.ts`). */
import { createServer } from 'node:http2';
import { Socket, type AddressInfo } from 'node:net';
import { expect, test, vi } from 'vitest';
import { parseEndpoint } from '../src/endpoint.js';
import { wireTransport } from '../src/transport/wire/transport.js';

test('fifty calls of one turn go out in one write', async () => {
  const server = createServer();
  let streamCount = 0;
  server.on('stream', (stream) => {
    streamCount += 1;
    stream.on('error', () => undefined); // Never answers.
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const channel = wireTransport.channel(parseEndpoint(`127.0.0.1:${port}`, false), {
    tls: {},
    keepAliveMs: 10_000,
    keepAliveTimeoutMs: 5_000,
    receiveBytesMax: 1 << 20,
  });
  const { signal } = new AbortController();
  await channel.whenReady(signal);
  await new Promise(setImmediate);

  const write = vi.spyOn(Socket.prototype, 'write');
  const calls = Array.from({ length: 50 }, () =>
    channel.unary('/a/b', new Uint8Array(10), { signal, metadata: [] }),
  );
  const ended = Promise.allSettled(calls);
  await expect.poll(() => streamCount).toBe(50);
  const ours = write.mock.contexts.filter((socket) => (socket as Socket).remotePort === port);
  write.mockRestore();
  expect(ours).toHaveLength(1);

  channel.close();
  await ended;
  await new Promise((resolve) => server.close(resolve));
});
