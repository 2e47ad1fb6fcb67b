/** Why a connection could not be made, told apart as far as anybody can do something about it. */
import type { ConnectionErrorCode } from '../errors.js';

/** `code` is undefined where the reason has no name of its own. */
export class ConnectionError extends Error {
  override readonly name: string = 'ConnectionError';
  readonly code: ConnectionErrorCode | undefined;

  constructor(code: ConnectionErrorCode | undefined, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const byNodeCode: Readonly<Record<string, ConnectionErrorCode>> = {
  ECONNREFUSED: 'connectionRefused',
  ENOENT: 'connectionRefused',
  ENOTFOUND: 'hostNotFound',
  EAI_AGAIN: 'hostNotFound',
  CERT_HAS_EXPIRED: 'certificateExpired',
  CERT_NOT_YET_VALID: 'certificateExpired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificateNameMismatch',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificateUntrusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'certificateUntrusted',
  UNABLE_TO_GET_ISSUER_CERT: 'certificateUntrusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'certificateUntrusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificateUntrusted',
  CERT_SIGNATURE_FAILURE: 'certificateUntrusted',
  CERT_UNTRUSTED: 'certificateUntrusted',
  INVALID_CA: 'certificateUntrusted',
  ERR_SSL_WRONG_VERSION_NUMBER: 'tlsNotSupported',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'tlsNotSupported',
};

/** OpenSSL names the alerts with which a server refuses a client; all are about our certificate. */
const refusedClient =
  /alert (certificate required|bad certificate|unknown ca|certificate unknown|unsupported certificate|certificate expired|access denied|handshake failure)/i;

/** What an error of a socket means. */
export function connectionError(error: unknown): ConnectionError {
  if (error instanceof ConnectionError) return error;
  const cause = error instanceof Error ? error : new Error(String(error));
  return new ConnectionError(codeOf(cause), messageOf(cause), { cause });
}

/** Node gives an error for each address of a host, in one that says nothing itself. */
function messageOf(error: Error): string {
  if (!(error instanceof AggregateError) || error.message !== '') return error.message;
  return error.errors
    .map((each) => (each instanceof Error ? each.message : String(each)))
    .join(', ');
}

function codeOf(error: Error): ConnectionErrorCode | undefined {
  // With several addresses of a host: the first stands for all.
  if (error instanceof AggregateError && error.errors[0] instanceof Error)
    return codeOf(error.errors[0]);
  const { code } = error as NodeJS.ErrnoException;
  const known = code === undefined ? undefined : byNodeCode[code];
  if (known !== undefined) return known;
  if (/wrong version number|packet length too long/i.test(error.message)) return 'tlsNotSupported';
  return refusedClient.test(error.message) ? 'clientCertificateRefused' : undefined;
}

/** Waiting does not mend these: somebody has to change a setting or a certificate. */
const lasting: ReadonlySet<string> = new Set<ConnectionErrorCode>([
  'tlsRequired',
  'tlsNotSupported',
  'certificateUntrusted',
  'certificateExpired',
  'certificateNameMismatch',
  'clientCertificateRefused',
]);

export function isLasting(code: string | undefined): boolean {
  return code !== undefined && lasting.has(code);
}
