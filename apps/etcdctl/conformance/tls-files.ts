/** Files for the TLS options that do not fit together, and the command lines that name them. Nothing is dialled with them. */
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Invocation } from './runner.js';
import { args } from './words.js';

/** Made for these tests alone; guards nothing. */
export const certificate = `-----BEGIN CERTIFICATE-----
MIIBjzCCATWgAwIBAgIUAPeBVFD4xorEHvCro9x23J3ZbbMwCgYIKoZIzj0EAwIw
HDEaMBgGA1UEAwwRa3ZjdGwgY29uZm9ybWFuY2UwIBcNMjYxMTIxMTYxMDM2WhgP
MjEyNjEwMjgxNjEwMzZaMBwxGjAYBgNVBAMMEWt2Y3RsIGNvbmZvcm1hbmNlMFkw
EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEilTT5LxNOFbIzcEYcd6tjp2cBykMQV60
xnZ3BweMd5xOcoiYSvimlML6IJrtFgqK8/BqLdih6sghHRi/JqRBM6NTMFEwHQYD
VR0OBBYEFFoinRpqKpS12JQIuYQMeO6VbxFDMB8GA1UdIwQYMBaAFFoinRpqKpS1
2JQIuYQMeO6VbxFDMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIh
AIaVaS7wWG3OOkyOmySBaiiAux/aCd0UUATxnfyNabpxAiBpNobaVe0r0eMWIUzy
aXWp0/oW7mQInbfY5DlneIwTGA==
-----END CERTIFICATE-----
`;
export const keyOfCertificate = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgOC7A8QPk5TmqptrJ
oQi0HrpJlTHaHSTOEye4nUznkOmhRANCAASKVNPkvE04VsjNwRhx3q2OnZwHKQxB
XrTGdncHB4x3nE5yiJhK+KaUwvogmu0WCorz8Got2KHqyCEdGL8mpEEz
-----END PRIVATE KEY-----
`;

/** Where `{dir}` stands for in the invocations. */
export function writeTlsFiles(folder: string): void {
  const pem = { type: 'pkcs8', format: 'pem' } as const;
  const files = {
    'good.crt': certificate,
    'good.key': keyOfCertificate,
    'other.key': generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export(pem),
    'rsa.key': generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export(pem),
    'text.pem': 'no PEM at all\n',
    'bad.crt': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
    'bad.key': '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n',
    'request.csr': '-----BEGIN REQUEST-----\nAAAA\n-----END REQUEST-----\n'.repeat(2),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}

function withFiles(options: Readonly<Record<string, string>>, endpoint: string): Invocation {
  const flags = Object.entries(options).map(([name, file]) => `--${name}={dir}/${file}`);
  return args([`--endpoints=${endpoint}`, 'get', 'foo', '--command-timeout=300ms', ...flags], {
    bare: true,
  });
}

const nobody = 'https://127.0.0.1:1';

export const tlsFiles: readonly Invocation[] = [
  ...[
    { cert: 'good.crt', key: 'good.key' },
    { cert: 'good.crt', key: 'other.key' },
    { cert: 'good.crt', key: 'rsa.key' },
    { cert: 'good.crt', key: 'bad.key' },
    { cert: 'good.crt', key: 'text.pem' },
    { cert: 'good.crt', key: 'good.crt' },
    { cert: 'good.crt', key: 'request.csr' },
    { cert: 'bad.crt', key: 'good.key' },
    { cert: 'text.pem', key: 'good.key' },
    { cert: 'good.key', key: 'good.crt' },
    { cert: 'request.csr', key: 'good.key' },
    { cacert: 'good.crt' },
    { cacert: 'bad.crt' },
    { cacert: 'text.pem' },
    { cacert: 'none.crt', cert: 'good.crt', key: 'bad.key' },
  ].map((options) => withFiles(options, nobody)),
  // Files are looked at although this address needs none.
  withFiles({ cert: 'text.pem', key: 'text.pem' }, 'http://127.0.0.1:1'),
];
