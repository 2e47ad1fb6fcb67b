/** Three processes as one cluster, for the tests that end some of them. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '@kv/rpc/testing';
import { expect, vi } from 'vitest';
import { TestClient } from './client.js';
import { DaemonProcess, temporaryDirectory } from './daemon-process.js';

const NAMES = ['a', 'b', 'c'] as const;

/** The program of etcd; undefined where it is not at hand (below `REF`). */
export const reference: string | undefined = findReference();

function findReference(): string | undefined {
  const path = join(process.env['REF'] ?? join(homedir(), 'ref'), 'etcd');
  return existsSync(path) ? path : undefined;
}

/** One member: its process, which can be ended and started again, and a client of it. */
export class ClusterMember {
  readonly name: string;
  readonly dataDir: string;
  readonly clientUrl: string;
  readonly #args: readonly string[];
  readonly #program: string | undefined;
  readonly client: TestClient;
  #process: DaemonProcess | undefined;

  constructor(
    name: string,
    directory: string,
    ports: readonly number[],
    {
      program,
      args = [],
    }: { readonly program?: string | undefined; readonly args?: readonly string[] },
  ) {
    const url = (n: number): string => `http://127.0.0.1:${(ports[n] ?? 0).toString()}`;
    const at = NAMES.findIndex((other) => other === name) * 2;
    this.name = name;
    this.dataDir = join(directory, name);
    this.#program = program;
    this.clientUrl = url(at);
    this.client = new TestClient(this.clientUrl.slice('http://'.length));
    this.#args = [
      `--name=${name}`,
      `--data-dir=${this.dataDir}`,
      `--listen-client-urls=${url(at)}`,
      `--advertise-client-urls=${url(at)}`,
      `--listen-peer-urls=${url(at + 1)}`,
      `--initial-advertise-peer-urls=${url(at + 1)}`,
      `--initial-cluster=${NAMES.map((other, n) => `${other}=${url(2 * n + 1)}`).join(',')}`,
      ...args,
    ];
  }

  /** `more`: flags for this start. */
  start(...more: readonly string[]): void {
    this.#process = new DaemonProcess({
      args: [...this.#args, ...more],
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

/** Three members that know each other from the start. */
export class Cluster {
  readonly members: readonly ClusterMember[];
  readonly #directory = temporaryDirectory();

  private constructor(
    ports: readonly number[],
    programs: readonly (string | undefined)[],
    args: readonly string[],
  ) {
    this.members = NAMES.map(
      (name, n) =>
        new ClusterMember(name, this.#directory.path, ports, { program: programs[n], args }),
    );
  }

  /** `programs`: of each member, ours by default. `args`: more flags, for all. */
  static async open(
    programs: readonly (string | undefined)[] = [],
    args: readonly string[] = [],
  ): Promise<Cluster> {
    const cluster = new Cluster(await freePorts(2 * NAMES.length), programs, args);
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
