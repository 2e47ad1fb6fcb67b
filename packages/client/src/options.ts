/** Options of a client: checked once, defaults filled in, frozen. */
import { systemClock, type Clock } from './clock.js';
import { parseEndpoint } from './endpoint.js';
import { KvError } from './errors.js';
import type { ClientHooks } from './hooks.js';
import type { Endpoint, TlsOptions, Transport } from './transport/port.js';
import { wireTransport } from './transport/wire/transport.js';

export interface AuthOptions {
  readonly user: string;
  readonly password: string;
}

/** See `ClientOptions.keepAliveMs`. */
const keepAliveMsMin = 10_000;

/** A call that failed and may be tried again. */
export interface FailedAttempt {
  readonly methodPath: string;
  /** From 0. */
  readonly attempt: number;
  readonly endpoint: Endpoint | undefined;
  readonly error: Error;
}

export interface ClientOptions {
  /** `host:port`, `https://host:port`, `unix:path`. At least one. */
  readonly endpoints: readonly string[];
  /** With it, endpoints without a scheme use TLS; an `http://` endpoint is then a mistake. */
  readonly tls?: TlsOptions;
  readonly auth?: AuthOptions;
  /** A token made elsewhere (JWT); never renewed. Not together with `auth`. */
  readonly token?: string;
  /** Time limit of a call that names none. Default 5 000; Infinity for none. */
  readonly timeoutMs?: number;
  /** Time limit of authentication. Default 2 000. */
  readonly dialTimeoutMs?: number;
  /**
   * Silence after which a connection with open calls is pinged, and the wait for an answer (5 000). At least 10 000, which is the default:
   * servers end connections that ping more often (`too_many_pings`; grpc-go has the same bound).
   */
  readonly keepAliveMs?: number;
  readonly keepAliveTimeoutMs?: number;
  /** Largest request, default 2 MiB, and largest response, default 2 147 483 647; bytes. */
  readonly requestBytesMax?: number;
  readonly responseBytesMax?: number;
  /** Default: `wireTransport`. `grpcJsTransport` of `@kv/client/grpc-js` goes through proxies. */
  readonly transport?: Transport;
  /**
   * What a call does where connecting fails for a reason that only a change of settings can mend (an untrusted certificate, TLS against
   * plaintext): false, the default, rejects at once with that reason; true waits until its time limit, and rejects with `deadline`.
   */
  readonly waitForReady?: boolean;
  /** For metrics and traces. */
  readonly hooks?: ClientHooks;
  /** How often to ask the cluster for its members and use their addresses as endpoints. Default: never; see `Client.sync`. */
  readonly syncIntervalMs?: number;
  /** Time, for tests that move it by hand. */
  readonly clock?: Clock;
  /** Numbers from 0 to below 1, for pauses that should differ between clients. Default `Math.random`. */
  readonly random?: () => number;
  /** Told of each failed attempt, before it is repeated or reported. Must not throw. */
  readonly onFailedAttempt?: (failure: FailedAttempt) => void;
}

export interface CheckedOptions {
  readonly endpoints: readonly Endpoint[];
  readonly tls: TlsOptions;
  readonly auth: AuthOptions | undefined;
  readonly token: string | undefined;
  readonly timeoutMs: number;
  readonly dialTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly requestBytesMax: number;
  readonly responseBytesMax: number;
  readonly transport: Transport;
  readonly hasTls: boolean;
  readonly waitForReady: boolean;
  readonly hooks: ClientHooks;
  readonly syncIntervalMs: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onFailedAttempt: (failure: FailedAttempt) => void;
}

/** Throws `KvError` of code `config`, or `TypeError` for a value of the wrong type. */
export function checkOptions(options: ClientOptions): CheckedOptions {
  if (!Array.isArray(options.endpoints) || options.endpoints.length === 0) {
    throw configError('no available endpoints');
  }
  if (options.auth !== undefined && options.token !== undefined) {
    throw configError('a user and a token exclude each other');
  }
  const hasTls = options.tls !== undefined;
  const endpoints = options.endpoints.map((text: unknown) => {
    if (typeof text !== 'string')
      throw new TypeError(`endpoint must be a string, is ${typeof text}`);
    return parseEndpoint(text, hasTls);
  });
  const plain = endpoints.find((endpoint) => !endpoint.secure);
  if (hasTls && plain !== undefined) {
    throw configError(`endpoint "${plain.text}" is not encrypted, but TLS options are given`);
  }
  return Object.freeze({
    endpoints,
    tls: options.tls ?? {},
    auth: options.auth,
    token: options.token,
    timeoutMs: checkTimeout('timeoutMs', options.timeoutMs ?? 5_000),
    dialTimeoutMs: checkTimeout('dialTimeoutMs', options.dialTimeoutMs ?? 2_000),
    keepAliveMs: Math.max(
      keepAliveMsMin,
      checkTimeout('keepAliveMs', options.keepAliveMs ?? keepAliveMsMin),
    ),
    keepAliveTimeoutMs: checkTimeout('keepAliveTimeoutMs', options.keepAliveTimeoutMs ?? 5_000),
    requestBytesMax: checkBytes('requestBytesMax', options.requestBytesMax ?? 2 * 1024 * 1024),
    responseBytesMax: checkBytes('responseBytesMax', options.responseBytesMax ?? 2_147_483_647),
    transport: options.transport ?? wireTransport,
    hasTls,
    waitForReady: options.waitForReady ?? false,
    hooks: options.hooks ?? {},
    syncIntervalMs: checkTimeout('syncIntervalMs', options.syncIntervalMs ?? Infinity),
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    onFailedAttempt: options.onFailedAttempt ?? ((): void => undefined),
  });
}

/** A positive number of milliseconds, Infinity included. Throws `TypeError`. */
export function checkTimeout(name: string, value: unknown): number {
  if (typeof value === 'number' && value > 0) return value;
  throw new TypeError(`${name} must be a positive number of milliseconds, is ${String(value)}`);
}

function checkBytes(name: string, value: unknown): number {
  if (typeof value === 'number' && value > 0) return value;
  throw new TypeError(`${name} must be a positive number of bytes, is ${String(value)}`);
}

function configError(message: string): KvError {
  return new KvError('config', message, { outcome: 'definite' });
}
