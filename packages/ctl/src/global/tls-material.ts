/** Certificates and keys of the command line, read and checked before anything is dialled, with Go's texts (crypto/tls X509KeyPair). */
import type * as Crypto from 'node:crypto';
import type { TlsOptions } from '@kv/client/raw';
import { toText, type ByteString } from '../bytes.js';
import { badArgs } from '../exit.js';
import { readPem, type TlsConfig } from './config.js';

/** What the client needs of the files. Throws `ExitError` for files that cannot be read or do not belong together. */
export async function readTls(tls: TlsConfig): Promise<TlsOptions> {
  const pair = tls.cert === '' ? undefined : await readPair(tls);
  const ca = tls.cacert === '' ? undefined : await readAuthorities(tls);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...pair,
    ...(tls.serverName === '' ? {} : { serverName: toText(tls.serverName) }),
    insecureSkipVerify: tls.insecureSkipVerify,
  };
}

interface KeyPair {
  readonly cert: Uint8Array;
  readonly key: Uint8Array;
}

async function readPair(tls: TlsConfig): Promise<KeyPair> {
  const pair = { cert: await readPem(tls.cert), key: await readPem(tls.key) };
  checkPair(await import('node:crypto'), pair);
  return pair;
}

/** Every block must be a certificate; a file without any is no mistake yet (etcd client/pkg/tlsutil NewCertPool). */
async function readAuthorities(tls: TlsConfig): Promise<Uint8Array> {
  const pem = await readPem(tls.cacert);
  const crypto = await import('node:crypto');
  for (const block of blocksOf(pem)) parseCertificate(crypto, block);
  return pem;
}

function checkPair(crypto: typeof Crypto, pair: KeyPair): void {
  const cert = parseCertificate(crypto, certificateBlock(blocksOf(pair.cert)));
  const key = parseKey(crypto, keyBlock(blocksOf(pair.key)));
  if (cert.checkPrivateKey(key)) return;
  throw badArgs(
    cert.publicKey.asymmetricKeyType === key.asymmetricKeyType
      ? 'tls: private key does not match public key'
      : 'tls: private key type does not match public key type',
  );
}

interface PemBlock {
  readonly type: string;
  readonly text: string;
}

function blocksOf(pem: Uint8Array): readonly PemBlock[] {
  const text = Buffer.from(pem).toString('latin1');
  const pattern = /-----BEGIN ([A-Z0-9 ]+)-----\r?\n[^-]*-----END \1-----/g;
  return Array.from(text.matchAll(pattern), ([block, type = '']) => ({ type, text: block }));
}

const isKey = ({ type }: PemBlock): boolean =>
  type === 'PRIVATE KEY' || type.endsWith(' PRIVATE KEY');
const isCertificate = ({ type }: PemBlock): boolean => type === 'CERTIFICATE';

function certificateBlock(blocks: readonly PemBlock[]): PemBlock {
  const found = blocks.find(isCertificate);
  if (found !== undefined) return found;
  const [first] = blocks;
  if (first === undefined) {
    throw badArgs('tls: failed to find any PEM data in certificate input');
  }
  throw badArgs(
    blocks.length === 1 && isKey(first)
      ? 'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched'
      : `tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: ${typesOf(blocks)}`,
  );
}

function keyBlock(blocks: readonly PemBlock[]): PemBlock {
  const found = blocks.find(isKey);
  if (found !== undefined) return found;
  const [first] = blocks;
  if (first === undefined) throw badArgs('tls: failed to find any PEM data in key input');
  throw badArgs(
    blocks.length === 1 && isCertificate(first)
      ? 'tls: found a certificate rather than a key in the PEM for the private key'
      : `tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: ${typesOf(blocks)}`,
  );
}

/** As Go prints a list of texts. */
function typesOf(blocks: readonly PemBlock[]): ByteString {
  return `[${blocks.map(({ type }) => type).join(' ')}]`;
}

function parseCertificate(crypto: typeof Crypto, { text }: PemBlock): Crypto.X509Certificate {
  try {
    return new crypto.X509Certificate(text);
  } catch (cause) {
    throw badArgs('x509: malformed certificate', { cause });
  }
}

function parseKey(crypto: typeof Crypto, { text }: PemBlock): Crypto.KeyObject {
  try {
    return crypto.createPrivateKey(text);
  } catch (cause) {
    throw badArgs('tls: failed to parse private key', { cause });
  }
}
