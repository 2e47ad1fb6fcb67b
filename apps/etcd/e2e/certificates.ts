/** An authority and a certificate for 127.0.0.1 and localhost that it vouches for (RFC 5280 §4.1): what strict clients ask for, where a certificate that vouches for itself is refused. */
import { generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface CertificateFiles {
  readonly authorityFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content]);
  if (length < 0x100) return Buffer.concat([Buffer.of(tag, 0x81, length), content]);
  return Buffer.concat([Buffer.of(tag, 0x82, length >> 8, length & 0xff), content]);
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts);
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const octets = (value: Uint8Array): Buffer => der(0x04, value);
const yes = der(0x01, Buffer.of(0xff));

const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'));
const commonName = (text: string): Buffer =>
  sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from(text)))));
const validity = sequence(
  der(0x17, Buffer.from('200101000000Z')),
  der(0x17, Buffer.from('491231235959Z')),
);

/** basicConstraints CA, keyUsage keyCertSign: both critical. */
const ofAuthority = sequence(
  sequence(oid('551d13'), yes, octets(sequence(yes))),
  sequence(oid('551d0f'), yes, octets(der(0x03, Buffer.of(2, 0b0000_0100)))),
);
/** subjectAltName, extendedKeyUsage serverAuth. */
const ofServer = sequence(
  sequence(
    oid('551d11'),
    octets(sequence(der(0x82, Buffer.from('localhost')), der(0x87, Buffer.of(127, 0, 0, 1)))),
  ),
  sequence(oid('551d25'), octets(sequence(oid('2b06010505070301')))),
);

interface Subject {
  readonly name: string;
  readonly serial: number;
  readonly publicKey: KeyObject;
  readonly extensions: Buffer;
}

function certificate(subject: Subject, issuerName: string, issuerKey: KeyObject): string {
  const body = sequence(
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.of(subject.serial)),
    ecdsaWithSha256,
    commonName(issuerName),
    validity,
    commonName(subject.name),
    subject.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, subject.extensions),
  );
  const signature = der(0x03, Buffer.of(0), sign('sha256', body, issuerKey));
  const base64 = sequence(body, ecdsaWithSha256, signature).toString('base64');
  const lines = base64.replaceAll(/(.{64})(?=.)/g, '$1\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

/** Writes all three files, PEM, into the directory. */
export function writeCertificates(directory: string): CertificateFiles {
  const curve = { namedCurve: 'P-256' } as const;
  const authority = generateKeyPairSync('ec', curve);
  const server = generateKeyPairSync('ec', curve);
  const name = 'kv test authority';
  const issue = (subject: Subject): string => certificate(subject, name, authority.privateKey);
  const files = {
    authorityFile: join(directory, 'authority.pem'),
    certFile: join(directory, 'server.pem'),
    keyFile: join(directory, 'server-key.pem'),
  };
  const { publicKey } = authority;
  writeFileSync(
    files.authorityFile,
    issue({ name, serial: 1, publicKey, extensions: ofAuthority }),
  );
  writeFileSync(
    files.certFile,
    issue({ name: 'localhost', serial: 2, publicKey: server.publicKey, extensions: ofServer }),
  );
  writeFileSync(files.keyFile, server.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  return files;
}
