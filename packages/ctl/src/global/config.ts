/** From the global options to what the client needs, checked in the order in which etcdctl checks (etcdctl command/global.go). */
import { fromText, toBytes, toText, type ByteString } from '../bytes.js';
import { ExitCode, ExitError, badArgs } from '../exit.js';
import type { FlagSet } from '../grammar/flag-set.js';
import type { Io } from '../io.js';

export interface AuthConfig {
  readonly user: ByteString;
  readonly password: ByteString;
}

/** Paths of PEM files; empty when not given. */
export interface TlsConfig {
  readonly cert: ByteString;
  readonly key: ByteString;
  readonly cacert: ByteString;
  readonly serverName: ByteString;
  readonly insecureSkipVerify: boolean;
  readonly insecureTransport: boolean;
}

export interface ClientConfig {
  readonly endpoints: readonly ByteString[];
  readonly tls: TlsConfig;
  readonly auth: AuthConfig | undefined;
  readonly token: ByteString | undefined;
  readonly dialTimeoutMs: number;
  /** For the commands that it bounds. */
  readonly commandTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly requestBytesMax: number;
  readonly responseBytesMax: number;
}

const requestBytesDefault = 2 * 1024 * 1024;
const responseBytesDefault = 2_147_483_647;

/** Throws `ExitError`. May ask for a password. */
export async function clientConfig(flags: FlagSet, io: Io): Promise<ClientConfig> {
  const endpoints = await endpointsOf(flags, io);
  const tls = tlsOf(flags);
  const { auth, token } = authOf(flags, io);
  return {
    endpoints,
    tls,
    auth,
    token,
    dialTimeoutMs: milliseconds(flags.duration('dial-timeout')),
    commandTimeoutMs: milliseconds(flags.duration('command-timeout')),
    keepAliveMs: milliseconds(flags.duration('keepalive-time')),
    keepAliveTimeoutMs: milliseconds(flags.duration('keepalive-timeout')),
    requestBytesMax: sizeOf(flags, 'max-request-bytes', requestBytesDefault),
    responseBytesMax: sizeOf(flags, 'max-recv-bytes', responseBytesDefault),
  };
}

/** At least a microsecond: a limit of zero or less has passed when the call begins. */
function milliseconds(nanoseconds: bigint): number {
  return Math.max(0.001, Number(nanoseconds) / 1e6);
}

function sizeOf(flags: FlagSet, name: string, otherwise: number): number {
  const value = Number(flags.int(name));
  return value > 0 ? value : otherwise;
}

async function endpointsOf(flags: FlagSet, io: Io): Promise<readonly ByteString[]> {
  const domain = flags.string('discovery-srv');
  if (domain !== '') {
    const { discoverEndpoints } = await import('./discovery.js');
    const secureOnly = !flags.bool('insecure-discovery');
    const found = await discoverEndpoints(
      toText(domain),
      toText(flags.string('discovery-srv-name')),
      secureOnly,
      (line) => {
        io.stderr(line);
      },
    );
    if (found.length > 0) return found.map(fromText);
  }
  return flags.strings('endpoints').map((endpoint) => endpoint.trim());
}

function tlsOf(flags: FlagSet): TlsConfig {
  const path = (name: 'cert' | 'key' | 'cacert'): ByteString => {
    const value = flags.string(name);
    if (value === '' && flags.isSet(name))
      throw badArgs(`empty string is passed to --${name} option`);
    return value;
  };
  return {
    cert: path('cert'),
    key: path('key'),
    cacert: path('cacert'),
    // The domain of a secure discovery is the name that certificates must have.
    serverName: flags.bool('insecure-discovery') ? '' : flags.string('discovery-srv'),
    insecureSkipVerify: flags.bool('insecure-skip-tls-verify'),
    insecureTransport: flags.bool('insecure-transport'),
  };
}

function authOf(
  flags: FlagSet,
  io: Io,
): { readonly auth: AuthConfig | undefined; readonly token: ByteString | undefined } {
  const token = flags.string('auth-jwt-token');
  if (token !== '') return { auth: undefined, token };
  const user = flags.string('user');
  if (user === '') return { auth: undefined, token: undefined };
  const password = flags.string('password');
  if (password !== '') return { auth: { user, password }, token: undefined };
  const colon = user.indexOf(':');
  if (colon < 0)
    return { auth: { user, password: askPassword(io, 'Password: ') }, token: undefined };
  return {
    auth: { user: user.slice(0, colon), password: user.slice(colon + 1) },
    token: undefined,
  };
}

/** Asks on the terminal without echo; other input is read up to the newline. */
export function askPassword(io: Io, prompt: ByteString): ByteString {
  const password = io.readSecret(prompt).replace(/\r?\n$/, '');
  io.stdout('\n');
  return password;
}

/** Sizes that contradict each other are found when a client is made, after the format was checked. */
export function checkSizes(flags: FlagSet): void {
  const send = flags.int('max-request-bytes');
  const receive = flags.int('max-recv-bytes');
  if (send <= 0n || receive <= 0n || receive >= send) return;
  throw new ExitError(
    ExitCode.badConnection,
    `gRPC message recv limit (${receive} bytes) must be greater than send limit (${send} bytes)`,
  );
}

/** Whether an endpoint is reached over TLS. */
export function isSecure(endpoint: ByteString, tls: TlsConfig): boolean {
  if (/^(https:\/\/|unixs:)/i.test(endpoint)) return true;
  if (/^(http:\/\/|unix:)/i.test(endpoint)) return false;
  return hasTlsMaterial(tls) || tls.insecureSkipVerify || !tls.insecureTransport;
}

export function hasTlsMaterial(tls: TlsConfig): boolean {
  return tls.cert !== '' || tls.key !== '' || tls.cacert !== '';
}

/** Reads a PEM file for TLS. */
export async function readPem(path: ByteString): Promise<Uint8Array> {
  const fs = await import('node:fs');
  try {
    return fs.readFileSync(Buffer.from(toBytes(path)));
  } catch (cause) {
    const { errnoText } = await import('../go/errno.js');
    throw badArgs(`open ${path}: ${errnoText(cause)}`, { cause });
  }
}
