/** The settings of TLS: what must hold between them (daemon.md §6.4, §9), and what listeners are given of them. */
import { join } from 'node:path';
import { opensslCipher } from '../transport/tls/tls-settings.js';
import type { AutoTls, TlsSettings } from '../transport/tls/tls-settings.js';
import { quote } from './go-values.js';
import { invalid } from './report.js';
import type { Problem } from './report.js';
import type { Settings } from './settings.js';
import { isSecure } from './url-list.js';

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
  const years = settings.integer('self-signed-cert-validity');
  if (makesCertificate(settings) && (years <= 0n || years > VALIDITY_YEARS_MAX)) {
    const bound = VALIDITY_YEARS_MAX.toString();
    const why = years <= 0n ? 'it should be greater than 0' : `it should be at most ${bound}`;
    problems.push(startProblem(`selfSignedCertValidity is invalid,${why}`));
  }
  if (settings.isOn('client-cert-auth') && settings.text('trusted-ca-file') === '') {
    // Go takes the authorities of the system then: anybody on the internet can get a certificate of one of them.
    problems.push(invalid('--client-cert-auth needs --trusted-ca-file: who vouches for clients'));
  }
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
    allowedCommonNames: [],
    allowedHostnames: settings.list('client-cert-allowed-hostname'),
    cipherSuites: settings.list('cipher-suites'),
    minVersion: version(settings.text('tls-min-version'), 'TLSv1.2'),
    maxVersion: version(settings.text('tls-max-version'), 'TLSv1.3'),
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
    hosts: [...new Set(urls.map(({ host }) => host).filter((host) => host !== ''))],
    validityYears: settings.count('self-signed-cert-validity'),
  });
}
