/** The settings of TLS: what must hold between them (daemon.md §6.4, §9), and what listeners are given of them. */
import { join } from 'node:path';
import { opensslCipher } from '../transport/tls/tls-settings.js';
import type { AutoTls, TlsSettings } from '../transport/tls/tls-settings.js';
import { quote } from './go-values.js';
import { invalid } from './report.js';
import type { Problem } from './report.js';
import type { Settings } from './settings.js';
import { isSecure } from './url-list.js';
import type { EtcdUrl } from './url-list.js';

const versions = ['', 'TLS1.2', 'TLS1.3'];
/** Certificates that outlive their makers are a typing error; and dates have four digits. */
const VALIDITY_YEARS_MAX = 1000n;

/** What etcd finds only while it starts, and reports in this line. */
const startProblem = (error: string): Problem => ({
  type: 'fatal',
  message: 'discovery failed',
  fields: { error },
});

export function checkTls(settings: Settings, problems: Problem[]): void {
  checkVersions(settings, problems);
  for (const name of settings.list('cipher-suites')) {
    if (opensslCipher(name) !== undefined) continue;
    problems.push(startProblem(`unexpected TLS cipher suite ${quote(name)}`));
  }
  checkClientMaterial(settings, problems);
  checkPeerMaterial(settings, problems);
}

function checkVersions(settings: Settings, problems: Problem[]): void {
  const min = settings.text('tls-min-version');
  const max = settings.text('tls-max-version');
  for (const version of [min, max]) {
    if (versions.includes(version)) continue;
    problems.push(
      invalid(`unexpected TLS version ${quote(version)} (must be one of: TLS1.2, TLS1.3)`),
    );
  }
  if (max !== '' && min > max) {
    problems.push(invalid(`min version (${min}) is greater than max version (${max})`));
  }
  if (min === 'TLS1.3' && settings.list('cipher-suites').length > 0) {
    problems.push(invalid('cipher suites cannot be configured when only TLS1.3 is enabled'));
  }
}

const filesGiven = (settings: Settings): boolean =>
  settings.text('cert-file') !== '' || settings.text('key-file') !== '';
const makesCertificate = (settings: Settings): boolean =>
  settings.isOn('auto-tls') && !filesGiven(settings);

function checkClientMaterial(settings: Settings, problems: Problem[]): void {
  const clients = [
    ...settings.urls('listen-client-urls'),
    ...settings.urls('listen-client-http-urls'),
  ].filter(isSecure);
  const metrics = settings.urls('listen-metrics-urls').filter(isSecure);
  if (clients.length + metrics.length === 0) return;
  if (!makesCertificate(settings) && !filesGiven(settings)) {
    const what = 'TLS key/cert (--cert-file, --key-file) must be provided for';
    for (const { text } of clients) {
      problems.push(startProblem(`${what} client url ${text} with HTTPS scheme`));
    }
    if (metrics.length > 0) problems.push(startProblem(`client ${what} metrics secure url`));
  }
  if (makesCertificate(settings)) checkValidity(settings, problems);
  checkNames(
    settings.list('client-cert-allowed-cn'),
    settings.list('client-cert-allowed-hostname'),
    problems,
  );
  if (settings.isOn('client-cert-auth') && settings.text('trusted-ca-file') === '') {
    // Go takes the authorities of the system then: anybody on the internet can get a certificate of one of them.
    problems.push(invalid('--client-cert-auth needs --trusted-ca-file: who vouches for clients'));
  }
}

function checkValidity(settings: Settings, problems: Problem[]): void {
  const years = settings.integer('self-signed-cert-validity');
  if (years > 0n && years <= VALIDITY_YEARS_MAX) return;
  const bound = VALIDITY_YEARS_MAX.toString();
  const why = years <= 0n ? 'it should be greater than 0' : `it should be at most ${bound}`;
  problems.push(startProblem(`selfSignedCertValidity is invalid,${why}`));
}

const peerFilesGiven = (settings: Settings): boolean =>
  settings.text('peer-cert-file') !== '' || settings.text('peer-key-file') !== '';
const makesPeerCertificate = (settings: Settings): boolean =>
  settings.isOn('peer-auto-tls') && !peerFilesGiven(settings);

