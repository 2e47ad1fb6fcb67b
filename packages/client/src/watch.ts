/** Watches for people: events in batches of whole revisions, on top of `watch-messages.ts`, which does the resuming. */
import { Event_EventType, type WatchResponse } from '@kv/proto/watch';
import { counterFromWire, type KeySelector } from './data.js';
import { KvError } from './errors.js';
import type { KeyValue } from './key-value.js';
import { Range } from './range.js';
import type { RawClient } from './raw.js';
import type { Scope } from './scope.js';
import { cancelled, watchRequest } from './watch-request.js';
import { patiently } from './wait.js';
import { watchMessages, type MessageWatch } from './watch-messages.js';

export interface ListThenWatchOptions {
  readonly prevKv?: boolean;
  /** Only puts, or only deletes. */
  readonly only?: 'put' | 'delete';
  /** Also yield batches without events, now and then, that tell how far the watch is. */
  readonly progressNotify?: boolean;
  /** The watch ends with `noLeader` when its member loses the cluster. */
  readonly requireLeader?: boolean;
  /**
   * When the history that the watch needs is compacted: `throw` ends it with `compacted`; `relist` yields all pairs as they are now (a batch of
   * type `list`) and goes on from there. Default: `throw` for `watch`, `relist` for `listThenWatch`.
   */
  readonly onCompacted?: 'throw' | 'relist';
  readonly signal?: AbortSignal;
}

export interface WatchOptions extends ListThenWatchOptions {
  /** First revision of interest; default: what comes after the watch was created. */
  readonly startRevision?: number;
}

export interface WatchEvent<Value = Uint8Array> {
  readonly type: 'put' | 'delete';
  /** Whether the put made a new key. */
  readonly isCreate: boolean;
  /** Of a deleted key: the key and the revision of the deletion. */
  readonly kv: KeyValue<Value>;
  readonly prevKv: KeyValue<Value> | undefined;
}

/** Whole revisions: no revision is spread over two batches. */
export interface WatchBatch<Value = Uint8Array> {
  readonly type: 'events';
  /** Everything up to here has been yielded. */
  readonly revision: number;
  /** In order. None: the batch only tells how far the watch is. */
  readonly events: readonly WatchEvent<Value>[];
}

/** All pairs at a revision: what was known before is to be forgotten. */
export interface ListBatch<Value = Uint8Array> {
  readonly type: 'list';
  readonly revision: number;
  readonly kvs: readonly KeyValue<Value>[];
}

interface Start {
  /** Whether the pairs are to be read first. */
  readonly list: boolean;
  readonly onCompacted: 'throw' | 'relist';
}

/** Why `next` ends when the watch was closed by `close`. */
class WatchClosed extends Error {
  override readonly name: string = 'WatchClosed';
}

/**
 * A running watch. It begins with the first `next` (or `created`), and what the reader does not take the server keeps: nothing is read ahead but
 * what the transport's window holds.
 */
