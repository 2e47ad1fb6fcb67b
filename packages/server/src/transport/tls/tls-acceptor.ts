/** From a plain socket to an encrypted one whose client may stay, or to the reason why not. */
import type { Socket } from 'node:net';
import { createServer } from 'node:tls';
import type { Server, TLSSocket, TlsOptions } from 'node:tls';
import { systemClock } from '../../clock.js';
import type { Logger } from '../../logger.js';
import { refusalOf } from './client-identity.js';
import { addressProblem } from './remote-address.js';
import { TlsMaterial, validityProblem } from './tls-material.js';
import { demandsCertificates } from './tls-settings.js';
import type { TlsSettings } from './tls-settings.js';

/** etcd's limit (client/pkg/transport/listener_tls.go). */
export const HANDSHAKE_TIMEOUT_MS = 10_000;

export interface TlsAcceptorOptions {
  readonly settings: TlsSettings;
  readonly logger: Logger;
  /** Default: {@link HANDSHAKE_TIMEOUT_MS}. */
  readonly handshakeTimeoutMs?: number;
  /** The handshake is done and the client may stay. */
  onSecure(socket: TLSSocket): void;
  /** The client was sent away; the socket is, or is about to be, destroyed. `EOF` when it left by itself. */
  onRefused(socket: TLSSocket, reason: string): void;
}

/** What the listener offers, decided when it is given its services. */
export interface Offered {
  readonly http2: boolean;
  readonly http1: boolean;
}

export class TlsAcceptor {
  readonly #options: TlsAcceptorOptions;
  readonly #material: TlsMaterial;
  /** Never listens: sockets are handed to it. */
  readonly #server: Server;
  #offered: Offered = { http2: true, http1: true };

  /** Throws a `TlsError` when the files are not good. */
  constructor(options: TlsAcceptorOptions) {
    const { settings, logger } = options;
    this.#options = options;
    this.#material = new TlsMaterial(settings, logger);
    const problem = validityProblem(settings.certFile, systemClock.wallMs());
    if (problem !== undefined) logger.log('warn', problem);
    this.#server = createServer(this.#serverOptions());
    this.#server.on('secureConnection', (socket) => {
      this.#admit(socket);
    });
    this.#server.on('tlsClientError', (error, socket) => {
      options.onRefused(socket, handshakeProblem(error));
      socket.destroy();
    });
  }

  offer(offered: Offered): void {
    this.#offered = offered;
  }

  accept(socket: Socket): void {
    if (this.#material.refresh()) this.#server.setSecureContext(this.#material.loaded.context);
    this.#server.emit('connection', socket);
  }

  #serverOptions(): TlsOptions {
    const demands = demandsCertificates(this.#options.settings);
    return {
      ...this.#material.loaded.context,
      handshakeTimeout: this.#options.handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS,
      requestCert: demands,
      // Node would cut the connection without a word for the log; `refusalOf` looks at the same outcome.
      rejectUnauthorized: false,
      // Sessions of one listener are not those of another.
      sessionIdContext: 'kv',
      ALPNCallback: ({ protocols }) => this.#choose(protocols),
    };
  }

  /**
   * Libraries of gRPC offer h2 alone. Who offers HTTP/1.1 as well (curl, browsers) wants the HTTP routes, which are served
   * over HTTP/1.1 only. undefined ends the handshake with no_application_protocol.
   */
  #choose(protocols: readonly string[]): string | undefined {
    if (this.#offered.http1 && protocols.includes('http/1.1')) return 'http/1.1';
    return this.#offered.http2 && protocols.includes('h2') ? 'h2' : undefined;
  }

  #admit(socket: TLSSocket): void {
    const { settings } = this.#options;
    const { revoked } = this.#material.loaded;
    const refusal = demandsCertificates(settings)
      ? refusalOf(socket, settings, revoked)
      : undefined;
    if (refusal !== undefined) this.#refuse(socket, refusal);
    else if (settings.verifyRemoteAddress !== true) this.#options.onSecure(socket);
    else void this.#admitFromItsAddress(socket);
  }

  /** Never rejects. Nothing is read from the socket before it is handed over. */
  async #admitFromItsAddress(socket: TLSSocket): Promise<void> {
    socket.on('error', () => undefined);
    const certificate = socket.getPeerX509Certificate();
    const { remoteAddress } = socket;
    const problem =
      certificate === undefined || remoteAddress === undefined
        ? undefined
        : await addressProblem(certificate, remoteAddress);
    if (socket.destroyed) return;
    if (problem === undefined) this.#options.onSecure(socket);
    else this.#refuse(socket, problem);
  }

  #refuse(socket: TLSSocket, reason: string): void {
    this.#options.onRefused(socket, reason);
    socket.destroy();
  }
}

const plaintextCodes: ReadonlySet<string> = new Set([
  'ERR_SSL_HTTP_REQUEST',
  'ERR_SSL_HTTPS_PROXY_REQUEST',
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_UNEXPECTED_MESSAGE',
]);

/** Go's text where it has one that people look for; OpenSSL's reason otherwise. */
export function handshakeProblem(error: Error): string {
  const code = 'code' in error ? String(error.code) : '';
  if (plaintextCodes.has(code)) return 'tls: first record does not look like a TLS handshake';
  if (code === 'ECONNRESET') return 'EOF';
  if (code === 'ERR_TLS_HANDSHAKE_TIMEOUT') return 'i/o timeout';
  const reason = 'reason' in error && typeof error.reason === 'string' ? error.reason : undefined;
  // The client sent us away, mostly because it does not know who signed our certificate.
  const alert = /\balert (.*)$/.exec(reason ?? '')?.[1];
  if (alert === 'unknown ca') return 'remote error: tls: unknown certificate authority';
  if (alert !== undefined) return `remote error: tls: ${alert}`;
  return `tls: ${reason ?? error.message}`;
}
