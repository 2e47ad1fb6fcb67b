/** Certificates, keys and lists from files, checked before they are used, and read again when the files change. */
import { X509Certificate, constants, createPrivateKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { SecureContextOptions } from 'node:tls';
import type { Logger } from '../../logger.js';
import { systemText } from '../../logging/sink.js';
import { readRevocationList } from './revocation-list.js';
import { TlsError } from './tls-error.js';
import { cipherList, demandsCertificates } from './tls-settings.js';
import type { TlsSettings } from './tls-settings.js';

/** What handshakes use. */
export interface LoadedTls {
  readonly context: SecureContextOptions;
  /** Serial numbers in lower-case hex. */
  readonly revoked: ReadonlySet<string>;
}

/** Of OpenSSL 1.1.0h and later; Node has no name for it. */
const SSL_OP_NO_RENEGOTIATION = 1 << 30;

function read(path: string, what: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const text = systemText('open', path, error);
    throw new TlsError('unreadable', text, `check ${what} ${path}`, { cause: error });
  }
}

const pemOf = (pem: Buffer, label: RegExp): boolean => label.test(pem.toString('latin1'));
const certificateLabel = /-----BEGIN CERTIFICATE-----/;
const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

function certificateOf(pem: Buffer, path: string): X509Certificate {
  const hint = `check the certificate in ${path}`;
  if (!pemOf(pem, certificateLabel)) {
    throw new TlsError(
      'malformed',
      'tls: failed to find any PEM data in certificate input',
      `${hint}: no line says BEGIN CERTIFICATE`,
    );
  }
  try {
    return new X509Certificate(pem);
  } catch (error) {
    const text = `tls: failed to parse certificate: ${reasonOf(error)}`;
    throw new TlsError('malformed', text, hint, { cause: error });
  }
}

function keyOf(pem: Buffer, path: string): KeyObject {
  if (!pemOf(pem, /-----BEGIN [A-Z ]*PRIVATE KEY-----/)) {
    throw new TlsError(
      'malformed',
      'tls: failed to find any PEM data in key input',
      `check the key in ${path}: no line says BEGIN PRIVATE KEY`,
    );
  }
  try {
    return createPrivateKey(pem);
  } catch (error) {
    const text = `tls: failed to parse private key: ${reasonOf(error)}`;
    const hint = `check the key in ${path}; it must not be encrypted`;
    throw new TlsError('malformed', text, hint, { cause: error });
  }
}

function authoritiesOf(path: string): Buffer {
  const pem = read(path, '--trusted-ca-file');
  const hint = `check the authorities in ${path}`;
  // etcd starts with a file that holds none, and then refuses every client.
  if (!pemOf(pem, certificateLabel)) {
    throw new TlsError('malformed', `no certificate in the trusted CA file ${path}`, hint);
  }
  certificateOf(pem, path);
  return pem;
}

function revokedIn(path: string): ReadonlySet<string> {
  const serials = readRevocationList(read(path, 'the list of revoked certificates'));
  if (serials !== undefined) return serials;
  const text = `x509: malformed crl in ${path}`;
  throw new TlsError('malformed', text, `check ${path}: DER is expected`);
}

/** Reads and checks everything. Throws a {@link TlsError} that names the file. */
export function loadTls(settings: TlsSettings): LoadedTls {
  const { certFile, keyFile, trustedCaFile, crlFile } = settings;
  if (certFile === '' || keyFile === '') {
    const text = `KeyFile and CertFile must both be present[key: ${keyFile}, cert: ${certFile}]`;
    throw new TlsError('mismatched', text, 'give --cert-file and --key-file');
  }
  const cert = read(certFile, 'the certificate file');
  const key = read(keyFile, 'the key file');
  const leaf = certificateOf(cert, certFile);
  if (!leaf.checkPrivateKey(keyOf(key, keyFile))) {
    const hint = `the key in ${keyFile} is not that of the certificate in ${certFile}`;
    throw new TlsError('mismatched', 'tls: private key does not match public key', hint);
  }
  const verifies = demandsCertificates(settings);
  const context: SecureContextOptions = {
    cert,
    key,
    ...(trustedCaFile === '' ? {} : { ca: authoritiesOf(trustedCaFile) }),
    minVersion: settings.minVersion,
    maxVersion: settings.maxVersion,
    ciphers: cipherList(settings.cipherSuites),
    honorCipherOrder: true,
    // Row S-19: a resumed session would skip the verification, so where there is one, none is resumed.
    secureOptions: SSL_OP_NO_RENEGOTIATION | (verifies ? constants.SSL_OP_NO_TICKET : 0),
  };
  return { context, revoked: crlFile === '' ? new Set() : revokedIn(crlFile) };
}

/** When the clock is outside of the validity of the certificate: row B-166, a warning and no more, as clients will say the same. */
export function validityProblem(certFile: string, nowMs: number): string | undefined {
  const { validFrom, validTo } = new X509Certificate(readFileSync(certFile));
  if (nowMs > Date.parse(validTo)) return `the certificate ${certFile} expired at ${validTo}`;
  if (nowMs >= Date.parse(validFrom)) return undefined;
  return `the certificate ${certFile} is valid from ${validFrom} on: check the clock of this machine`;
}

/** The material of one listener. Files are compared by their state on every handshake: etcd reads them each time. */
export class TlsMaterial {
  readonly #settings: TlsSettings;
  readonly #logger: Logger;
  readonly #paths: readonly string[];
  #state: string;
  #loaded: LoadedTls;

  /** Throws a {@link TlsError} when the files are not good. */
  constructor(settings: TlsSettings, logger: Logger) {
    this.#settings = settings;
    this.#logger = logger;
    const { certFile, keyFile, trustedCaFile, crlFile } = settings;
    this.#paths = [certFile, keyFile, trustedCaFile, crlFile].filter((path) => path !== '');
    this.#state = this.#stateOfFiles();
    this.#loaded = loadTls(settings);
  }

  get loaded(): LoadedTls {
    return this.#loaded;
  }

  /**
   * Reads the files again if any changed; whether there is something new. Broken files leave what was read before in force (row
   * S-20), and one warning per change.
   */
  refresh(): boolean {
    const state = this.#stateOfFiles();
    if (state === this.#state) return false;
    this.#state = state;
    try {
      this.#loaded = loadTls(this.#settings);
      return true;
    } catch (error) {
      this.#logger.log('warn', 'failed to reload certificates; the ones before stay in use', {
        'cert-file': this.#settings.certFile,
        'key-file': this.#settings.keyFile,
        error: reasonOf(error),
      });
      return false;
    }
  }

  #stateOfFiles(): string {
    return this.#paths
      .map((path) => {
        const stat = statSync(path, { throwIfNoEntry: false, bigint: true });
        return `${String(stat?.ino)}/${String(stat?.size)}/${String(stat?.ctimeNs)}`;
      })
      .join();
  }
}