export class Watch<Batch>
  implements AsyncIterableIterator<Batch, void, undefined>, AsyncDisposable
{
  readonly #batches: AsyncGenerator<Batch, void, undefined>;
  readonly #stop: AbortController;
  readonly #source: WatchSource<unknown>;
  /** Asked for by `created` before a reader came. */
  #early: Promise<IteratorResult<Batch, void>> | undefined;
  #isOver = false;

  /** @internal */
  static events<Value>(
    raw: RawClient,
    scope: Scope<Value, never>,
    keys: KeySelector,
    options: WatchOptions,
  ): Watch<WatchBatch<Value> | ListBatch<Value>> {
    const start = { list: false, onCompacted: options.onCompacted ?? 'throw' };
    return Watch.#open(raw, scope, keys, options, start);
  }

  /** @internal */
  static listThenEvents<Value>(
    raw: RawClient,
    scope: Scope<Value, never>,
    keys: KeySelector,
    options: ListThenWatchOptions,
  ): Watch<WatchBatch<Value> | ListBatch<Value>> {
    const start = { list: true, onCompacted: options.onCompacted ?? 'relist' };
    return Watch.#open(raw, scope, keys, options, start);
  }

  static #open<Value>(
    raw: RawClient,
    scope: Scope<Value, never>,
    keys: KeySelector,
    options: WatchOptions,
    start: Start,
  ): Watch<WatchBatch<Value> | ListBatch<Value>> {
    const stop = new AbortController();
    const source = new WatchSource(raw, scope, keys, { ...options, signal: stop.signal }, start);
    return new Watch(source, source.batches(), stop, options.signal);
  }

  private constructor(
    source: WatchSource<unknown>,
    batches: AsyncGenerator<Batch, void, undefined>,
    stop: AbortController,
    signal: AbortSignal | undefined,
  ) {
    this.#source = source;
    this.#batches = batches;
    this.#stop = stop;
    if (signal?.aborted === true) stop.abort(signal.reason);
    const onAbort = (): void => {
      stop.abort(signal?.reason);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    source.onEnd = () => signal?.removeEventListener('abort', onAbort);
  }

  /** The next batch. Calls may overlap; they are answered in order. */
  async next(): Promise<IteratorResult<Batch, void>> {
    const early = this.#early;
    this.#early = undefined;
    return await (early ?? this.#pull());
  }

  async #pull(): Promise<IteratorResult<Batch, void>> {
    if (this.#isOver) return { done: true, value: undefined };
    try {
      const result = await this.#batches.next();
      if (result.done === true) this.#end();
      return result;
    } catch (error) {
      this.#end();
      if (this.#stop.signal.reason instanceof WatchClosed) return { done: true, value: undefined };
      throw error;
    }
  }

  /**
   * Resolves when the server has made the watch (or answered the first list), with its revision then: every later change will be yielded. Rejects
   * with what ended the watch before.
   */
  created(): Promise<number> {
    if (!this.#source.isStarted && this.#early === undefined) {
      this.#early = this.#pull();
      this.#early.catch(() => undefined); // Reported by `next`, and here.
    }
    return this.#source.created;
  }

  /** Asks the server to tell how far the watch is: a batch without events follows, if the watch is up to date. */
  requestProgress(): void {
    this.#source.requestProgress();
  }

  /** Ends the watch at the server; a `next` under way ends with `done`. Idempotent. */
  async close(): Promise<void> {
    this.#stop.abort(new WatchClosed('the watch is closed'));
    this.#end();
    await this.#batches.return();
  }

  async return(): Promise<IteratorResult<Batch, void>> {
    await this.close();
    return { done: true, value: undefined };
  }

  #end(): void {
    this.#isOver = true;
    this.#source.end(this.#stop.signal.reason);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Where batches come from: lists and events in turn. */
class WatchSource<Value> {
  readonly #raw: RawClient;
  readonly #scope: Scope<Value, never>;
  readonly #keys: KeySelector;
  readonly #options: WatchOptions & { readonly signal: AbortSignal };
  readonly #start: Start;
  readonly created: Promise<number>;
  #tellCreated: (revision: number) => void = () => undefined;
  #failCreated: (reason: unknown) => void = () => undefined;
  #messages: MessageWatch | undefined;
  isStarted = false;
  onEnd: () => void = () => undefined;

  constructor(
    raw: RawClient,
    scope: Scope<Value, never>,
    keys: KeySelector,
    options: WatchOptions & { readonly signal: AbortSignal },
    start: Start,
  ) {
    this.#raw = raw;
    this.#scope = scope;
    this.#keys = keys;
    this.#options = options;
    this.#start = start;
    this.created = new Promise((resolve, reject) => {
      this.#tellCreated = resolve;
      this.#failCreated = reject;
    });
    this.created.catch(() => undefined); // Who never asked need not hear.
  }

  end(reason: unknown): void {
    this.#failCreated(reason ?? new WatchClosed('the watch is over'));
    this.onEnd();
  }

  requestProgress(): void {
    this.#messages?.requestProgress();
  }

  async *batches(): AsyncGenerator<WatchBatch<Value> | ListBatch<Value>, void, undefined> {
    this.isStarted = true;
    let startRevision = this.#options.startRevision ?? 0;
    let isListDue = this.#start.list;
    try {
      for (;;) {
        if (isListDue) {
          const list = await this.#list();
          this.#tellCreated(list.revision);
          yield list;
          startRevision = list.revision + 1;
        }
        try {
          yield* this.#events(startRevision);
          return;
        } catch (error) {
          if (!isCompacted(error) || this.#start.onCompacted === 'throw') throw error;
          isListDue = true;
        }
      }
    } catch (error) {
      this.#failCreated(error);
      throw error;
    }
  }

  async #list(): Promise<ListBatch<Value>> {
    const { signal } = this.#options;
    const attempt = async (): Promise<ListBatch<Value>> => {
      const kvs: KeyValue<Value>[] = [];
      let revision = 0;
      const range = new Range(this.#raw, this.#scope, this.#keys, { signal });
      for await (const page of range.pages()) {
        for (const kv of page.kvs) kvs.push(kv);
        revision = page.revision;
      }
      return { type: 'list', revision, kvs };
    };
    // Again when it was compacted while it was read, or the connections are down: a watch would wait, too.
    return patiently(attempt, signal, this.#raw);
  }

  async *#events(startRevision: number): AsyncGenerator<WatchBatch<Value>, void, undefined> {
    const request = watchRequest(this.#scope, this.#keys, { ...this.#options, startRevision });
    const { signal, requireLeader } = this.#options;
    this.#messages = watchMessages(this.#raw, request, {
      signal,
      requireLeader: requireLeader ?? false,
      onCreated: (revision) => {
        this.#tellCreated(counterFromWire('revision', revision));
      },
    });
    for await (const answer of this.#messages) {
      if (answer.canceled) throw cancelled(answer);
      yield this.#batch(answer);
    }
  }

  #batch(answer: WatchResponse): WatchBatch<Value> {
    const events = answer.events.map(({ type, kv, prevKv }): WatchEvent<Value> => {
      if (kv === undefined) {
        const message = 'the server sent an event without a key';
        throw new KvError('protocol', message, { outcome: 'definite' });
      }
      const isDelete = type === Event_EventType.DELETE;
      return {
        type: isDelete ? 'delete' : 'put',
        isCreate: !isDelete && kv.createRevision === kv.modRevision,
        kv: this.#scope.kvFromWire(kv),
        prevKv: prevKv === undefined ? undefined : this.#scope.kvFromWire(prevKv),
      };
    });
    // The header of events may be ahead of them (rpc.md §6.2); that of progress is not.
    const last = events[events.length - 1]?.kv.modRevision;
    const revision = last ?? counterFromWire('revision', answer.header?.revision ?? 0n);
    return { type: 'events', revision, events };
  }
}

function isCompacted(error: unknown): boolean {
  return error instanceof KvError && error.code === 'compacted';
}
