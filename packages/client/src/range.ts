/** A range read in parts, all at one revision: what memory holds is one page, whatever the range holds. */
import { kvService, type RangeRequest, type RangeResponse } from '@kv/proto/kv';
import { concat, type KeySelector } from './data.js';
import { KvError } from './errors.js';
import { rangeRequest, revisionOf } from './kv-wire.js';
import type { KeyValue } from './key-value.js';
import type { ReadOptions } from './operation.js';
import type { CallSettings, RawClient } from './raw.js';
import type { Scope } from './scope.js';

/** `timeoutMs` is of each page, not of the whole. */
export interface RangeOptions extends ReadOptions, CallSettings {
  /** Most pairs of one page. Default 10 000. */
  readonly pageCountMax?: number;
  /** Pages grow and shrink towards this many bytes. Default 1 MiB. */
  readonly pageBytes?: number;
  /** False: pages by Range alone, also where the server has RangeStream. Default true. */
  readonly stream?: boolean;
}

/** Pairs that follow one another in the range. */
export interface RangePage<Value = Uint8Array> {
  /** At which all pages are read. */
  readonly revision: number;
  readonly kvs: readonly KeyValue<Value>[];
}

/** Pairs of the first page: with the largest values that etcd takes (1.5 MiB) they are 24 MiB. */
const firstPageCount = 16;
/** A page is at most so many times as long as the one before. */
const growthMax = 8;
/** Streams that broke before we do without, in one range. */
const brokenStreamsMax = 3;
/** What a pair takes beside key and value, about. */
const pairBytes = 40;

/** Clients whose server has said that it has no RangeStream (etcd before 3.7). */
const withoutStream = new WeakSet<RawClient>();

/** What is still to be read. */
interface Cursor {
  request: RangeRequest;
  /** Pairs that the caller still wants; Infinity without a limit. */
  wanted: number;
  /** 0 until the first page has told it. */
  revision: number;
  isDone: boolean;
}

export class Range<Value = Uint8Array> implements AsyncIterable<KeyValue<Value>> {
  readonly #raw: RawClient;
  readonly #scope: Scope<Value, never>;
  readonly #keys: KeySelector;
  readonly #options: RangeOptions;

  constructor(
    raw: RawClient,
    scope: Scope<Value, never>,
    keys: KeySelector,
    options: RangeOptions,
  ) {
    this.#raw = raw;
    this.#scope = scope;
    this.#keys = keys;
    this.#options = options;
  }

  /** Each iteration reads anew. Throws `compacted` when history at the revision is gone before the end is reached. */
  async *[Symbol.asyncIterator](): AsyncGenerator<KeyValue<Value>, void, undefined> {
    for await (const { kvs } of this.pages()) yield* kvs;
  }

  /** All pairs in memory. */
  async toArray(): Promise<KeyValue<Value>[]> {
    const all: KeyValue<Value>[] = [];
    for await (const { kvs } of this.pages()) for (const kv of kvs) all.push(kv);
    return all;
  }

