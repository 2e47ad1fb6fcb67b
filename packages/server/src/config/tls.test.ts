/** Goal: settings of TLS that can not work stop the start, in etcd's words. Method: arguments, and what comes of them. */
import { describe, expect, it } from 'vitest';
import { parseConfig } from './parse-config.js';
import type { ParsedConfig } from './daemon-config.js';

const secure = [
  '--listen-client-urls=https://127.0.0.1:1,http://127.0.0.1:2',
  '--advertise-client-urls=https://127.0.0.1:1',
  '--name=a',
];
const files = ['--cert-file=c', '--key-file=k'];

const parse = (...words: readonly string[]): ParsedConfig =>
  parseConfig([...secure, ...words], {}, () => ({ error: 'no file' }));

function run(...words: readonly string[]): Extract<ParsedConfig, { type: 'run' }> {
  const result = parse(...words);
  if (result.type !== 'run') throw new Error(`problems: ${JSON.stringify(result)}`);
  return result;
}

describe('settings of TLS', () => {
  it.each([
    [
      'no files',
      [],
      'TLS key/cert (--cert-file, --key-file) must be provided for client url https://127.0.0.1:1 with HTTPS scheme',
    ],
    ['unknown cipher', [...files, '--cipher-suites=foo'], 'unexpected TLS cipher suite "foo"'],
    [
      'no validity',
      ['--auto-tls', '--self-signed-cert-validity=0'],
      'selfSignedCertValidity is invalid,it should be greater than 0',
    ],
    [
      'endless validity',
      ['--auto-tls', '--self-signed-cert-validity=8000'],
      'selfSignedCertValidity is invalid,it should be at most 1000',
    ],
  ])('B-160: %s ends the start', (_what, words, error) => {
    const fields = { error };
    expect(parse(...words)).toMatchObject({
      type: 'problems',
      problems: [{ type: 'fatal', message: 'discovery failed', fields }],
    });
  });

  it('B-160: clients can not be verified by nobody', () => {
    const error = '--client-cert-auth needs --trusted-ca-file: who vouches for clients';
    const problems = [{ type: 'invalid', error }];
    expect(parse(...files, '--client-cert-auth')).toMatchObject({ type: 'problems', problems });
  });

  it('need files for https metrics, too', () => {
    const result = parseConfig(
      ['--name=a', '--listen-metrics-urls=https://127.0.0.1:1'],
      {},
      () => ({ error: 'no file' }),
    );
    const error =
      'client TLS key/cert (--cert-file, --key-file) must be provided for metrics secure url';
    expect(result).toMatchObject({ problems: [{ fields: { error } }] });
  });

  it('reach the listeners', () => {
    const suite = 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256';
    const { daemon } = run(
      ...[...files, '--client-cert-auth', '--trusted-ca-file=ca', '--client-crl-file=crl'],
      ...['--client-cert-allowed-hostname=x,y', `--cipher-suites=${suite}`],
      '--tls-max-version=TLS1.2',
    );
    expect(daemon.clientTls).toEqual({
      ...{ certFile: 'c', keyFile: 'k', trustedCaFile: 'ca', clientCertAuth: true },
      ...{ crlFile: 'crl', allowedCommonNames: [], allowedHostnames: ['x', 'y'] },
      ...{ cipherSuites: [suite], minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' },
    });
    expect(daemon.clientAutoTls).toBeUndefined();
    expect(run(...files, '--tls-min-version=').daemon.clientTls).toMatchObject({
      ...{ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' },
    });
  });

  it('of which only the file knows: common names of clients', () => {
    const inFile = (names: string): ParsedConfig => {
      const urls = secure.slice(0, 2).map((word) => word.slice(2).replace('=', ': '));
      const security = `client-transport-security: { cert-file: c, key-file: k, ${names} }`;
      const text = [...urls, security].join('\n');
      return parseConfig(['--config-file=f'], {}, () => ({ text }));
    };
    const found = inFile('allowed-cn: [a, b]');
    expect(found.type === 'run' && found.daemon.clientTls.allowedCommonNames).toEqual(['a', 'b']);
    const error =
      'AllowedCNs and AllowedHostnames are mutually exclusive (cns=["a"], hostnames=["b"])';
    expect(inFile('allowed-cn: [a], allowed-hostname: [b]')).toMatchObject({
      problems: [{ message: 'discovery failed', fields: { error } }],
    });
  });

  it('make a certificate for the secure addresses when none is given', () => {
    const { daemon } = run('--auto-tls', '--data-dir=/d', '--self-signed-cert-validity=3');
    const directory = '/d/fixtures/client';
    expect(daemon.clientAutoTls).toEqual({
      ...{ directory, hosts: ['127.0.0.1'], alsoClient: false, validityYears: 3 },
    });
    const given = run('--auto-tls', ...files);
    expect(given.daemon.clientAutoTls).toBeUndefined();
    const messages = given.notes.map(({ message }) => message);
    expect(messages).toContain('ignoring client auto TLS since certs given');
  });

  it('are said to be ignored for the plain address beside the secure one, and only for that', () => {
    const text =
      'scheme is http or unix while key and cert files are present; ignoring key and cert files';
    const found = run(...files).notes.filter(({ message }) => message === text);
    expect(found.map(({ fields }) => fields)).toEqual([{ 'client-url': 'http://127.0.0.1:2' }]);
  });

  it('of members reach their listeners', () => {
    const { daemon } = run(
      ...['--listen-peer-urls=https://127.0.0.1:3', '--peer-trusted-ca-file=ca', ...files],
      ...['--peer-cert-file=pc', '--peer-key-file=pk', '--peer-client-cert-auth'],
      ...['--peer-cert-allowed-cn=x', '--peer-crl-file=crl', '--peer-client-cert-file=cc'],
      '--peer-client-key-file=ck',
    );
    expect(daemon.peerTls).toEqual({
      ...{ certFile: 'pc', keyFile: 'pk', trustedCaFile: 'ca', clientCertAuth: true },
      ...{ crlFile: 'crl', allowedCommonNames: ['x'], allowedHostnames: [], cipherSuites: [] },
      ...{ verifyRemoteAddress: true, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' },
    });
    expect(daemon.peerClientFiles).toEqual({ certFile: 'cc', keyFile: 'ck' });
    const skipping = run(...files, '--peer-skip-client-san-verification');
    expect(skipping.daemon.peerTls.verifyRemoteAddress).toBe(false);
  });

  it('of members can be made, too', () => {
    const auto = ['--listen-peer-urls=https://127.0.0.1:3', '--peer-auto-tls', '--data-dir=/d'];
    expect(run(...files, ...auto).daemon.peerAutoTls).toEqual({
      ...{ directory: '/d/fixtures/peer', hosts: ['127.0.0.1'] },
      ...{ alsoClient: true, validityYears: 1 },
    });
  });

  it.each([
    [[], 'cannot listen on TLS for 127.0.0.1:3: KeyFile and CertFile are not presented'],
    [
      ['--peer-auto-tls', '--peer-client-cert-file=c'],
      'ClientKeyFile and ClientCertFile must both be present or both absent: key: , cert: c]',
    ],
    [
      ['--peer-auto-tls', '--peer-cert-allowed-cn=a', '--peer-cert-allowed-hostname=b,c'],
      'AllowedCNs and AllowedHostnames are mutually exclusive (cns=["a"], hostnames=["b" "c"])',
    ],
  ])('B-160: of members end the start where they can not work: %j', (words, error) => {
    expect(parse(...files, '--listen-peer-urls=https://127.0.0.1:3', ...words)).toMatchObject({
      problems: [{ type: 'fatal', message: 'discovery failed', fields: { error } }],
    });
  });
});