function checkPeerMaterial(settings: Settings, problems: Problem[]): void {
  const urls = settings.urls('listen-peer-urls').filter(isSecure);
  const [first] = urls;
  if (first === undefined) return;
  if (makesPeerCertificate(settings)) checkValidity(settings, problems);
  else if (!peerFilesGiven(settings)) {
    const where =
      first.port === undefined ? first.socketPath : `${first.host}:${first.port.toString()}`;
    const why = 'KeyFile and CertFile are not presented';
    problems.push(startProblem(`cannot listen on TLS for ${where}: ${why}`));
  }
  const cert = settings.text('peer-client-cert-file');
  const key = settings.text('peer-client-key-file');
  if ((cert === '') !== (key === '')) {
    const text = `ClientKeyFile and ClientCertFile must both be present or both absent: key: ${key}, cert: ${cert}]`;
    problems.push(startProblem(text));
  }
  checkNames(
    settings.list('peer-cert-allowed-cn'),
    settings.list('peer-cert-allowed-hostname'),
    problems,
  );
  if (settings.isOn('peer-client-cert-auth') && settings.text('peer-trusted-ca-file') === '') {
    const error = '--peer-client-cert-auth needs --peer-trusted-ca-file: who vouches for members';
    problems.push(invalid(error));
  }
}

/** Of certificates either the common name is compared, or the names that they are valid for. */
function checkNames(
  commonNames: readonly string[],
  hosts: readonly string[],
  problems: Problem[],
): void {
  if (commonNames.length === 0 || hosts.length === 0) return;
  const listed = (items: readonly string[]): string => `[${items.map(quote).join(' ')}]`;
  const given = `(cns=${listed(commonNames)}, hostnames=${listed(hosts)})`;
  problems.push(startProblem(`AllowedCNs and AllowedHostnames are mutually exclusive ${given}`));
}

const version = (text: string, otherwise: TlsSettings['minVersion']): TlsSettings['minVersion'] =>
  text === 'TLS1.2' ? 'TLSv1.2' : text === 'TLS1.3' ? 'TLSv1.3' : otherwise;

/** For listeners of clients and of metrics. */
export function clientTls(settings: Settings): TlsSettings {
  return Object.freeze({
    certFile: settings.text('cert-file'),
    keyFile: settings.text('key-file'),
    trustedCaFile: settings.text('trusted-ca-file'),
    clientCertAuth: settings.isOn('client-cert-auth'),
    crlFile: settings.text('client-crl-file'),
    allowedCommonNames: settings.list('client-cert-allowed-cn'),
    allowedHostnames: settings.list('client-cert-allowed-hostname'),
    cipherSuites: settings.list('cipher-suites'),
    minVersion: version(settings.text('tls-min-version'), 'TLSv1.2'),
    maxVersion: version(settings.text('tls-max-version'), 'TLSv1.3'),
  });
}

const hostsOf = (urls: readonly EtcdUrl[]): readonly string[] => [
  ...new Set(urls.map(({ host }) => host).filter((host) => host !== '')),
];

/** For listeners of members, and for connecting to them. */
export function peerTls(settings: Settings): TlsSettings {
  return Object.freeze({
    certFile: settings.text('peer-cert-file'),
    keyFile: settings.text('peer-key-file'),
    trustedCaFile: settings.text('peer-trusted-ca-file'),
    clientCertAuth: settings.isOn('peer-client-cert-auth'),
    crlFile: settings.text('peer-crl-file'),
    allowedCommonNames: settings.list('peer-cert-allowed-cn'),
    allowedHostnames: settings.list('peer-cert-allowed-hostname'),
    verifyRemoteAddress: !settings.isOn('peer-skip-client-san-verification'),
    cipherSuites: settings.list('cipher-suites'),
    minVersion: version(settings.text('tls-min-version'), 'TLSv1.2'),
    maxVersion: version(settings.text('tls-max-version'), 'TLSv1.3'),
  });
}

/** What `--peer-auto-tls` makes; undefined when there is nothing to make, or nowhere to use it. */
export function peerAutoTls(settings: Settings, dataDir: string): AutoTls | undefined {
  const urls = settings.urls('listen-peer-urls').filter(isSecure);
  if (!makesPeerCertificate(settings) || urls.length === 0) return undefined;
  return Object.freeze({
    directory: join(dataDir, 'fixtures', 'peer'),
    hosts: hostsOf(urls),
    alsoClient: true,
    validityYears: settings.count('self-signed-cert-validity'),
  });
}

/** What `--auto-tls` makes; undefined when there is nothing to make, or nowhere to use it. */
export function clientAutoTls(settings: Settings, dataDir: string): AutoTls | undefined {
  if (!makesCertificate(settings)) return undefined;
  const urls = [
    ...settings.urls('listen-client-urls'),
    ...settings.urls('listen-client-http-urls'),
    ...settings.urls('listen-metrics-urls'),
  ].filter(isSecure);
  if (urls.length === 0) return undefined;
  return Object.freeze({
    directory: join(dataDir, 'fixtures', 'client'),
    hosts: hostsOf(urls),
    alsoClient: false,
    validityYears: settings.count('self-signed-cert-validity'),
  });
}
