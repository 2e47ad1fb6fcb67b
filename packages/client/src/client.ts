/** The client for applications: a `RawClient` and words for what people do with it. */
import { ClusterClient } from './cluster.js';
import type { KeySelector } from './data.js';
import { KvClient } from './kv.js';
import { LeaseClient } from './lease.js';
import { MaintenanceClient } from './maintenance.js';
import type { ClientOptions } from './options.js';
import { RawClient } from './raw.js';
import { watch, type WatchBatch, type WatchOptions } from './watch.js';

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
    this.kv = new KvClient(raw);
    this.lease = new LeaseClient(raw);
    this.cluster = new ClusterClient(raw);
    this.maintenance = new MaintenanceClient(raw);
  }

  /**
   * Changes of keys as they happen, each once and in order, across lost connections. Leave the loop (or abort the signal) to end the watch at
   * the server. Throws `KvError`: `compacted` when the start revision is gone.
   */
  watch(
    keys: KeySelector,
    options: WatchOptions = {},
  ): AsyncGenerator<WatchBatch, void, undefined> {
    return watch(this.raw, keys, options);
  }

  /** Rejects calls in flight with `closed`; afterwards nothing of the client keeps the process alive. Idempotent. */
  close(): Promise<void> {
    return this.raw.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
