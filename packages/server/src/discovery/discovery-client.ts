/**
 * The few calls that discovery makes to another cluster, by grpc-js, which the second transport needs anyhow: the client's package
 * stands above this one.
 */
import { readFileSync } from 'node:fs';
import { Client, Metadata, credentials, type ServiceError } from '@grpc/grpc-js';
import {
  authService,
  AuthenticateRequest,
  kvService,
  PutRequest,
  RangeRequest,
  type UnaryMethod,
} from '@kv/proto';
import type { Clock } from '../clock.js';
import { errorOf } from '../errors.js';
import { textOf, utf8 } from '../wire/buffer.js';
import type { DiscoveryService, FoundRecord } from './token-discovery.js';

/** `--discovery-*`, as given. */
export interface TokenDiscovery {
  readonly token: string;
  /** `host:port`, with or without a scheme. */
  readonly endpoints: readonly string[];
  readonly requestTimeoutMs: number;
  readonly insecureTransport: boolean;
  readonly insecureSkipTlsVerify: boolean;
  /** Files; empty for none. */
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
  /** Empty for none. */
  readonly user: string;
  readonly password: string;
}

/** Asks one endpoint after the other until one answers. */
export class DiscoveryClient implements DiscoveryService {
  readonly #settings: TokenDiscovery;
  readonly #clock: Pick<Clock, 'wallMs'>;
  readonly #clients: readonly Client[];

  /** Throws when the files of certificates can not be read. */
  constructor(settings: TokenDiscovery, clock: Pick<Clock, 'wallMs'>) {
    this.#settings = settings;
    this.#clock = clock;
    const how = credentialsOf(settings);
    this.#clients = settings.endpoints.map(
      (endpoint) =>
        new Client(endpoint.replace(/^[a-z]+:\/\//i, ''), how, {
          'grpc.keepalive_time_ms': 2000,
          'grpc.keepalive_timeout_ms': 6000,
        }),
    );
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
    for (const client of this.#clients) client.close();
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
    const { user, password } = this.#settings;
    let last: unknown = new Error('there is no endpoint');
    for (const client of this.#clients) {
      try {
        const metadata = new Metadata();
        if (user !== '') {
          const login = AuthenticateRequest.create({ name: user, password });
          const { token } = await this.#unary(
            client,
            authService.authenticate,
            login,
            new Metadata(),
          );
          metadata.set('token', token);
        }
        return await this.#unary(client, method, request, metadata);
      } catch (error) {
        last = error;
      }
    }
    throw errorOf(last);
  }

  #unary<Q, R>(
    client: Client,
    method: UnaryMethod<Q, R>,
    request: Q,
    metadata: Metadata,
  ): Promise<R> {
    const deadline = this.#clock.wallMs() + this.#settings.requestTimeoutMs;
    return new Promise((resolve, reject) => {
      client.makeUnaryRequest<Q, R>(
        `/${method.service}/${method.name}`,
        (message) => Buffer.from(method.request.encode(message)),
        (bytes) => method.response.decode(bytes),
        request,
        metadata,
        { deadline },
        (error: ServiceError | null, response?: R) => {
          if (error !== null || response === undefined) reject(error ?? new Error('no response'));
          else resolve(response);
        },
      );
    });
  }
}

function credentialsOf(settings: TokenDiscovery): ReturnType<typeof credentials.createInsecure> {
  if (settings.insecureTransport) return credentials.createInsecure();
  const read = (path: string): Buffer | null => (path === '' ? null : readFileSync(path));
  const files = [settings.caFile, settings.keyFile, settings.certFile].map(read);
  const [ca = null, key = null, cert = null] = files;
  return credentials.createSsl(ca, key, cert, {
    rejectUnauthorized: !settings.insecureSkipTlsVerify,
  });
}
