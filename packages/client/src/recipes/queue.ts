/**
 * Work queues: each item is worked on by one consumer at a time, and comes back when that one dies.
 *
 * Keys: `<name>/items/<priority>/<id>` has the item, `<name>/claims/<priority>/<id>` exists while somebody works on it, under that consumer's lease. Taking
 * creates the claim; being done deletes both, if the claim is still the same. So an item is done once, but may be begun more often: what it causes
 * must bear that (at least once).
 */
import type { Bytes } from '../data.js';
import type { KeyValue } from '../key-value.js';
import { del, find, put, when } from '../operation.js';
import type { CallSettings } from '../raw.js';
import { patiently, type WaitLimits } from '../wait.js';
import { Held } from './held.js';
import { underLease, type LeaseOptions } from './lease-scope.js';
import { lost, stillThere, untilChanged, type Place } from './place.js';
import type { HeldLease, RecipeClient } from './recipe-client.js';

/** Items ahead of others have smaller numbers. */
const priorityMax = 99_999;
const priorityDefault = 50_000;
/** Items looked at beyond those that are claimed: others may be quicker with the first ones. */
const spareItems = 16;

export interface AddOptions extends CallSettings {
  /** 0 (first) to 99 999 (last), default 50 000. */
  readonly priority?: number;
  /** Of the item among those of its priority. An item that is there already is not added again: give one, and a failed `add` may be repeated. */
  readonly id?: string;
}

/** `timeoutMs` is the longest wait for an item, by default Infinity. */
export interface TakeOptions extends LeaseOptions, WaitLimits {}

/** An item that is being worked on. Unless it is `done`, it goes back with `release` (or `await using`). */
export class Job extends Held {
  readonly #client: RecipeClient;
  readonly #itemKey: string;
  readonly #claim: Place;
  readonly value: Uint8Array;
  /** At which the item was added. */
  readonly revision: number;

  /** @internal */
  constructor(client: RecipeClient, item: KeyValue, claim: Place, ownsLease: boolean) {
    super(client, claim, ownsLease);
    this.#client = client;
    this.#itemKey = item.keyText();
    this.#claim = claim;
    this.value = item.value;
    this.revision = item.createRevision;
  }

  /** The item as text. */
  text(): string {
    return new TextDecoder().decode(this.value);
  }

  /** Takes the item from the queue. Rejects with `lost` when somebody else may have it by now. */
  async done(settings: CallSettings = {}): Promise<void> {
    this.stopWatching();
    const { succeeded } = await this.#client.kv.transact(
      { if: [stillThere(this.#claim)], then: [del(this.#itemKey), del(this.#claim.key)] },
      settings,
    );
    if (!succeeded) throw lost(this.#claim.key);
    await this.release();
  }
}

export class Queue {
  readonly #client: RecipeClient;
  readonly name: string;

  constructor(client: RecipeClient, name: string) {
    this.#client = client;
    this.name = name;
  }

  /** Adds an item behind those of its priority. False when one with this `id` is there already. */
  async add(value: Bytes, options: AddOptions = {}): Promise<boolean> {
    const { priority = priorityDefault, id = crypto.randomUUID(), ...settings } = options;
    if (!Number.isInteger(priority) || priority < 0 || priority > priorityMax) {
      throw new TypeError(
        `priority must be a whole number from 0 to ${priorityMax}, is ${priority}`,
      );
    }
    const key = `${this.#items}${String(priority).padStart(5, '0')}/${id}`;
    const { succeeded } = await this.#client.kv.transact(
      { if: [when.missing(key)], then: [put(key, value)] },
      settings,
    );
    return succeeded;
  }

  /** Waits for an item that nobody works on: the first of the lowest priority number. Rejects with `deadline` or the signal's reason. */
  take(options: TakeOptions = {}): Promise<Job> {
    const what = `queue "${this.name}" had no item`;
    return underLease(this.#client, options, what, (lease, signal) =>
      this.#take(lease, options.lease === undefined, signal),
    );
  }

  /**
   * Items one after the other, until the signal aborts or the loop is left. An item that the body of the loop did not declare `done` goes back when the
   * next one is asked for.
   */
  async *consume(options: TakeOptions = {}): AsyncGenerator<Job, void, undefined> {
    for (;;) {
      await using job = await this.take(options);
      yield job;
    }
  }

  /** Items that are not done yet, those that are worked on included. */
  async size(settings: CallSettings = {}): Promise<number> {
    return this.#client.kv.count({ prefix: this.#items }, settings);
  }

  async #take(lease: HeldLease, ownsLease: boolean, signal: AbortSignal): Promise<Job> {
    for (;;) {
      const { items, revision } = await patiently(
        () => this.#unclaimed(signal),
        signal,
        this.#client.raw,
      );
      for (const item of items) {
        const claim = await this.#claim(item, lease, signal);
        if (claim !== undefined) return new Job(this.#client, item, claim, ownsLease);
      }
      if (items.length > 0) continue;
      const options = { startRevision: revision + 1, signal };
      const keys = { prefix: `${this.name}/` };
      await patiently(() => untilChanged(this.#client, keys, options), signal, this.#client.raw);
    }
  }

  /** The first items that nobody works on, in order; those of one priority only. */
  async #unclaimed(signal: AbortSignal): Promise<{ items: readonly KeyValue[]; revision: number }> {
    const claims = { prefix: this.#claims };
    const { kvs, revision } = await this.#client.kv.get(claims, { signal, keysOnly: true });
    const claimed = new Set(kvs.map((kv) => kv.keyText().slice(this.#claims.length)));
    const end = `${this.name}/items0`;
    for (let from = this.#items; ;) {
      const first = await this.#client.kv.get(
        { from, end },
        { signal, revision, limit: 1, keysOnly: true },
      );
      const [lowest] = first.kvs;
      if (lowest === undefined) return { items: [], revision };
      const prefix = lowest.keyText().slice(0, this.#items.length + 6);
      const page = await this.#client.kv.get(
        { prefix },
        { signal, revision, limit: claimed.size + spareItems, sortBy: 'createRevision' },
      );
      const items = page.kvs.filter((kv) => !claimed.has(kv.keyText().slice(this.#items.length)));
      if (items.length > 0) return { items, revision };
      // "0" follows "/": behind all items of this priority.
      from = `${prefix.slice(0, -1)}0`;
    }
  }

  /** Undefined when somebody was quicker, or the item is done. Under its lease a claim may be sent again. */
  #claim(item: KeyValue, lease: HeldLease, signal: AbortSignal): Promise<Place | undefined> {
    const itemKey = item.keyText();
    const key = `${this.#claims}${itemKey.slice(this.#items.length)}`;
    const owner = lease.id.toString(16);
    let attempts = 0;
    const attempt = async (): Promise<Place | undefined> => {
      attempts += 1;
      const { succeeded, revision, results } = await this.#client.kv.transact(
        {
          if: [when.modRevision(itemKey, '=', item.modRevision), when.missing(key)],
          then: [put(key, owner, { lease })],
          else: [find(key)],
        },
        { signal },
      );
      if (succeeded) return { key, lease, createRevision: revision };
      const [found] = results;
      // Ours from an attempt whose answer was lost.
      if (attempts > 1 && found?.lease === lease.id) {
        return { key, lease, createRevision: found.createRevision };
      }
      return undefined;
    };
    return patiently(attempt, signal, this.#client.raw);
  }

  get #items(): string {
    return `${this.name}/items/`;
  }

  get #claims(): string {
    return `${this.name}/claims/`;
  }
}
