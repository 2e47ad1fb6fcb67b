/**
 * Software transactional memory over compare-and-act: reads are remembered with their revisions, writes are kept back, and one transaction
 * checks the former and does the latter (the isolation levels of etcd client/v3/concurrency/stm.go).
 */
import {
  attemptsMaxDefault,
  callSettings,
  conflict,
  pauseAfterConflict,
} from './compare-and-swap.js';
import { bytesOf, copyOf, type Bytes } from './data.js';
import { KvError } from './errors.js';
import type { KeyValue } from './key-value.js';
import type { KvClient } from './kv.js';
import {
  del,
  find,
  put,
  when,
  type Condition,
  type Operation,
  type WriteOptions,
} from './operation.js';
import type { CallSettings, RawClient } from './raw.js';
import type { Scope } from './scope.js';

/**
 * What a transaction may see of others.
 * - `serializableSnapshot`: all reads from one revision; fails when what it read or *writes* has changed since.
 * - `serializable`: all reads from one revision; fails when what it read has changed since.
 * - `repeatableReads`: each key is read once, at its own time; fails when what it read has changed since.
 * - `readCommitted`: as that, but never fails.
 */
export type Isolation =
  'serializableSnapshot' | 'serializable' | 'repeatableReads' | 'readCommitted';

export interface StmOptions extends CallSettings {
  /** Default `serializableSnapshot`. */
  readonly isolation?: Isolation;
  /** Keys that the body will read: fetched together beforehand. */
  readonly prefetch?: readonly Bytes[];
  /** Default 100. */
  readonly attemptsMax?: number;
}

export interface StmResult<Result> {
  /** What the body returned. */
  readonly value: Result;
  /** Of the commit; without writes, of the reads. */
  readonly revision: number;
  readonly attempts: number;
}

/** One attempt. The keys read and written together are bounded by the server's `max-txn-ops` (128). */
export interface Stm<Value = Uint8Array, Input = Bytes> {
  /** The value, with the writes of this attempt. Undefined when there is none. */
  get(key: Bytes): Promise<Value | undefined>;
  /** The pair as it is in the store, without the writes of this attempt. */
  find(key: Bytes): Promise<KeyValue<Value> | undefined>;
  put(key: Bytes, value: Input, options?: WriteOptions): void;
  delete(key: Bytes): void;
}

interface Read<Value> {
  readonly key: Bytes;
  readonly kv: KeyValue<Value> | undefined;
}
type Write<Input> = { readonly key: Bytes } & (
  | { readonly type: 'put'; readonly value: Input; readonly options: WriteOptions | undefined }
  | { readonly type: 'delete' }
);

class Attempt<Value, Input> implements Stm<Value, Input> {
  readonly #kv: KvClient<Value, Input>;
  readonly #scope: Scope<Value, Input>;
  readonly #options: StmOptions;
  readonly #isSnapshot: boolean;
  /** By the key's bytes as a latin1 string. */
  readonly reads = new Map<string, Read<Value>>();
  readonly writes = new Map<string, Write<Input>>();
  readonly #prefetched: ReadonlyMap<string, Read<Value>>;
  /** At which the first read was made; 0 before it. */
  revision: number;

  constructor(
    kv: KvClient<Value, Input>,
    scope: Scope<Value, Input>,
    options: StmOptions,
    prefetched: ReadonlyMap<string, Read<Value>>,
    revision: number,
  ) {
    this.#kv = kv;
    this.#scope = scope;
    this.#options = options;
    this.#isSnapshot = isSnapshot(options);
    this.#prefetched = prefetched;
    this.revision = revision;
  }

  async get(key: Bytes): Promise<Value | undefined> {
    const write = this.writes.get(nameOf(key));
    if (write?.type === 'delete') return undefined;
    if (write?.type === 'put') {
      const encoded = this.#scope.valueToWire(this.#scope.keyToWire(key), write.value);
      return this.#scope.codec.decode(copyOf(encoded));
    }
    return (await this.find(key))?.value;
  }

