/**
 * The client without conveniences: calls of any method by its descriptor, with the messages of the wire.
 *
 * Here live connections, deadlines, tokens, retries and the mapping of errors; `Client` adds words for what people do.
 */
import type { AuthenticateRequest, AuthenticateResponse } from '@kv/proto/auth';
import type { BidiMethod, ServerStreamMethod, UnaryMethod } from '@kv/proto';
import { pause, type Clock } from './clock.js';
import { CallScope, ClientClosing, DeadlineReached } from './deadline.js';
import { KvError, fromStatus } from './errors.js';
import {
  checkOptions,
  checkTimeout,
  type AuthOptions,
  type CheckedOptions,
  type ClientOptions,
} from './options.js';
import { Pool } from './pool.js';
import { attemptsMax, mayRepeat, pauseBeforeMs } from './retry.js';
import { TokenSource } from './token.js';
import type { Channel, StreamCall, Transport } from './transport/port.js';
import { StatusError } from './transport/status-error.js';

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
  /** The server ends the stream when its member has no leader. */
  readonly requireLeader?: boolean;
}

/** An open stream of messages. Read it to its end or `cancel` it. */
export interface MessageStream<Request, Response> extends AsyncIterable<Response> {
  send(request: Request): void;
  finish(): void;
  cancel(): void;
}

/** Version of the API that we speak, as every call tells the server. */
const clientApiVersion = '3.7';
/** New tokens in one call: a server that refuses each one must not keep us busy for ever. */
const renewalsMax = 3;

const renewable: ReadonlySet<string> = new Set([
  'etcdserver: invalid auth token',
  'etcdserver: revision of auth store is old',
  'etcdserver: user name is empty',
]);

export class RawClient implements AsyncDisposable {
  readonly #options: CheckedOptions;
  readonly #pool: Pool;
  readonly #closing = new AbortController();
  readonly #token: TokenSource;

  /** Checks options; connects to nothing yet. Throws `KvError` of code `config`. */
  static async open(options: ClientOptions): Promise<RawClient> {
    const checked = checkOptions(options);
    const transport = checked.transport ?? (await defaultTransport());
    return new RawClient(checked, transport);
  }