  /** At least one page, perhaps empty. Sorted by something else than the key, the whole range is one page: it can not be read in parts. */
  async *pages(): AsyncGenerator<RangePage<Value>, void, undefined> {
    const cursor = this.#start();
    const isSplit = (this.#options.sortBy ?? 'key') === 'key';
    let count = Math.min(firstPageCount, this.#pageCountMax);
    let brokenStreams = 0;
    for (;;) {
      const page = await this.#page(cursor, isSplit ? count : Infinity);
      count = this.#nextCount(page);
      yield page;
      if (!isSplit || cursor.isDone) return;
      if (!this.#isStreamable() || brokenStreams >= brokenStreamsMax) continue;
      if (yield* this.#streamed(cursor)) return;
      brokenStreams += 1;
    }
  }

  get #pageCountMax(): number {
    return Math.max(1, this.#options.pageCountMax ?? 10_000);
  }

  #start(): Cursor {
    const request = rangeRequest(this.#scope, this.#keys, this.#options);
    const wanted =
      this.#options.limit === undefined || this.#options.limit === 0
        ? Infinity
        : this.#options.limit;
    return { request, wanted, revision: this.#options.revision ?? 0, isDone: false };
  }

  /** One page by Range. */
  async #page(cursor: Cursor, countMax: number): Promise<RangePage<Value>> {
    const limit = Math.min(countMax, cursor.wanted);
    const request: RangeRequest = {
      ...cursor.request,
      limit: limit === Infinity ? 0n : BigInt(limit),
      revision: BigInt(cursor.revision),
    };
    const answer = await this.#raw.call(kvService.range, request, this.#options);
    if (cursor.revision === 0) cursor.revision = revisionOf(answer);
    if (!answer.more) cursor.isDone = true;
    return this.#take(cursor, answer);
  }

  /** Moves the cursor behind the pairs of this answer. */
  #take(cursor: Cursor, answer: RangeResponse): RangePage<Value> {
    const last = answer.kvs[answer.kvs.length - 1];
    if (last !== undefined) {
      cursor.wanted -= answer.kvs.length;
      if (cursor.wanted <= 0) cursor.isDone = true;
      moveBehind(cursor, last.key, this.#options.order === 'descending');
    }
    return { revision: cursor.revision, kvs: answer.kvs.map((kv) => this.#scope.kvFromWire(kv)) };
  }

  #nextCount({ kvs }: RangePage<Value>): number {
    const bytes = kvs.reduce((sum, kv) => sum + kv.key.length + kv.bytes.length + pairBytes, 0);
    const fitting = Math.floor(
      (kvs.length * (this.#options.pageBytes ?? 2 ** 20)) / Math.max(1, bytes),
    );
    return Math.max(1, Math.min(fitting, kvs.length * growthMax, this.#pageCountMax));
  }

  #isStreamable(): boolean {
    const { order, stream, ...filters } = this.#options;
    const isFiltered = [
      filters.minModRevision,
      filters.maxModRevision,
      filters.minCreateRevision,
      filters.maxCreateRevision,
    ].some((bound) => (bound ?? 0) !== 0);
    return (
      stream !== false && order !== 'descending' && !isFiltered && !withoutStream.has(this.#raw)
    );
  }

  /**
   * The rest by RangeStream (true: to the end), at the revision that the first page has fixed. Where the stream fails, the cursor stands behind what was yielded, and
   * a page by Range either goes on from there or tells what is wrong.
   */
  async *#streamed(cursor: Cursor): AsyncGenerator<RangePage<Value>, boolean, undefined> {
    const { signal } = this.#options;
    const request: RangeRequest = {
      ...cursor.request,
      limit: cursor.wanted === Infinity ? 0n : BigInt(cursor.wanted),
      revision: BigInt(cursor.revision),
    };
    try {
      const stream = await this.#raw.stream(
        kvService.rangeStream,
        signal === undefined ? {} : { signal },
      );
      try {
        stream.send(request);
        stream.finish();
        for await (const { rangeResponse } of stream) {
          if (rangeResponse !== undefined && rangeResponse.kvs.length > 0)
            yield this.#take(cursor, rangeResponse);
        }
        return true;
      } finally {
        stream.cancel();
      }
    } catch (error) {
      if (!(error instanceof KvError) || error.code === 'closed') throw error;
      if (error.grpcCode === 12 || error.code === 'notSupportedForLearner')
        withoutStream.add(this.#raw);
      return cursor.isDone;
    }
  }
}

const zero = new Uint8Array([0]);

function moveBehind(cursor: Cursor, key: Uint8Array, isDescending: boolean): void {
  if (!isDescending) {
    cursor.request = { ...cursor.request, key: concat(key, zero) };
  } else if (key.length === 1 && key[0] === 0) {
    // Nothing is below the lowest key, and as an end it would mean "no end".
    cursor.isDone = true;
  } else {
    cursor.request = { ...cursor.request, rangeEnd: key };
  }
}
