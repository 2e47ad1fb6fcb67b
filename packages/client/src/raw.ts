/**
 * The client without conveniences: calls of any method by its descriptor, with the messages of the wire.
 *
 * Here live connections, deadlines, tokens, retries and the mapping of errors; `Client` adds words for what people do.
 */
import type { AuthenticateRequest, AuthenticateResponse } from '@kv/proto/auth';
import type { BidiMethod, ServerStreamMethod, UnaryMethod } from '@kv/proto';
import { Caller, callOptions, metadataOf, type Call } from './caller.js';
import { pause, type Clock } from './clock.js';
import { CallScope, ClientClosing, DeadlineReached } from './deadline.js';
import { decoded } from './decode.js';
import { parseEndpoint } from './endpoint.js';
import { KvError, fromStatus } from './errors.js';
import { Hooks } from './hooks.js';
import {
  checkOptions,
  checkTimeout,
  type AuthOptions,
  type CheckedOptions,
  type ClientOptions,
} from './options.js';
import { Pool } from './pool.js';
import { decodedStream, type MessageStream } from './message-stream.js';
import { TokenSource, isRenewable } from './token.js';
import type { Endpoint } from './transport/port.js';
import { GrpcCode, StatusError } from './transport/status-error.js';
import { unlessAborted } from './wait.js';

export type { MessageStream } from './message-stream.js';

/** Options of one call. */
export interface CallSettings {
  /** Aborting rejects with the signal's reason, and cancels the call at the server. */
  readonly signal?: AbortSignal;
  /** Overrides the client's; Infinity for none. */
  readonly timeoutMs?: number;
  /** Ask this endpoint and no other. It need not be one of the client's. */
  readonly endpoint?: string;
}

export interface StreamSettings {
  readonly signal?: AbortSignal;
  /** Ask this endpoint and no other. It need not be one of the client's. */
  readonly endpoint?: string;
  /** The server ends the stream when its member has no leader. */
  readonly requireLeader?: boolean;
}

export class RawClient implements AsyncDisposable {
  readonly #options: CheckedOptions;
  readonly #pool: Pool;
  readonly #closing = new AbortController();
  readonly #token: TokenSource;
  readonly #hooks: Hooks;
  readonly #caller: Caller;

  /** Checks options; connects to nothing yet. Throws `KvError` of code `config`. */
  static open(options: ClientOptions): Promise<RawClient> {
    return new Promise((resolve) => {
      resolve(new RawClient(checkOptions(options)));
    });
  }

