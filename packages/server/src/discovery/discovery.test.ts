/**
 * Clusters that find themselves, by DNS and by a token (daemon.md §11.2, §11.3). Goal: the members that etcd would find, in its
 * order and with its names, or its reasons. Method: records and a store that the test holds.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import type { MemberId } from '../ids.js';
import { silentLogger } from '../logger.js';
import { FakeClock } from '../testing/fake-clock.js';
import { expectedServerName } from './discover.js';
import { discoverBySrv, type Resolver, type SrvRecord } from './srv-discovery.js';
import { discoverByToken, type DiscoveryService } from './token-discovery.js';

describe('by DNS', () => {
  let records: Map<string, readonly SrvRecord[]>;
  const hosts = new Map([
    ['a.example', '10.0.0.1'],
    ['b.example', '10.0.0.2'],
  ]);
  const resolver: Resolver = {
    srv: (name) => {
      const found = records.get(name);
      return found === undefined
        ? Promise.reject(new Error(`lookup ${name}: no such host`))
        : Promise.resolve(found);
    },
    resolve: (host) => {
      const address = hosts.get(host);
      return address === undefined
        ? Promise.reject(new Error(`lookup ${host}: no such host`))
        : Promise.resolve(address);
    },
  };
  const find = async (advertised: string, suffix = ''): Promise<readonly string[] | string> => {
    const config = { name: 'own', initialAdvertisePeerUrls: [advertised] };
    const discovery = { domain: 'example', suffix };
    try {
      const members = await discoverBySrv(discovery, config, resolver, silentLogger);
      return members.map(({ name, peerUrls }) => `${name}=${peerUrls.join()}`);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };

  beforeEach(() => {
    records = new Map();
  });

  const two: readonly SrvRecord[] = [
    { target: 'b.example.', port: 2380 },
    { target: 'a.example.', port: 2380 },
  ];

  it('the own record is known by its address, the others are counted', async () => {
    records.set('_etcd-server._tcp.example', two);
    expect(await find('http://10.0.0.1:2380')).toEqual([
      '0=http://b.example:2380',
      'own=http://a.example:2380',
    ]);
  });

  it('both services count, and a suffix names others', async () => {
    records.set('_etcd-server-ssl-x._tcp.example', two.slice(0, 1));
    records.set('_etcd-server-x._tcp.example', two.slice(1));
    expect(await find('http://a.example:2380', 'x')).toEqual([
      '0=https://b.example:2380',
      'own=http://a.example:2380',
    ]);
  });

  it('records whose hosts are not known are left out', async () => {
    records.set('_etcd-server._tcp.example', [...two, { target: 'nowhere.', port: 1 }]);
    expect(await find('http://a.example:2380')).toHaveLength(2);
  });

  it('reasons', async () => {
    expect(await find('http://a.example:2380')).toBe(
      'error setting up initial cluster: error querying DNS SRV records for _etcd-server-ssl lookup ' +
        '_etcd-server-ssl._tcp.example: no such host\n' +
        'error querying DNS SRV records for _etcd-server lookup _etcd-server._tcp.example: no such host',
    );
    records.set('_etcd-server._tcp.example', two);
    expect(await find('http://10.0.0.9:2380')).toBe(
      'error setting up initial cluster: cannot find local etcd member "own" in SRV records',
    );
    records.set('_etcd-server._tcp.example', two.slice(1));
    expect(await find('https://a.example:2380')).toContain(
      'bootstrap at http://a.example:2380 from DNS for etcd-server has scheme mismatch with expected peer https://a.example:2380',
    );
  });
});

describe('the name that certificates of members must be valid for', () => {
  const srv = { type: 'srv', domain: 'example.com', suffix: '' } as const;
  const found = (...peerUrls: readonly string[]) => ({ initialCluster: [{ name: 'a', peerUrls }] });
  const https = found('http://a:1', 'https://b:1');
  const none = { trustedCaFile: '' };

  it('is the domain of SRV records with https, where no authority was named', () => {
    expect(expectedServerName(srv, https, none)).toBe('example.com');
    expect(expectedServerName(srv, https, { trustedCaFile: 'ca' })).toBe(undefined);
    expect(expectedServerName(srv, found('http://a:1'), none)).toBe(undefined);
    expect(expectedServerName({ type: 'none' }, https, none)).toBe(undefined);
  });
});

describe('by a token', () => {
  let store: Map<string, { readonly value: string; readonly createRevision: bigint }>;
  let clock: FakeClock;
  /** How many of the next calls fail. */
  let failures: number;
  let calls: number;

  const write = (key: string, value: string): void => {
    store.set(key, { value, createRevision: BigInt(store.size + 1) });
  };
  function answer<T>(value: () => T): Promise<T> {
    calls += 1;
    if (failures > 0) {
      failures -= 1;
      return Promise.reject(new Error('unreachable'));
    }
    return Promise.resolve(value());
  }
  const service: DiscoveryService = {
    get: (key) => answer(() => store.get(key)?.value),
    list: (prefix) =>
      answer(() =>
        [...store]
          .filter(([key]) => key.startsWith(prefix))
          .map(([key, found]) => ({ key, ...found }))
          .toSorted((a, b) => (a.key < b.key ? -1 : 1)),
      ),
    put: (key, value) =>
      answer(() => {
        write(key, value);
      }),
  };
  const join = (id: bigint, text: string): Promise<readonly string[]> =>
    discoverByToken(
      't',
      { id: id as MemberId, text },
      { service, clock, logger: silentLogger },
    ).then((members) => members.map(({ name, peerUrls }) => `${name}=${peerUrls.join()}`));

  beforeEach(() => {
    store = new Map();
    clock = new FakeClock();
    failures = 0;
    calls = 0;
  });

  it('as many as were asked for, in the order in which they came', async () => {
    write('/_etcd/registry/t/_config/size', '3');
    const found = [join(0xcn, 'c=http://c:1'), join(0xan, 'a=http://a:1,a=http://a:2')];
    await clock.advance(5000);
    found.push(join(0xbn, 'b=http://b:1'));
    await clock.advance(5000);
    const expected = ['c=http://c:1', 'a=http://a:1,http://a:2', 'b=http://b:1'];
    expect(await Promise.all(found)).toEqual([expected, expected, expected]);
    expect([...store.keys()]).toContain('/_etcd/registry/t/members/a');
    await expect(join(0xdn, 'd=http://d:1')).rejects.toMatchObject({
      code: 'discovery_failed',
      message: 'failed to join discovery cluster (discovery: cluster is full)',
    });
    // One of them may ask again.
    expect(await join(0xan, 'a=http://a:1')).toHaveLength(3);
  });

  it.each([
    [undefined, 'discovery: size key not found'],
    ['x', 'discovery: size key is bad'],
    ['0', 'discovery: size key is bad'],
    ['-1', 'discovery: size key is bad'],
  ])('size %s: %s', async (size, reason) => {
    if (size !== undefined) write('/_etcd/registry/t/_config/size', size);
    await expect(join(1n, 'a=http://a:1')).rejects.toThrow(
      `failed to join discovery cluster (${reason})`,
    );
  });

  it('addresses that are none end it', async () => {
    write('/_etcd/registry/t/_config/size', '1');
    await expect(join(1n, 'a=nowhere')).rejects.toThrow('discovery: invalid peer URL');
  });

  it('what fails is tried again, after longer and longer pauses', async () => {
    write('/_etcd/registry/t/_config/size', '1');
    failures = 3;
    const joined = join(1n, 'a=http://a:1');
    await clock.advance(2000 + 4000 + 7999);
    expect(calls).toBe(3);
    await clock.advance(1);
    expect(await joined).toEqual(['a=http://a:1']);
  });
});
