/** Whether the certificate of a member is one for the address that it calls from (etcd v3.7.1 client/pkg/transport/listener_tls.go). */
import type { X509Certificate } from 'node:crypto';
import { lookup, reverse } from 'node:dns/promises';

/** The system's resolver, or a test's. Both reject when there is no such name. */
export interface Resolver {
  /** Names of an address. */
  reverse(address: string): Promise<readonly string[]>;
  /** Addresses of a name. */
  forward(name: string): Promise<readonly string[]>;
}

export const systemResolver: Resolver = {
  reverse,
  forward: async (name) => (await lookup(name, { all: true })).map(({ address }) => address),
};

const alternatives = (certificate: X509Certificate, kind: string): readonly string[] =>
  (certificate.subjectAltName ?? '')
    .split(', ')
    .filter((each) => each.startsWith(kind))
    .map((each) => each.slice(kind.length));

/** Dual-stack sockets report IPv4 addresses like this. */
const plainAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/, '');

/** Why not, in Go's words; undefined when it may, also when the certificate names neither addresses nor hosts. */
export async function addressProblem(
  certificate: X509Certificate,
  remoteAddress: string,
  resolver: Resolver = systemResolver,
): Promise<string | undefined> {
  const address = plainAddress(remoteAddress);
  const ips = alternatives(certificate, 'IP Address:');
  const names = alternatives(certificate, 'DNS:');
  if (ips.length + names.length === 0) return undefined;
  if (certificate.checkIP(address) !== undefined) return undefined;
  if (names.length === 0) {
    return `x509: certificate is valid for ${ips.join(', ')}, not ${address}`;
  }
  if (await isOneOf(address, names, resolver)) return undefined;
  const listed = names.map((name) => JSON.stringify(name)).join(' ');
  return `tls: ${JSON.stringify(address)} does not match any of DNSNames [${listed}]`;
}

async function isOneOf(
  address: string,
  names: readonly string[],
  resolver: Resolver,
): Promise<boolean> {
  const wildcards = names.filter((name) => name.startsWith('*.')).map((name) => name.slice(1));
  const exact = names.filter((name) => !name.startsWith('*.'));
  const reversed = await resolver.reverse(address).catch((): readonly string[] => []);
  for (const name of reversed.map((each) => each.replace(/\.$/, ''))) {
    if (exact.includes(name) || wildcards.some((end) => name.endsWith(end))) return true;
  }
  for (const name of exact) {
    const addresses = await resolver.forward(name).catch((): readonly string[] => []);
    if (addresses.includes(address)) return true;
  }
  return false;
}
