/** A cluster of real members inside of this process, and everything that a test does to it. */
import type { Client } from '@kv/client';
import { StatusError } from '@kv/client/transport';
import { RpcCode } from '@kv/rpc';
import { seededRandom } from '@kv/server/testing';
import type { CrashPolicy } from '@kv/wal/testing';
import { describeMembers, findLeader } from './agreement.js';
import { VirtualClock } from './clock/virtual-clock.js';
import { ClusterClients, type Connection, type TestClientOptions } from './cluster-clients.js';
import { ClusterSnapshot } from './cluster-snapshot.js';
import { millisecondsOf, type Duration } from './duration.js';
import { TestClusterError } from './errors.js';
import { Loopback } from './loopback.js';
import { TestNetwork } from './network/test-network.js';
import { planOf, type ClusterPlan, type MemberName, type TestClusterOptions } from './options.js';
import { pollInTime, waitInTime } from './patience.js';
import { TestMember, memberFailed } from './test-member.js';

/**
 * What a crash leaves of writes that were not synced. After a power cut nothing (`lost`) or some sectors of them (`torn`), and other
 * members miss it after an election timeout; when only the process dies, all (`kept`), and they notice at once.
 */
export type Unsynced = 'lost' | 'torn' | 'kept';

const policies: Readonly<Record<Unsynced, CrashPolicy>> = {
  lost: 'none',
  torn: 'sectors',
  kept: 'all',
};

/** Longer than several elections, each of which failed. */
const PATIENCE_MS = 60_000;
/** How often it is looked whether there is a leader. */
const LOOK_MS = 50;

/** Starts a cluster and waits until every member is ready. Throws `TestClusterError` of code `invalidOption`. */
export function createTestCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  return TestCluster.open(planOf(options));
}

export class TestCluster implements AsyncDisposable {
  readonly members: readonly MemberName[];
  /** Of the members, for clients inside of this process; `listen` is for others. */
  readonly endpoints: readonly string[];
  readonly #plan: ClusterPlan;
  readonly #clock = new VirtualClock();
  readonly #network = new TestNetwork(this.#clock);
  readonly #members: readonly TestMember[];
  readonly #clients: ClusterClients;
  readonly #loopbacks = new Map<TestMember, Loopback>();
  #listening: Promise<void> = Promise.resolve();
  #founded: ClusterSnapshot | undefined;
  #closed: Promise<void> | undefined;

  /** @internal */
  static async open(plan: ClusterPlan): Promise<TestCluster> {
    const cluster = new TestCluster(plan);
    await cluster.#startAll();
    cluster.#founded = await cluster.snapshot();
    return cluster;
  }

