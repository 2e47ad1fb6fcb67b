/** Keys and values: put, get, delete, transactions, compaction; below a prefix and through a codec where asked. */
import { CompactionRequest, kvService } from '@kv/proto/kv';
import {
  compareAndPut,
  compareAndRemove,
  updateValue,
  type SwapResult,
  type UpdateOptions,
} from './compare-and-swap.js';
import type { Codec } from './codec.js';
import { bytesOf, counterFromWire, revisionToWire, type Bytes, type KeySelector } from './data.js';
import {
  deleteRequest,
  deleteResult,
  getResult,
  putRequest,
  putResult,
  rangeRequest,
  revisionOf,
  txnRequest,
  txnResults,
} from './kv-wire.js';
import type { KeyValue } from './key-value.js';
import type {
  DeleteResult,
  GetResult,
  Operations,
  PutResult,
  ReadOptions,
  RemoveOptions,
  Transaction,
  TransactionResult,
  WriteOptions,
} from './operation.js';
import { Range, type RangeOptions } from './range.js';
import type { CallSettings, RawClient } from './raw.js';
import type { Scope } from './scope.js';
import { runStm, type Stm, type StmOptions, type StmResult } from './stm.js';
import { Txn } from './txn.js';
import {
  Watch,
  type ListBatch,
  type ListThenWatchOptions,
  type WatchBatch,
  type WatchOptions,
} from './watch.js';

export interface GetOptions extends ReadOptions, CallSettings {}
export interface PutOptions extends WriteOptions, CallSettings {}
export interface DeleteOptions extends RemoveOptions, CallSettings {}

/** Keys and values of the whole store, or of a namespace. `Value` comes out, `Input` goes in. */
export class KvClient<Value = Uint8Array, Input = Bytes> {
  readonly #raw: RawClient;
  readonly #scope: Scope<Value, Input>;
  /** An empty transaction to build on: `txn.if(...).then(...).else(...).commit()`. */
  readonly txn: Txn<Value, Input>;

  constructor(raw: RawClient, scope: Scope<Value, Input>) {
    this.#raw = raw;
    this.#scope = scope;
    this.txn = new Txn(
      <Then extends Operations<Input>, Else extends Operations<Input>>(
        transaction: Transaction<Input, Then, Else>,
        settings: CallSettings,
      ) => this.transact(transaction, settings),
      [],
      [],
      [],
    );
  }

  /** The keys that begin with `prefix`, as if there were no others: it is added to every key that goes in, and cut from those that come out. */
  namespace(prefix: Bytes): KvClient<Value, Input> {
    return new KvClient(this.#raw, this.#scope.below(bytesOf('prefix', prefix)));
  }

