/**
 * One member of a test cluster: the server as it is in production, on a disk of memory, a network of memory and virtual time. It can
 * lose power at any moment, and comes back with what its disks had promised.
 */
import { MemoryBackend } from '@kv/mvcc/testing';
import {
  Member,
  clusterRoutes,
  noMetrics,
  peerRoutes,
  silentLogger,
  type Logger,
  type MemberConfig,
  type MemberView,
  type Random,
} from '@kv/server';
import { FaultyDisk, type CrashPolicy } from '@kv/wal/testing';
import type { StatusError } from '@kv/client/transport';
import { ProcessClock } from './clock/process-clock.js';
import type { VirtualClock } from './clock/virtual-clock.js';
import { TestClusterError } from './errors.js';
import type { TestNetwork } from './network/test-network.js';
import { Door, connectionLost } from './transport/door.js';

/** Small, so that a member weighs little and its log is cut now and then. */
const WAL_SEGMENT_BYTES: number = 64 * 1024;

export interface TestMemberOptions {
  readonly name: string;
  readonly endpoint: string;
  readonly config: MemberConfig;
  readonly clock: VirtualClock;
  readonly network: TestNetwork;
  readonly random: Random;
  readonly logger: Logger | undefined;
}

/** What a member's disks hold. */
export interface MemberImage {
  readonly disk: FaultyDisk;
  readonly store: Uint8Array;
}

interface Running {
  readonly member: Member;
  readonly process: ProcessClock;
}

export class TestMember {
  readonly name: string;
  readonly door: Door;
  readonly #options: TestMemberOptions;
  #disk: FaultyDisk;
  #store: MemoryBackend;
  #running: Running | undefined;
  /** Changes of the store and its checkpoints, so that the clock sees that something is under way. */
  #storeOperations = 0;
  #failure: Error | undefined;

  constructor(options: TestMemberOptions) {
    this.#options = options;
    this.name = options.name;
    this.door = new Door(options.name, options.endpoint);
    this.#disk = new FaultyDisk(options.random);
    this.#store = new MemoryBackend(this.#storeOptions());
    options.clock.observe(() => this.#storeOperations + this.#disk.operations);
  }

  get state(): 'running' | 'paused' | 'down' {
    if (this.#running === undefined) return 'down';
    return this.#running.process.isPaused ? 'paused' : 'running';
  }

  /** Why the member ended by itself; undefined while it did not. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  view(): MemberView {
    return this.#process('look at it').member.view();
  }

  /** Opens what is on the disks, or founds the cluster. Resolves when it is open, which may be before there is a leader. */
  async start(): Promise<void> {
    if (this.#running !== undefined) throw this.#wrongState('runs already', 'crash it first');
    const { clock, network, config, random, logger } = this.#options;
    const process = new ProcessClock(clock);
    const member = await Member.open(config, {
      clock: process,
      logger: logger ?? silentLogger,
      metrics: noMetrics,
      random,
      fileSystem: this.#disk,
      walSegmentBytes: WAL_SEGMENT_BYTES,
      openBackend: () => this.#store,
      openImage: (path) => MemoryBackend.fromImage(this.#disk.content(path)),
      peers: network.transport(this.name, process),
    });
    this.#running = { member, process };
    this.#failure = undefined;
    void member.failed.then((error) => {
      this.#fail(member, error);
    });
    const cluster = clusterRoutes(member.peerApi);
    network.answer(this.name, peerRoutes({ member, raft: refuseAll, cluster }));
    const { maxRequestBytes } = config;
    this.door.open({ process, services: member.services, maxRequestBytes });
  }

  /** Resolves when the member has proved that there is a leader and a majority. */
  ready(): Promise<void> {
    return this.#process('wait for it').member.ready;
  }

  /** Stops as a process does that is asked to. */
  async stop(): Promise<void> {
    const { member, process } = this.#process('stop it');
    process.resume();
    this.#running = undefined;
    const closing = member.close();
    this.door.close('it was stopped', connectionLost(this.name));
    await closing;
    this.#options.network.refuse(this.name);
    process.end();
    this.#store = this.#store.crash(this.#store.unsyncedCommits, this.#storeOptions());
  }

  /** Power fails in this very turn; with policy `all` only the process dies. `error` is what clients hear whose calls are inside. */
  cutPower(policy: CrashPolicy, error: StatusError = connectionLost(this.name)): void {
    const { member, process } = this.#process('crash it');
    this.#running = undefined;
    process.end();
    if (policy === 'all') this.#options.network.refuse(this.name);
    else this.#options.network.remove(this.name);
    this.#disk.reboot(policy);
    this.#store = this.#store.crash(0, this.#storeOptions());
    this.door.close('it has crashed', error);
    // Frees what the dead process holds. Its disks are not those of its successor, so it does no harm; nobody waits for it.
    member.close().catch(() => undefined);
  }

  pause(): void {
    this.#process('pause it').process.pause();
  }

  resume(): void {
    this.#process('resume it').process.resume();
  }

  /** What the disks hold, with everything that was written. At rest only. */
  async image(): Promise<MemberImage> {
    // What is committed: a commit may be open, and what belongs to it the log brings back.
    const committed = this.#store.crash(this.#store.unsyncedCommits, {});
    const exported = await committed.exportImage();
    const parts: Uint8Array[] = [];
    for await (const chunk of exported.chunks) parts.push(chunk);
    await exported.close();
    return { disk: this.#disk.copy(this.#options.random), store: Buffer.concat(parts) };
  }

  /** Replaces what the disks hold. The member is down. */
  load({ disk, store }: MemberImage): void {
    this.#disk = disk.copy(this.#options.random);
    this.#store = MemoryBackend.fromImage(store, this.#storeOptions());
  }

  #process(purpose: string): Running {
    if (this.#running !== undefined) return this.#running;
    if (this.#failure !== undefined) throw memberFailed(this.name, this.#failure);
    throw this.#wrongState('does not run', `restart it before you ${purpose}`);
  }

  #wrongState(what: string, remedy: string): TestClusterError {
    return new TestClusterError('wrongState', `member ${this.name} ${what}`, { remedy });
  }

  #fail(member: Member, error: Error): void {
    if (this.#running?.member !== member) return;
    this.#running.process.end();
    this.#running = undefined;
    this.#failure = error;
    this.#options.network.refuse(this.name);
    this.door.close(`it can not go on: ${error.message}`, connectionLost(this.name));
  }

  #storeOptions(): ConstructorParameters<typeof MemoryBackend>[0] {
    return {
      readFile: (path) => this.#disk.content(path),
      fault: (operation) => {
        if (operation !== 'read') this.#storeOperations++;
        return undefined;
      },
    };
  }
}

export function memberFailed(name: string, cause: Error): TestClusterError {
  return new TestClusterError('memberFailed', `member ${name} ended by itself: ${cause.message}`, {
    remedy: 'this is a bug of the store; please report it with the seed of the cluster',
    cause,
  });
}

/** Messages of Raft do not come by HTTP here. */
const refuseAll: Parameters<typeof peerRoutes>[0]['raft'] = (_request, response) => {
  response.statusCode = 404;
  response.end();
};
