/** Barriers: a gate that one closes and opens for all; and a meeting that begins and ends together. */
import type { Bytes } from '../data.js';
import { KvError } from '../errors.js';
import { del, put, when } from '../operation.js';
import type { CallSettings } from '../raw.js';
import { patiently, WaitScope, type WaitLimits } from '../wait.js';
import type { HeldLease, RecipeClient } from './recipe-client.js';
import { abandonPlace, leavePlace, takePlace, untilChanged, type Place } from './place.js';

/**
 * A gate: closed while its key exists. The layout is that of etcd's Go client (client/v3/experimental/recipes/barrier.go).
 */
export class Barrier {
  readonly #client: RecipeClient;
  readonly key: Bytes;

  constructor(client: RecipeClient, key: Bytes) {
    this.#client = client;
    this.key = key;
  }

  /** Closes the gate; false when it was closed already. With a lease it opens by itself when the lease ends. */
  async hold(settings: CallSettings & { readonly lease?: HeldLease } = {}): Promise<boolean> {
    const { lease, ...call } = settings;
    const operation = put(this.key, '', lease === undefined ? {} : { lease });
    const { succeeded } = await this.#client.kv.transact(
      { if: [when.missing(this.key)], then: [operation] },
      call,
    );
    return succeeded;
  }

  /** Opens the gate for all who wait. */
  async release(settings: CallSettings = {}): Promise<void> {
    await this.#client.kv.delete(this.key, settings);
  }

  /** Waits until the gate is open; no limit by default. */
  async wait(limits: WaitLimits = {}): Promise<void> {
    const { timeoutMs = Infinity } = limits;
    const { clock } = this.#client.raw;
    const what = (): string => 'the barrier was not opened';
    using scope = new WaitScope(clock, timeoutMs, what, limits.signal);
    const { signal } = scope;
    const isOpen = async (): Promise<boolean> => {
      const { kvs, revision } = await this.#client.kv.get(this.key, { signal, keysOnly: true });
      if (kvs.length === 0) return true;
      const options = { startRevision: revision + 1, only: 'delete', signal } as const;
      await untilChanged(this.#client, this.key, options);
      return false;
    };
    while (!(await patiently(isOpen, signal, this.#client.raw)));
  }
}

/**
 * A meeting of a fixed number: `enter` waits until all are there, `leave` until all have left. Who dies leaves when its lease ends. The layout is
 * that of etcd's Go client (client/v3/experimental/recipes/double_barrier.go): its processes and ours can meet.
 */
export class DoubleBarrier {
  readonly #client: RecipeClient;
  readonly name: string;
  readonly count: number;
  readonly #lease: HeldLease;
  #place: Place | undefined;

  /** `lease` is the participant: one barrier object for each. */
  constructor(client: RecipeClient, name: string, count: number, lease: HeldLease) {
    if (!Number.isSafeInteger(count) || count < 1) {
      throw new TypeError(`count must be a whole number above 0, is ${count}`);
    }
    this.#client = client;
    this.name = name;
    this.count = count;
    this.#lease = lease;
  }

  /** Waits until `count` have entered; no limit by default. Rejects with `limit` when the meeting is full. */
  async enter(limits: WaitLimits = {}): Promise<void> {
    using scope = this.#scope(limits, 'has not begun');
    const { signal } = scope;
    const waiters = `${this.name}/waiters`;
    const place = await takePlace(this.#client, waiters, this.#lease, '', signal);
    this.#place = place;
    try {
      await patiently(() => this.#await(place, signal), signal, this.#client.raw);
    } catch (error) {
      this.#place = undefined;
      await abandonPlace(this.#client, place);
      throw error;
    }
  }

  async #await(place: Place, signal: AbortSignal): Promise<void> {
    const { kvs } = await this.#client.kv.get(this.#waiters, {
      signal,
      keysOnly: true,
      limit: this.count,
      sortBy: 'createRevision',
      order: 'ascending',
    });
    const last = kvs[this.count - 1];
    if (last !== undefined && last.createRevision < place.createRevision) {
      const message = `barrier "${this.name}" has its ${this.count} participants already`;
      throw new KvError('limit', message, { outcome: 'definite' });
    }
    if (last?.createRevision === place.createRevision) {
      await this.#client.kv.put(this.#readyKey, '', { signal });
      return;
    }
    // The last one says so after we came.
    const options = { startRevision: place.createRevision, only: 'put', signal } as const;
    await untilChanged(this.#client, this.#readyKey, options);
  }

  /** Waits until all have left; no limit by default. */
  async leave(limits: WaitLimits = {}): Promise<void> {
    const place = this.#place;
    if (place === undefined) return;
    using scope = this.#scope(limits, 'has not ended');
    const { signal } = scope;
    await leavePlace(this.#client, place, signal);
    this.#place = undefined;
    const isEmpty = async (): Promise<boolean> => {
      const { succeeded, revision } = await this.#client.kv.transact(
        {
          if: [when.createRevision(this.#waiters, '=', 0)],
          then: [del(this.#readyKey)],
        },
        { signal },
      );
      if (succeeded) return true;
      const options = { startRevision: revision + 1, only: 'delete', signal } as const;
      await untilChanged(this.#client, this.#waiters, options);
      return false;
    };
    while (!(await patiently(isEmpty, signal, this.#client.raw)));
  }

  get #waiters(): { readonly prefix: string } {
    return { prefix: `${this.name}/waiters/` };
  }

  get #readyKey(): string {
    return `${this.name}/ready`;
  }

  #scope(limits: WaitLimits, what: string): WaitScope {
    const { timeoutMs = Infinity, signal } = limits;
    const { clock } = this.#client.raw;
    const text = (): string => `barrier "${this.name}" ${what}`;
    return new WaitScope(clock, timeoutMs, text, signal, this.#lease.signal);
  }
}
