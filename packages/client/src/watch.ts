/** Watches for people: events in batches of whole revisions, on top of `watch-messages.ts`, which does the resuming. */
import {
  Event_EventType,
  WatchCreateRequest,
  WatchCreateRequest_FilterType,
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
import type { RawClient } from './raw.js';
import { watchMessages } from './watch-messages.js';

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
