/** @grpc/grpc-js as a transport, one of its clients for each endpoint: for proxies, and to compare with. */
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import * as grpc from '@grpc/grpc-js';
import type {
  CallOptions,
  Channel,
  ChannelOptions,
  Endpoint,
  StreamCall,
  TlsOptions,
  Transport,
} from './port.js';
import { probe } from './probe.js';
import { delayMsMax } from '../clock.js';
import { PulledStream } from './pulled-stream.js';
import { GrpcCode, StatusError } from './status-error.js';

/** How long one wait for readiness lasts before it is renewed; grpc-js can not be told to stop waiting. */
const readinessSliceMs = 1_000;
/** grpc-js stops reading when this many messages wait to be read. */
const unreadMessagesMax = 16;
/** The signal ends a call in time; grpc-js's own limit, told to the server, must not be quicker. */
const deadlineGraceMs = 200;

export const grpcJsTransport: Transport = {
  channel: (endpoint, options) => new GrpcJsChannel(endpoint, options),
};

const raw = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
const parse = (bytes: Buffer): Uint8Array => bytes;

class GrpcJsChannel implements Channel {
  readonly endpoint: Endpoint;
  readonly #client: grpc.Client;
  readonly #calls = new Set<grpc.Call>();
  readonly #options: ChannelOptions;
  #isClosed = false;
  #lastError: Error | undefined;
  #lastState: grpc.connectivityState = grpc.connectivityState.IDLE;
  #isProbing = false;

  constructor(endpoint: Endpoint, options: ChannelOptions) {
    this.endpoint = endpoint;
    this.#options = options;
    this.#client = new grpc.Client(target(endpoint), credentials(endpoint, options.tls), {
      // For TCP grpc-js takes it from the address, and with it the name that a certificate must have.
      ...(endpoint.address.kind === 'unix' ? { 'grpc.default_authority': endpoint.authority } : {}),
      ...sniOption(endpoint, options.tls),
      'grpc.keepalive_time_ms': Math.min(delayMsMax, options.keepAliveMs),
      'grpc.keepalive_timeout_ms': Math.min(delayMsMax, options.keepAliveTimeoutMs),
      'grpc.max_receive_message_length': options.receiveBytesMax,
      'grpc.max_send_message_length': -1,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 5_000,
      'grpc.enable_retries': 0,
      'grpc.use_local_subchannel_pool': 1,
    });
  }

  get isReady(): boolean {
    return !this.#isClosed && this.#state() === grpc.connectivityState.READY;
  }

  get lastError(): Error | undefined {
    return this.isReady ? undefined : this.#lastError;
  }

  #state(connect = false): grpc.connectivityState {
    return this.#client.getChannel().getConnectivityState(connect);
  }

  async whenReady(signal: AbortSignal): Promise<void> {
    while (!this.isReady) {
      signal.throwIfAborted();
      if (this.#isClosed) throw closedError();
      const state = this.#state(true);
      this.#observe(state);
      if (state !== grpc.connectivityState.READY) await this.#stateChange(state, signal);
    }
    this.#observe(grpc.connectivityState.READY);
  }

  #stateChange(from: grpc.connectivityState, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done);
        resolve();
      };
      signal.addEventListener('abort', done, { once: true });
      const until = Date.now() + readinessSliceMs;
      this.#client.getChannel().watchConnectivityState(from, until, done);
    });
  }

  /** Tells of changes, as far as somebody looks: grpc-js keeps its reasons to itself. */
  #observe(state: grpc.connectivityState): void {
    if (state === this.#lastState) return;
    const wasReady = this.#lastState === grpc.connectivityState.READY;
    this.#lastState = state;
    if (state === grpc.connectivityState.READY) {
      this.#lastError = undefined;
      this.#options.onState?.({ kind: 'connected' });
      return;
    }
    if (wasReady) {
      const error = new Error(`connection to ${this.endpoint.text} lost`);
      this.#options.onState?.({ kind: 'disconnected', error });
    }
    if (state === grpc.connectivityState.TRANSIENT_FAILURE) this.#explain();
  }

  /** A call would tell the reason, but a call may leave: so we look ourselves. */
  #explain(): void {
    if (this.#isProbing) return;
    this.#isProbing = true;
    probe(this.endpoint, this.#options.tls)
      .then((problem) => {
        this.#isProbing = false;
        if (this.#isClosed || this.isReady || problem === undefined) return;
        this.#lastError = problem;
        this.#options.onState?.({ kind: 'failed', error: problem });
      })
      .catch(() => {
        this.#isProbing = false;
      });
  }

  unary(method: string, request: Uint8Array, options: CallOptions): Promise<Uint8Array> {
    if (!this.isReady) return Promise.reject(notReady(this.endpoint));
    if (options.signal.aborted) return Promise.reject(options.signal.reason as Error);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        cancel(call);
        reject(options.signal.reason as Error);
      };
      const call = this.#client.makeUnaryRequest(
        method,
        raw,
        parse,
        request,
        metadataOf(options),
        callOptions(options),
        (error, answer) => {
          options.signal.removeEventListener('abort', onAbort);
          this.#calls.delete(call);
          if (error !== null) reject(statusError(error));
          else resolve(answer ?? new Uint8Array(0));
        },
      );
      this.#calls.add(call);
      options.signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  stream(method: string, options: CallOptions): StreamCall {
    if (!this.isReady) throw notReady(this.endpoint);
    if (options.signal.aborted) throw options.signal.reason as Error;
    const call = this.#client.makeBidiStreamRequest(
      method,
      raw,
      parse,
      metadataOf(options),
      callOptions(options),
    );
    this.#calls.add(call);
    let unread = 0;
    const pulled = new PulledStream(options.signal, {
      send: (message) => {
        call.write(message);
      },
      finish: () => {
        call.end();
      },
      cancel: () => {
        cancel(call);
      },
      consumed: () => {
        unread -= 1;
        if (unread < unreadMessagesMax && call.isPaused()) call.resume();
      },
    });
    call.on('data', (message: Uint8Array) => {
      unread += 1;
      if (unread >= unreadMessagesMax) call.pause();
      pulled.message(message);
    });
    call.on('error', (error: Error) => {
      this.#calls.delete(call);
      pulled.end(statusError(error));
    });
    call.on('end', () => {
      this.#calls.delete(call);
      pulled.end(undefined);
    });
    return pulled;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // `Client.close` waits for calls to end; ours end now.
    for (const call of this.#calls) call.cancel();
    this.#client.close();
  }
}

