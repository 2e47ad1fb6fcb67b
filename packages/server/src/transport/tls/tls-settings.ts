/** What a listener needs to know to speak TLS, and the names that Go and OpenSSL have for the same cipher suites. */

export interface TlsSettings {
  /** PEM; the leaf first, then what leads to the authority. Empty: none given. */
  readonly certFile: string;
  /** PEM, not encrypted. Empty: none given. */
  readonly keyFile: string;
  /** PEM; its presence alone demands certificates of clients, as in etcd. Empty: none given. */
  readonly trustedCaFile: string;
  readonly clientCertAuth: boolean;
  /** DER. Empty: nothing is revoked. */
  readonly crlFile: string;
  /** Of these common names the certificate of a client must have one. Empty: any. */
  readonly allowedCommonNames: readonly string[];
  /** Of these names its certificate must be valid for one. Empty: any. */
  readonly allowedHostnames: readonly string[];
  /** Whether its certificate, if there is one, must be for the address that it calls from. Default: no. */
  readonly verifyRemoteAddress?: boolean;
  /** Go's names, known to {@link opensslCipher}. Empty: {@link defaultCiphers}. */
  readonly cipherSuites: readonly string[];
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  readonly maxVersion: 'TLSv1.2' | 'TLSv1.3';
}

/** A certificate that the daemon makes for itself. */
export interface AutoTls {
  /** Where `cert.pem` and `key.pem` are kept. */
  readonly directory: string;
  /** Names and addresses that the certificate is for. */
  readonly hosts: readonly string[];
  /** Whether it is also shown to others when connecting to them. */
  readonly alsoClient: boolean;
  /** Of 365 days. Not 0. */
  readonly validityYears: number;
}

/** TLS 1.3 leaves nothing to choose: Go offers these three whatever is configured. */
const tls13 = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

/** Suites of TLS 1.2 that etcd takes and OpenSSL has (Go crypto/tls CipherSuites and InsecureCipherSuites). */
const opensslNames: ReadonlyMap<string, string> = new Map([
  ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
  ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 'ECDHE-ECDSA-AES256-GCM-SHA384'],
  ['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', 'ECDHE-RSA-AES256-GCM-SHA384'],
  ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-ECDSA-CHACHA20-POLY1305'],
  ['TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-RSA-CHACHA20-POLY1305'],
  ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305', 'ECDHE-ECDSA-CHACHA20-POLY1305'],
  ['TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305', 'ECDHE-RSA-CHACHA20-POLY1305'],
  ['TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256', 'ECDHE-ECDSA-AES128-SHA256'],
  ['TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256', 'ECDHE-RSA-AES128-SHA256'],
  ['TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA', 'ECDHE-ECDSA-AES128-SHA'],
  ['TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA', 'ECDHE-RSA-AES128-SHA'],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA', 'ECDHE-ECDSA-AES256-SHA'],
  ['TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA', 'ECDHE-RSA-AES256-SHA'],
  ['TLS_RSA_WITH_AES_128_GCM_SHA256', 'AES128-GCM-SHA256'],
  ['TLS_RSA_WITH_AES_256_GCM_SHA384', 'AES256-GCM-SHA384'],
  ['TLS_RSA_WITH_AES_128_CBC_SHA256', 'AES128-SHA256'],
  ['TLS_RSA_WITH_AES_128_CBC_SHA', 'AES128-SHA'],
  ['TLS_RSA_WITH_AES_256_CBC_SHA', 'AES256-SHA'],
  ...tls13.map((name): [string, string] => [name, name]),
]);

/** Row S-17: forward secrecy and authenticated encryption only, unless the operator asks for more. */
export const defaultCiphers: readonly string[] = [...opensslNames.keys()].slice(0, 6);

/** OpenSSL's name; undefined for a suite that nobody knows or that OpenSSL dropped. */
export const opensslCipher = (goName: string): string | undefined => opensslNames.get(goName);

/** The list as node:tls takes it. */
export function cipherList(goNames: readonly string[]): string {
  const chosen = goNames.length === 0 ? defaultCiphers : goNames;
  const names = chosen.map(opensslCipher).filter((name) => name !== undefined);
  return [...new Set([...tls13, ...names])].join(':');
}

/** Whether clients must show a certificate that an authority vouches for. */
export const demandsCertificates = (settings: TlsSettings): boolean =>
  settings.clientCertAuth || settings.trustedCaFile !== '';