  private constructor(options: CheckedOptions, transport: Transport) {
    this.#options = options;
    const channelOptions = {
      tls: options.tls,
      keepAliveMs: options.keepAliveMs,
      keepAliveTimeoutMs: options.keepAliveTimeoutMs,
      receiveBytesMax: options.responseBytesMax,
    };
    this.#pool = new Pool(
      options.endpoints.map((endpoint) => transport.channel(endpoint, channelOptions)),
    );
    this.#token = new TokenSource(
      options.auth,
      options.token,
      (auth, signal) => this.#authenticate(auth, signal),
      this.#closing.signal,
    );
  }

  /** Time, as everything in this client reads it. */
  get clock(): Clock {
    return this.#options.clock;
  }

  /** In [0, 1). */
  random(): number {
    return this.#options.random();
  }

  /** Aborts when the client closes. */
  get closing(): AbortSignal {
    return this.#closing.signal;
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

  get isClosed(): boolean {
    return this.#closing.signal.aborted;
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

  /** One call. Rejects with `KvError`, or with the reason of the caller's signal. */
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
    using scope = new CallScope(this.clock, timeoutMs, this.#closing.signal, settings.signal);
    const progress = { handedOver: false };
    try {
      const answer = await this.#attempts(method.path, bytes, scope, withToken, progress);
      return method.response.decode(answer);
    } catch (error) {
      throw this.#explain(error, method.path, timeoutMs, progress.handedOver);
    }
  }

  #checkSize(methodPath: string, bytes: number): void {
    const { requestBytesMax } = this.#options;
    if (bytes <= requestBytesMax) return;
    const message = `trying to send message larger than max (${bytes} vs. ${requestBytesMax})`;
    throw new KvError('requestTooLarge', message, { outcome: 'definite', grpcCode: 8, methodPath });
  }

  async #attempts(
    path: string,
    request: Uint8Array,
    scope: CallScope,
    withToken: boolean,
    progress: { handedOver: boolean },
  ): Promise<Uint8Array> {
    const { endpoints, onFailedAttempt } = this.#options;
    let renewals = 0;
    for (let attempt = 0; ; attempt++) {
      const pauseMs = pauseBeforeMs(attempt, endpoints.length, this.random());
      await pause(pauseMs, scope.signal, this.clock);
      let channel: Channel | undefined;
      const token = withToken ? await this.#token.current() : undefined;
      try {
        channel = await this.#pool.pick(scope.signal);
        progress.handedOver = true;
        return await channel.unary(path, request, this.#callOptions(scope, token, false));
      } catch (error) {
        if (error instanceof StatusError && error.unprocessed) progress.handedOver = false;
        onFailedAttempt({
          methodPath: path,
          attempt,
          endpoint: channel?.endpoint,
          error: this.#reason(error),
        });
        if (!(error instanceof StatusError) || attempt + 1 >= attemptsMax) throw error;
        if (
          renewals < renewalsMax &&
          this.#token.canRenew &&
          withToken &&
          renewable.has(error.message)
        ) {
          renewals += 1;
          await this.#token.renew(token);
          continue;
        }
        if (!mayRepeat(path, error, endpoints.length)) throw error;
      }
    }
  }

  /** For those who watch attempts: a deadline without a connection is explained by why there is none. */
  #reason(error: unknown): Error {
    const cause = error instanceof Error ? error : new Error(String(error));
    if (!(cause instanceof DeadlineReached) || this.#pool.problems.length === 0) return cause;
    return new DeadlineReached(this.#pool.problems.join('; '), { cause });
  }

  #callOptions(
    scope: CallScope,
    token: string | undefined,
    requireLeader: boolean,
  ): Parameters<Channel['unary']>[2] {
    const metadata: [string, string][] = [['client-api-version', clientApiVersion]];
    if (requireLeader) metadata.push(['hasleader', 'true']);
    if (token !== undefined && token !== '') metadata.push(['token', token]);
    const { remainingMs, signal } = scope;
    return remainingMs === Infinity
      ? { metadata, signal }
      : { metadata, signal, timeoutMs: remainingMs };
  }

  /** What the caller sees of a failure. */
  #explain(error: unknown, methodPath: string, timeoutMs: number, handedOver: boolean): unknown {
    const outcome = handedOver ? 'unknown' : 'definite';
    if (error instanceof ClientClosing || (this.isClosed && error instanceof StatusError)) {
      return new KvError('closed', 'the client is closed', { outcome, methodPath, cause: error });
    }
    if (error instanceof DeadlineReached) {
      const why = handedOver ? [] : this.#pool.problems;
      const detail = why.length > 0 ? ` (${why.join('; ')})` : '';
      const message = `no answer to ${methodPath} within ${timeoutMs} ms${detail}`;
      return new KvError('deadline', message, { outcome, methodPath, grpcCode: 4, cause: error });
    }
    return error instanceof StatusError ? fromStatus(error, methodPath) : error;
  }

  /** Opens a stream. It is not repeated when it breaks: what to ask for again is known above (`watch.ts`, `lease.ts`). */
  async stream<Request, Response>(
    method: BidiMethod<Request, Response> | ServerStreamMethod<Request, Response>,
    settings: StreamSettings = {},
  ): Promise<MessageStream<Request, Response>> {
    const scope = new CallScope(this.clock, Infinity, this.#closing.signal, settings.signal);
    try {
      const token = await this.#token.current();
      const channel = await this.#pool.pick(scope.signal);
      const options = this.#callOptions(scope, token, settings.requireLeader === true);
      return this.#decoded(method, channel.stream(method.path, options), scope);
    } catch (error) {
      scope[Symbol.dispose]();
      throw this.#explain(error, method.path, Infinity, false);
    }
  }

  #decoded<Request, Response>(
    method: BidiMethod<Request, Response> | ServerStreamMethod<Request, Response>,
    call: StreamCall,
    scope: CallScope,
  ): MessageStream<Request, Response> {
    const explain = (error: unknown): unknown => this.#explain(error, method.path, Infinity, true);
    return {
      send: (request) => {
        call.send(method.request.encode(request));
      },
      finish: () => {
        call.finish();
      },
      cancel: () => {
        call.cancel();
        scope[Symbol.dispose]();
      },
      async *[Symbol.asyncIterator](): AsyncGenerator<Response, void, undefined> {
        try {
          for await (const bytes of call) yield method.response.decode(bytes);
        } catch (error) {
          throw explain(error);
        } finally {
          scope[Symbol.dispose]();
        }
      },
    };
  }

  /** Renews the token that a stream was refused with; true when it makes sense to open the stream again. */
  async renewAfter(error: unknown): Promise<boolean> {
    if (!(error instanceof KvError) || !this.#token.canRenew || !renewable.has(error.details))
      return false;
    await this.#token.renew(await this.#token.current());
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

async function defaultTransport(): Promise<Transport> {
  const { grpcJsTransport } = await import('./transport/grpc-js.js');
  return grpcJsTransport;
}