/** grpc-js forgets a cancellation that comes in the turn in which the call began, and sends it all the same: so once more in the next. */
function cancel(call: { cancel(): void }): void {
  call.cancel();
  setImmediate(() => {
    call.cancel();
  });
}

function target(endpoint: Endpoint): string {
  if (endpoint.address.kind === 'unix') return `unix:${endpoint.address.path}`;
  const { host, port } = endpoint.address;
  return `dns:${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function credentials(endpoint: Endpoint, tls: TlsOptions): grpc.ChannelCredentials {
  if (!endpoint.secure) return grpc.credentials.createInsecure();
  const name = tls.serverName ?? hostOf(endpoint);
  return grpc.credentials.createSsl(bufferOf(tls.ca), bufferOf(tls.key), bufferOf(tls.cert), {
    rejectUnauthorized: tls.insecureSkipVerify !== true,
    checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
  });
}

function hostOf({ address }: Endpoint): string {
  return address.kind === 'tcp' ? address.host : 'localhost';
}

/**
 * grpc-js 1.14 puts the host into SNI also when it is an address, which RFC 6066 §3 forbids and Node 26 refuses. Then we have it send a name that
 * exists nowhere; what the certificate must carry is checked against the address all the same.
 */
function sniOption(endpoint: Endpoint, tls: TlsOptions): grpc.ChannelOptions {
  const name = tls.serverName ?? hostOf(endpoint);
  return { 'grpc.ssl_target_name_override': isIP(name) === 0 ? name : 'address.invalid' };
}

function bufferOf(pem: Uint8Array | undefined): Buffer | null {
  return pem === undefined ? null : Buffer.from(pem);
}

function metadataOf(options: CallOptions): grpc.Metadata {
  const metadata = new grpc.Metadata();
  for (const [name, value] of options.metadata) metadata.set(name, value);
  return metadata;
}

function callOptions(options: CallOptions): grpc.CallOptions {
  return options.timeoutMs === undefined
    ? {}
    : { deadline: Date.now() + options.timeoutMs + deadlineGraceMs };
}

/** Texts of grpc-js for codes that it makes up itself: an answer that is too long, a stream that was reset. */
const madeHere =
  /^(Received message larger than max|Received RST_STREAM|Bandwidth exhausted or memory limit|Protocol not secure enough)/;

function statusError(error: Error): StatusError {
  const { code, details } = error as Partial<grpc.ServiceError>;
  if (typeof code !== 'number')
    return new StatusError(GrpcCode.unknown, error.message, { cause: error });
  const text = details ?? error.message;
  // Broken at our end (a frame that makes no sense, a session that is gone): a lost connection, not the server's word.
  const isLost =
    code === grpc.status.INTERNAL && text.includes('triggered by internal client error');
  const isLocal = isLost || madeHere.test(text);
  return new StatusError(isLost ? GrpcCode.unavailable : code, text, { cause: error, isLocal });
}

function notReady(endpoint: Endpoint): StatusError {
  return new StatusError(GrpcCode.unavailable, `no connection to ${endpoint.text}`, {
    unprocessed: true,
  });
}

function closedError(): StatusError {
  return new StatusError(GrpcCode.cancelled, 'the client is closed');
}
