/** TLS towards other members: the certificate that is shown to them, and what theirs must be. */
import { checkServerIdentity } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';
import type { Logger } from '../../logger.js';
import { TlsMaterial } from './tls-material.js';
import type { TlsSettings } from './tls-settings.js';

export interface ConnectingTlsOptions {
  /** With the certificate that is shown. Its authorities, if any, replace those of the system. */
  readonly settings: TlsSettings;
  /** Members that made their certificates themselves can not be verified: no authority vouches for them. */
  readonly verify: boolean;
  readonly logger: Logger;
}

export class ConnectingTls {
  readonly #material: TlsMaterial;
  readonly #options: ConnectingTlsOptions;
  #current: ConnectionOptions;
  #serverName: string | undefined;

  /** Throws a `TlsError` when the files are not good. */
  constructor(options: ConnectingTlsOptions) {
    this.#options = options;
    this.#material = new TlsMaterial(options.settings, options.logger);
    this.#current = this.#connectionOptions();
  }

  /** For the next connection: files that changed are read again. */
  get current(): ConnectionOptions {
    if (this.#material.refresh()) this.#current = this.#connectionOptions();
    return this.#current;
  }

  /** From now on certificates of members must be valid for this name, whatever the address at which they are called. */
  expectServerName(serverName: string): void {
    this.#serverName = serverName;
    this.#current = this.#connectionOptions();
  }

  #connectionOptions(): ConnectionOptions {
    const { allowedCommonNames } = this.#options.settings;
    return {
      ...this.#material.loaded.context,
      ...(this.#serverName === undefined ? {} : { servername: this.#serverName }),
      rejectUnauthorized: this.#options.verify,
      checkServerIdentity: (host, certificate) => {
        const problem = checkServerIdentity(host, certificate);
        if (problem !== undefined || allowedCommonNames.length === 0) return problem;
        const name: unknown = certificate.subject.CN;
        return typeof name === 'string' && allowedCommonNames.includes(name)
          ? undefined
          : new Error('client certificate authentication failed');
      },
    };
  }
}
