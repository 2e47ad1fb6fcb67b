/** The certificate of `--auto-tls`: made once, kept in the data directory, as etcd makes it (client/pkg/transport/listener.go SelfCert). */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { isIPv4, isIPv6 } from 'node:net';
import { join, resolve } from 'node:path';
import { systemClock } from '../../clock.js';
import type { Logger } from '../../logger.js';
import { systemText } from '../../logging/sink.js';
import { Tag, der } from './der.js';
import { TlsError } from './tls-error.js';
import type { AutoTls } from './tls-settings.js';

const YEAR_MS = 365 * 24 * 3_600_000;
const SERIAL_BYTES = 16;

const sequence = (...parts: readonly Uint8Array[]): Uint8Array => der(Tag.sequence, ...parts);
const oid = (hex: string): Uint8Array => der(Tag.oid, Buffer.from(hex, 'hex'));
const octets = (value: Uint8Array): Uint8Array => der(Tag.octetString, value);
const yes = der(Tag.boolean, Buffer.from([0xff]));

/** 1.2.840.10045.4.3.4, ecdsa-with-SHA512, whose hash fits the curve. */
const ecdsaWithSha512 = sequence(oid('2a8648ce3d040304'));
const organizationName = oid('55040a');
const keyUsage = oid('551d0f');
const extendedKeyUsage = oid('551d25');
const basicConstraints = oid('551d13');
const subjectAltName = oid('551d11');
const serverAuth = oid('2b06010505070301');
const clientAuth = oid('2b06010505070302');
/** digitalSignature, keyEncipherment and cRLSign; one bit of the last octet is unused. */
const usageBits = der(Tag.bitString, Buffer.from([1, 0b1010_0010]));

/** RFC 5280 §4.1.2.5: years from 2050 on take four digits. */
function time(ms: number): Uint8Array {
  const digits = new Date(ms).toISOString().replaceAll(/\.\d+|[-:T]/g, '');
  return Number(digits.slice(0, 4)) < 2050
    ? der(Tag.utcTime, Buffer.from(digits.slice(2)))
    : der(Tag.generalizedTime, Buffer.from(digits));
}

function ipBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  // The URL parser writes every form of an address in one; `::` is the only thing left to fill.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const words = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const [before, after] = [words(head), words(tail ?? '')];
  const zeros = new Array<string>(8 - before.length - after.length).fill('0');
  const hex = [...before, ...zeros, ...after].map((word) => word.padStart(4, '0')).join('');
  return Buffer.from(hex, 'hex');
}

const alternative = (host: string): Uint8Array =>
  isIPv4(host) || isIPv6(host) ? der(0x87, ipBytes(host)) : der(0x82, Buffer.from(host));

function extensions(hosts: readonly string[], alsoClient: boolean): Uint8Array {
  const names = [...new Set(hosts)].map(alternative);
  return sequence(
    sequence(keyUsage, yes, octets(usageBits)),
    sequence(extendedKeyUsage, octets(sequence(serverAuth, ...(alsoClient ? [clientAuth] : [])))),
    sequence(basicConstraints, yes, octets(sequence(yes))),
    ...(names.length === 0 ? [] : [sequence(subjectAltName, octets(sequence(...names)))]),
  );
}

/** A certificate for these hosts that vouches for itself, and its key, both PEM. */
export function selfSignedCertificate(
  { hosts, alsoClient }: Pick<AutoTls, 'hosts' | 'alsoClient'>,
  fromMs: number,
  untilMs: number,
): { readonly cert: string; readonly key: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-521' });
  const subject = sequence(
    der(Tag.set, sequence(organizationName, der(Tag.utf8String, Buffer.from('etcd')))),
  );
  const serial = randomBytes(SERIAL_BYTES);
  // Positive, and no leading zero byte.
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const body = sequence(
    der(Tag.explicit0, der(Tag.integer, Buffer.from([2]))),
    der(Tag.integer, serial),
    ecdsaWithSha512,
    subject,
    sequence(time(fromMs), time(untilMs)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(Tag.explicit3, extensions(hosts, alsoClient)),
  );
  const signature = Buffer.concat([Buffer.from([0]), sign('sha512', body, privateKey)]);
  const whole = sequence(body, ecdsaWithSha512, der(Tag.bitString, signature));
  const lines = Buffer.from(whole)
    .toString('base64')
    .replaceAll(/(.{64})(?=.)/g, '$1\n');
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'sec1', format: 'pem' }),
  };
}

/** The paths of the certificate and its key; they are made if one of them is missing. Throws a {@link TlsError}. */
export function autoCertificate(
  auto: AutoTls,
  logger: Logger,
): { readonly certFile: string; readonly keyFile: string } {
  const { directory, validityYears } = auto;
  const certFile = resolve(join(directory, 'cert.pem'));
  const keyFile = resolve(join(directory, 'key.pem'));
  if (existsSync(certFile) && existsSync(keyFile)) return { certFile, keyFile };
  const nowMs = systemClock.wallMs();
  const untilMs = nowMs + validityYears * YEAR_MS;
  logger.log('warn', 'automatically generate certificates', {
    'certificate-validity-bound-not-after': new Date(untilMs).toISOString(),
    note: 'such a certificate encrypts, but proves to nobody who answers',
  });
  const { cert, key } = selfSignedCertificate(auto, nowMs, untilMs);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    // The key first: with a certificate but no key the next start would have to make both again.
    writeFileSync(keyFile, key, { mode: 0o600 });
    writeFileSync(certFile, cert, { mode: 0o644 });
  } catch (error) {
    const text = systemText('open', directory, error);
    const hint = 'the certificate of --auto-tls and --peer-auto-tls is kept in the data directory';
    throw new TlsError('unwritable', text, hint, { cause: error });
  }
  logger.log('info', 'created cert file', { path: certFile });
  logger.log('info', 'created key file', { path: keyFile });
  return { certFile, keyFile };
}
