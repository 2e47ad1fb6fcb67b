/**
 * Publish and subscribe, out of the history of one key: each message is a put of it, and a subscription is a watch.
 *
 * Messages come in order, each at least once, to every subscriber that is not further behind than the store's history: compaction is what bounds
 * retention. The store is no message broker: every message is agreed on by a majority and kept until compaction. For settings, signals and
 * invalidations, not for streams of data.
 */
import type { Bytes } from '../data.js';
import type { CallSettings } from '../raw.js';
import { patiently } from '../wait.js';
import type { ListBatch, WatchBatch } from '../watch.js';
import type { RecipeClient } from './recipe-client.js';

/** A message that was published. */
export interface TopicMessage {
  readonly value: Uint8Array;
  /** Its place in the order: subscribe from `revision + 1` to go on after it. */
  readonly revision: number;
  text(): string;
}

export interface SubscribeOptions {
  /** First revision of interest; default: what is published from now on. Rejects with `compacted` when it is gone from history. */
  readonly fromRevision?: number;
  /**
   * Name of a durable subscription. How far it came is kept in the store, under `<topic>/subscribers/<name>`, and it goes on from there; `fromRevision` is then
   * where it begins the first time. A message counts as handled when the next one is asked for. One process at a time: hold a lock.
   */
  readonly subscriber?: string;
  /** After compaction has overtaken the subscription: reject with `compacted` (default), or go on with the newest message. */
  readonly onGap?: 'throw' | 'skip';
  readonly signal?: AbortSignal;
}

export class Topic {
  readonly #client: RecipeClient;
  readonly name: string;

  constructor(client: RecipeClient, name: string) {
    this.#client = client;
    this.name = name;
  }

  /** Resolves with the revision of the message when it is stored. */
  async publish(value: Bytes, settings: CallSettings = {}): Promise<number> {
    const { revision } = await this.#client.kv.put(this.name, value, settings);
    return revision;
  }

  /** The messages in order, until the signal aborts or the loop is left. */
  async *subscribe(options: SubscribeOptions = {}): AsyncGenerator<TopicMessage, void, undefined> {
    const signal = options.signal ?? new AbortController().signal;
    const cursor = await this.#cursor(options.subscriber, signal);
    const from = cursor ?? options.fromRevision;
    const start = from === undefined ? {} : { startRevision: from };
    const request = { ...start, only: 'put', signal } as const;
    const { kv } = this.#client;
    const batches: AsyncIterable<WatchBatch | ListBatch> =
      options.onGap === 'skip'
        ? kv.watch(this.name, { ...request, onCompacted: 'relist' })
        : kv.watch(this.name, request);
    for await (const batch of batches) {
      const kvs = batch.type === 'list' ? batch.kvs : batch.events.map((event) => event.kv);
      for (const message of kvs) {
        const revision = message.modRevision;
        yield { value: message.value, revision, text: () => message.text() };
        await this.#remember(options.subscriber, revision + 1, signal);
      }
    }
  }

  async #cursor(subscriber: string | undefined, signal: AbortSignal): Promise<number | undefined> {
    if (subscriber === undefined) return undefined;
    const key = this.#cursorKey(subscriber);
    const { kv: store, raw } = this.#client;
    const kv = await patiently(() => store.find(key, { signal }), signal, raw);
    const revision = Number(kv?.text());
    return Number.isSafeInteger(revision) && revision > 0 ? revision : undefined;
  }

  async #remember(
    subscriber: string | undefined,
    revision: number,
    signal: AbortSignal,
  ): Promise<void> {
    if (subscriber === undefined) return;
    const key = this.#cursorKey(subscriber);
    await patiently(
      () => this.#client.kv.put(key, String(revision), { signal }),
      signal,
      this.#client.raw,
    );
  }

  #cursorKey(subscriber: string): string {
    return `${this.name}/subscribers/${subscriber}`;
  }
}
