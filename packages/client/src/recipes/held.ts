/** Something that one owner holds at a time, with what makes that safe: a fencing token, guarded writes, and a signal of its loss. */
import type { Bytes } from '../data.js';
import type { PutOptions } from '../kv.js';
import {
  put,
  type Condition,
  type GetResult,
  type Operations,
  type PutResult,
  type Transaction,
  type TransactionResult,
} from '../operation.js';
import type { CallSettings } from '../raw.js';
import { patiently } from '../wait.js';
import { abandonPlace, leavePlace, lost, stillThere, untilChanged, type Place } from './place.js';
import type { RecipeClient } from './recipe-client.js';

export class Held implements AsyncDisposable {
  readonly #client: RecipeClient;
  readonly #place: Place;
  /** Whether the lease is for this alone, and ends with it. */
  readonly #ownsLease: boolean;
  readonly #loss = new AbortController();
  readonly #watching = new AbortController();
  #released: Promise<void> | undefined;

  /** @internal Watches the key from now on. */
  constructor(client: RecipeClient, place: Place, ownsLease: boolean) {
    this.#client = client;
    this.#place = place;
    this.#ownsLease = ownsLease;
    const { signal } = place.lease;
    const onLeaseLost = (): void => {
      this.#lose(signal.reason);
    };
    signal.addEventListener('abort', onLeaseLost, { once: true });
    this.#watching.signal.addEventListener('abort', () => {
      signal.removeEventListener('abort', onLeaseLost);
    });
    if (signal.aborted) onLeaseLost();
    void this.#watchKey();
  }

  /** The key that stands for it in the store. */
  get key(): string {
    return this.#place.key;
  }

  /**
   * The fencing token: rises from owner to owner. Give it to every system that must not listen to an owner of old, and let that refuse a token
   * smaller than the largest it has seen.
   */
  get token(): number {
    return this.#place.createRevision;
  }

  /**
   * Aborts when the thing is lost: its lease could not be renewed (by this machine's monotonic clock, before the server gives it to somebody
   * else), or its key was deleted. A process that was paused learns of it late: only guarded writes and tokens are safe then.
   */
  get signal(): AbortSignal {
    return this.#loss.signal;
  }

  get isHeld(): boolean {
    return this.#released === undefined && !this.#loss.signal.aborted;
  }

  /** For transactions of one's own: true exactly while it is held. */
  get guard(): Condition<never> {
    return stillThere(this.#place);
  }

  /**
   * A put that takes effect only while it is held. Rejects with `lost` (nothing happened) otherwise. Throws `TypeError` for a key that would stand
   * in the line of owners itself.
   */
  async put(key: Bytes, value: Bytes, options: PutOptions = {}): Promise<PutResult> {
    const text = typeof key === 'string' ? key : new TextDecoder().decode(key);
    const line = this.#place.key.slice(0, this.#place.key.lastIndexOf('/') + 1);
    if (text.startsWith(line) && text !== this.#place.key) {
      throw new TypeError(`key "${text}" would be an owner: ${line} belongs to the line of owners`);
    }
    const { results } = await this.#guarded([put(key, value, options)], options);
    return results[0];
  }

  /** A transaction that happens only while it is held; which branch was taken is in the result. Rejects with `lost` (nothing happened) otherwise. */
  async transact<const Then extends Operations, const Else extends Operations>(
    transaction: Transaction<Bytes, Then, Else>,
    settings: CallSettings = {},
  ): Promise<TransactionResult<Then, Else>> {
    const { revision, results } = await this.#guarded([{ type: 'txn', ...transaction }], settings);
    return { ...results[0], revision };
  }

  async #guarded<const Then extends Operations>(
    then: Then,
    settings: CallSettings,
  ): Promise<TransactionResult<Then, readonly []> & { readonly succeeded: true }> {
    const answer = await this.#client.kv.transact({ if: [this.guard], then }, settings);
    if (answer.succeeded) return answer;
    const error = lost(this.#place.key);
    this.#lose(error);
    throw error;
  }

  /**
   * Gives it up; the next in line has it then. When the store cannot be reached, a lease of its own is no longer renewed, and it is free when that
   * expires; under a lease that others share it waits until the store can be reached, or the lease is lost. Idempotent; after a failure it may
   * be asked for again.
   */
  release(): Promise<void> {
    this.#released ??= this.#giveUp().catch((error: unknown) => {
      this.#released = undefined;
      throw error;
    });
    return this.#released;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  /** What follows deletes the key on purpose. */
  protected stopWatching(): void {
    this.#watching.abort();
  }

  async #giveUp(): Promise<void> {
    this.#watching.abort();
    this.#loss.abort(lost(`${this.#place.key}, which was released,`));
    const { lease } = this.#place;
    if (this.#ownsLease) await lease.close();
    // Of a lease that is lost the place is gone, or soon will be.
    else if (lease.signal.aborted) await abandonPlace(this.#client, this.#place);
    else await this.#leave(lease.signal);
  }

  /** As long as the lease lives: others wait for it. */
  async #leave(signal: AbortSignal): Promise<void> {
    try {
      await leavePlace(this.#client, this.#place, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** Never rejects: when the key cannot be watched, the lease still tells. */
  async #watchKey(): Promise<void> {
    const { signal } = this.#watching;
    const { key, createRevision } = this.#place;
    try {
      for (let revision = createRevision + 1; ;) {
        await untilChanged(this.#client, key, { startRevision: revision, only: 'delete', signal });
        const look = (): Promise<GetResult> => this.#client.kv.get(key, { signal, keysOnly: true });
        const found = await patiently(look, signal, this.#client.raw);
        if (found.kvs[0]?.createRevision !== createRevision) break;
        revision = found.revision + 1;
      }
      this.#lose(undefined);
    } catch {
      // Released, closed, or refused.
    }
  }

  #lose(cause: unknown): void {
    this.#loss.abort(lost(this.#place.key, cause));
    this.#watching.abort();
  }
}
