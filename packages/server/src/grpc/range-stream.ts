/**
 * RangeStream: a range of any size in chunks, at one revision, at the pace of the client (rpc.md §5.2). Memory is one chunk;
 * turns are one chunk long.
 */
import { orderChunk, readsKeysOnly } from '@kv/mvcc';
import type {
  MvccStore,
  Pin,
  RangeCursor,
  RangeQuery,
  ReadView,
  Revision,
  StoredKeyValue,
} from '@kv/mvcc';
import type { StreamCall } from '@kv/rpc';
import type { RangeCommand } from '../apply/command.js';
import type { Clock } from '../clock.js';
import type { ResponseHeaders } from './header.js';
import { encodeRangeChunk } from './kv-encode.js';
import { isReplaced, rpcErrorOf } from './status.js';

/** Pairs in the first chunk; later ones double or halve towards the size wanted (etcd's rangeStreamInitialLimit). */
const FIRST_CHUNK_KEYS = 10;
/** More than that in one turn would keep others waiting. */
const CHUNK_KEYS_MAX = 10_000;

export interface RangeStreamPorts {
  readonly store: MvccStore;
  readonly headers: ResponseHeaders;
  readonly clock: Clock;
  /** Size of chunk to aim at. */
  readonly chunkBytes: number;
  /** The store failed to read: the member must stop. */
  readonly onError: (error: unknown) => void;
}

/** Starts to answer; the call ends by itself. */
export function streamRange(
  call: StreamCall,
  command: RangeCommand,
  ports: RangeStreamPorts,
): void {
  const { store } = ports;
  const view = command.revision > 0 ? store.read(command.revision as Revision) : store.readNewest();
  if (view.type !== 'view') {
    call.fail(rpcErrorOf(view.type === 'compacted' ? 'compacted' : 'futureRevision'));
    return;
  }
  new RangeStream(call, command, view, ports).start();
}

class RangeStream {
  readonly #call: StreamCall;
  readonly #ports: RangeStreamPorts;
  readonly #cursor: RangeCursor | undefined;
  readonly #pin: Pin;
  readonly #query: RangeQuery;
  readonly #count: number;
  /** The store's revision when the stream began. */
  readonly #headerRevision: Revision;
  /** Pairs that the limit still allows; Infinity without one. */
  #left: number;
  #chunkKeys = FIRST_CHUNK_KEYS;
  #ended = false;

  constructor(call: StreamCall, command: RangeCommand, view: ReadView, ports: RangeStreamPorts) {
    const { query } = command;
    this.#call = call;
    this.#ports = ports;
    this.#query = query;
    this.#headerRevision = ports.store.revision;
    this.#pin = ports.store.pin(view.revision);
    this.#count = view.count(query.range);
    this.#left = query.limit > 0 ? query.limit : Infinity;
    this.#cursor =
      query.countOnly || this.#count === 0
        ? undefined
        : view.cursor(query.range, { keysOnly: readsKeysOnly(query) });
  }

  start(): void {
    this.#call.onCancel(() => {
      this.#end();
    });
    this.#call.onDrain(() => {
      this.#next();
    });
    this.#next();
  }

  #next(): void {
    if (this.#ended) return;
    try {
      this.#writeChunk();
    } catch (error) {
      this.#end();
      const wasReplaced = isReplaced(error);
      this.#call.fail(rpcErrorOf(wasReplaced ? 'leaderChanged' : 'stopped'));
      if (!wasReplaced) this.#ports.onError(error);
    }
  }

  #writeChunk(): void {
    const cursor = this.#cursor;
    if (cursor === undefined) {
      this.#last([], false);
      return;
    }
    const wanted = Math.min(this.#chunkKeys, CHUNK_KEYS_MAX, this.#left);
    const kvs = orderChunk(this.#query, cursor.next(wanted));
    this.#left -= kvs.length;
    if (cursor.done || this.#left === 0) {
      this.#last(kvs, this.#left === 0 && !this.#atEnd(cursor));
      return;
    }
    const chunk = encodeRangeChunk({ kvs, more: false, count: 0 }, undefined);
    this.#adapt(chunk.length);
    const goOn = this.#call.write(chunk);
    if (goOn) {
      this.#ports.clock.soon(() => {
        this.#next();
      });
    }
  }

  /** Whether nothing is left behind the limit. */
  #atEnd(cursor: RangeCursor): boolean {
    return cursor.done || cursor.next(1).length === 0;
  }

  #adapt(bytes: number): void {
    const { chunkBytes } = this.#ports;
    if (bytes < chunkBytes / 2) this.#chunkKeys *= 2;
    else if (bytes > chunkBytes * 2) this.#chunkKeys = Math.max(1, this.#chunkKeys >>> 1);
  }

  #last(kvs: readonly StoredKeyValue[], more: boolean): void {
    const { headers } = this.#ports;
    const revision = this.#headerRevision;
    this.#call.write(encodeRangeChunk({ kvs, more, count: this.#count }, { headers, revision }));
    this.#end();
    this.#call.end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cursor?.close();
    this.#pin.release();
  }
}
