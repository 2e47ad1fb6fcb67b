/**
 * The few calls that discovery makes to another cluster, by grpc-js, which the second transport needs anyhow: the client's package
 * stands above this one.
 */
import {
  Client,
  connectivityState,
  Metadata,
  status,
  type ChannelOptions,
  type ServiceError,
} from '@grpc/grpc-js';
import {
  authService,
  AuthenticateRequest,
  kvService,
  PutRequest,
  RangeRequest,
  type UnaryMethod,
} from '@kv/proto';
import type { Clock, Timer } from '../clock.js';
import { errorOf, MemberError } from '../errors.js';
import { textOf, utf8 } from '../wire/buffer.js';
import { denied, discoveryAccess, type DiscoveryTls } from './discovery-credentials.js';
import { discoveryEndpoint, type DiscoveryEndpoint } from './discovery-endpoint.js';
import type { DiscoveryService, FoundRecord } from './token-discovery.js';

/** `--discovery-*`, as given. */
export interface TokenDiscovery extends DiscoveryTls {
  readonly token: string;
  /** `host:port`, with or without a scheme. */
  readonly endpoints: readonly string[];
  /** How long an endpoint may take until it is connected, and until it has taken user and password; 0: no bound. */
  readonly dialTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** Between pings while a call waits; 0: none. */
  readonly keepaliveTimeMs: number;
  readonly keepaliveTimeoutMs: number;
  /** Both empty for none. */
  readonly user: string;
  readonly password: string;
  /** Instead of user and password; empty for none. */
  readonly authToken: string;
}

/** What the service answers to who logs in, and to a token. */
const NOT_ENABLED: number = status.FAILED_PRECONDITION;
const NOT_LET_IN: number = status.INVALID_ARGUMENT;
const TOKEN_UNKNOWN: number = status.UNAUTHENTICATED;

interface Connection {
  readonly endpoint: DiscoveryEndpoint;
  readonly client: Client;
}

/** Asks one endpoint after the other until one answers, beginning with the one that answered last. */
export class DiscoveryClient implements DiscoveryService {
  readonly #settings: TokenDiscovery;
  readonly #clock: Pick<Clock, 'wallMs' | 'after'>;
  #connections: readonly Connection[];
  /** What the service has given for user and password; empty when it asks nobody who he is. */
  #token: string | undefined;

