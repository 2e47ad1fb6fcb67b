/** One unary call: pick a connection, token, deadline, retry policy (invariants C1 and C2). */
import { pause } from './clock.js';
import { CallScope, DeadlineReached } from './deadline.js';
import { withOutcome } from './errors.js';
import type { Hooks } from './hooks.js';
import type { CheckedOptions } from './options.js';
import type { Lent, Pool } from './pool.js';
import { attemptsMax, isRead, mayRepeat, outcomeOf, pauseBeforeMs } from './retry.js';
import { isRenewable, type TokenSource } from './token.js';
import type { CallOptions, Endpoint } from './transport/port.js';
import { GrpcCode, StatusError } from './transport/status-error.js';
import { unlessAborted } from './wait.js';

/** Version of the API that we speak, as every call tells the server. */
const clientApiVersion = '3.7';
/** New tokens in one call: a server that refuses each one must not keep us busy for ever. */
const renewalsMax = 3;
/** A read that waits for one endpoint this part of its time asks another. */
const readAttemptPart = 1 / 3;
const readAttemptMsMin = 1_000;
const readAttemptMsMax = 10_000;

type Metadata = CallOptions['metadata'];

/** What to send, and what became of it. */
export interface Call {
  readonly path: string;
  readonly request: Uint8Array;
  readonly scope: CallScope;
  readonly timeoutMs: number;
  readonly named: Endpoint | undefined;
  readonly withToken: boolean;
  readonly headers: Metadata;
  readonly hookState: unknown;
  readonly startMs: number;
  /** Whether the request may have left. */
  handedOver: boolean;
  attempts: number;
  endpoint: Endpoint | undefined;
}

export class Caller {
  readonly #options: CheckedOptions;
  readonly #pool: Pool;
  readonly #token: TokenSource;
  readonly #hooks: Hooks;
  /** Of calls to which no hook adds a header: one list for all, so that a transport knows it again. */
  #common: { readonly token: string | undefined; readonly metadata: Metadata } | undefined;

  constructor(options: CheckedOptions, pool: Pool, token: TokenSource, hooks: Hooks) {
    this.#options = options;
    this.#pool = pool;
    this.#token = token;
    this.#hooks = hooks;
  }

