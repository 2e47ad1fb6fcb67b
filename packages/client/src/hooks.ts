/** What a program can hear of its client's work, for metrics and traces. */
import type { Endpoint } from './transport/port.js';

/** A call that begins. Streams count as one call, from opening to end. */
export interface RequestInfo {
  /** `/etcdserverpb.KV/Put`. */
  readonly methodPath: string;
  readonly kind: 'unary' | 'stream';
  /** Of the encoded message; 0 for streams. */
  readonly requestBytes: number;
  /** Sends a header with the call, such as `traceparent`: lower-case name, ASCII value. */
  readonly setHeader: (name: string, value: string) => void;
}

export interface ResponseInfo {
  readonly methodPath: string;
  /** The one that answered last, if any did. */
  readonly endpoint: string | undefined;
  readonly durationMs: number;
  /** Of the encoded message; 0 for streams and failures. */
  readonly responseBytes: number;
  /** How often the request was sent, or tried to be. */
  readonly attempts: number;
  /** What the caller gets; undefined where all went well. */
  readonly error: unknown;
}

/** A call that failed and is sent again. */
export interface RetryInfo {
  readonly methodPath: string;
  /** Of the attempt that failed; from 0. */
  readonly attempt: number;
  readonly endpoint: string | undefined;
  readonly error: Error;
}

export interface ConnectionInfo {
  readonly endpoint: string;
  readonly state: 'connected' | 'disconnected' | 'failed';
  /** Why, unless it is connected. */
  readonly error: Error | undefined;
}

/** All are called in the midst of things: be quick. What a hook throws is dropped. */
export interface ClientHooks<State = unknown> {
  /** What it returns comes back with `onRetry` and `onResponse` of the same call. Called within the caller's own turn. */
  onRequest?(request: RequestInfo): State;
  onRetry?(retry: RetryInfo, state: State | undefined): void;
  onResponse?(response: ResponseInfo, state: State | undefined): void;
  onConnection?(connection: ConnectionInfo): void;
}

/** Calls hooks so that they can break nothing. */
export class Hooks {
  readonly #hooks: ClientHooks;

  constructor(hooks: ClientHooks) {
    this.#hooks = hooks;
  }

  /** Whether anybody hears of the ends of calls. */
  get wantsResponses(): boolean {
    return this.#hooks.onResponse !== undefined;
  }

  /** Begins a call. `headers` takes what the hook wants to send along. */
  begin(
    methodPath: string,
    kind: RequestInfo['kind'],
    requestBytes: number,
    headers: [name: string, value: string][],
  ): unknown {
    if (this.#hooks.onRequest === undefined) return undefined;
    const setHeader = (name: string, value: string): void => {
      headers.push([name, value]);
    };
    return guarded(() => this.#hooks.onRequest?.({ methodPath, kind, requestBytes, setHeader }));
  }

  retry(info: RetryInfo, state: unknown): void {
    guarded(() => this.#hooks.onRetry?.(info, state));
  }

  end(info: ResponseInfo, state: unknown): void {
    guarded(() => this.#hooks.onResponse?.(info, state));
  }

  connection(endpoint: Endpoint, state: ConnectionInfo['state'], error: Error | undefined): void {
    guarded(() => this.#hooks.onConnection?.({ endpoint: endpoint.text, state, error }));
  }
}

function guarded<Result>(hook: () => Result): Result | undefined {
  try {
    return hook();
  } catch {
    return undefined; // Watching must not change what is watched.
  }
}
