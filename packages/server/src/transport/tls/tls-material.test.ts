/** Goal: bad files stop the start with etcd's text and name what to look at (row B-160); certificates that we make are good ones. */
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { selfSigned } from '@kv/rpc/testing';
import { silentLogger } from '../../logger.js';
import { autoCertificate, selfSignedCertificate } from './auto-tls.js';
import { der, readDer } from './der.js';
import { readRevocationList, serialText } from './revocation-list.js';
import { TlsError } from './tls-error.js';
import { loadTls, validityProblem } from './tls-material.js';
import { cipherList, opensslCipher } from './tls-settings.js';

const directory = mkdtempSync(join(tmpdir(), 'kv-tls-files-'));
const path = (name: string): string => join(directory, name);

beforeAll(() => {
  const [one, other] = [selfSigned('one'), selfSigned('other')];
  writeFileSync(path('cert'), one.cert);
  writeFileSync(path('key'), one.key);
  writeFileSync(path('other'), other.key);
  writeFileSync(path('garbage'), 'hello\n');
  writeFileSync(path('broken'), one.cert.replace(/\n.{20}/, '\nAAAAAAAAAAAAAAAAAAAA'));
  const encrypted = createPrivateKey(one.key).export({
    ...{ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
  } as const);
  writeFileSync(path('encrypted'), encrypted);
});

afterAll(() => {
  rmSync(directory, { recursive: true });
});

const load = (certFile: string, keyFile: string, trustedCaFile = '', crlFile = ''): unknown => {
  const named = (name: string): string => (name === '' ? '' : path(name));
  try {
    return loadTls({
      ...{ certFile: named(certFile), keyFile: named(keyFile) },
      ...{ trustedCaFile: named(trustedCaFile), crlFile: named(crlFile) },
      ...{ clientCertAuth: false, allowedCommonNames: [], allowedHostnames: [], cipherSuites: [] },
      ...{ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' },
    });
  } catch (error) {
    return error;
  }
};

describe('files of TLS', () => {
  it.each([
    [
      ['cert', ''],
      'mismatched',
      `KeyFile and CertFile must both be present[key: , cert: ${path('cert')}]`,
    ],
    [['cert', 'none'], 'unreadable', `open ${path('none')}: no such file or directory`],
    [['none', 'key'], 'unreadable', `open ${path('none')}: no such file or directory`],
    [['garbage', 'key'], 'malformed', 'tls: failed to find any PEM data in certificate input'],
    [['cert', 'garbage'], 'malformed', 'tls: failed to find any PEM data in key input'],
    [['cert', 'other'], 'mismatched', 'tls: private key does not match public key'],
    [['cert', 'key', 'none'], 'unreadable', `open ${path('none')}: no such file or directory`],
    [
      ['cert', 'key', 'garbage'],
      'malformed',
      `no certificate in the trusted CA file ${path('garbage')}`,
    ],
    [['cert', 'key', 'cert', 'garbage'], 'malformed', `x509: malformed crl in ${path('garbage')}`],
  ] as const)('B-160: %j', (names, code, message) => {
    const [cert, key, ca, crl] = names;
    const error = load(cert, key, ca, crl);
    expect(error).toBeInstanceOf(TlsError);
    expect(error).toMatchObject({ code, message });
  });

  it.each([
    ['broken', 'key', 'tls: failed to parse certificate: '],
    ['cert', 'encrypted', 'tls: failed to parse private key: '],
  ])('B-160: %s with %s names the file in its hint', (cert, key, message) => {
    const error = load(cert, key);
    expect(error).toMatchObject({
      code: 'malformed',
      message: expect.stringContaining(message) as string,
    });
    expect((error as TlsError).hint).toContain(path(cert === 'cert' ? key : cert));
  });

  it('B-166: the clock is named when it is outside of the validity', () => {
    expect(validityProblem(path('cert'), Date.parse('2019-01-01'))).toContain('check the clock');
    expect(validityProblem(path('cert'), Date.parse('2050-01-01'))).toContain('expired at');
    expect(validityProblem(path('cert'), Date.parse('2030-01-01'))).toBeUndefined();
  });
});

describe('the certificate of --auto-tls', () => {
  it('is for the hosts that are given, by their kind, and for as long as asked', () => {
    const from = Date.UTC(2049, 0, 1);
    const until = Date.UTC(2051, 0, 1);
    const hosts = ['localhost', '127.0.0.1', '::1', 'fe80::1:2', '::ffff:1.2.3.4'];
    const { cert, key } = selfSignedCertificate({ hosts, alsoClient: true }, from, until);
    const parsed = new X509Certificate(cert);
    expect(parsed.subject).toBe('O=etcd');
    expect(parsed.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(parsed.verify(parsed.publicKey)).toBe(true);
    expect([Date.parse(parsed.validFrom), Date.parse(parsed.validTo)]).toEqual([from, until]);
    expect(parsed.checkHost('localhost')).toBe('localhost');
    for (const ip of hosts.slice(1)) expect(parsed.checkIP(ip)).toBe(ip);
    expect(parsed.checkIP('127.0.0.2')).toBeUndefined();
    expect(parsed.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'secp521r1' });
  });

  it('is made once, its key for nobody else to read', () => {
    const auto = {
      directory: path('fixtures/client'),
      hosts: ['127.0.0.1'],
      alsoClient: false,
      validityYears: 1,
    };
    const files = autoCertificate(auto, silentLogger);
    const before = readFileSync(files.certFile, 'utf8');
    expect(statSync(files.keyFile).mode & 0o777).toBe(0o600);
    expect(autoCertificate(auto, silentLogger)).toEqual(files);
    expect(readFileSync(files.certFile, 'utf8')).toBe(before);
    const { validFrom, validTo } = new X509Certificate(before);
    expect(Date.parse(validTo) - Date.parse(validFrom)).toBe(365 * 24 * 3_600_000);
  });

  it('names the directory that can not be written', () => {
    const auto = { directory: path('cert'), hosts: [], alsoClient: true, validityYears: 1 };
    expect(() => autoCertificate(auto, silentLogger)).toThrow(`open ${path('cert')}: `);
  });
});

describe('names of ciphers', () => {
  it('are those of Go, and the default has no suite without forward secrecy', () => {
    expect(opensslCipher('TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305')).toBe(
      'ECDHE-RSA-CHACHA20-POLY1305',
    );
    expect(opensslCipher('ECDHE-RSA-CHACHA20-POLY1305')).toBeUndefined();
    for (const name of cipherList([]).split(':'))
      expect(name).toMatch(/^TLS_|^ECDHE-.*(GCM|POLY1305)/);
    expect(cipherList(['TLS_RSA_WITH_AES_128_GCM_SHA256'])).toMatch(/:AES128-GCM-SHA256$/);
  });
});

describe('DER', () => {
  it('reads what it writes, at every form of the length', () => {
    for (const length of [0, 1, 127, 128, 255, 256, 65_535]) {
      const content = new Uint8Array(length).fill(7);
      expect(readDer(der(0x04, content))).toEqual([{ tag: 4, content: Buffer.from(content) }]);
    }
  });

  it('never throws on noise, nor do lists of revoked certificates', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (noise) => {
        readDer(noise);
        readRevocationList(der(0x30, der(0x30, noise), der(0x30), der(0x03)));
        expect(readRevocationList(noise)).toBeUndefined();
      }),
    );
  });

  it('compares serial numbers without regard to leading zeros', () => {
    expect(serialText('00FF')).toBe('ff');
    expect(serialText('1')).toBe('01');
  });
});
