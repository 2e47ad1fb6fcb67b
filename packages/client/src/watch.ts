/**
 * Watches that survive a lost connection: every event of the range once, in order of revision, none lost (invariant C3).
 *
 * `watchMessages` yields the server's messages and does the resuming; `watch` turns them into events for people.
 */
import {
  Event_EventType,
  WatchCreateRequest,
  WatchCreateRequest_FilterType,
  WatchRequest,
  watchService,
  type WatchResponse,
} from '@kv/proto/watch';
import {
  counterFromWire,
  keyValueFromWire,
  rangeOf,
  revisionToWire,
  type KeySelector,
  type KeyValue,
} from './data.js';
import { KvError } from './errors.js';
import { pause, type MessageStream, type RawClient } from './raw.js';
import { GrpcCode } from './transport/status-error.js';

/** Pauses between attempts to open the stream again: doubling from the first to the last, milliseconds. */
const resumeFirstMs = 25;
const resumeLastMs = 2_000;

export interface WatchOptions {
  /** First revision of interest; default: what comes after the watch was created. */
  readonly startRevision?: number;
  readonly prevKv?: boolean;
  /** Only puts, or only deletes. */
  readonly only?: 'put' | 'delete';
  /** Also yield batches without events, now and then, that tell how far the watch is. */
  readonly progressNotify?: boolean;
  /** The watch ends with `noLeader` when its member loses the cluster. */
  readonly requireLeader?: boolean;
  readonly signal?: AbortSignal;
}

export interface WatchEvent {
  readonly type: 'put' | 'delete';
  /** Of a deleted key: the key and the revision of the deletion. */
  readonly kv: KeyValue;
  readonly prevKv: KeyValue | undefined;
}

/** Whole revisions: no revision is spread over two batches. */
export interface WatchBatch {
  /** Everything up to here has been yielded. */
  readonly revision: number;
  readonly events: readonly WatchEvent[];
}

export interface MessageWatchSettings {
  readonly signal?: AbortSignal;
  readonly requireLeader?: boolean;
}

/** Watches as messages; `requestProgress` asks the server to tell how far the watch is. */
export interface MessageWatch extends AsyncIterable<WatchResponse> {
  requestProgress(): void;
}

/**
 * The answers to one watch, without those to the creation, over as many streams as it takes. The last one has `canceled` when the server ended the
 * watch. Rejects with `KvError` when a stream ended in a way that resuming cannot mend.
 */
export function watchMessages(
  raw: RawClient,
  request: WatchCreateRequest,
  settings: MessageWatchSettings = {},
): MessageWatch {
  let current: MessageStream<WatchRequest, WatchResponse> | undefined;
  return {
    requestProgress: () => {
      current?.send(WatchRequest.create({ requestUnion: { $case: 'progressRequest', value: {} } }));
    },
    [Symbol.asyncIterator]: () =>
      resumed(raw, request, settings, (stream) => {
        current = stream;
      }),
  };
}

async function* resumed(
  raw: RawClient,
  request: WatchCreateRequest,
  settings: MessageWatchSettings,
  onStream: (stream: MessageStream<WatchRequest, WatchResponse> | undefined) => void,
): AsyncGenerator<WatchResponse, void, undefined> {
  let { startRevision } = request;
  const never = new AbortController().signal;
  for (let pauseMs = 0; ; pauseMs = Math.min(resumeLastMs, Math.max(resumeFirstMs, pauseMs * 2))) {
    await pause(pauseMs, settings.signal ?? never);
    const stream = await raw.stream(watchService.watch, settings);
    onStream(stream);
    try {
      const value = { ...request, startRevision };
      stream.send(WatchRequest.create({ requestUnion: { $case: 'createRequest', value } }));
      for await (const answer of stream) {
        pauseMs = 0;
        startRevision = nextRevision(startRevision, answer);
        if (answer.created && !answer.canceled) continue;
        yield answer;
        if (answer.canceled) return;
      }
    } catch (error) {
      if (!(await mayResume(raw, error))) throw error;
    } finally {
      onStream(undefined);
      stream.cancel();
    }
  }
}

/** Where to go on if the stream broke after this answer. */
function nextRevision(before: bigint, answer: WatchResponse): bigint {
  const last = answer.events[answer.events.length - 1];
  if (last?.kv !== undefined) return last.kv.modRevision + 1n;
  const reached = answer.header?.revision ?? 0n;
  // Created without a start revision: what follows is newer than the header. Progress: everything up to it was sent.
  if (answer.created ? before === 0n : !answer.canceled) {
    return reached + 1n > before ? reached + 1n : before;
  }
  return before;
}

/** Another stream may do better: not when the caller stopped, nor when the server refuses or has no leader (etcd client/v3/watch.go). */
async function mayResume(raw: RawClient, error: unknown): Promise<boolean> {
  if (raw.isClosed || !(error instanceof KvError)) return false;
  if (error.code === 'noLeader' || error.code === 'closed') return false;
  if (error.grpcCode === GrpcCode.unavailable || error.grpcCode === GrpcCode.internal) return true;
  return raw.renewAfter(error);
}

/** Yields batches until the signal aborts, the loop is left, or the server ends the watch (`KvError`, such as `compacted`). */
export async function* watch(
  raw: RawClient,
  keys: KeySelector,
  options: WatchOptions,
): AsyncGenerator<WatchBatch, void, undefined> {
  const request = WatchCreateRequest.create({
    ...rangeOf(keys),
    startRevision: revisionToWire('startRevision', options.startRevision ?? 0),
    prevKv: options.prevKv ?? false,
    progressNotify: options.progressNotify ?? false,
    filters:
      options.only === undefined
        ? []
        : [
            options.only === 'put'
              ? WatchCreateRequest_FilterType.NODELETE
              : WatchCreateRequest_FilterType.NOPUT,
          ],
  });
  const settings = {
    requireLeader: options.requireLeader ?? false,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  };
  for await (const answer of watchMessages(raw, request, settings)) {
    if (answer.canceled) throw cancelled(answer);
    yield batchOf(answer);
  }
}

function batchOf(answer: WatchResponse): WatchBatch {
  const events = answer.events.map(({ type, kv, prevKv }): WatchEvent => {
    if (kv === undefined) {
      throw new KvError('protocol', 'the server sent an event without a key', {
        outcome: 'definite',
      });
    }
    return {
      type: type === Event_EventType.DELETE ? 'delete' : 'put',
      kv: keyValueFromWire(kv),
      prevKv: prevKv === undefined ? undefined : keyValueFromWire(prevKv),
    };
  });
  return { revision: counterFromWire('revision', answer.header?.revision ?? 0n), events };
}

/** Why the server ended the watch. */
function cancelled(answer: WatchResponse): KvError {
  if (answer.compactRevision > 0n) {
    const message = `the watched revision is gone: history begins at ${answer.compactRevision}`;
    return new KvError('compacted', message, { outcome: 'definite', details: answer.cancelReason });
  }
  const reason = answer.cancelReason === '' ? 'no reason given' : answer.cancelReason;
  return new KvError('watchCanceled', `the server ended the watch: ${reason}`, {
    outcome: 'definite',
    details: answer.cancelReason,
  });
}
