/** Whether the certificate of a client lets it in: verified by Node, then names and revocation as etcd looks at them. */
import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { serialText } from './revocation-list.js';
import type { TlsSettings } from './tls-settings.js';

/** Go's reasons for the errors of verification that people meet (crypto/x509 verify.go); others keep OpenSSL's code. */
const unknownAuthority = 'x509: certificate signed by unknown authority';
const expired = 'x509: certificate has expired or is not yet valid';
const reasons: ReadonlyMap<string, string> = new Map([
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', unknownAuthority],
  ['UNABLE_TO_GET_ISSUER_CERT', unknownAuthority],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', unknownAuthority],
  ['SELF_SIGNED_CERT_IN_CHAIN', unknownAuthority],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', unknownAuthority],
  ['CERT_HAS_EXPIRED', expired],
  ['CERT_NOT_YET_VALID', expired],
  ['INVALID_PURPOSE', 'x509: certificate specifies an incompatible key usage'],
]);

function validFor(certificate: X509Certificate, name: string): boolean {
  return isIP(name) === 0
    ? certificate.checkHost(name, { subject: 'never' }) !== undefined
    : certificate.checkIP(name) !== undefined;
}

function namesAllowed(
  socket: TLSSocket,
  certificate: X509Certificate,
  settings: TlsSettings,
): boolean {
  const { allowedCommonNames, allowedHostnames } = settings;
  if (allowedCommonNames.length > 0) {
    const name: unknown = socket.getPeerCertificate().subject.CN;
    return typeof name === 'string' && allowedCommonNames.includes(name);
  }
  if (allowedHostnames.length === 0) return true;
  return allowedHostnames.some((name) => validFor(certificate, name));
}

/**
 * Why a client whose handshake is done must go, in Go's words; undefined when it may stay. Call only where certificates are
 * demanded.
 */
export function refusalOf(
  socket: TLSSocket,
  settings: TlsSettings,
  revoked: ReadonlySet<string>,
): string | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return "tls: client didn't provide a certificate";
  if (!socket.authorized) {
    // Node puts the code here on servers, though its types say that it is an error.
    const code = String(socket.authorizationError);
    return `tls: failed to verify certificate: ${reasons.get(code) ?? code}`;
  }
  if (!namesAllowed(socket, certificate, settings)) {
    return 'client certificate authentication failed';
  }
  for (let at: X509Certificate | undefined = certificate; at; at = at.issuerCertificate) {
    const serial = serialText(at.serialNumber);
    if (revoked.has(serial)) return `transport: certificate serial ${serial} revoked`;
  }
  return undefined;
}
