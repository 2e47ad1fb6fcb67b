/** TLS sockets for the wire transport; a module of its own so that plaintext programs do not load `node:tls`. */
import * as tls from 'node:tls';
import type { Endpoint, TlsOptions } from '../port.js';

/** An HTTP/2 connection by ALPN. Certificate and name are checked unless `insecureSkipVerify`. */
export function connectTls(
  where: { readonly path: string } | { readonly host: string; readonly port: number },
  endpoint: Endpoint,
  options: TlsOptions,
): tls.TLSSocket {
  const host = endpoint.address.kind === 'tcp' ? endpoint.address.host : endpoint.authority;
  const name = options.serverName ?? host;
  return tls.connect({
    ...where,
    ALPNProtocols: ['h2'],
    minVersion: 'TLSv1.2',
    rejectUnauthorized: options.insecureSkipVerify !== true,
    // A name in SNI must not be an address (RFC 6066 §3).
    ...(isAddress(name) ? {} : { servername: name }),
    checkServerIdentity: (_host, certificate) => tls.checkServerIdentity(name, certificate),
    ...(options.ca === undefined ? {} : { ca: Buffer.from(options.ca) }),
    ...(options.cert === undefined ? {} : { cert: Buffer.from(options.cert) }),
    ...(options.key === undefined ? {} : { key: Buffer.from(options.key) }),
  });
}

function isAddress(name: string): boolean {
  return name.includes(':') || /^[0-9.]+$/.test(name);
}
