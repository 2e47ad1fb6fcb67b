/** The sockets of the daemon: taken before anything is read from disk, so that a busy port is found at once. */
import { ConnectingTls, Listener, TlsError, autoCertificate, descriptorsMax } from '@kv/server';
import type {
  AutoTls,
  DaemonConfig,
  EtcdUrl,
  ListenerOptions,
  Logger,
  TlsSettings,
} from '@kv/server';
import { StartError } from './start-error.js';

/** Descriptors that are not for clients (etcd's number): files of the log, the store, other members. */
const DESCRIPTORS_RESERVED = 150;
/** Where the system does not say. */
const CONNECTIONS_MAX_UNKNOWN = 100_000;

export interface Listeners {
  readonly peer: readonly Listener[];
  readonly client: readonly Listener[];
  readonly clientHttp: readonly Listener[];
  readonly metrics: readonly Listener[];
  /** For members with https addresses; present when this one has such an address, or a certificate. */
  readonly toPeers: ConnectingTls | undefined;
}

export const allOf = (listeners: Listeners): readonly Listener[] => [
  ...listeners.client,
  ...listeners.clientHttp,
  ...listeners.metrics,
  ...listeners.peer,
];

function connectionsMax(): number {
  const descriptors = descriptorsMax();
  if (descriptors === undefined) return CONNECTIONS_MAX_UNKNOWN;
  if (descriptors > DESCRIPTORS_RESERVED) return descriptors - DESCRIPTORS_RESERVED;
  throw new StartError(
    'file descriptor limit of etcd process is too low; please set higher',
    `limit ${descriptors.toString()}, recommended more than ${DESCRIPTORS_RESERVED.toString()}`,
    { hint: 'raise it with ulimit -n' },
  );
}

/** `127.0.0.1:2379`, as Go prints it in errors. */
function addressText(url: EtcdUrl): string {
  if (url.port === undefined) return url.socketPath;
  const host = url.host.includes(':') ? `[${url.host}]` : url.host;
  return `${host}:${url.port.toString()}`;
}