  /** The same keys with values of another kind: `withCodec(text)`, `withCodec(json<Config>())`. */
  withCodec<NewValue, NewInput = NewValue>(
    codec: Codec<NewValue, NewInput>,
  ): KvClient<NewValue, NewInput> {
    return new KvClient(this.#raw, this.#scope.with(codec));
  }

  /** Reads keys in byte order, all at once; `range` reads many in parts. */
  async get(keys: KeySelector, options: GetOptions = {}): Promise<GetResult<Value>> {
    const request = rangeRequest(this.#scope, keys, options);
    const answer = await this.#raw.call(kvService.range, request, options);
    return getResult(this.#scope, answer, revisionOf(answer));
  }

  /** The pair of one key, or undefined. */
  async find(key: Bytes, options: GetOptions = {}): Promise<KeyValue<Value> | undefined> {
    const { kvs } = await this.get(bytesOf('key', key), options);
    return kvs[0];
  }

  /** How many keys there are. */
  async count(keys: KeySelector, options: GetOptions = {}): Promise<number> {
    const request = { ...rangeRequest(this.#scope, keys, options), countOnly: true };
    const answer = await this.#raw.call(kvService.range, request, options);
    return counterFromWire('count', answer.count);
  }

  /**
   * The pairs of a range one after the other, all as they were at one revision, read in parts of bounded size: `for await (const kv of
   * kv.range(prefix('a/')))`. Leaving the loop frees everything.
   */
  range(keys: KeySelector, options: RangeOptions = {}): Range<Value> {
    return new Range(this.#raw, this.#scope, keys, options);
  }

  async put(key: Bytes, value: Input, options: PutOptions = {}): Promise<PutResult<Value>> {
    const request = putRequest(this.#scope, key, value, options);
    const answer = await this.#raw.call(kvService.put, request, options);
    return putResult(this.#scope, answer, revisionOf(answer));
  }

  async delete(keys: KeySelector, options: DeleteOptions = {}): Promise<DeleteResult<Value>> {
    const request = deleteRequest(this.#scope, keys, options);
    const answer = await this.#raw.call(kvService.deleteRange, request, options);
    return deleteResult(this.#scope, answer, revisionOf(answer));
  }

  /** Puts a key that must not exist yet. */
  create(key: Bytes, value: Input, options: PutOptions = {}): Promise<SwapResult<Value>> {
    return compareAndPut(this, key, 0, value, options);
  }

  /** Puts a key that must be as it was put at `modRevision` (of a pair that was read). */
  replace(
    key: Bytes,
    modRevision: number,
    value: Input,
    options: PutOptions = {},
  ): Promise<SwapResult<Value>> {
    return compareAndPut(this, key, modRevision, value, options);
  }

  /** Deletes a key that must be as it was put at `modRevision`. */
  remove(key: Bytes, modRevision: number, options: DeleteOptions = {}): Promise<SwapResult<Value>> {
    return compareAndRemove(this, key, modRevision, options);
  }

  /**
   * Changes a value by a function of the present one (undefined when there is none), which is called again when somebody else was quicker. When it
   * gives undefined nothing is written. Rejects with `conflict` after `attemptsMax` collisions.
   */
  update(
    key: Bytes,
    change: (
      value: Value | undefined,
      kv: KeyValue<Value> | undefined,
    ) => Input | undefined | Promise<Input | undefined>,
    options: UpdateOptions = {},
  ): Promise<PutResult<Value> | undefined> {
    return updateValue(this, this.#raw, key, change, options);
  }

  /**
   * Software transactional memory: reads and writes of `body` take effect together or not at all. `body` runs again when something that it
   * read has changed meanwhile, so it must do nothing else. Rejects with `conflict` after `attemptsMax` collisions.
   */
  stm<Result>(
    body: (stm: Stm<Value, Input>) => Promise<Result>,
    options: StmOptions = {},
  ): Promise<StmResult<Result>> {
    return runStm(this, this.#scope, this.#raw, body, options);
  }

  /** Compares and acts atomically, at one revision: the transaction as data. */
  async transact<
    const Then extends Operations<Input> = readonly [],
    const Else extends Operations<Input> = readonly [],
  >(
    transaction: Transaction<Input, Then, Else>,
    settings: CallSettings = {},
  ): Promise<TransactionResult<Then, Else, Value>> {
    const request = txnRequest(this.#scope, transaction);
    const answer = await this.#raw.call(kvService.txn, request, settings);
    const revision = revisionOf(answer);
    const results = txnResults(this.#scope, transaction, answer, revision);
    // What the operations were, the types know; that the results follow them, `txnResults` has checked.
    const { succeeded } = answer;
    return { revision, succeeded, results } as unknown as TransactionResult<Then, Else, Value>;
  }

  /**
   * Changes of keys as they happen, each once and in order, across lost connections. Leave the loop (or `close` the watch, or abort the
   * signal) to end it at the server. Ends with `KvError` `compacted` when the start revision is gone, unless `onCompacted` says `relist`.
   */
  watch(
    keys: KeySelector,
    options: WatchOptions & { readonly onCompacted: 'relist' },
  ): Watch<WatchBatch<Value> | ListBatch<Value>>;
  watch(keys: KeySelector, options?: WatchOptions): Watch<WatchBatch<Value>>;
  watch(
    keys: KeySelector,
    options: WatchOptions = {},
  ): Watch<WatchBatch<Value> | ListBatch<Value>> {
    return Watch.events(this.#raw, this.#scope, keys, options);
  }

  /** First all pairs at one revision, then every change after it: nothing in between is lost. */
  listThenWatch(
    keys: KeySelector,
    options: ListThenWatchOptions = {},
  ): Watch<WatchBatch<Value> | ListBatch<Value>> {
    return Watch.listThenEvents(this.#raw, this.#scope, keys, options);
  }

  /** Forgets history below `revision`, of the whole store. With `physical`, answers when it is gone from disk too. */
  async compact(
    revision: number,
    options: CallSettings & { readonly physical?: boolean } = {},
  ): Promise<void> {
    const request = CompactionRequest.create({
      revision: revisionToWire('revision', revision),
      physical: options.physical ?? false,
    });
    await this.#raw.call(kvService.compact, request, options);
  }
}
