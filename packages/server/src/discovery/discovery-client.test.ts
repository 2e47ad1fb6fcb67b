/**
 * How the discovery service is called. Goal: TLS exactly where etcd's client speaks it (v3.7.1 client/v3/config.go, client.go), and clear
 * reasons where it can not. Method: endpoints and settings in, what grpc-js is given out; calls against a real service are in the
 * daemon's e2e tests.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.js';
import { DiscoveryClient, type TokenDiscovery } from './discovery-client.js';
import { discoveryAccess } from './discovery-credentials.js';
import { discoveryEndpoint } from './discovery-endpoint.js';

const directory = mkdtempSync(join(tmpdir(), 'kv-discovery-'));
afterAll(() => {
  rmSync(directory, { recursive: true });
});

const defaults: TokenDiscovery = {
  ...{ token: 't', endpoints: ['127.0.0.1:1'], insecureTransport: true },
  ...{ dialTimeoutMs: 2000, requestTimeoutMs: 5000, keepaliveTimeMs: 0, keepaliveTimeoutMs: 0 },
  ...{ insecureSkipTlsVerify: false, certFile: '', keyFile: '', caFile: '', serverName: '' },
  ...{ user: '', password: '', authToken: '' },
};

describe('an endpoint', () => {
  it.each([
    ['a:2379', 'a:2379', 'either', 'a'],
    ['http://a:2379', 'a:2379', 'plain', 'a'],
    ['HTTPS://a:2379/', 'a:2379', 'tls', 'a'],
    ['https://[::1]:2379', '[::1]:2379', 'tls', '::1'],
    ['unix:a', 'unix:a', 'either', 'a'],
    ['unix:///var/run/a', 'unix:/var/run/a', 'either', 'a'],
    ['unixs://localhost:1', 'unix:localhost:1', 'tls', 'localhost:1'],
  ] as const)('%s', (text, target, security, serverName) => {
    expect(discoveryEndpoint(text)).toEqual({ text, target, security, serverName });
  });
});

describe('TLS', () => {
  const caFile = join(directory, 'ca.pem');
  writeFileSync(caFile, '');
  const isSecure = (endpoint: string, settings: Partial<TokenDiscovery>): boolean =>
    discoveryAccess({ ...defaults, ...settings })(
      discoveryEndpoint(endpoint),
    ).credentials._isSecure();

  it.each<[Partial<TokenDiscovery>, boolean]>([
    [{}, false],
    [{ insecureTransport: false }, true],
    [{ insecureSkipTlsVerify: true }, true],
    [{ caFile }, true],
    [{ serverName: 'x' }, true],
  ])('%j: spoken where the endpoint does not say: %s', (settings, expected) => {
    expect(isSecure('a:1', settings)).toBe(expected);
    expect(isSecure('https://a:1', settings)).toBe(true);
    expect(isSecure('http://a:1', settings)).toBe(false);
  });

  it('verifies the address, and sends no address as a name', () => {
    const access = discoveryAccess({ ...defaults, insecureTransport: false });
    expect(access(discoveryEndpoint('127.0.0.1:1')).options).toEqual({
      'grpc.ssl_target_name_override': 'address.invalid',
      'grpc.default_authority': '127.0.0.1',
    });
    const named = discoveryAccess({ ...defaults, serverName: 'x' });
    expect(named(discoveryEndpoint('127.0.0.1:1')).options).toEqual({
      'grpc.ssl_target_name_override': 'x',
      'grpc.default_authority': 'x',
    });
  });

  it.each<[Partial<TokenDiscovery>, string]>([
    [{ certFile: 'c' }, 'KeyFile and CertFile must both be present[key: , cert: c]'],
    [{ caFile: '/nowhere/ca' }, 'open /nowhere/ca: no such file or directory'],
    [{ certFile: caFile, keyFile: caFile }, caFile],
    [
      { user: 'u', authToken: 'x' },
      'Username/Password and Token configurations are mutually exclusive',
    ],
  ])('%j is refused before anybody is called', (settings, reason) => {
    const open = () => new DiscoveryClient({ ...defaults, ...settings }, systemClock);
    expect(open).toThrow(reason);
    expect(open).toThrow(expect.objectContaining({ code: 'discovery_denied' }));
  });
});

describe('a service that does not answer', () => {
  it('is given up: at once where nobody listens, and after the dial timeout where somebody keeps silent', async () => {
    const silent = createServer((socket) => socket.unref());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    if (typeof address !== 'object' || address === null) throw new Error('it listens');
    const endpoint = `127.0.0.1:${address.port}`;
    const settings = { ...defaults, dialTimeoutMs: 100, requestTimeoutMs: 60_000 };
    const nobody = new DiscoveryClient({ ...settings, endpoints: ['127.0.0.1:1'] }, systemClock);
    const mute = new DiscoveryClient({ ...settings, endpoints: [endpoint] }, systemClock);
    try {
      await expect(nobody.get('k')).rejects.toThrow('ECONNREFUSED');
      await expect(mute.get('k')).rejects.toThrow(`no connection to ${endpoint} within 100 ms`);
    } finally {
      nobody.close();
      mute.close();
      silent.close();
    }
  });
});
