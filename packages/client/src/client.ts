/** The client for applications: a `RawClient` and words for what people do with it. */
import { ClusterClient } from './cluster.js';
import { bytes, type Codec } from './codec.js';
import type { Bytes, KeySelector } from './data.js';
import { KvClient } from './kv.js';
import { LeaseClient } from './lease.js';
import { MaintenanceClient } from './maintenance.js';
import type { ClientOptions } from './options.js';
import type { Range, RangeOptions } from './range.js';
import { RawClient } from './raw.js';
import { Scope } from './scope.js';
import type { Txn } from './txn.js';
import type { ListBatch, ListThenWatchOptions, Watch, WatchBatch, WatchOptions } from './watch.js';

export class Client implements AsyncDisposable {
  readonly kv: KvClient;
  readonly lease: LeaseClient;
  readonly cluster: ClusterClient;
  readonly maintenance: MaintenanceClient;
  /** Any method by its descriptor, with the messages of the wire. */
  readonly raw: RawClient;

  /** Checks the options; the first call connects. Throws `KvError` of code `config`. */
  static async open(options: ClientOptions): Promise<Client> {
    return new Client(await RawClient.open(options));
  }

  private constructor(raw: RawClient) {
    this.raw = raw;
    this.kv = new KvClient(raw, new Scope(new Uint8Array(0), bytes));
    this.lease = new LeaseClient(raw);
    this.cluster = new ClusterClient(raw);
    this.maintenance = new MaintenanceClient(raw);
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

  /** Rejects calls in flight with `closed`; afterwards nothing of the client keeps the process alive. Idempotent. */
  close(): Promise<void> {
    return this.raw.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
