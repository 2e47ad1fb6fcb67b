/** With what the discovery service is called: TLS or not, whose certificate, which authority (etcd v3.7.1 client/v3/config.go). */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import { credentials, type ChannelCredentials, type ChannelOptions } from '@grpc/grpc-js';
import { MemberError, errorOf } from '../errors.js';
import { systemText } from '../logging/sink.js';
import type { DiscoveryEndpoint } from './discovery-endpoint.js';

export interface DiscoveryTls {
  /** No TLS, unless something below asks for it. */
  readonly insecureTransport: boolean;
  readonly insecureSkipTlsVerify: boolean;
  /** Files; empty for none. */
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
  /** What the certificate of the service must be valid for; empty: the host that is called. */
  readonly serverName: string;
}

/** How an endpoint is called. */
export interface DiscoveryAccess {
  readonly credentials: ChannelCredentials;
  readonly options: ChannelOptions;
}

/**
 * What is sent as the name of a server that is called by its address: grpc-js would send the address, which RFC 6066 §3 forbids and Node 26
 * refuses. It is the address that is verified.
 */
const NAME_OF_ADDRESS = 'address.invalid';

/** Throws `discovery_denied` when the files can not be used. */
export function discoveryAccess(
  settings: DiscoveryTls,
): (endpoint: DiscoveryEndpoint) => DiscoveryAccess {
  const files = readFiles(settings);
  const otherwise = wantsTls(settings) ? 'tls' : 'plain';
  return ({ security, serverName: called }) => {
    if ((security === 'either' ? otherwise : security) === 'plain') {
      return { credentials: credentials.createInsecure(), options: {} };
    }
    const serverName = settings.serverName === '' ? called : settings.serverName;
    const sent = isIP(serverName) === 0 ? serverName : NAME_OF_ADDRESS;
    return {
      credentials: tlsOf(files, settings, serverName),
      options: { 'grpc.ssl_target_name_override': sent, 'grpc.default_authority': serverName },
    };
  };
}

/** `insecureTransport` is the default, and yields to whoever names a file or a name. */
const wantsTls = (settings: DiscoveryTls): boolean => {
  const { certFile, keyFile, caFile, serverName } = settings;
  const isNamed = [certFile, keyFile, caFile, serverName].some((text) => text !== '');
  return !settings.insecureTransport || settings.insecureSkipTlsVerify || isNamed;
};

interface TlsFiles {
  readonly ca: Buffer | undefined;
  readonly key: Buffer | undefined;
  readonly cert: Buffer | undefined;
}

function readFiles({ certFile, keyFile, caFile }: DiscoveryTls): TlsFiles {
  if ((certFile === '') !== (keyFile === '')) {
    const given = `[key: ${keyFile}, cert: ${certFile}]`;
    throw denied(`KeyFile and CertFile must both be present${given}`);
  }
  return { ca: read(caFile), key: read(keyFile), cert: read(certFile) };
}

function tlsOf(
  { ca, key, cert }: TlsFiles,
  { certFile, keyFile, caFile, insecureSkipTlsVerify }: DiscoveryTls,
  serverName: string,
): ChannelCredentials {
  try {
    return credentials.createSsl(ca ?? null, key ?? null, cert ?? null, {
      rejectUnauthorized: !insecureSkipTlsVerify,
      checkServerIdentity: (_, certificate) => checkServerIdentity(serverName, certificate),
    });
  } catch (error) {
    const files = [caFile, keyFile, certFile].filter((path) => path !== '').join(', ');
    throw denied(`${files}: ${errorOf(error).message}`, error);
  }
}

function read(path: string): Buffer | undefined {
  if (path === '') return undefined;
  try {
    return readFileSync(path);
  } catch (error) {
    throw denied(systemText('open', path, error), error);
  }
}

export function denied(reason: string, cause?: unknown): MemberError {
  const text = `failed to join discovery cluster (${reason})`;
  return new MemberError('discovery_denied', text, cause === undefined ? {} : { cause });
}
