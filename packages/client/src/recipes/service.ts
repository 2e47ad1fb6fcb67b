/**
 * Service discovery: instances register under a lease, clients resolve and follow them.
 *
 * Keys and values are those of etcd's Go client (client/v3/naming/endpoints): `<service>/<id>` holds `{"Op":0,"Addr":...,"Metadata":...}`, so that
 * gRPC programs in Go resolve what is registered here, and the other way round.
 */
import { cacheOf } from '../cache/open.js';
import type { KeyValue } from '../key-value.js';
import type { Json } from '../codec.js';
import { KvError } from '../errors.js';
import type { CallSettings } from '../raw.js';
import { backoff, isMistakenSetting, isPassing, patiently, unlessAborted } from '../wait.js';
import { openLease } from './lease-scope.js';
import type { HeldLease, RecipeClient } from './recipe-client.js';

/** One instance of a service. */
export interface ServiceEndpoint {
  /** Among the instances of the service. */
  readonly id: string;
  /** Where it listens: `host:port`. */
  readonly address: string;
  readonly metadata: Json;
}

export interface RegisterOptions {
  readonly address: string;
  /** Default: the address. Registering an id again replaces what is there. */
  readonly id?: string;
  readonly metadata?: Json;
  /** How long after this process died the instance disappears: seconds, default 10. */
  readonly ttlSeconds?: number;
  /** Withdraws the registration when it aborts. */
  readonly signal?: AbortSignal;
}

export class Service {
  readonly #client: RecipeClient;
  readonly name: string;

  constructor(client: RecipeClient, name: string) {
    this.#client = client;
    this.name = name;
  }

