/**
 * Watches as messages of the wire, over as many streams as it takes: every event once, in order of revision, none lost (invariant C3).
 */
import {
  WatchRequest,
  type WatchCreateRequest,
  watchService,
  type WatchResponse,
} from '@kv/proto/watch';
import { KvError } from './errors.js';
import { pause, type MessageStream, type RawClient } from './raw.js';
import { GrpcCode } from './transport/status-error.js';

/** Pauses between attempts to open the stream again: doubling from the first to the last, milliseconds. */
const resumeFirstMs = 25;
const resumeLastMs = 2_000;

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