  async find(key: Bytes): Promise<KeyValue<Value> | undefined> {
    const name = nameOf(key);
    const known = this.reads.get(name) ?? this.#prefetched.get(name);
    if (known !== undefined) {
      this.reads.set(name, known);
      return known.kv;
    }
    const revision = this.#isSnapshot ? this.revision : 0;
    const answer = await this.#kv.get(bytesOf('key', key), {
      ...callSettings(this.#options),
      revision,
    });
    if (this.revision === 0) this.revision = answer.revision;
    const read = { key, kv: answer.kvs[0] };
    // Two reads of one key at the same time: the first to arrive is what the transaction has seen.
    if (!this.reads.has(name)) this.reads.set(name, read);
    return this.reads.get(name)?.kv;
  }

  put(key: Bytes, value: Input, options?: WriteOptions): void {
    this.writes.set(nameOf(key), { type: 'put', key, value, options });
  }

  delete(key: Bytes): void {
    this.writes.set(nameOf(key), { type: 'delete', key });
  }

  conditions(): readonly Condition<Input>[] {
    const isolation = this.#options.isolation ?? 'serializableSnapshot';
    if (isolation === 'readCommitted') return [];
    const unread = [...this.reads.values()].map(({ key, kv }) =>
      when.modRevision(key, '=', kv?.modRevision ?? 0),
    );
    if (isolation !== 'serializableSnapshot' || this.revision === 0) return unread;
    const bound = this.revision + 1;
    const unwritten = [...this.writes.values()].map(({ key }) => when.modRevision(key, '<', bound));
    return [...unread, ...unwritten];
  }

  operations(): readonly Operation<Input>[] {
    return [...this.writes.values()].map((write) =>
      write.type === 'put' ? put(write.key, write.value, write.options) : del(write.key),
    );
  }
}

export async function runStm<Value, Input, Result>(
  kv: KvClient<Value, Input>,
  scope: Scope<Value, Input>,
  raw: RawClient,
  body: (stm: Stm<Value, Input>) => Promise<Result>,
  options: StmOptions,
): Promise<StmResult<Result>> {
  const attemptsMax = options.attemptsMax ?? attemptsMaxDefault;
  let { reads, revision } = await fetchTogether(kv, options.prefetch ?? [], options);
  for (let attempts = 1; ; attempts++) {
    const attempt = new Attempt(kv, scope, options, reads, revision);
    const done = await tryOnce(kv, attempt, body, options);
    if (done.succeeded) return { value: done.value, revision: done.revision, attempts };
    if (attempts >= attemptsMax) throw conflict(attempts);
    await pauseAfterConflict(raw, attempts, options.signal);
    ({ reads, revision } = done);
  }
}

type Tried<Value, Result> =
  | { readonly succeeded: true; readonly value: Result; readonly revision: number }
  | {
      readonly succeeded: false;
      readonly reads: ReadonlyMap<string, Read<Value>>;
      readonly revision: number;
    };

async function tryOnce<Value, Input, Result>(
  kv: KvClient<Value, Input>,
  attempt: Attempt<Value, Input>,
  body: (stm: Stm<Value, Input>) => Promise<Result>,
  options: StmOptions,
): Promise<Tried<Value, Result>> {
  let value: Result;
  try {
    value = await body(attempt);
  } catch (error) {
    // Its snapshot was compacted under its feet: a newer one is there.
    if (!(error instanceof KvError) || error.code !== 'compacted') throw error;
    return { succeeded: false, reads: new Map(), revision: 0 };
  }
  // What only reads has read consistently already, each level in its way.
  if (attempt.writes.size === 0) return { succeeded: true, value, revision: attempt.revision };
  const reads = [...attempt.reads.values()];
  const outcome = await kv.transact(
    {
      if: attempt.conditions(),
      then: attempt.operations(),
      else: isSnapshot(options) ? reads.map(({ key }) => find(key)) : [],
    },
    callSettings(options),
  );
  if (outcome.succeeded) return { succeeded: true, value, revision: outcome.revision };
  // The conflict itself brings what the next attempt will want to read: all at one revision.
  const fresh = outcome.results.map((current, at) => ({ key: reads[at]?.key ?? '', kv: current }));
  return {
    succeeded: false,
    reads: new Map(fresh.map((read) => [nameOf(read.key), read])),
    revision: fresh.length === 0 ? 0 : outcome.revision,
  };
}

async function fetchTogether<Value, Input>(
  kv: KvClient<Value, Input>,
  keys: readonly Bytes[],
  options: StmOptions,
): Promise<{ readonly reads: ReadonlyMap<string, Read<Value>>; readonly revision: number }> {
  if (keys.length === 0) return { reads: new Map(), revision: 0 };
  const answer = await kv.transact({ then: keys.map((key) => find(key)) }, callSettings(options));
  const reads = keys.map((key, at) => ({ key, kv: answer.results[at] }));
  return {
    reads: new Map(reads.map((read) => [nameOf(read.key), read])),
    revision: answer.revision,
  };
}

function isSnapshot({ isolation }: StmOptions): boolean {
  return isolation !== 'repeatableReads' && isolation !== 'readCommitted';
}

function nameOf(key: Bytes): string {
  return Buffer.from(bytesOf('key', key)).toString('latin1');
}
