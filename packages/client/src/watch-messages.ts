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
import { Fragments } from './fragments.js';
import type { MessageStream, RawClient } from './raw.js';
import { GrpcCode } from './transport/status-error.js';
import { isMistakenSetting } from './wait.js';

/** Pauses between attempts to open the stream again: doubling from the first to the last, each by a random part shorter; milliseconds. */
const resumeFirstMs = 25;
const resumeLastMs = 2_000;
/** Tokens that a watch asks for in a row. */
const renewalsMax = 3;

export interface MessageWatchSettings {
  readonly signal?: AbortSignal;
  readonly requireLeader?: boolean;
  /** Told each time that the server has made the watch, with its revision at that moment. */
  readonly onCreated?: (revision: bigint) => void;
}

/** Watches as messages; `requestProgress` asks the server to tell how far the watch is. */
export interface MessageWatch extends AsyncIterable<WatchResponse> {
  requestProgress(): void;
}

/**
 * The answers to one watch, without those to the creation, over as many streams as it takes. Fragments (asked for by `fragment`) come put together.
 * The last answer has `canceled` when the server ended the watch. Rejects with `KvError` when a stream ended in a way that resuming cannot mend.
 */
export function watchMessages(
  raw: RawClient,
  request: WatchCreateRequest,
  settings: MessageWatchSettings = {},
): MessageWatch {
  const watch = new ResumedWatch(raw, request, settings);
  return {
    requestProgress: () => {
      watch.requestProgress();
    },
    [Symbol.asyncIterator]: () => watch.answers(),
  };
}

class ResumedWatch {
  readonly #raw: RawClient;
  readonly #request: WatchCreateRequest;
  readonly #settings: MessageWatchSettings;
  /** Where the next stream starts. */
  #startRevision: bigint;
  #stream: MessageStream<WatchRequest, WatchResponse> | undefined;
  #pauseMs = 0;
  #renewals = 0;
  #wasCreated = false;

  constructor(raw: RawClient, request: WatchCreateRequest, settings: MessageWatchSettings) {
    this.#raw = raw;
    this.#request = request;
    this.#settings = settings;
    this.#startRevision = request.startRevision;
  }

  requestProgress(): void {
    const requestUnion = { $case: 'progressRequest', value: {} } as const;
    this.#stream?.send(WatchRequest.create({ requestUnion }));
  }

  async *answers(): AsyncGenerator<WatchResponse, void, undefined> {
    for (;;) {
      await this.#raw.pause(this.#pauseMs * (0.5 + this.#raw.random() / 2), this.#settings.signal);
      this.#pauseMs = Math.min(resumeLastMs, Math.max(resumeFirstMs, this.#pauseMs * 2));
      try {
        const isOver = yield* this.#answersOfOneStream();
        if (isOver) return;
      } catch (error) {
        if (!(await this.#mayResume(error))) throw error;
      }
    }
  }

  /** True when the server ended the watch; otherwise another stream is to go on. */
  async *#answersOfOneStream(): AsyncGenerator<WatchResponse, boolean, undefined> {
    const stream = await this.#raw.stream(watchService.watch, this.#settings);
    this.#stream = stream;
    const fragments = new Fragments();
    try {
      const value = { ...this.#request, startRevision: this.#startRevision };
      stream.send(WatchRequest.create({ requestUnion: { $case: 'createRequest', value } }));
      for await (const answer of stream) {
        const refusal = answer.created && answer.canceled ? refusalOf(answer) : undefined;
        if (refusal !== undefined && (await this.#mayResume(refusal))) return false;
        const whole = fragments.take(answer);
        if (whole === undefined) continue;
        this.#startRevision = nextRevision(this.#startRevision, whole);
        this.#pauseMs = 0;
        if (whole.created && !whole.canceled) {
          this.#renewals = 0;
          this.#wasCreated = true;
          this.#settings.onCreated?.(whole.header?.revision ?? 0n);
          continue;
        }
        yield whole;
        if (whole.canceled) return true;
      }
      return false;
    } finally {
      this.#stream = undefined;
      stream.cancel();
    }
  }

  /** Another stream may do better: not when the caller stopped, nor when the server refuses or has no leader (etcd client/v3/watch.go). */
  async #mayResume(error: unknown): Promise<boolean> {
    if (this.#raw.isClosed || !(error instanceof KvError)) return false;
    if (error.code === 'noLeader' || error.code === 'closed') return false;
    // At the start a mistake is told, as calls do; later somebody may mend it while we wait.
    if (isMistakenSetting(error)) return this.#wasCreated;
    const { grpcCode } = error;
    if (grpcCode === GrpcCode.unavailable || grpcCode === GrpcCode.internal) return true;
    // A stream has no time limit: this was the authentication before it.
    if (error.code === 'deadline') return true;
    if (this.#renewals >= renewalsMax) return false;
    this.#renewals += 1;
    return this.#raw.renewAfter(error, this.#settings.signal);
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

/** Why the server did not make the watch, as the error that a call would have ended with: `rpc error: code = … desc = …`. */
function refusalOf(answer: WatchResponse): KvError {
  const details = / desc = (.*)$/s.exec(answer.cancelReason)?.[1] ?? answer.cancelReason;
  return new KvError('watchCanceled', details, { outcome: 'definite', details });
}
