/** One side of the comparison: one member or a local cluster of a program, with data of its own below the temporary folder. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RangeRequest, StatusRequest, kvService, maintenanceService } from '@kv/proto';
import { MemberProcess } from './member-process.js';
import { RpcClient } from './rpc-client.js';

export interface SideOptions {
  /** For messages: `ours` or `etcd`. */
  readonly name: string;
  readonly executable: string;
  readonly members: number;
  /** The first of 2 x `members` ports. */
  readonly firstPort: number;
}

export class Side {
  readonly name: string;
  readonly members: readonly MemberProcess[];
  readonly #dir: string;
  #leader: MemberProcess | undefined;
  #client: RpcClient | undefined;

  constructor({ name, executable, members, firstPort }: SideOptions) {
    this.name = name;
    this.#dir = mkdtempSync(join(tmpdir(), 'kv-bench-'));
    const numbers = Array.from({ length: members }, (_, i) => i);
    const memberName = (i: number): string => `m${String(i + 1)}`;
    const peerPort = (i: number): number => firstPort + 2 * i + 1;
    const initialCluster = numbers
      .map((i) => `${memberName(i)}=http://127.0.0.1:${String(peerPort(i))}`)
      .join(',');
    this.members = numbers.map(
      (i) =>
        new MemberProcess({
          name: memberName(i),
          executable,
          dataDir: join(this.#dir, memberName(i)),
          clientPort: firstPort + 2 * i,
          peerPort: peerPort(i),
          initialCluster,
        }),
    );
  }

  /** Starts all members, finds the leader, and resolves with the milliseconds until it answered a linearizable read. */
  async start(): Promise<number> {
    const startedMs = performance.now();
    await Promise.all(this.members.map((member) => member.start()));
    this.#leader = await this.#findLeader();
    this.#client = new RpcClient(this.#leader.endpoint);
    await this.#client.unary(kvService.range, RangeRequest.create({ key: Buffer.from('ready') }));
    return performance.now() - startedMs;
  }

  /** The member that leads: the only one, or the one that Status names. */
  get leader(): MemberProcess {
    if (this.#leader === undefined) throw new Error(`${this.name} does not run`);
    return this.#leader;
  }

  get endpoint(): string {
    return this.leader.endpoint;
  }

  /** A connection to the leader, for questions beside the load. */
  get client(): RpcClient {
    if (this.#client === undefined) throw new Error(`${this.name} does not run`);
    return this.#client;
  }

  /** The store's revision. Linearizable, so that it counts every write that was acknowledged. */
  async revision(): Promise<number> {
    const read = RangeRequest.create({ key: Buffer.from('revision') });
    const { header } = await this.client.unary(kvService.range, read);
    return Number(header?.revision ?? Number.NaN);
  }

  async stop(): Promise<void> {
    this.#client?.close();
    this.#client = undefined;
    this.#leader = undefined;
    await Promise.all(this.members.map((member) => member.stop()));
  }

  /** Stops it and removes its data. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  async #findLeader(): Promise<MemberProcess> {
    for (const member of this.members) {
      const client = new RpcClient(member.endpoint);
      try {
        const { header, leader } = await client.unary(
          maintenanceService.status,
          StatusRequest.create(),
        );
        if (leader !== 0n && header?.memberId === leader) return member;
      } finally {
        client.close();
      }
    }
    throw new Error(`${this.name}: no member says that it leads`);
  }
}