  private constructor(options: CheckedOptions) {
    this.#options = options;
    this.#hooks = new Hooks(options.hooks);
    const channel = {
      tls: options.tls,
      keepAliveMs: options.keepAliveMs,
      keepAliveTimeoutMs: options.keepAliveTimeoutMs,
      receiveBytesMax: options.responseBytesMax,
      random: options.random,
    };
    const { transport, clock, random, waitForReady } = options;
    const onConnection: ConstructorParameters<typeof Pool>[0]['onConnection'] = (
      endpoint,
      state,
    ) => {
      this.#hooks.connection(
        endpoint,
        state.kind,
        state.kind === 'connected' ? undefined : state.error,
      );
    };
    this.#pool = new Pool(
      { transport, channel, clock, random, waitForReady, onConnection },
      options.endpoints,
    );
    this.#token = new TokenSource(
      options.auth,
      options.token,
      (auth, signal) => this.#authenticate(auth, signal),
      this.#closing.signal,
    );
    this.#caller = new Caller(options, this.#pool, this.#token, this.#hooks);
  }

  /** Time, as everything in this client reads it. */
  get clock(): Clock {
    return this.#options.clock;
  }

  /** In [0, 1). */
  random(): number {
    return this.#options.random();
  }

  /** Whether endpoints without a scheme are encrypted. */
  get hasTls(): boolean {
    return this.#options.hasTls;
  }

  /** Of a call that names none; Infinity for none. */
  get timeoutMs(): number {
    return this.#options.timeoutMs;
  }

  /** Infinity for never. */
  get syncIntervalMs(): number {
    return this.#options.syncIntervalMs;
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Where the client looks for the cluster, as texts. */
  get endpoints(): readonly string[] {
    return this.#pool.endpoints.map(({ text }) => text);
  }

  /** Other endpoints from now on; calls under way finish where they are. Throws `KvError` of code `config`. */
  setEndpoints(endpoints: readonly string[]): void {
    if (endpoints.length === 0) {
      throw new KvError('config', 'no available endpoints', { outcome: 'definite' });
    }
    this.#pool.setEndpoints(endpoints.map((text) => this.#parse(text)));
  }

  #parse(text: string): Endpoint {
    return parseEndpoint(text, this.#options.hasTls);
  }

  /** Waits. Rejects with the signal's reason, or with `closed`. */
  async pause(delayMs: number, signal?: AbortSignal): Promise<void> {
    if (delayMs <= 0) return;
    using scope = new CallScope(this.clock, Infinity, this.#closing.signal, signal);
    try {
      await pause(delayMs, scope.signal, this.clock);
    } catch (error) {
      throw this.#explain(error, '', Infinity, false);
    }
  }

  /** Authenticates now instead of with the first call. Without a user it does nothing. */
  async authenticate(): Promise<void> {
    await this.#token.current();
  }

  async #authenticate(auth: AuthOptions, signal: AbortSignal): Promise<string | undefined> {
    const { authService } = await import('@kv/proto/auth');
    const request: AuthenticateRequest = { name: auth.user, password: auth.password };
    const settings = { signal, timeoutMs: this.#options.dialTimeoutMs };
    try {
      const answer: AuthenticateResponse = await this.#unary(
        authService.authenticate,
        request,
        settings,
        false,
      );
      return answer.token;
    } catch (error) {
      if (error instanceof KvError && error.code === 'authNotEnabled') return undefined;
      throw error;
    }
  }

  /**
   * One call. Rejects with `KvError`, or with the reason of the caller's signal. Bytes in the answer are views of what was received: copy what is kept
   * (J-4).
   */
  call<Request, Response>(
    method: UnaryMethod<Request, Response>,
    request: Request,
    settings: CallSettings = {},
  ): Promise<Response> {
    return this.#unary(method, request, settings, true);
  }

  async #unary<Request, Response>(
    method: UnaryMethod<Request, Response>,
    request: Request,
    settings: CallSettings,
    withToken: boolean,
  ): Promise<Response> {
    const timeoutMs = checkTimeout('timeoutMs', settings.timeoutMs ?? this.#options.timeoutMs);
    const bytes = method.request.encode(request);
    this.#checkSize(method.path, bytes.length);
    const named = settings.endpoint === undefined ? undefined : this.#parse(settings.endpoint);
    const headers: [string, string][] = [];
    const hookState = this.#hooks.begin(method.path, 'unary', bytes.length, headers);
    const startMs = this.clock.monotonicMs();
    const scope = new CallScope(this.clock, timeoutMs, this.#closing.signal, settings.signal);
    const call: Call = {
      path: method.path,
      request: bytes,
      scope,
      timeoutMs,
      named,
      withToken,
      headers,
      hookState,
      startMs,
      handedOver: false,
      attempts: 0,
      endpoint: undefined,
    };
    try {
      const answer = await this.#caller.send(call);
      const response = decoded(method, answer);
      this.#ended(call, answer.length, undefined);
      return response;
    } catch (error) {
      const explained = this.#explain(error, method.path, timeoutMs, call.handedOver, named);
      this.#ended(call, 0, explained);
      throw explained;
    } finally {
      // Not `using`: what it compiles to costs a tenth of a call.
      scope[Symbol.dispose]();
    }
  }

  #ended(call: Call, responseBytes: number, error: unknown): void {
    if (!this.#hooks.wantsResponses) return;
    const { path, attempts, endpoint, startMs, hookState } = call;
    const durationMs = this.clock.monotonicMs() - startMs;
    const info = { methodPath: path, endpoint: endpoint?.text, durationMs, responseBytes };
    this.#hooks.end({ ...info, attempts, error }, hookState);
  }

  #checkSize(methodPath: string, bytes: number): void {
    const { requestBytesMax } = this.#options;
    if (bytes <= requestBytesMax) return;
    const message = `trying to send message larger than max (${bytes} vs. ${requestBytesMax})`;
    throw new KvError('requestTooLarge', message, { outcome: 'definite', grpcCode: 8, methodPath });
  }

  /** What the caller sees of a failure. */
  #explain(
    error: unknown,
    methodPath: string,
    timeoutMs: number,
    handedOver: boolean,
    named?: Endpoint,
  ): unknown {
    const outcome = handedOver ? 'unknown' : 'definite';
    if (error instanceof ClientClosing || (this.isClosed && error instanceof StatusError)) {
      return new KvError('closed', 'the client is closed', { outcome, methodPath, cause: error });
    }
    if (error instanceof DeadlineReached) {
      const problem = handedOver ? undefined : this.#pool.connectionProblem(named);
      if (problem !== undefined && !this.#options.waitForReady) return problem;
      const why = handedOver ? [] : this.#pool.problems;
      const detail = why.length > 0 ? ` (${why.join('; ')})` : '';
      const message = `no answer to ${methodPath} within ${timeoutMs} ms${detail}`;
      const cause = problem ?? error;
      return new KvError('deadline', message, { outcome, methodPath, grpcCode: 4, cause });
    }
    return error instanceof StatusError ? fromStatus(error, methodPath) : error;
  }

  /** Opens a stream. It is not repeated when it breaks: what to ask for again is known above (`watch.ts`, `lease.ts`). */
  async stream<Request, Response>(
    method: BidiMethod<Request, Response> | ServerStreamMethod<Request, Response>,
    settings: StreamSettings = {},
  ): Promise<MessageStream<Request, Response>> {
    const headers: [string, string][] = [];
    const hookState = this.#hooks.begin(method.path, 'stream', 0, headers);
    const startMs = this.clock.monotonicMs();
    const scope = new CallScope(this.clock, Infinity, this.#closing.signal, settings.signal);
    let endpoint: Endpoint | undefined;
    let release = (): void => undefined;
    let isOver = false;
    const end = (error: unknown): void => {
      scope[Symbol.dispose]();
      if (isOver) return;
      isOver = true;
      const durationMs = this.clock.monotonicMs() - startMs;
      this.#hooks.end(
        {
          methodPath: method.path,
          endpoint: endpoint?.text,
          durationMs,
          responseBytes: 0,
          attempts: 1,
          error,
        },
        hookState,
      );
    };
    try {
      const token = this.#token.isFetched
        ? this.#token.token
        : await unlessAborted(this.#token.current(), scope.signal);
      const named = settings.endpoint === undefined ? undefined : this.#parse(settings.endpoint);
      const lent = await this.#pool.acquire(scope.signal, named);
      endpoint = lent.channel.endpoint;
      const metadata = metadataOf(token, headers, settings.requireLeader === true);
      const options = callOptions(scope, metadata);
      release = () => {
        lent.release('abandoned');
      };
      return decodedStream(method, lent.channel.stream(method.path, options), {
        explain: (error) => this.#explain(error, method.path, Infinity, true),
        ended: (error) => {
          lent.release(isLost(error) ? 'lost' : 'abandoned');
          end(error);
        },
      });
    } catch (error) {
      release();
      const explained = this.#explain(error, method.path, Infinity, false);
      end(explained);
      throw explained;
    }
  }

  /** Renews the token that a stream was refused with; true when it makes sense to open the stream again. */
  async renewAfter(error: unknown, signal?: AbortSignal): Promise<boolean> {
    if (!(error instanceof KvError) || !this.#token.canRenew || !isRenewable(error.details))
      return false;
    const renewal = this.#token.renew(this.#token.token);
    await (signal === undefined ? renewal : unlessAborted(renewal, signal));
    return true;
  }

  /** Rejects calls in flight with `closed` and closes the connections. Idempotent. */
  close(): Promise<void> {
    if (!this.isClosed) {
      this.#closing.abort(new ClientClosing('the client is closed'));
      this.#pool.close();
    }
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A connection that broke, not a server that refused. */
function isLost(error: unknown): boolean {
  return error instanceof KvError && error.grpcCode === GrpcCode.unavailable;
}
