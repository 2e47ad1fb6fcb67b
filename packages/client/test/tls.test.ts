/** TLS of both transports: who is trusted, and what is said when nobody is (reliability §4.4, B-170). Needs openssl. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServerCredentials } from '@grpc/grpc-js';
import { PutRequest, PutResponse, kvService } from '@kv/proto/kv';
import { afterAll, describe, expect, test } from 'vitest';
import { RawClient } from '../src/raw.js';
import { grpcJsTransport } from '../src/transport/grpc-js.js';
import type { TlsOptions } from '../src/transport/port.js';
import { wireTransport } from '../src/transport/wire/transport.js';
import { fakeServer } from './fake-server.js';

const dir = mkdtempSync(join(tmpdir(), 'kv-client-tls-'));
afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

/** A certificate for 127.0.0.1 that signs itself. */
function makeCertificate(): { readonly key: Buffer; readonly cert: Buffer } | undefined {
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
  try {
    const subject = ['-subj', '/CN=test', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:db.example'];
    const kind = [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
    ];
    execFileSync('openssl', ['req', '-x509', ...kind, '-keyout', key, '-out', cert, ...subject], {
      stdio: 'ignore',
    });
    return { key: readFileSync(key), cert: readFileSync(cert) };
  } catch {
    console.warn('TLS tests skipped: no openssl');
    return undefined;
  }
}

const pair = makeCertificate();
const request = PutRequest.create({ key: Uint8Array.of(1), value: Uint8Array.of(2) });

/** Long enough for an attempt that is refused, short enough to wait for. */
const refusedMs = 1_500;

async function putOver(
  transport: typeof wireTransport,
  tls: TlsOptions,
  timeoutMs = 20_000,
): Promise<void> {
  if (pair === undefined) return;
  const credentials = ServerCredentials.createSsl(
    pair.cert,
    [{ private_key: pair.key, cert_chain: pair.cert }],
    false,
  );
  const answer = kvService.put.response.encode(PutResponse.create({}));
  await using server = await fakeServer({ [kvService.put.path]: () => answer }, {}, credentials);
  await using client = await RawClient.open({
    endpoints: [`https://${server.endpoint}`],
    transport,
    tls,
    timeoutMs,
  });
  await client.call(kvService.put, request);
}

describe.skipIf(pair === undefined).each([
  ['grpc-js', grpcJsTransport],
  ['wire', wireTransport],
])('%s over TLS', (name, transport) => {
  const ca = pair?.cert ?? new Uint8Array();

  test('a server that the given authority vouches for', async () => {
    await putOver(transport, { ca });
  });
  test('another name of its certificate', async () => {
    await putOver(transport, { ca, serverName: 'db.example' });
  });
  test.concurrent('an unknown authority is refused, and the text says so', async () => {
    const text = name === 'wire' ? /self-signed certificate/ : /no connection to/;
    await expect(putOver(transport, {}, refusedMs)).rejects.toMatchObject({
      code: 'deadline',
      outcome: 'definite',
      message: text,
    });
  });
  test.concurrent('a wrong name is refused', async () => {
    await expect(
      putOver(transport, { ca, serverName: 'evil.example' }, refusedMs),
    ).rejects.toMatchObject({
      outcome: 'definite',
    });
  });
  test('checks can be turned off', async () => {
    await putOver(transport, { insecureSkipVerify: true });
  });
});
