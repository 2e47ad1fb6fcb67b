/** Clients of a run: opened from the global options, told what to log, closed at the end. */
import {
  RawClient,
  KvError,
  StatusError,
  wireTransport,
  type ClientOptions,
  type FailedAttempt,
  type TlsOptions,
} from '@kv/client/raw';
import { fromText, toText, type ByteString } from '../bytes.js';
import { ExitCode, ExitError, badArgs } from '../exit.js';
import { statusText } from '../go/status.js';
import type { Io } from '../io.js';
import { logLine } from '../log.js';
import { isSecure, hasTlsMaterial, type ClientConfig, type TlsConfig } from './config.js';
import { errorText } from './error-text.js';

export class Clients {
  readonly #config: ClientConfig;
  readonly #io: Io;
  readonly #open: RawClient[] = [];

  constructor(config: ClientConfig, io: Io) {
    this.#config = config;
    this.#io = io;
  }

  /** A client for these endpoints, authenticated when a user was given. Throws `ExitError`. */
  async connect(
    endpoints: readonly ByteString[],
    config: ClientConfig = this.#config,
  ): Promise<RawClient> {
    const options = await this.#options(endpoints, config);
    try {
      const client = await RawClient.open(options);
      this.#open.push(client);
      await client.authenticate();
      return client;
    } catch (error) {
      if (error instanceof KvError && error.code === 'config') {
        throw new ExitError(ExitCode.badConnection, fromText(error.message), { cause: error });
      }
      throw new ExitError(ExitCode.badConnection, errorText(error), { cause: error });
    }
  }

  async #options(endpoints: readonly ByteString[], config: ClientConfig): Promise<ClientOptions> {
    const [first] = endpoints;
    if (first === undefined) {
      throw new ExitError(ExitCode.badConnection, 'etcdclient: no available endpoints');
    }
    const { tls: files } = config;
    if (hasTlsMaterial(files) && (files.cert === '') !== (files.key === '')) {
      throw badArgs(
        `KeyFile and CertFile must both be present[key: ${files.key}, cert: ${files.cert}]`,
      );
    }
    const secure = isSecure(first, files);
    const material = secure || hasTlsMaterial(files) ? await readMaterial(files) : undefined;
    // The scheme of the first endpoint decides for all; files are looked at in any case.
    const tls = secure ? material : undefined;
    return {
      endpoints: endpoints.map(toText),
      transport: wireTransport,
      waitForReady: true,
      ...(tls === undefined ? {} : { tls }),
      ...(config.auth === undefined
        ? {}
        : { auth: { user: toText(config.auth.user), password: toText(config.auth.password) } }),
      ...(config.token === undefined ? {} : { token: toText(config.token) }),
      timeoutMs: Infinity,
      dialTimeoutMs: config.dialTimeoutMs,
      keepAliveMs: config.keepAliveMs,
      keepAliveTimeoutMs: config.keepAliveTimeoutMs,
      requestBytesMax: config.requestBytesMax,
      responseBytesMax: config.responseBytesMax,
      onFailedAttempt: (failure) => {
        this.#log(first, failure);
      },
    };
  }

  #log(target: ByteString, { methodPath, attempt, endpoint, error }: FailedAttempt): void {
    // 4 is DEADLINE_EXCEEDED: what is not a status is a limit that passed here.
    const code = error instanceof StatusError ? error.grpcCode : 4;
    const fields = {
      target: `etcd-endpoints://${toText(target)}`,
      peer: endpoint?.text ?? '',
      method: methodPath,
      attempt,
      error: statusText(code, error.message),
    };
    this.#io.stderr(logLine('warn', 'retrying of unary invoker failed', fields, 'etcd-client'));
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.map((client) => client.close()));
  }
}

async function readMaterial(files: TlsConfig): Promise<TlsOptions> {
  const { readTls } = await import('./tls-material.js');
  return readTls(files);
}
