/** What says that nobody listens where a peer was, and what does not. */
import { createServer, connect } from 'node:net';
import { once } from 'node:events';
import { beforeEach, describe, expect, it } from 'vitest';
import { isRefusedDial, PeerLoss } from './peer-loss.js';

function failure(code: string, syscall: string): Error {
  return Object.assign(new Error(`${syscall} ${code}`), { code, syscall });
}
const REFUSED = failure('ECONNREFUSED', 'connect');

let streams: number;
let told: number;
let urls: readonly string[];
let loss: PeerLoss;
beforeEach(() => {
  streams = 0;
  told = 0;
  urls = ['http://a:2380'];
  loss = new PeerLoss({
    urls: () => urls,
    hasStreams: () => streams > 0,
    refused: () => {
      told += 1;
    },
  });
});

const open = (): void => {
  streams += 1;
  loss.opened();
};
const end = (): void => {
  streams -= 1;
  loss.ended();
};

describe('a peer is gone', () => {
  it('when its streams have ended and its address refuses; told once, until it was there again', () => {
    open();
    end();
    expect(told).toBe(0);
    for (let n = 0; n < 3; n++) loss.failed('http://a:2380', REFUSED);
    expect(told).toBe(1);
    open();
    end();
    loss.failed('http://a:2380', REFUSED);
    expect(told).toBe(2);
  });

  it('only when the last stream has ended, whichever comes first', () => {
    open();
    open();
    end();
    loss.failed('http://a:2380', REFUSED);
    expect(told).toBe(0);
    end();
    expect(told).toBe(1);
  });

  it('only when each of its addresses refuses', () => {
    urls = ['http://a:2380', 'http://b:2380'];
    open();
    end();
    loss.failed('http://a:2380', REFUSED);
    loss.failed('http://a:2380', REFUSED);
    expect(told).toBe(0);
    loss.failed('http://b:2380', REFUSED);
    expect(told).toBe(1);
  });

  it('only when it was there', () => {
    loss.failed('http://a:2380', REFUSED);
    expect(told).toBe(0);
  });
});

describe('a peer may be there', () => {
  it.each([
    ['a time limit', failure('ETIMEDOUT', 'connect')],
    ['a lost host', failure('EHOSTUNREACH', 'connect')],
    ['a lost network', failure('ENETUNREACH', 'connect')],
    ['a connection that breaks', failure('ECONNRESET', 'read')],
    ['a certificate that is refused', failure('ERR_TLS_CERT_ALTNAME_INVALID', 'connect')],
    ['a name that is not known', failure('ENOTFOUND', 'getaddrinfo')],
    ['a resolver that is not reached', failure('ECONNREFUSED', 'getaddrinfo')],
    ['an answer that is no stream', undefined],
  ])('%s is no refusal, and takes back those before', (_, error) => {
    urls = ['http://a:2380', 'http://b:2380'];
    open();
    end();
    loss.failed('http://a:2380', REFUSED);
    loss.failed('http://b:2380', error);
    expect(told).toBe(0);
    loss.failed('http://b:2380', REFUSED);
    expect(told).toBe(0);
  });

  it('where a name stands for several addresses, of which one does not refuse', () => {
    const lost = failure('ENETUNREACH', 'connect');
    expect(isRefusedDial(new AggregateError([REFUSED, REFUSED]))).toBe(true);
    expect(isRefusedDial(new AggregateError([REFUSED, lost]))).toBe(false);
    expect(isRefusedDial(new AggregateError([]))).toBe(false);
  });
});

it('what Node reports of a port on which nobody listens is a refusal', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('it listens on a port');
  for (const host of ['127.0.0.1', 'localhost']) {
    const [error] = await once(connect(address.port, host), 'error').catch((e: unknown) => [e]);
    expect(isRefusedDial(error)).toBe(true);
  }
});
