/**
 * Three processes as one cluster, and a cluster of ours with members of etcd where its program is at hand (below `REF`). Goal:
 * what was acknowledged survives kill -9 of any member, and in the end all of them hold the same, hash by hash.
 */
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { TestClient } from './client.js';
import { DaemonProcess, temporaryDirectory } from './daemon-process.js';

const NAMES = ['a', 'b', 'c'] as const;
const reference = join(process.env['REF'] ?? join(homedir(), 'ref'), 'etcd');
const TEST_MS = 120_000;

/** Ports that are free now. Peers must know each other's before any of them starts. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve) => {
          const server = createServer();
          server.listen(0, '127.0.0.1', () => {
            resolve(server);
          });
        }),
    ),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

class ClusterMember {
  readonly name: string;
  readonly #args: readonly string[];
  readonly #program: string | undefined;
  readonly client: TestClient;
  #process: DaemonProcess | undefined;

  constructor(name: string, directory: string, ports: readonly number[], program?: string) {
    const url = (n: number): string => `http://127.0.0.1:${(ports[n] ?? 0).toString()}`;
    const at = NAMES.findIndex((other) => other === name) * 2;
    this.name = name;
    this.#program = program;
    this.client = new TestClient(url(at).slice('http://'.length));
    this.#args = [
      `--name=${name}`,
      `--data-dir=${join(directory, name)}`,
      `--listen-client-urls=${url(at)}`,
      `--advertise-client-urls=${url(at)}`,
      `--listen-peer-urls=${url(at + 1)}`,
      `--initial-advertise-peer-urls=${url(at + 1)}`,
      `--initial-cluster=${NAMES.map((other, n) => `${other}=${url(2 * n + 1)}`).join(',')}`,
    ];
  }

  start(): void {
    this.#process = new DaemonProcess({
      args: this.#args,
      ...(this.#program === undefined ? {} : { program: this.#program }),
    });
  }

  get process(): DaemonProcess {
    if (this.#process === undefined) throw new Error(`${this.name} is not started`);
    return this.#process;
  }

  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.process.exit;
  }

  async end(): Promise<void> {
    this.client.close();
    await this.#process?.end();
  }
}

class Cluster {
  readonly members: readonly ClusterMember[];
  readonly #directory = temporaryDirectory();

  private constructor(ports: readonly number[], programs: readonly (string | undefined)[]) {
    this.members = NAMES.map(
      (name, n) => new ClusterMember(name, this.#directory.path, ports, programs[n]),
    );
  }

  static async open(programs: readonly (string | undefined)[] = []): Promise<Cluster> {
    const cluster = new Cluster(await freePorts(2 * NAMES.length), programs);
    for (const member of cluster.members) member.start();
    await Promise.all(
      cluster.members.map(({ process }) => process.line('ready to serve client requests')),
    );
    return cluster;
  }

  async leader(): Promise<ClusterMember> {
    return vi.waitFor(
      async () => {
        for (const member of this.members) {
          if (await member.client.leads().catch(() => false)) return member;
        }
        throw new Error('nobody leads');
      },
      { timeout: 20_000, interval: 100 },
    );
  }

  async expectAgreement(): Promise<void> {
    await vi.waitFor(
      async () => {
        const hashes = await Promise.all(this.members.map(({ client }) => client.hash()));
        for (const hash of hashes) expect(hash).toEqual(hashes[0]);
      },
      { timeout: 20_000, interval: 200 },
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.members.map((member) => member.end()));
    this.#directory.remove();
  }
}

let cluster: Cluster | undefined;
afterEach(async () => {
  await cluster?.close();
  cluster = undefined;
});

/** Writes through one member after the other until told to stop; an attempt that fails was not acknowledged. */
function writer(members: readonly ClusterMember[]): {
  /** Resolves when this many more have been acknowledged. */
  acknowledges(more: number): Promise<void>;
  stop(): Promise<Map<string, string>>;
} {
  const acknowledged = new Map<string, string>();
  let going = true;
  const write = async (n: number): Promise<void> => {
    for (let round = 0; going; round += 1) {
      const member = members[(n + round) % members.length];
      const key = `key-${n.toString()}-${round.toString()}`;
      await member?.client.put(key, round.toString()).then(
        () => acknowledged.set(key, round.toString()),
        () => new Promise((resolve) => setImmediate(resolve)),
      );
    }
  };
  const writers = Promise.all(Array.from({ length: 8 }, (_, n) => write(n)));
  return {
    async acknowledges(more) {
      const target = acknowledged.size + more;
      await vi.waitFor(
        () => {
          expect(acknowledged.size).toBeGreaterThanOrEqual(target);
        },
        { timeout: 30_000 },
      );
    },
    async stop() {
      going = false;
      await writers;
      return acknowledged;
    },
  };
}

async function survives(of: Cluster, victim: ClusterMember): Promise<void> {
  const rest = of.members.filter((member) => member !== victim);
  const writing = writer(rest);
  await writing.acknowledges(200);
  await victim.kill();
  // The others go on without it: in a new term, if it led.
  await writing.acknowledges(200);
  victim.start();
  await victim.process.line('ready to serve client requests');
  const acknowledged = await writing.stop();
  for (const [key, value] of acknowledged) expect(await victim.client.get(key)).toBe(value);
  await of.expectAgreement();
}

describe('three processes', () => {
  it(
    'F-1 go on when the leader is killed under load, and lose nothing',
    { timeout: TEST_MS },
    async () => {
      cluster = await Cluster.open();
      await survives(cluster, await cluster.leader());
    },
  );

  it(
    'a leader that is asked to stop hands leadership over first',
    { timeout: TEST_MS },
    async () => {
      cluster = await Cluster.open();
      const leader = await cluster.leader();
      leader.process.kill('SIGTERM');
      await leader.process.line('leadership transferred');
      expect((await leader.process.exit).signal).toBe('SIGTERM');
      expect(await cluster.leader()).not.toBe(leader);
    },
  );
});

describe.skipIf(!existsSync(reference))('one of ours among members of etcd', () => {
  it.each([
    ['two of etcd', [undefined, reference, reference]],
    ['one of etcd', [undefined, undefined, reference]],
  ])(
    '%s: all hold the same, also after kill -9 of ours',
    { timeout: TEST_MS },
    async (_, programs) => {
      cluster = await Cluster.open(programs);
      const [ours] = cluster.members;
      if (ours === undefined) throw new Error('there are three');
      await ours.client.put('k', 'v');
      for (const member of cluster.members) expect(await member.client.get('k')).toBe('v');
      await survives(cluster, ours);
    },
  );
});
