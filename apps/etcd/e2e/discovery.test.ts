/**
 * Members that find each other by a token in another cluster (daemon.md §11.3). Goal: ours and etcd's find each other, also where the
 * service speaks TLS and asks who calls; who is not let in ends with the reason. Method: real daemons; a service that knows users is etcd
 * (below `REF`).
 */
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { freePorts } from '@kv/rpc/testing';
import { writeCertificates } from './certificates.js';
import { ChangingCluster } from './changing-cluster.js';
import { reference } from './cluster-process.js';
import { DaemonProcess, memberArgs } from './daemon-process.js';

const TEST_MS = 120_000;
const execute = promisify(execFile);

let cluster: ChangingCluster;
let service: DaemonProcess | undefined;
afterEach(async () => {
  await cluster.close();
  await service?.end();
  service = undefined;
});

describe('a cluster that finds itself by a token', () => {
  it(
    'of as many members as were asked for; who comes too late is told so',
    { timeout: TEST_MS },
    async () => {
      cluster = await ChangingCluster.open('ours');
      const [knowing] = cluster.members;
      if (knowing === undefined) throw new Error('there is a member');
      await knowing.client.put('/_etcd/registry/t/_config/size', '2');
      const flags = ['--discovery-token=t', `--discovery-endpoints=${knowing.client.address}`];
      const [x, y, late] = [
        await cluster.make('ours'),
        await cluster.make(reference === undefined ? 'ours' : 'etcd'),
        await cluster.make('ours'),
      ];
      await Promise.all([x.discover(...flags), y.discover(...flags)]);
      await x.client.put('k', 'v');
      expect(await y.client.get('k')).toBe('v');
      expect(await x.client.members()).toHaveLength(2);
      const refused = late.beginDiscovering(...flags);
      expect((await refused.exit).code).toBe(1);
      const line = await refused.line('failed to bootstrap; discovery token was already used');
      expect(line['error']).toBe('failed to join discovery cluster (discovery: cluster is full)');
    },
  );
});

interface GuardedService {
  /** Flags that let a member in. */
  readonly flags: readonly string[];
  readonly endpoint: string;
  readonly authorityFile: string;
}

/** An etcd that speaks only TLS, and knows `root` with the password `secret`; the token `t` is for two members. */
async function guardedService(etcd: string): Promise<GuardedService> {
  cluster = await ChangingCluster.open();
  const directory = cluster.path('');
  const { authorityFile, certFile, keyFile } = writeCertificates(directory);
  const [port = 0, peerPort = 0, deadPort = 0] = await freePorts(3);
  const endpoint = `https://127.0.0.1:${port.toString()}`;
  const peerUrl = `http://127.0.0.1:${peerPort.toString()}`;
  service = new DaemonProcess({
    program: etcd,
    args: [
      ...memberArgs(join(directory, 'service'), `--listen-client-urls=${endpoint}`),
      ...[
        `--advertise-client-urls=${endpoint}`,
        `--cert-file=${certFile}`,
        `--key-file=${keyFile}`,
      ],
      ...[`--listen-peer-urls=${peerUrl}`, `--initial-advertise-peer-urls=${peerUrl}`],
      `--initial-cluster=m=${peerUrl}`,
    ],
  });
  await service.line('ready to serve client requests');
  const ctl = async (...words: readonly string[]): Promise<void> => {
    const common = [`--endpoints=${endpoint}`, `--cacert=${authorityFile}`];
    await execute(join(dirname(etcd), 'etcdctl'), [...common, ...words], { env: {} });
  };
  await ctl('put', '/_etcd/registry/t/_config/size', '2');
  await ctl('user', 'add', 'root:secret');
  await ctl('user', 'grant-role', 'root', 'root');
  await ctl('auth', 'enable');
  const flags = [
    '--discovery-token=t',
    // The first one is not there.
    `--discovery-endpoints=https://127.0.0.1:${deadPort.toString()},${endpoint}`,
    ...['--discovery-user=root', '--discovery-password=secret'],
    `--discovery-cacert=${authorityFile}`,
    ...['--discovery-dial-timeout=1s', '--discovery-keepalive-time=10s'],
  ];
  return { flags, endpoint, authorityFile };
}

describe.skipIf(reference === undefined)('a service with TLS that asks who calls', () => {
  it('lets in ours and etcd, with the same flags', { timeout: TEST_MS }, async () => {
    const { flags } = await guardedService(reference ?? '');
    const [x, y] = [await cluster.make('ours'), await cluster.make('etcd')];
    await Promise.all([x.discover(...flags), y.discover(...flags)]);
    await x.client.put('k', 'v');
    expect(await y.client.get('k')).toBe('v');
    // What is secret is in no line.
    expect(JSON.stringify(x.process.lines)).not.toContain('secret');
  });

  it(
    'ends a member that it does not let in, and one whose settings are no use',
    { timeout: TEST_MS },
    async () => {
      const { flags, endpoint, authorityFile } = await guardedService(reference ?? '');
      const refused = async (...more: readonly string[]) => {
        const member = await cluster.make('ours');
        const process = member.beginDiscovering(...flags, ...more);
        expect((await process.exit).code).toBe(1);
        return process.line('discovery failed');
      };
      const wrong = await refused('--discovery-password=wrong');
      expect(wrong['error']).toContain('authentication failed, invalid user ID or password');
      expect(wrong['hint']).toContain('--discovery-user');
      const missing = await refused(`--discovery-cacert=${authorityFile}.not`);
      expect(missing['error']).toBe(
        `failed to join discovery cluster (open ${authorityFile}.not: no such file or directory)`,
      );
      // An authority that nobody has named may be added to the system's: this goes on.
      const doubting = await cluster.make('ours');
      const words = flags.filter((flag) => !flag.startsWith('--discovery-cacert'));
      const process = doubting.beginDiscovering(...words, `--discovery-endpoints=${endpoint}`);
      const line = await process.line('retry connecting to discovery service');
      expect(line['error']).toContain('unable to verify');
    },
  );
});
