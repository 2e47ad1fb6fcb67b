/** Certificates for tests, made by openssl; undefined where there is none. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Pair {
  readonly key: Buffer;
  readonly cert: Buffer;
}

export interface Certificates {
  /** For 127.0.0.1 and db.example, signed by itself. */
  readonly valid: Pair;
  /** Another one of the same kind, in which nobody trusts. */
  readonly other: Pair;
  /** As `valid`, but its time is over. */
  readonly expired: Pair;
}

const configuration = `[ca]
default_ca=d
[d]
database=index.txt
serial=serial
new_certs_dir=.
default_md=sha256
policy=p
x509_extensions=e
[p]
commonName=supplied
[e]
subjectAltName=IP:127.0.0.1,DNS:db.example
basicConstraints=CA:true
`;

export function makeCertificates(): Certificates | undefined {
  const dir = mkdtempSync(join(tmpdir(), 'kv-client-tls-'));
  try {
    return {
      valid: makePair(dir, 'valid', ['-days', '2']),
      other: makePair(dir, 'other', ['-days', '2']),
      expired: makePair(dir, 'expired', [
        '-startdate',
        '20200101000000Z',
        '-enddate',
        '20200102000000Z',
      ]),
    };
  } catch {
    console.warn('TLS tests skipped: no openssl');
    return undefined;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Through `openssl ca`, since of the commands of OpenSSL 3.0 only it signs for a time in the past. */
function makePair(dir: string, name: string, validity: readonly string[]): Pair {
  const openssl = (...words: readonly string[]): void => {
    execFileSync('openssl', words, { cwd: dir, stdio: 'ignore' });
  };
  for (const [file, content] of [
    ['ca.cnf', configuration],
    ['index.txt', ''],
    ['serial', '01'],
  ] as const)
    writeFileSync(join(dir, file), content);
  const [key, request, cert] = [`${name}.key`, `${name}.csr`, `${name}.crt`];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-new', ...curve, '-keyout', key, '-out', request, '-subj', `/CN=${name}`);
  const sign = ['-batch', '-notext', '-config', 'ca.cnf', '-selfsign', '-keyfile', key];
  openssl('ca', ...sign, '-in', request, '-out', cert, ...validity);
  return { key: readFileSync(join(dir, key)), cert: readFileSync(join(dir, cert)) };
}
