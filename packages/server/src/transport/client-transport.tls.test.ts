/** Goal: handlers learn the common name of a verified certificate, and of no other, over both transports. Method: grpc-js as the client. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Service } from '@kv/rpc';
import { selfSigned } from '@kv/rpc/testing';
import { silentLogger } from '../logger.js';
import { clientTransport } from './client-transport.js';
import { Listener } from './listener.js';

const server = selfSigned('server');
const alice = selfSigned('alice');
const pem = (text: string): Buffer => Buffer.from(text);
const same = (bytes: Buffer): Buffer => bytes;

/** Answers with the name of the caller. */
const whoAmI: Service = {
  name: 'test.Who',
  methods: {
    AmI: {
      type: 'unary',
      handler: (call) => {
        call.reply(Buffer.from(call.peer.commonName ?? 'nobody'));
      },
    },
  },
};

let directory = '';
const opened: (() => Promise<void> | void)[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kv-tls-name-'));
});

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
  rmSync(directory, { recursive: true });
});

function write(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

async function open(kind: 'http2' | 'grpc-js', trustedCaFile: string): Promise<Listener> {
  const listener = await Listener.open({
    address: { host: '127.0.0.1', port: 0 },
    logger: silentLogger,
    connectionsMax: 10,
    tls: {
      certFile: write('cert.pem', server.cert),
      keyFile: write('key.pem', server.key),
      ...{ trustedCaFile, clientCertAuth: trustedCaFile !== '', crlFile: '' },
      ...{ allowedCommonNames: [], allowedHostnames: [], cipherSuites: [] },
      ...{ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' },
    },
  });
  const transport = clientTransport({
    ...{ kind, services: [whoAmI], maxRequestBytes: 1024, logger: silentLogger },
    daemon: {
      maxConcurrentStreams: 10,
      grpcKeepaliveIntervalMs: 0,
      grpcKeepaliveTimeoutMs: 0,
      grpcKeepaliveMinTimeMs: 0,
    },
    observe: () => ({
      ...{ started: () => undefined, received: () => undefined },
      ...{ sent: () => undefined, handled: () => undefined },
    }),
  });
  opened.push(async () => {
    await Promise.all([listener.close(0), transport.stop(0)]);
  });
  listener.serve({ transport });
  return listener;
}

function ask(listener: Listener): Promise<string> {
  const secure = credentials.createSsl(pem(server.cert), pem(alice.key), pem(alice.cert));
  const client = new Client(listener.address, secure, {
    'grpc.use_local_subchannel_pool': 1,
    // Node 26 refuses the address that grpc-js would send as the server's name.
    'grpc.ssl_target_name_override': 'localhost',
  });
  opened.push(() => {
    client.close();
  });
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest('/test.Who/AmI', same, same, Buffer.alloc(0), (error, answer) => {
      if (error === null && answer !== undefined) resolve(answer.toString());
      else reject(error ?? new Error('no answer'));
    });
  });
}

describe.each(['http2', 'grpc-js'] as const)('S-10: over %s the common name', (kind) => {
  it('of a verified certificate reaches the handler', async () => {
    expect(await ask(await open(kind, write('ca.pem', alice.cert)))).toBe('alice');
  });

  it('of a certificate that nobody asked for does not', async () => {
    expect(await ask(await open(kind, ''))).toBe('nobody');
  });
});
