/**
 * Goal: who is trusted over TLS, and what is said when nobody is (reliability §4.4, B-170): each reason has a code of its own and a remedy, on both
 * transports. Method: servers in this process with certificates that are wrong in one way each. Needs openssl.
 */
import { ServerCredentials } from '@grpc/grpc-js';
import { PutRequest, PutResponse, kvService } from '@kv/proto/kv';
import { describe, expect, test } from 'vitest';
import { Client } from '../src/client.js';
import { KvError } from '../src/errors.js';
import type { ClientOptions } from '../src/options.js';
import { RawClient } from '../src/raw.js';
import { grpcJsTransport } from '../src/transport/grpc-js.js';
import { wireTransport } from '../src/transport/wire/transport.js';
import { makeCertificates, type Pair } from './certificates.js';
import { fakeServer, socketServer, type FakeServer } from './fake-server.js';

const certificates = makeCertificates();
const request = PutRequest.create({ key: Uint8Array.of(1), value: Uint8Array.of(2) });
const answer = kvService.put.response.encode(PutResponse.create({}));

function secureServer({ key, cert }: Pair, clients?: Pair): Promise<FakeServer> {
  const pairs = [{ private_key: key, cert_chain: cert }];
  const credentials = ServerCredentials.createSsl(
    clients?.cert ?? cert,
    pairs,
    clients !== undefined,
  );
  return fakeServer({ [kvService.put.path]: () => answer }, {}, credentials);
}

/** Puts once, within a time that a wrong certificate must not need. */
async function put(options: ClientOptions): Promise<void> {
  await using client = await RawClient.open({ timeoutMs: 20_000, ...options });
  await client.call(kvService.put, request);
}

async function refusal(options: ClientOptions): Promise<KvError> {
  const error: unknown = await put(options).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof KvError)) throw new Error(`expected a KvError, got ${String(error)}`);
  expect(error.outcome).toBe('definite');
  expect(error.remedy).toBeTypeOf('string');
  return error;
}

const transports = [
  ['grpc-js', grpcJsTransport],
  ['wire', wireTransport],
] as const;

if (certificates !== undefined) {
  const { valid, other, expired } = certificates;
  const ca = valid.cert;
  describe.each(transports)('%s over TLS', (_name, transport) => {
    test('a server that the given authority vouches for', async () => {
      await using server = await secureServer(valid);
      await put({ endpoints: [`https://${server.endpoint}`], transport, tls: { ca } });
    });

    test('another name of its certificate', async () => {
      await using server = await secureServer(valid);
      const tls = { ca, serverName: 'db.example' };
      await put({ endpoints: [server.endpoint], transport, tls });
    });

    test('checks can be turned off', async () => {
      await using server = await secureServer(expired);
      await put({ endpoints: [server.endpoint], transport, tls: { insecureSkipVerify: true } });
    });

    test.each([
      ['an unknown authority', 'certificateUntrusted', valid, { ca: other.cert }],
      ['an expired certificate', 'certificateExpired', expired, { ca: expired.cert }],
      [
        'a certificate for another name',
        'certificateNameMismatch',
        valid,
        { ca, serverName: 'evil.example' },
      ],
    ] as const)('%s: %s, at once', async (_what, code, pair, tls) => {
      await using server = await secureServer(pair);
      const error = await refusal({ endpoints: [server.endpoint], transport, tls });
      expect(error).toMatchObject({ code });
      expect(error.message).toContain(server.endpoint);
    });

    test('what waits for the store waits for no certificate: watches, lists, caches, services', async () => {
      await using server = await secureServer(valid);
      const tls = { ca: other.cert };
      await using client = await Client.open({ endpoints: [server.endpoint], transport, tls });
      const untrusted = { code: 'certificateUntrusted' };
      await expect(client.watch('k').next()).rejects.toMatchObject(untrusted);
      await expect(client.listThenWatch('k').next()).rejects.toMatchObject(untrusted);
      await using cache = client.cache('k');
      await expect(cache.ready).rejects.toMatchObject(untrusted);
      const registering = client.service('s').register({ address: 'h:1' });
      await expect(registering).rejects.toMatchObject(untrusted);
      await expect(client.lock('l')).rejects.toMatchObject(untrusted);
      await expect(client.lease.renew(1n)).rejects.toMatchObject(untrusted);
      await expect(client.lease.keepAlive(1n).next()).rejects.toMatchObject(untrusted);
    });

    test('TLS against a server that speaks plaintext: tlsNotSupported', async () => {
      await using server = await fakeServer({ [kvService.put.path]: () => answer });
      const error = await refusal({ endpoints: [`https://${server.endpoint}`], transport });
      expect(error.code).toBe('tlsNotSupported');
    });

    test('plaintext against a server that speaks TLS: tlsRequired', async () => {
      await using server = await secureServer(valid);
      const error = await refusal({ endpoints: [server.endpoint], transport });
      expect(error.code).toBe('tlsRequired');
    });

    test('a server that wants a certificate of ours: with it, and without', async () => {
      await using server = await secureServer(valid, other);
      const { key, cert } = other;
      await put({ endpoints: [server.endpoint], transport, tls: { ca, key, cert } });
      const error = await refusal({ endpoints: [server.endpoint], transport, tls: { ca } });
      expect(error.code).toBe('clientCertificateRefused');
    });

    test('with `waitForReady` the call waits for its limit, and says why in its text', async () => {
      await using server = await secureServer(valid);
      const patient = { transport, waitForReady: true, timeoutMs: 1_000 };
      const error = await refusal({ endpoints: [server.endpoint], tls: {}, ...patient });
      expect(error.code).toBe('deadline');
      expect(error.message).toMatch(/self-signed certificate/);
    });

    test('one good endpoint is enough', async () => {
      await using bad = await secureServer(expired);
      await using good = await secureServer(valid);
      await put({ endpoints: [bad.endpoint, good.endpoint], transport, tls: { ca } });
    });
  });
}

describe.each(transports)('%s in plaintext', (_name, transport) => {
  test('nobody listens: connectionRefused, when the time is up', async () => {
    const error = await refusal({ endpoints: ['127.0.0.1:1'], transport, timeoutMs: 1_000 });
    expect(error.code).toBe('connectionRefused');
    expect(error.message).toContain('127.0.0.1:1: connect ECONNREFUSED');
  });

  test('TLS against a server that hangs up on it, as etcd does: tlsNotSupported', async () => {
    const settingsFrame = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
    await using server = await socketServer((socket) => {
      socket.once('data', (bytes: Buffer) => {
        if (bytes.toString('latin1').startsWith('PRI ')) socket.write(settingsFrame);
        else socket.destroy();
      });
    });
    const endpoints = [`https://${server.endpoint}`];
    const error = await refusal({ endpoints, transport, timeoutMs: 5_000 });
    expect(error.code).toBe('tlsNotSupported');
  });

  test('a host without an address: hostNotFound', async () => {
    const endpoints = ['no-such-host.invalid:2379'];
    const error = await refusal({ endpoints, transport, timeoutMs: 3_000 });
    expect(error.code).toBe('hostNotFound');
  });

  test('F-9: a server that accepts and says nothing is no other reason: deadline', async () => {
    await using server = await socketServer(() => undefined);
    const error = await refusal({ endpoints: [server.endpoint], transport, timeoutMs: 500 });
    expect(error.code).toBe('deadline');
  });
});