  /** Throws `discovery_denied` when the settings contradict each other, or their files can not be read. */
  constructor(settings: TokenDiscovery, clock: Pick<Clock, 'wallMs' | 'after'>) {
    if (settings.authToken !== '' && (settings.user !== '' || settings.password !== '')) {
      throw denied('Username/Password and Token configurations are mutually exclusive');
    }
    this.#settings = settings;
    this.#clock = clock;
    const accessTo = discoveryAccess(settings);
    const pings = pingOptions(settings);
    this.#connections = settings.endpoints.map((text) => {
      const endpoint = discoveryEndpoint(text);
      const { credentials, options } = accessTo(endpoint);
      return {
        endpoint,
        client: new Client(endpoint.target, credentials, { ...pings, ...options }),
      };
    });
  }

  async get(key: string): Promise<string | undefined> {
    const [record] = await this.#range(RangeRequest.create({ key: utf8(key) }));
    return record?.value;
  }

  /** The end of a prefix is the prefix with its last byte raised: these end in ASCII. */
  list(prefix: string): Promise<readonly FoundRecord[]> {
    const key = utf8(prefix);
    const rangeEnd = Buffer.from(key);
    rangeEnd[rangeEnd.length - 1] = (rangeEnd.at(-1) ?? 0) + 1;
    return this.#range(RangeRequest.create({ key, rangeEnd }));
  }

  async put(key: string, value: string): Promise<void> {
    const request = PutRequest.create({ key: utf8(key), value: utf8(value) });
    await this.#call(kvService.put, request);
  }

  close(): void {
    for (const { client } of this.#connections) client.close();
  }

  async #range(request: RangeRequest): Promise<readonly FoundRecord[]> {
    const { kvs } = await this.#call(kvService.range, request);
    return kvs.map(({ key, value, createRevision }) => ({
      key: textOf(key),
      value: textOf(value),
      createRevision,
    }));
  }

  async #call<Q, R>(method: UnaryMethod<Q, R>, request: Q): Promise<R> {
    let last: unknown = new Error('there is no endpoint');
    for (const connection of this.#connections) {
      try {
        const response = await this.#callAs(connection, method, request);
        const others = this.#connections.filter((other) => other !== connection);
        this.#connections = [connection, ...others];
        return response;
      } catch (error) {
        if (error instanceof MemberError) throw error;
        last = error;
      }
    }
    throw errorOf(last);
  }

  /** A token that the service does not know any more is replaced, once. */
  async #callAs<Q, R>(
    connection: Connection,
    method: UnaryMethod<Q, R>,
    request: Q,
    isRepeated = false,
  ): Promise<R> {
    const metadata = new Metadata();
    const token = await this.#tokenFor(connection);
    if (token !== '') metadata.set('token', token);
    try {
      const { requestTimeoutMs } = this.#settings;
      return await this.#unary(connection, method, request, metadata, requestTimeoutMs);
    } catch (error) {
      if (isRepeated || codeOf(error) !== TOKEN_UNKNOWN) throw error;
      this.#token = undefined;
      return this.#callAs(connection, method, request, true);
    }
  }

  async #tokenFor(connection: Connection): Promise<string> {
    const { authToken, user, password } = this.#settings;
    if (authToken !== '') return authToken;
    // As in etcd, which takes half of it for nothing.
    if (user === '' || password === '') return '';
    this.#token ??= await this.#logIn(connection);
    return this.#token;
  }

  async #logIn(connection: Connection): Promise<string> {
    const { user, password, dialTimeoutMs, requestTimeoutMs } = this.#settings;
    const login = AuthenticateRequest.create({ name: user, password });
    const timeoutMs = dialTimeoutMs === 0 ? requestTimeoutMs : dialTimeoutMs;
    try {
      const method = authService.authenticate;
      const { token } = await this.#unary(connection, method, login, new Metadata(), timeoutMs);
      return token;
    } catch (error) {
      const code = codeOf(error);
      // Authentication is not enabled.
      if (code === NOT_ENABLED) return '';
      if (code === NOT_LET_IN) throw denied(errorOf(error).message, error);
      throw error;
    }
  }

  #unary<Q, R>(
    { client, endpoint }: Connection,
    method: UnaryMethod<Q, R>,
    request: Q,
    metadata: Metadata,
    timeoutMs: number,
  ): Promise<R> {
    const { dialTimeoutMs } = this.#settings;
    const deadline = this.#clock.wallMs() + timeoutMs;
    return new Promise((resolve, reject) => {
      let dialing: Timer | undefined;
      const call = client.makeUnaryRequest<Q, R>(
        `/${method.service}/${method.name}`,
        (message) => Buffer.from(method.request.encode(message)),
        (bytes) => method.response.decode(bytes),
        request,
        metadata,
        { deadline },
        (error: ServiceError | null, response?: R) => {
          dialing?.cancel();
          if (error === null && response !== undefined) resolve(response);
          else reject(error ?? new Error('no response'));
        },
      );
      const giveUp = (): void => {
        const state = client.getChannel().getConnectivityState(false);
        if (state === connectivityState.READY) return;
        reject(new Error(`no connection to ${endpoint.text} within ${dialTimeoutMs} ms`));
        call.cancel();
      };
      if (dialTimeoutMs > 0) dialing = this.#clock.after(dialTimeoutMs, giveUp);
    });
  }
}

const pingOptions = ({ keepaliveTimeMs, keepaliveTimeoutMs }: TokenDiscovery): ChannelOptions =>
  keepaliveTimeMs === 0
    ? {}
    : {
        'grpc.keepalive_time_ms': keepaliveTimeMs,
        'grpc.keepalive_timeout_ms': keepaliveTimeoutMs,
      };

/** The status of a call that the service has refused, or that did not reach it. */
const codeOf = (error: unknown): number | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'number'
    ? error.code
    : undefined;
