/** The client's end: one connection to one member, without a socket. Keeps the contract of `@kv/client/transport`. */
import {
  StatusError,
  type CallOptions,
  type Channel,
  type ChannelOptions,
  type Endpoint,
  type StreamCall,
} from '@kv/client/transport';
import { RpcCode, type Metadata } from '@kv/rpc';
import type { ClientSite } from './client-site.js';
import type { CutListener, Door } from './door.js';
import type { ExchangeParts } from './exchange.js';
import { exchangeStream } from './stream-exchange.js';
import { exchangeUnary } from './unary-exchange.js';
import type { CallStart } from './unary.js';

export class InProcessChannel implements Channel {
  readonly endpoint: Endpoint;
  readonly #site: ClientSite;
  readonly #door: Door | undefined;
  readonly #options: ChannelOptions;
  /** Ends a call, or a wait for readiness, with the channel. */
  readonly #open = new Set<CutListener>();
  #closed = false;

  /** `door`: the member at this endpoint, if there is one. */
  constructor(
    site: ClientSite,
    endpoint: Endpoint,
    door: Door | undefined,
    options: ChannelOptions,
  ) {
    this.#site = site;
    this.endpoint = endpoint;
    this.#door = door;
    this.#options = options;
  }

  get isReady(): boolean {
    return !this.#closed && this.#door?.inside !== undefined;
  }

  get lastError(): Error | undefined {
    if (this.isReady) return undefined;
    if (this.#door !== undefined) return new Error(this.#door.closedBecause);
    const { text } = this.endpoint;
    return new Error(
      `no member of this cluster is at ${text}, they are at ${this.#site.endpoints}`,
    );
  }

  whenReady(signal: AbortSignal): Promise<void> {
    if (this.isReady) return Promise.resolve();
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    if (this.#closed) return Promise.reject(closedError());
    return new Promise((resolve, reject) => {
      const expected = this.#site.expectConnection();
      const end = (): void => {
        expected();
        unwatch();
        this.#open.delete(failed);
        signal.removeEventListener('abort', aborted);
      };
      const failed = (error: Error): void => {
        end();
        reject(error);
      };
      const aborted = (): void => {
        failed(signal.reason as Error);
      };
      const opened = (): void => {
        end();
        resolve();
      };
      const unwatch = this.#door?.watch(opened) ?? ((): void => undefined);
      this.#open.add(failed);
      signal.addEventListener('abort', aborted, { once: true });
    });
  }

  unary(method: string, request: Uint8Array, options: CallOptions): Promise<Uint8Array> {
    const parts = this.#parts(options.signal);
    if (parts instanceof StatusError) return Promise.reject(parts);
    if (options.signal.aborted) return Promise.reject(options.signal.reason as Error);
    return exchangeUnary(parts, {
      method,
      bytes: request,
      start: this.#start(options),
      refusal: (answer) => this.#refusal(answer),
    });
  }

  stream(method: string, options: CallOptions): StreamCall {
    const parts = this.#parts(options.signal);
    if (parts instanceof StatusError) throw parts;
    if (options.signal.aborted) throw options.signal.reason as Error;
    return exchangeStream(parts, {
      method,
      start: this.#start(options),
      refusal: (message) => this.#refusal(message),
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#site.forget(this);
    for (const end of [...this.#open]) end(closedError());
  }

  #parts(signal: AbortSignal): ExchangeParts | StatusError {
    const door = this.#door;
    const inside = door?.inside;
    if (this.#closed) return closedError();
    if (door === undefined || inside === undefined) {
      const text = this.lastError?.message ?? `no connection to ${this.endpoint.text}`;
      return new StatusError(RpcCode.unavailable, text, { unprocessed: true });
    }
    return { site: this.#site, door, inside, signal, open: this.#open };
  }

  #start({ metadata, timeoutMs }: CallOptions): CallStart {
    return {
      metadata: metadataOf(metadata),
      peer: { address: this.#site.label },
      deadlineMs: timeoutMs === undefined ? undefined : this.#site.clock.nowMs + timeoutMs,
    };
  }

  #refusal(message: Uint8Array): StatusError | undefined {
    const bytesMax = this.#options.receiveBytesMax;
    if (message.length <= bytesMax) return undefined;
    const text = `received message larger than max (${message.length} vs. ${bytesMax})`;
    return new StatusError(RpcCode.resourceExhausted, text, { isLocal: true });
  }
}

/** As a server reads them: the first value of a name counts. */
function metadataOf(entries: CallOptions['metadata']): Metadata {
  const values = new Map<string, string>();
  for (const [name, value] of entries) if (!values.has(name)) values.set(name, value);
  return {
    get: (name) => values.get(name),
    getBinary: () => undefined,
  };
}

function closedError(): StatusError {
  return new StatusError(RpcCode.cancelled, 'the client is closed');
}
