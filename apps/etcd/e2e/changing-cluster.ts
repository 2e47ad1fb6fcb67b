/** Processes as a cluster whose members come and go. */
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { freePorts } from '@kv/rpc/testing';
import { TestClient } from './client.js';
import { reference } from './cluster-process.js';
import { DaemonProcess, temporaryDirectory } from './daemon-process.js';

export type Kind = 'ours' | 'etcd';

const WAIT_MS = 30_000;

/** One member: its process, which can be ended and started again, and a client of it. */
export class ChangingMember {
  readonly name: string;
  readonly peerUrl: string;
  readonly client: TestClient;
  /** Known once it is a member. */
  id = 0n;
  readonly #kind: Kind;
  readonly #args: readonly string[];
  #process: DaemonProcess | undefined;

  constructor(
    name: string,
    kind: Kind,
    directory: string,
    [clientPort = 0, peerPort = 0]: readonly number[],
    more: readonly string[],
  ) {
    const url = (port: number): string => `http://127.0.0.1:${port.toString()}`;
    this.name = name;
    this.#kind = kind;
    this.peerUrl = url(peerPort);
    this.client = new TestClient(`127.0.0.1:${clientPort.toString()}`);
    this.#args = [
      `--name=${name}`,
      `--data-dir=${join(directory, name)}`,
      `--listen-client-urls=${url(clientPort)}`,
      `--advertise-client-urls=${url(clientPort)}`,
      `--listen-peer-urls=${this.peerUrl}`,
      `--initial-advertise-peer-urls=${this.peerUrl}`,
      ...more,
    ];
  }

  /** Resolves when it serves. */
  async start(members: readonly ChangingMember[], ...more: readonly string[]): Promise<void> {
    const cluster = members.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',');
    await this.discover(`--initial-cluster=${cluster}`, ...more);
  }

  /** Starts it with flags that tell how it finds its cluster. Resolves when it serves. */
  async discover(...flags: readonly string[]): Promise<void> {
    this.#process = new DaemonProcess({
      args: [...this.#args, ...flags],
      ...(this.#kind === 'ours' || reference === undefined ? {} : { program: reference }),
    });
    await this.#process.line('ready to serve client requests');
  }

  /** Starts it where it is not expected to serve. */
  begin(members: readonly ChangingMember[], ...more: readonly string[]): DaemonProcess {
    this.start(members, ...more).catch(() => undefined);
    return this.process;
  }

  beginDiscovering(...flags: readonly string[]): DaemonProcess {
    this.discover(...flags).catch(() => undefined);
    return this.process;
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
    await this.#process?.end();
  }
}

export class ChangingCluster {
  readonly #directory = temporaryDirectory();
  readonly #all: ChangingMember[] = [];
  readonly #args: readonly string[];
  /** Those that are members now. */
  members: readonly ChangingMember[] = [];

  private constructor(args: readonly string[]) {
    this.#args = args;
  }

  /** Members of these kinds, named a, b and so on, that found a cluster. */
  static open(...kinds: readonly Kind[]): Promise<ChangingCluster> {
    return ChangingCluster.openWith([], ...kinds);
  }

  /** `args`: more flags, for all members of it. */
  static async openWith(
    args: readonly string[],
    ...kinds: readonly Kind[]
  ): Promise<ChangingCluster> {
    const cluster = new ChangingCluster(args);
    for (const kind of kinds) cluster.members = [...cluster.members, await cluster.make(kind)];
    await Promise.all(cluster.members.map((member) => member.start(cluster.members)));
    await cluster.#learnIds();
    return cluster;
  }

  /** One that is no member yet. */
  async make(kind: Kind): Promise<ChangingMember> {
    const name = String.fromCharCode('a'.charCodeAt(0) + this.#all.length);
    const ports = await freePorts(2);
    const made = new ChangingMember(name, kind, this.#directory.path, ports, this.#args);
    this.#all.push(made);
    return made;
  }

  /** A place on disk that goes with the cluster. */
  path(name: string): string {
    return join(this.#directory.path, name);
  }

  async #learnIds(): Promise<void> {
    for (const { ID, name } of (await this.members[0]?.client.members()) ?? []) {
      const member = this.members.find((one) => one.name === name);
      if (member !== undefined) member.id = ID;
    }
  }

  /** Adds a member through another one, and starts it. The strict check needs a quorum that was connected for a while. */
  async add(kind: Kind, through: ChangingMember, isLearner: boolean): Promise<ChangingMember> {
    const added = await this.make(kind);
    added.id = await eventually(() => through.client.addMember(added.peerUrl, isLearner));
    this.members = [...this.members, added];
    await added.start(this.members, '--initial-cluster-state=existing');
    return added;
  }

  /** Once the learner has caught up. */
  async promote(member: ChangingMember, through: ChangingMember): Promise<void> {
    await eventually(() => through.client.promoteMember(member.id));
    // It serves as a voter only once it has applied that itself.
    await eventually(() => member.client.get('promoted'));
  }

  async remove(member: ChangingMember, through: ChangingMember): Promise<void> {
    await eventually(() => through.client.removeMember(member.id));
    this.members = this.members.filter((other) => other !== member);
  }

  async leader(): Promise<ChangingMember> {
    return eventually(async () => {
      for (const member of this.members) {
        if (await member.client.leads().catch(() => false)) return member;
      }
      throw new Error('nobody leads');
    });
  }

  /** Moves leadership to a member, which it is known to have reached. */
  async lead(member: ChangingMember): Promise<void> {
    await eventually(async () => {
      const leader = await this.leader();
      if (leader !== member) await leader.client.moveLeader(member.id);
    });
    await eventually(async () => {
      expect(await this.leader()).toBe(member);
    });
  }

  /** Writes through each member, reads it on each, and compares all that they hold. */
  async expectAgreement(): Promise<void> {
    for (const { name, client } of this.members) {
      await eventually(() => client.put(`by ${name}`, `${Math.trunc(performance.now())}`));
    }
    await eventually(async () => {
      const hashes = await Promise.all(this.members.map(({ client }) => client.hash()));
      for (const hash of hashes) expect(hash).toEqual(hashes[0]);
    });
  }

  async close(): Promise<void> {
    for (const { client } of this.#all) client.close();
    await Promise.all(this.#all.map((member) => member.end()));
    this.#directory.remove();
  }
}

/** Again and again, until it works. */
export function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  return vi.waitFor(attempt, { timeout: WAIT_MS, interval: 200 });
}
