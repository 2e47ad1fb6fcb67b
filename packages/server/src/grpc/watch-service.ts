/** `etcdserverpb.Watch`: one call owns one stream of the hub, and moves its responses at the pace of the client (rpc.md §6). */
import { WatchCreateRequest_FilterType, WatchRequest } from '@kv/proto';
import type { WatchCreateRequest as WireCreateRequest } from '@kv/proto';
import { keyFromBytes } from '@kv/mvcc';
import type { Key, Revision } from '@kv/mvcc';
import type { Service, StreamCall } from '@kv/rpc';
import { watchId, type WatchCreateRequest, type WatchStream } from '@kv/watch';
import { keyRangeOf } from '../apply/kv-codec.js';
import type { Clock, Timer } from '../clock.js';
import type { Random } from '../random.js';
import type { WatchEngine } from '../watch/watch-engine.js';
import type { Metrics } from '../metrics.js';
import type { ResponseHeaders } from './header.js';
import { counterFromInt64 } from './int64.js';
import { readRequest } from './request-bytes.js';
import { encodeWatchResponse } from './watch-codec.js';
import { WatchMetrics, type Written } from './watch-metrics.js';

export interface WatchServiceParts {
  readonly engine: WatchEngine;
  readonly headers: ResponseHeaders;
  readonly clock: Clock;
  readonly random: Random;
  readonly progressIntervalMs: number;
  readonly metrics: Metrics;
}

/** No stream is told more often (etcd v3.7.1 server/etcdserver/api/v3rpc/watch.go, minWatchProgressInterval). */
const PROGRESS_INTERVAL_MIN_MS = 100;
const FIRST_KEY = '\0' as Key;

export function watchService(parts: WatchServiceParts): Service {
  const callParts: WatchCallParts = { ...parts, metrics: new WatchMetrics(parts.metrics) };
  return {
    name: 'etcdserverpb.Watch',
    methods: {
      Watch: {
        type: 'stream',
        requestStream: true,
        handler: (call) => {
          new WatchCall(call, callParts).start();
        },
      },
    },
  };
}

interface WatchCallParts extends Omit<WatchServiceParts, 'metrics'> {
  readonly metrics: WatchMetrics;
}

class WatchCall {
  readonly #call: StreamCall;
  readonly #parts: WatchCallParts;
  readonly #stream: WatchStream;
  #progress: Timer | undefined;
  /** The client does not keep up: nothing is taken until it has drained. */
  #full = false;
  #paused = false;

  constructor(call: StreamCall, parts: WatchCallParts) {
    this.#call = call;
    this.#parts = parts;
    this.#stream = parts.engine.openStream(() => {
      this.#pump();
    });
  }

  start(): void {
    const { clock, metrics, progressIntervalMs, random } = this.#parts;
    const interval = Math.max(PROGRESS_INTERVAL_MIN_MS, progressIntervalMs);
    // Not all at once: up to a tenth later, different for each stream.
    this.#progress = clock.every(interval + random(Math.floor(interval / 10) + 1), () => {
      const startedMs = clock.monotonicMs();
      this.#stream.tickProgress();
      metrics.progressTold(clock.monotonicMs() - startedMs);
    });
    this.#call.onMessage((message) => {
      this.#receive(message);
    });
    this.#call.onDrain(() => {
      this.#full = false;
      this.#pump();
    });
    // A half-close does not end the stream: events go on until the client cancels.
    this.#call.onCancel(() => {
      this.#end();
    });
  }

  #receive(message: Uint8Array): void {
    const request = readRequest(this.#call, () => WatchRequest.decode(message));
    if (request === undefined) {
      this.#end();
      return;
    }
    this.#parts.engine.tell();
    const union = request.requestUnion;
    switch (union?.$case) {
      case 'createRequest':
        this.#stream.create(createRequestOf(union.value));
        break;
      case 'cancelRequest':
        this.#stream.cancel(watchId(union.value.watchId));
        break;
      case 'progressRequest':
        this.#stream.requestProgress();
        break;
      case undefined:
        break;
    }
    if (this.#stream.congested && !this.#paused) {
      this.#paused = true;
      this.#call.pause();
    }
  }

  #pump(): void {
    const { clock, headers, metrics } = this.#parts;
    const startedMs = clock.monotonicMs();
    const written: Written = { events: 0, changes: 0, controls: 0 };
    while (!this.#full) {
      const response = this.#stream.take();
      if (response === undefined) break;
      this.#full = !this.#call.write(encodeWatchResponse(headers, response));
      if (response.type === 'events') written.events += response.batch.events.length;
      if (response.type === 'events' || response.type === 'progress') written.changes += 1;
      else written.controls += 1;
    }
    metrics.pumped(written, clock.monotonicMs() - startedMs);
    if (this.#paused && !this.#stream.congested) {
      this.#paused = false;
      this.#call.resume();
    }
  }

  #end(): void {
    this.#progress?.cancel();
    this.#stream.close();
  }
}

/** Bytes are copied: keys become strings. */
function createRequestOf(request: WireCreateRequest): WatchCreateRequest {
  const key = request.key.length === 0 ? FIRST_KEY : keyFromBytes(request.key);
  return {
    range: keyRangeOf(key, keyFromBytes(request.rangeEnd)),
    startRevision: counterFromInt64(request.startRevision) as Revision,
    watchId: watchId(request.watchId),
    progressNotify: request.progressNotify,
    prevKv: request.prevKv,
    noPut: request.filters.includes(WatchCreateRequest_FilterType.NOPUT),
    noDelete: request.filters.includes(WatchCreateRequest_FilterType.NODELETE),
    fragment: request.fragment,
  };
}