  private constructor(plan: ClusterPlan) {
    this.#plan = plan;
    this.members = plan.members.map(({ name }) => name);
    this.endpoints = plan.members.map(({ endpoint }) => endpoint);
    const ground = { clock: this.#clock, network: this.#network };
    this.#members = plan.members.map(({ seed, ...member }) => {
      return new TestMember({ ...member, ...ground, random: seededRandom(seed) });
    });
    this.#clients = new ClusterClients(this.#clock, this.#members, plan.time === 'onDemand');
  }

  /** Milliseconds of virtual time since the cluster was made. */
  get nowMs(): number {
    return this.#clock.nowMs;
  }

  // Clients.

  /** A client of its own process; closed with the cluster, if not before. Its time limits and renewals run on virtual time. */
  async client(options: TestClientOptions = {}): Promise<Client> {
    this.#assertOpen();
    for (const name of options.members ?? []) this.#find(name);
    return this.#clients.open(options);
  }

  /** For programs that open their clients themselves: `Client.open({ ...cluster.connection(), ...own })`. */
  connection(): Connection {
    this.#assertOpen();
    return this.#clients.connect().connection;
  }

  /**
   * Also takes connections on free ports of 127.0.0.1; resolves with the addresses, in the order of the members. Time limits of
   * such clients are those of real time.
   */
  listen(): Promise<readonly string[]> {
    if (this.#closed !== undefined) return Promise.reject(closedError());
    // One after the other: who asks a second time gets the same addresses.
    const listening = this.#listening.then(() => this.#listen());
    this.#listening = listening.then(
      () => undefined,
      () => undefined,
    );
    return listening;
  }

  // Time.

  /** Lets so much time pass, with everything that comes with it: elections, renewals, leases that end. `'10m'`, or milliseconds. */
  async advance(duration: Duration): Promise<void> {
    this.#assertOpen();
    await this.#clock.advance(millisecondsOf(duration));
    this.#assertHealthy();
  }

  /** Lets everything come to rest that is under way, without letting time pass. */
  async settle(): Promise<void> {
    this.#assertOpen();
    await this.#clock.settle();
    this.#assertHealthy();
  }

  /** Lets time pass until the promise settles, but not longer than `within` (default one minute). */
  waitFor<T>(promise: Promise<T>, within: Duration = PATIENCE_MS): Promise<T> {
    this.#assertOpen();
    return waitInTime(this.#clock, promise, millisecondsOf(within), 'what was waited for');
  }

  /** The leader, by the word of a majority; lets time pass until there is one. Rejects with code `noLeader`. */
  async leader(within: Duration = PATIENCE_MS): Promise<MemberName> {
    this.#assertOpen();
    const withinMs = millisecondsOf(within);
    const look = (): TestMember | undefined => findLeader(this.#members, this.#network);
    const found = await pollInTime(this.#clock, look, LOOK_MS, withinMs);
    const name = this.members.find((candidate) => candidate === found?.name);
    if (name !== undefined) return name;
    const states = describeMembers(this.#members, this.#network);
    throw new TestClusterError('noLeader', `no leader within ${withinMs} ms (${states})`, {
      remedy: 'a majority has to run and to reach each other: restart, resume or heal',
    });
  }

  // Faults.

  /** Freezes a process, a member or a client: it does nothing and hears nothing, while time goes on for the others. */
  pause(process: MemberName | Client): void {
    if (typeof process !== 'string') {
      this.#clients.siteOf(process).process.pause();
      return;
    }
    const member = this.#find(process);
    member.pause();
    this.#loopbacks.get(member)?.pause();
  }

  /** It goes on, and finds that time has passed. */
  resume(process: MemberName | Client): void {
    if (typeof process !== 'string') {
      this.#clients.siteOf(process).process.resume();
      return;
    }
    const member = this.#find(process);
    member.resume();
    this.#loopbacks.get(member)?.resume();
  }

  /**
   * Members of different groups do not reach each other any more; clients still reach all of them. Members that are in no group form
   * one of their own. Replaces what was cut before.
   */
  partition(...groups: readonly (readonly MemberName[])[]): void {
    this.#assertOpen();
    const named = groups.flat();
    for (const name of named) this.#find(name);
    if (new Set(named).size !== named.length) {
      throw new TestClusterError('invalidOption', 'a member is in two groups of a partition', {
        remedy: 'name each member once',
      });
    }
    this.#network.partition(groups);
  }

  /** Everybody reaches everybody. */
  heal(): void {
    this.#assertOpen();
    this.#network.heal();
  }

  /**
   * The member's power fails in this very turn, or its process dies (`kept`): calls inside of it break, and what it had not synced
   * is lost, or is not.
   */
  crash(name: MemberName, unsynced: Unsynced = 'lost'): void {
    const member = this.#find(name);
    member.cutPower(policies[unsynced]);
    this.#loopbacks.get(member)?.cut();
  }

  /** Starts a member that has crashed; one that runs is stopped in good order before. Resolves when it takes calls. */
  async restart(name: MemberName): Promise<void> {
    const member = this.#find(name);
    if (member.state !== 'down') await member.stop();
    this.#loopbacks.get(member)?.cut();
    await member.start();
    await this.settle();
  }

  // State.

  /** What the disks of all members hold now. */
  async snapshot(): Promise<ClusterSnapshot> {
    await this.settle();
    const images = [];
    for (const member of this.#members) images.push(await member.image());
    return new ClusterSnapshot(this.members, images);
  }

  /**
   * Puts every disk back to what it held then, starts every member, and heals the network. Time does not go back; leases begin anew, as
   * after any change of leader. Connections break: watches and other streams that were open end with an error that says so.
   */
  async restore(snapshot: ClusterSnapshot): Promise<void> {
    this.#assertOpen();
    if (snapshot.members.join() !== this.members.join()) {
      const problem = `the snapshot is of ${snapshot.members.join(', ')}, the cluster has ${this.members.join(', ')}`;
      throw new TestClusterError('foreignSnapshot', problem, {
        remedy: 'restore it into a cluster with as many members',
      });
    }
    for (const member of this.#members) {
      if (member.state !== 'down') member.cutPower('all', restoredError());
      this.#loopbacks.get(member)?.cut();
    }
    this.#network.heal();
    this.#members.forEach((member, n) => {
      const image = snapshot.images[n];
      if (image !== undefined) member.load(image);
    });
    await this.#startAll();
  }

  /** As just made: no keys, no leases, every member up. For between two tests. */
  async reset(): Promise<void> {
    if (this.#founded !== undefined) await this.restore(this.#founded);
  }

  /** Closes the clients of the cluster and stops the members; afterwards nothing of it is left. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await this.#clients.close();
    await this.#listening;
    for (const loopback of this.#loopbacks.values()) await loopback.close();
    for (const member of this.#members) if (member.state !== 'down') await member.stop();
    this.#clock.stop(closedError());
  }

  async #listen(): Promise<readonly string[]> {
    for (const member of this.#members) {
      if (this.#loopbacks.has(member)) continue;
      const { inside } = member.door;
      if (inside === undefined) throw wrongState(member, 'restart it before you listen');
      const loopback = await Loopback.open(member.door, inside, this.#clock);
      this.#loopbacks.set(member, loopback);
      if (this.#plan.time === 'onDemand') this.#clock.drive(() => loopback.wantsTime());
    }
    return [...this.#loopbacks.values()].map(({ address }) => address);
  }

  async #startAll(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.start()));
    const ready = Promise.all(this.#members.map((member) => member.ready()));
    await waitInTime(this.#clock, ready, PATIENCE_MS, 'a cluster whose members are ready');
    const decided = (): true | undefined =>
      this.#members.every((m) => m.view().clusterVersion !== undefined) || undefined;
    await pollInTime(this.#clock, decided, LOOK_MS, PATIENCE_MS);
    this.#assertHealthy();
  }

  #find(name: MemberName): TestMember {
    this.#assertOpen();
    const found = this.#members.find((member) => member.name === name);
    if (found !== undefined) return found;
    throw new TestClusterError('unknown', `there is no member ${name}`, {
      remedy: `the members are ${this.members.join(', ')}`,
    });
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw closedError();
  }

  #assertHealthy(): void {
    for (const { name, failure } of this.#members) {
      if (failure !== undefined) throw memberFailed(name, failure);
    }
  }
}

/** Not one that a client takes for a broken connection: a watch must not go on from a revision of another history. */
function restoredError(): StatusError {
  const text = 'the test cluster was put back to an earlier state while this call was open';
  return new StatusError(RpcCode.failedPrecondition, text);
}

function closedError(): TestClusterError {
  return new TestClusterError('closed', 'the test cluster is closed', {
    remedy: 'create another one, or close it later',
  });
}

function wrongState(member: TestMember, remedy: string): TestClusterError {
  return new TestClusterError('wrongState', `member ${member.name} does not run`, { remedy });
}
