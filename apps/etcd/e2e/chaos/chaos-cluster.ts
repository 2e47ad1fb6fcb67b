/** Members as processes, whose peers hear each other through a network that can be cut. */
import { join } from 'node:path';
import { RawClient, wireTransport } from '@kv/client/raw';
import {
  HashKVRequest,
  StatusRequest,
  kvService,
  maintenanceService,
  RangeRequest,
} from '@kv/proto';
import { freePorts } from '@kv/rpc/testing';
import { DaemonProcess, temporaryDirectory } from '../daemon-process.js';
import { PeerNetwork } from './peer-network.js';

/** How long the members may take to agree once nothing disturbs them. */
const AGREE_MS_MAX = 60_000;
const ASK_AGAIN_MS = 200;

export interface ClusterOptions {
  readonly size: number;
  readonly args?: readonly string[];
  /** Where a member keeps its data, instead of a directory of the cluster's. */
  readonly dataDirs?: Readonly<Record<number, string>>;
}

export class ChaosMember {
  readonly index: number;
  readonly endpoint: string;
  readonly #args: readonly string[];
  #process: DaemonProcess | undefined;
  isPaused = false;

  constructor(index: number, endpoint: string, args: readonly string[]) {
    this.index = index;
    this.endpoint = endpoint;
    this.#args = args;
  }

  get process(): DaemonProcess {
    if (this.#process === undefined) throw new Error(`member ${this.index} was never started`);
    return this.#process;
  }

  get isRunning(): boolean {
    const child = this.#process?.child;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  start(): void {
    if (!this.isRunning) this.#process = new DaemonProcess({ args: this.#args });
  }

  /** kill -9, also of a paused one. */
  async kill(): Promise<void> {
    this.isPaused = false;
    this.#process?.kill('SIGKILL');
    await this.#process?.exit;
  }

  pause(): void {
    if (!this.isRunning) return;
    this.isPaused = true;
    this.process.kill('SIGSTOP');
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.process.kill('SIGCONT');
  }
}

export class ChaosCluster implements AsyncDisposable {
  readonly members: readonly ChaosMember[];
  readonly network: PeerNetwork;
  readonly #client: RawClient;
  readonly #directory: ReturnType<typeof temporaryDirectory>;

  static async open({ size, args = [], dataDirs = {} }: ClusterOptions): Promise<ChaosCluster> {
    const directory = temporaryDirectory();
    const ports = await freePorts(2 * size);
    const network = await PeerNetwork.open(ports.slice(size));
    const url = (port: number | undefined): string => `http://127.0.0.1:${port ?? 0}`;
    const everybody = Array.from({ length: size }, (_, n) => `m${n}=${url(network.port(n))}`);
    const members = everybody.map((_, n) => {
      const own = [
        `--name=m${n}`,
        `--data-dir=${dataDirs[n] ?? join(directory.path, `m${n}`)}`,
        `--listen-client-urls=${url(ports[n])}`,
        `--advertise-client-urls=${url(ports[n])}`,
        `--listen-peer-urls=${url(ports[size + n])}`,
        `--initial-advertise-peer-urls=${url(network.port(n))}`,
        `--initial-cluster=${everybody.join(',')}`,
      ];
      return new ChaosMember(n, `127.0.0.1:${ports[n] ?? 0}`, [...own, ...args]);
    });
    const client = await RawClient.open({
      endpoints: members.map(({ endpoint }) => endpoint),
      transport: wireTransport,
    });
    const cluster = new ChaosCluster(members, network, client, directory);
    for (const member of members) member.start();
    await Promise.all(members.map(({ process }) => process.line('ready to serve client requests')));
    await cluster.#introduce();
    return cluster;
  }

  private constructor(
    members: readonly ChaosMember[],
    network: PeerNetwork,
    client: RawClient,
    directory: ReturnType<typeof temporaryDirectory>,
  ) {
    this.members = members;
    this.network = network;
    this.#client = client;
    this.#directory = directory;
  }

  /** Ends what still disturbs, and waits until all members hold the same. Returns their common revision. */
  async settle(): Promise<number> {
    this.network.heal();
    for (const member of this.members) {
      member.resume();
      member.start();
    }
    const deadlineMs = performance.now() + AGREE_MS_MAX;
    for (;;) {
      const answers = await Promise.all(this.members.map((member) => this.#hash(member)));
      const revision = answers[0]?.revision;
      const [first] = answers;
      if (
        first !== undefined &&
        revision !== undefined &&
        answers.every((each) => each?.hash === first.hash && each.revision === revision)
      ) {
        return revision;
      }
      if (performance.now() > deadlineMs) {
        throw new Error(`the members do not agree: ${JSON.stringify(answers)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
    await Promise.all(this.members.map((member) => member.kill()));
    await this.network.close();
    this.#directory.remove();
  }

  async #introduce(): Promise<void> {
    const ids = new Map<string, number>();
    for (const { endpoint, index } of this.members) {
      const status = await this.#client.call(maintenanceService.status, StatusRequest.create({}), {
        endpoint,
      });
      ids.set((status.header?.memberId ?? 0n).toString(16), index);
    }
    this.network.introduce(ids);
  }

  /** Undefined while the member can not tell: a linearizable read first, so that it has heard of everything. */
  async #hash(
    member: ChaosMember,
  ): Promise<{ readonly hash: number; readonly revision: number } | undefined> {
    const settings = { endpoint: member.endpoint, timeoutMs: 2_000 };
    try {
      const read = RangeRequest.create({ key: Buffer.from('a') });
      await this.#client.call(kvService.range, read, settings);
      const answer = await this.#client.call(
        maintenanceService.hashKV,
        HashKVRequest.create({}),
        settings,
      );
      return { hash: answer.hash, revision: Number(answer.hashRevision) };
    } catch {
      return undefined;
    }
  }
}
