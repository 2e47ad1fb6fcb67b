/** Clients that lost a server at the same moment do not come back at the same moment: pauses differ by the number that the client draws. */
import { expect, test, vi } from 'vitest';
import { parseEndpoint } from '../src/endpoint.js';
import { wireTransport } from '../src/transport/wire/transport.js';

/** The first pauses between attempts to connect of a client that draws this number, milliseconds. */
async function pausesMs(drawn: number): Promise<readonly number[]> {
  const timers = vi.spyOn(globalThis, 'setTimeout');
  let drawnCount = 0;
  const channel = wireTransport.channel(parseEndpoint('127.0.0.1:1', false), {
    tls: {},
    keepAliveMs: 10_000,
    keepAliveTimeoutMs: 5_000,
    receiveBytesMax: 1 << 20,
    random: () => {
      drawnCount += 1;
      return drawn;
    },
  });
  const outcome = expect(channel.whenReady(new AbortController().signal)).rejects.toThrow('closed');
  await vi.waitUntil(() => drawnCount === 2);
  channel.close();
  await outcome;
  const delays = timers.mock.calls.map(([, delayMs]) => Math.round(delayMs ?? 0));
  timers.mockRestore();
  return delays;
}

test('pauses double, and a part of each is drawn', async () => {
  expect(await pausesMs(0)).toEqual(expect.arrayContaining([80, 160]));
  expect(await pausesMs(1)).toEqual(expect.arrayContaining([120, 240]));
});