  /** Resolves when the instance can be found; it stays so, also across lost leases, until the registration is closed. */
  async register(options: RegisterOptions): Promise<Registration> {
    const registration = new Registration(this.#client, this.name, options);
    try {
      await registration.registered;
      return registration;
    } catch (error) {
      await registration.close();
      throw error;
    }
  }

  /** The instances that are there now, in order of their ids. */
  async resolve(settings: CallSettings = {}): Promise<readonly ServiceEndpoint[]> {
    const { kvs } = await this.#client.kv.get({ prefix: `${this.name}/` }, settings);
    return endpointsOf(this.name, kvs);
  }

  /**
   * The instances, and all of them again after each change; who is slow gets the newest only. Across lost connections the last known ones stay. Ends
   * with the signal or the loop.
   */
  async *watch(
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<readonly ServiceEndpoint[], void, undefined> {
    const signal = options.signal ?? new AbortController().signal;
    await using cache = cacheOf(this.#client, { prefix: `${this.name}/` });
    await unlessAborted(cache.ready, signal);
    for (let told = ''; ;) {
      const at = cache.revision;
      const endpoints = endpointsOf(this.name, cache);
      const text = JSON.stringify(endpoints);
      if (text !== told) yield endpoints;
      told = text;
      await cache.movedBeyond(at, { signal });
    }
  }
}

/** An instance that is registered. `close` it, or declare it with `await using`. */
export class Registration implements AsyncDisposable {
  readonly #client: RecipeClient;
  readonly #ttlSeconds: number | undefined;
  readonly #lifetime = new AbortController();
  readonly #running: Promise<void>;
  /** Resolves when it was registered for the first time. */
  readonly registered: Promise<void>;
  /** Resolves with the reason when the store refuses the registration after that, so that it is over; stays pending otherwise. */
  readonly refused: Promise<unknown>;
  readonly key: string;
  #value: string;
  #lease: HeldLease | undefined;
  #wasRegistered = false;

  constructor(client: RecipeClient, service: string, options: RegisterOptions) {
    const { address, id = address, metadata = null, signal } = options;
    this.#client = client;
    this.#ttlSeconds = options.ttlSeconds;
    this.key = `${service}/${id}`;
    this.#value = valueOf(address, metadata);
    let tell: { resolve: () => void; reject: (error: unknown) => void } | undefined;
    this.registered = new Promise((resolve, reject) => {
      tell = { resolve, reject };
    });
    this.registered.catch(() => undefined);
    let tellRefused: (reason: unknown) => void = () => undefined;
    this.refused = new Promise((resolve) => {
      tellRefused = resolve;
    });
    const stop = (): void => {
      this.#lifetime.abort(signal?.reason);
    };
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted === true) stop();
    this.#running = this.#run(() => tell?.resolve())
      .catch((error: unknown) => {
        tell?.reject(error);
        if (this.#wasRegistered && !this.#lifetime.signal.aborted) tellRefused(error);
      })
      .finally(() => {
        signal?.removeEventListener('abort', stop);
      });
  }

  /** Tells those who resolve something new about the instance. */
  async update(address: string, metadata: Json = null, settings: CallSettings = {}): Promise<void> {
    this.#value = valueOf(address, metadata);
    const lease = this.#lease;
    if (lease === undefined) return;
    await this.#client.kv.put(this.key, this.#value, { ...settings, lease: lease.id });
  }

  /** Withdraws it at once. Idempotent. */
  async close(): Promise<void> {
    this.#lifetime.abort();
    await this.#running;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** A lease and the key under it, again and again, until closed or refused. */
  async #run(onRegistered: () => void): Promise<void> {
    const { signal } = this.#lifetime;
    for (let failures = 0; ; failures++) {
      await backoff(failures, signal, this.#client.raw);
      try {
        const lease = await openLease(this.#client, { ...this.#ttl() }, signal);
        this.#lease = lease;
        try {
          await this.#hold(lease, signal, () => {
            failures = 0;
            this.#wasRegistered = true;
            onRegistered();
          });
        } finally {
          this.#lease = undefined;
          await lease.close();
        }
      } catch (error) {
        if (signal.aborted || !this.#mayRetry(error)) throw error;
      }
    }
  }

  #ttl(): { readonly ttlSeconds?: number } {
    return this.#ttlSeconds === undefined ? {} : { ttlSeconds: this.#ttlSeconds };
  }

  /** Puts the key and waits until the lease is lost or the registration closed. */
  async #hold(lease: HeldLease, signal: AbortSignal, onRegistered: () => void): Promise<void> {
    const written = (): string => this.#value;
    const attempt = async (): Promise<string> => {
      const value = written();
      await this.#client.kv.put(this.key, value, { lease: lease.id, signal });
      return value;
    };
    // The same pair under the same lease: putting it again does no harm.
    while ((await patiently(attempt, signal, this.#client.raw)) !== written());
    onRegistered();
    await unlessAborted(
      new Promise<never>(() => undefined),
      AbortSignal.any([signal, lease.signal]),
    );
  }

  #mayRetry(error: unknown): boolean {
    if (!(error instanceof KvError)) return false;
    if (isMistakenSetting(error)) return this.#wasRegistered;
    return error.code === 'leaseLost' || error.code === 'leaseNotFound' || isPassing(error);
  }
}

function valueOf(address: string, metadata: Json): string {
  return JSON.stringify({ Op: 0, Addr: address, Metadata: metadata });
}

/** What is no endpoint is passed over, as etcd's client does. */
function endpointsOf(service: string, kvs: Iterable<KeyValue>): readonly ServiceEndpoint[] {
  const endpoints: ServiceEndpoint[] = [];
  for (const kv of kvs) {
    const parsed = parse(kv);
    if (parsed === undefined) continue;
    endpoints.push({ id: kv.keyText().slice(service.length + 1), ...parsed });
  }
  return endpoints;
}

function parse(kv: KeyValue): { readonly address: string; readonly metadata: Json } | undefined {
  let value: unknown;
  try {
    value = kv.json();
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('Addr' in value)) return undefined;
  const { Addr: address } = value;
  if (typeof address !== 'string') return undefined;
  const metadata = 'Metadata' in value ? (value.Metadata as Json) : null;
  return { address, metadata };
}