function systemReason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  switch (code) {
    case 'EADDRINUSE':
      return 'bind: address already in use';
    case 'EACCES':
      return 'bind: permission denied';
    case 'EADDRNOTAVAIL':
      return 'bind: cannot assign requested address';
    case 'ERR_SOCKET_BAD_PORT':
      return 'invalid port';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

const busyHints: Readonly<Record<string, string>> = {
  EADDRINUSE:
    'another program listens there, perhaps another etcd: find it with "ss -ltnp", stop it, or choose another port',
  EACCES: 'ports below 1024 are for the superuser: choose another port',
  EADDRNOTAVAIL: 'that is no address of this machine',
};

type Common = Omit<ListenerOptions, 'address' | 'tls'>;

const isSecure = ({ scheme }: EtcdUrl): boolean => scheme === 'https' || scheme === 'unixs';

/** Opens one address; with `tls` if its scheme asks for that. */
async function open(url: EtcdUrl, common: Common, tls: TlsSettings): Promise<Listener> {
  const address =
    url.port === undefined ? { path: url.socketPath } : { host: url.host, port: url.port };
  try {
    return await Listener.open({ ...common, address, ...(isSecure(url) ? { tls } : {}) });
  } catch (error) {
    if (error instanceof TlsError) throw tlsStartError(error);
    const network = url.port === undefined ? 'unix' : 'tcp';
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const hint = busyHints[code];
    throw new StartError(
      'discovery failed',
      `listen ${network} ${addressText(url)}: ${systemReason(error)}`,
      { cause: error, ...(hint === undefined ? {} : { hint }) },
    );
  }
}

/** etcd finds bad files only when it serves (observed.md 30); the line is the same. */
const tlsStartError = (error: TlsError): StartError =>
  new StartError('listener failed', error.message, { cause: error, hint: error.hint });

/** The settings with the certificate that is to be made, made. */
function certified(tls: TlsSettings, auto: AutoTls | undefined, logger: Logger): TlsSettings {
  return auto === undefined ? tls : { ...tls, ...autoCertificate(auto, logger) };
}

/** Says with what TLS is spoken, in etcd's words. */
function tellTls(message: string, tls: TlsSettings, logger: Logger): void {
  const files = `cert = ${tls.certFile}, key = ${tls.keyFile}, client-cert=, client-key=`;
  const clients = `trusted-ca = ${tls.trustedCaFile}, client-cert-auth = ${String(tls.clientCertAuth)}`;
  logger.log('info', message, {
    'tls-info': `${files}, ${clients}, crl-file = ${tls.crlFile}`,
    'cipher-suites': tls.cipherSuites,
  });
}

/** What the listeners speak TLS with, and what members are called with. */
interface DaemonTls {
  readonly client: TlsSettings;
  readonly peer: TlsSettings;
  readonly toPeers: ConnectingTls | undefined;
}

function daemonTls(daemon: DaemonConfig, logger: Logger): DaemonTls {
  const { listenClientUrls, listenClientHttpUrls, listenMetricsUrls, listenPeerUrls } = daemon;
  try {
    const peer = certified(daemon.peerTls, daemon.peerAutoTls, logger);
    let toPeers: ConnectingTls | undefined;
    const listensSecurely = listenPeerUrls.some(isSecure);
    if (listensSecurely) tellTls('starting with peer TLS', peer, logger);
    // Others may be reached by https though this one is not: something before it may end TLS.
    if (listensSecurely || (peer.certFile !== '' && peer.keyFile !== '')) {
      const { certFile, keyFile } = daemon.peerClientFiles;
      const settings = certFile === '' ? peer : { ...peer, certFile, keyFile };
      const verify = daemon.peerAutoTls === undefined;
      toPeers = new ConnectingTls({ settings, verify, logger });
    }
    const client = certified(daemon.clientTls, daemon.clientAutoTls, logger);
    if ([...listenClientUrls, ...listenClientHttpUrls, ...listenMetricsUrls].some(isSecure)) {
      tellTls('starting with client TLS', client, logger);
    }
    return { client, peer, toPeers };
  } catch (error) {
    if (error instanceof TlsError) throw tlsStartError(error);
    throw error;
  }
}

const texts = (urls: readonly EtcdUrl[]): readonly string[] => urls.map((url) => url.text);

/** Takes every address of the configuration, or none. */
export async function openListeners(daemon: DaemonConfig, logger: Logger): Promise<Listeners> {
  const common = { logger, connectionsMax: connectionsMax(), reusePort: daemon.socketReusePort };
  const tls = daemonTls(daemon, logger);
  const opened: Listener[] = [];
  const openAll = async (
    urls: readonly EtcdUrl[],
    endpoint: 'client' | 'peer' = 'client',
  ): Promise<readonly Listener[]> => {
    const listeners: Listener[] = [];
    for (const url of urls) {
      const listener = await open(url, { ...common, endpoint }, tls[endpoint]);
      opened.push(listener);
      listeners.push(listener);
    }
    return listeners;
  };
  try {
    logger.log('info', 'configuring peer listeners', {
      'listen-peer-urls': texts(daemon.listenPeerUrls),
    });
    const peer = await openAll(daemon.listenPeerUrls, 'peer');
    logger.log('info', 'configuring client listeners', {
      'listen-client-urls': texts(daemon.listenClientUrls),
    });
    const client = await openAll(daemon.listenClientUrls);
    const clientHttp = await openAll(daemon.listenClientHttpUrls);
    const metrics = await openAll(daemon.listenMetricsUrls);
    return { peer, client, clientHttp, metrics, toPeers: tls.toPeers };
  } catch (error) {
    await Promise.all(opened.map((listener) => listener.close()));
    throw error;
  }
}
