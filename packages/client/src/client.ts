/** The client for applications: a `RawClient` and words for what people do with it. */
import { AuthClient } from './auth.js';
import type { Cache, CacheOptions } from './cache/cache.js';
import { cacheOf } from './cache/open.js';
import { ClusterClient } from './cluster.js';
import { bytes, type Codec } from './codec.js';
import type { Bytes, KeySelector } from './data.js';
import { syncEndpoints, syncForEver } from './endpoint-sync.js';
import { KvClient } from './kv.js';
import { LeaseClient } from './lease.js';
import { MaintenanceClient } from './maintenance.js';
import type { ClientOptions } from './options.js';
import type { Range, RangeOptions } from './range.js';
import { RawClient } from './raw.js';
import { Barrier, DoubleBarrier } from './recipes/barrier.js';
import { Election } from './recipes/election.js';
import { acquireLock, tryAcquireLock, type Lock, type LockOptions } from './recipes/lock.js';
import { Queue } from './recipes/queue.js';
import type { HeldLease } from './recipes/recipe-client.js';
import { Semaphore } from './recipes/semaphore.js';
import { Service } from './recipes/service.js';
import { Topic } from './recipes/topic.js';
import { Scope } from './scope.js';
import type { Txn } from './txn.js';
import type { ListBatch, ListThenWatchOptions, Watch, WatchBatch, WatchOptions } from './watch.js';

export class Client implements AsyncDisposable {
  readonly kv: KvClient;
  readonly lease: LeaseClient;
  readonly cluster: ClusterClient;
  readonly auth: AuthClient;
  readonly maintenance: MaintenanceClient;
  /** Any method by its descriptor, with the messages of the wire. */
  readonly raw: RawClient;
  readonly #syncing: Promise<void>;

  /** Checks the options; the first call connects. Throws `KvError` of code `config`. */
  static async open(options: ClientOptions): Promise<Client> {
    return new Client(await RawClient.open(options));
  }

  private constructor(raw: RawClient) {
    this.raw = raw;
    this.kv = new KvClient(raw, new Scope(new Uint8Array(0), bytes));
    this.lease = new LeaseClient(raw);
    this.auth = new AuthClient(raw);
    this.cluster = new ClusterClient(raw);
    this.maintenance = new MaintenanceClient(raw);
    const { syncIntervalMs } = raw;
    this.#syncing =
      syncIntervalMs === Infinity ? Promise.resolve() : syncForEver(raw, syncIntervalMs);
  }

  /** Where the client looks for the cluster. */
  get endpoints(): readonly string[] {
    return this.raw.endpoints;
  }

  /** Asks the cluster for its members and uses their client addresses as endpoints from now on; returns them. */
  sync(signal?: AbortSignal): Promise<readonly string[]> {
    return syncEndpoints(this.raw, signal);
  }

  /** See `KvClient.namespace`. */
  namespace(prefix: Bytes): KvClient {
    return this.kv.namespace(prefix);
  }

  /** See `KvClient.withCodec`. */
  withCodec<Value, Input = Value>(codec: Codec<Value, Input>): KvClient<Value, Input> {
    return this.kv.withCodec(codec);
  }

  /** See `KvClient.range`. */
  range(keys: KeySelector, options: RangeOptions = {}): Range {
    return this.kv.range(keys, options);
  }

  /** See `KvClient.txn`. */
  get txn(): Txn {
    return this.kv.txn;
  }

  /** See `KvClient.watch`. */
  watch(
    keys: KeySelector,
    options: WatchOptions & { readonly onCompacted: 'relist' },
  ): Watch<WatchBatch | ListBatch>;
  watch(keys: KeySelector, options?: WatchOptions): Watch<WatchBatch>;
  watch(keys: KeySelector, options: WatchOptions = {}): Watch<WatchBatch | ListBatch> {
    return this.kv.watch(keys, options);
  }

  /** See `KvClient.listThenWatch`. */
  listThenWatch(
    keys: KeySelector,
    options: ListThenWatchOptions = {},
  ): Watch<WatchBatch | ListBatch> {
    return this.kv.listThenWatch(keys, options);
  }

  /**
   * The keys of a selector in memory, equal to the store: filled from now on, and `ready` when it is. Close it, or declare it with `await
   * using`.
   */
  cache(keys: KeySelector, options: CacheOptions = {}): Cache {
    return cacheOf(this, keys, options);
  }

  /**
   * Waits for the lock of that name: `await using lock = await client.lock('jobs')`. First come, first served, together with etcd's Go
   * client and `etcdctl lock`. Rejects with `deadline`, the signal's reason, or `leaseLost`.
   */
  lock(name: string, options: LockOptions = {}): Promise<Lock> {
    return acquireLock(this, name, options);
  }

  /** The lock if nobody has it or waits for it, else undefined. */
  tryLock(name: string, options: LockOptions = {}): Promise<Lock | undefined> {
    return tryAcquireLock(this, name, options);
  }

  /** An election to stand in or to follow. Asks nothing of the store yet, as the recipes below. */
  election(name: string): Election {
    return new Election(this, name);
  }

  /** A counting semaphore; all who use it give the same number of permits. */
  semaphore(name: string, permits: number): Semaphore {
    return new Semaphore(this, name, permits);
  }

  /** A gate that is closed while the key exists. */
  barrier(key: Bytes): Barrier {
    return new Barrier(this, key);
  }

  /** A meeting of `count` participants, of which this lease is one. */
  doubleBarrier(name: string, count: number, lease: HeldLease): DoubleBarrier {
    return new DoubleBarrier(this, name, count, lease);
  }

  /** A queue of work. */
  queue(name: string): Queue {
    return new Queue(this, name);
  }

  /** A service whose instances register and are found. */
  service(name: string): Service {
    return new Service(this, name);
  }

  /** A topic to publish messages to, and to subscribe to. */
  topic(name: string): Topic {
    return new Topic(this, name);
  }

  /** Rejects calls in flight with `closed`; afterwards nothing of the client keeps the process alive. Idempotent. */
  async close(): Promise<void> {
    await this.raw.close();
    await this.#syncing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