  /** Rejects with `StatusError`, `KvError` (no connection) or the reason of the scope's signal. */
  async send(call: Call): Promise<Uint8Array> {
    const { clock, onFailedAttempt } = this.#options;
    let renewals = 0;
    for (let attempt = 0; ; attempt++) {
      call.attempts = attempt;
      const pauseMs = pauseBeforeMs(attempt, this.#endpointCount(call), this.#options.random());
      if (pauseMs > 0) await pause(pauseMs, call.scope.signal, clock);
      const token = await this.#tokenFor(call);
      try {
        call.attempts = attempt + 1;
        return await this.#attempt(call, token);
      } catch (error) {
        if (error instanceof StatusError && outcomeOf(error) === 'definite')
          call.handedOver = false;
        const failure = {
          methodPath: call.path,
          attempt,
          endpoint: call.endpoint,
          error: this.#reason(error),
        };
        onFailedAttempt(failure);
        if (!(error instanceof StatusError) || attempt + 1 >= attemptsMax) throw error;
        if (
          call.withToken &&
          this.#token.canRenew &&
          renewals < renewalsMax &&
          isRenewable(error.message)
        ) {
          renewals += 1;
          await authenticated(call, this.#token.renew(token));
        } else if (!mayRepeat(call.path, error, this.#endpointCount(call))) {
          throw error;
        }
        this.#hooks.retry({ ...failure, endpoint: call.endpoint?.text }, call.hookState);
      }
    }
  }

  #tokenFor(call: Call): Promise<string | undefined> | string | undefined {
    if (!call.withToken) return undefined;
    return this.#token.isFetched ? this.#token.token : authenticated(call, this.#token.current());
  }

  #endpointCount({ named }: Call): number {
    return named === undefined ? this.#pool.endpointCount : 1;
  }

  async #attempt(call: Call, token: string | undefined): Promise<Uint8Array> {
    call.endpoint = undefined;
    const { signal } = call.scope;
    signal.throwIfAborted();
    const lent = this.#pool.take(call.named) ?? (await this.#pool.acquire(signal, call.named));
    call.endpoint = lent.channel.endpoint;
    call.handedOver = true;
    const limited = this.#limited(call);
    try {
      const options = callOptions(call.scope, this.#metadata(call, token), limited?.signal);
      const answer = await lent.channel.unary(call.path, call.request, options);
      lent.release('answered');
      return answer;
    } catch (error) {
      throw this.#judge(call, lent, error);
    } finally {
      limited?.[Symbol.dispose]();
    }
  }

  #metadata({ headers }: Call, token: string | undefined): Metadata {
    if (headers.length > 0) return metadataOf(token, headers, false);
    if (this.#common === undefined || this.#common.token !== token)
      this.#common = { token, metadata: metadataOf(token, [], false) };
    return this.#common.metadata;
  }

  /** Tells the pool how the endpoint did, and makes a lost attempt of a read a status that is repeated. */
  #judge(call: Call, lent: Lent, error: unknown): unknown {
    if (error instanceof StatusError) {
      lent.release(
        error.grpcCode === GrpcCode.unavailable && !error.unprocessed ? 'lost' : 'answered',
      );
      return error;
    }
    const isLimit = error instanceof DeadlineReached;
    lent.release(isLimit ? 'lost' : 'abandoned');
    if (!isLimit || call.scope.signal.aborted) return error;
    const message = `no answer from ${lent.channel.endpoint.text} in time to ask another endpoint`;
    return new StatusError(GrpcCode.unavailable, message, { cause: error });
  }

  /** A time limit of this attempt, of a read that can ask another endpoint. A write is never given up before its deadline: it could not be repeated. */
  #limited({ path, named, timeoutMs, scope }: Call): CallScope | undefined {
    if (named !== undefined || this.#pool.endpointCount < 2 || !isRead(path)) return undefined;
    const partMs = Math.max(readAttemptMsMin, timeoutMs * readAttemptPart);
    const attemptMs = Math.min(readAttemptMsMax, partMs);
    if (scope.remainingMs <= attemptMs) return undefined;
    return new CallScope(this.#options.clock, attemptMs, scope.signal);
  }

  /** For those who watch attempts: a deadline without a connection is explained by why there is none. */
  #reason(error: unknown): Error {
    const cause = error instanceof Error ? error : new Error(String(error));
    if (!(cause instanceof DeadlineReached) || this.#pool.problems.length === 0) return cause;
    return new DeadlineReached(this.#pool.problems.join('; '), { cause });
  }
}

/** The call waits for its authentication as long as it may, and what fails there is no word on the call: it has not left. */
async function authenticated<T>(call: Call, authentication: Promise<T>): Promise<T> {
  try {
    return await unlessAborted(authentication, call.scope.signal);
  } catch (error) {
    throw call.handedOver ? error : withOutcome(error, 'definite');
  }
}

export function metadataOf(
  token: string | undefined,
  headers: Metadata,
  requireLeader: boolean,
): Metadata {
  const metadata: (readonly [string, string])[] = [
    ['client-api-version', clientApiVersion],
    ...headers,
  ];
  if (requireLeader) metadata.push(['hasleader', 'true']);
  if (token !== undefined && token !== '') metadata.push(['token', token]);
  return metadata;
}

/** With a `signal` of its own where an attempt ends before the call. */
export function callOptions(
  scope: CallScope,
  metadata: Metadata,
  signal: AbortSignal = scope.signal,
): CallOptions {
  const { remainingMs } = scope;
  return remainingMs === Infinity
    ? { metadata, signal }
    : { metadata, signal, timeoutMs: remainingMs };
}
