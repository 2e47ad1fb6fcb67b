/** Goal: a TLS listener lets in whom etcd's would, and nobody else. Method: real handshakes with certificates made on the spot. */
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { connect } from 'node:tls';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Transport } from '@kv/rpc';
import { selfSigned } from '@kv/rpc/testing';
import type { LogFields, Logger } from '../logger.js';
import { Listener, listenerLimits } from './listener.js';
import type { ListenerOptions } from './listener.js';
import { Tag, der } from './tls/der.js';
import type { TlsSettings } from './tls/tls-settings.js';

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const server = selfSigned('server');
const client = selfSigned('alice');

interface Line {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields | undefined;
}

let directory = '';
let lines: Line[] = [];
const opened: { close(): Promise<void> | void }[] = [];
const logger: Logger = {
  enabled: () => true,
  log(level, message, fields) {
    lines.push({ level, message, fields });
  },
};

beforeEach(() => {
  lines = [];
  directory = mkdtempSync(join(tmpdir(), 'kv-tls-'));
  write('cert.pem', server.cert);
  write('key.pem', server.key);
  write('ca.pem', client.cert);
});

afterEach(async () => {
  for (const thing of opened.splice(0).reverse()) await thing.close();
  rmSync(directory, { recursive: true });
});

const path = (name: string): string => join(directory, name);
function write(name: string, content: string | Uint8Array): void {
  writeFileSync(path(name), content);
}

function settings(changes: Partial<TlsSettings> = {}): TlsSettings {
  return {
    certFile: path('cert.pem'),
    keyFile: path('key.pem'),
    trustedCaFile: '',
    clientCertAuth: false,
    crlFile: '',
    allowedCommonNames: [],
    allowedHostnames: [],
    cipherSuites: [],
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ...changes,
  };
}

/** Answers "rpc" on every connection. */
const transport: Transport = {
  accept(socket: Duplex) {
    socket.once('data', () => socket.write('rpc'));
  },
  stop: () => Promise.resolve(),
};

async function open(
  tls: Partial<TlsSettings> = {},
  options: Partial<ListenerOptions> = {},
): Promise<Listener> {
  const listener = await Listener.open({
    ...{ address: { host: '127.0.0.1', port: 0 }, logger, connectionsMax: 100 },
    ...{ tls: settings(tls), ...options },
  });
  opened.push(listener);
  listener.serve({
    transport,
    http: (request, response) => response.end(`http ${String(request.url)}`),
  });
  return listener;
}

function track<T extends Socket>(socket: T): T {
  opened.push({ close: () => void socket.destroy() });
  return socket;
}

/** What comes back for these bytes, or the code of the error, or `closed`. */
function say(
  listener: Listener,
  text: string,
  options: ConnectionOptions = {},
): Promise<{ readonly answer: string; readonly socket: TLSSocket }> {
  const socket = track(
    connect({ port: listener.port, host: '127.0.0.1', ca: server.cert, ...options }),
  );
  return new Promise((resolve) => {
    const done = (answer: string): void => {
      resolve({ answer, socket });
    };
    socket.once('secureConnect', () => socket.write(text));
    socket.once('data', (chunk) => {
      done(chunk.toString('latin1'));
    });
    socket.on('error', (error) => {
      done('code' in error ? String(error.code) : error.message);
    });
    socket.once('close', () => {
      done('closed');
    });
  });
}

const h2 = { ALPNProtocols: ['h2'] };
const get = 'GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
const rejections = (): readonly unknown[] =>
  lines
    .filter(
      (line) => line.level === 'warn' && line.message === 'rejected connection on client endpoint',
    )
    .map((line) => line.fields?.['error']);
const shows = (pair: { readonly cert: string; readonly key: string }): ConnectionOptions => ({
  ...h2,
  cert: pair.cert,
  key: pair.key,
});

async function expectRefused(
  listener: Listener,
  options: ConnectionOptions,
  reason: string,
): Promise<void> {
  const { answer } = await say(listener, preface, options);
  expect(answer).not.toBe('rpc');
  await expect.poll(rejections).toEqual([reason]);
}

function revocationList(...serials: readonly number[]): Uint8Array {
  const time = der(Tag.utcTime, Buffer.from('250101000000Z'));
  const entries = serials.map((serial) =>
    der(Tag.sequence, der(Tag.integer, Buffer.from([serial])), time),
  );
  const algorithm = der(Tag.sequence);
  const body = der(
    Tag.sequence,
    ...[der(Tag.integer, Buffer.from([1])), algorithm, der(Tag.sequence), time, time],
    ...(entries.length === 0 ? [] : [der(Tag.sequence, ...entries)]),
  );
  return der(Tag.sequence, body, algorithm, der(Tag.bitString, Buffer.from([0])));
}

describe('a TLS listener', () => {
  it('gives h2 to the transport and everything else to HTTP/1.1', async () => {
    const listener = await open();
    const grpc = await say(listener, preface, h2);
    expect([grpc.answer, grpc.socket.alpnProtocol]).toEqual(['rpc', 'h2']);
    const http = await say(listener, get, { ALPNProtocols: ['http/1.1'] });
    expect([http.answer.split('\r\n')[0], http.socket.alpnProtocol]).toEqual([
      'HTTP/1.1 200 OK',
      'http/1.1',
    ]);
    expect((await say(listener, get)).answer).toContain('http /x');
  });

  it('speaks HTTP/1.1 with those who offer both, as curl does', async () => {
    const listener = await open();
    const { answer, socket } = await say(listener, get, { ALPNProtocols: ['h2', 'http/1.1'] });
    expect(answer).toContain('http /x');
    expect(socket.alpnProtocol).toBe('http/1.1');
  });

  it('ends handshakes that offer neither', async () => {
    const listener = await open();
    const { answer } = await say(listener, preface, { ALPNProtocols: ['spdy/1'] });
    expect(answer).toBe('ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL');
  });

  it('lets clients connect before it serves, and answers them then', async () => {
    const listener = await Listener.open({
      ...{ address: { host: '127.0.0.1', port: 0 }, logger, connectionsMax: 100 },
      tls: settings(),
    });
    opened.push(listener);
    const early = say(listener, get);
    await new Promise((resolve) => {
      track(connectPlain(listener.port, '127.0.0.1')).once('connect', resolve);
    });
    listener.serve({ http: (_request, response) => response.end('late') });
    expect((await early).answer).toContain('late');
  });

  it.each(['TLSv1', 'TLSv1.1'] as const)('S-17: refuses %s', async (version) => {
    const listener = await open();
    const old: ConnectionOptions = { ...h2, minVersion: version, maxVersion: version };
    const { answer } = await say(listener, preface, { ...old, ciphers: 'DEFAULT:@SECLEVEL=0' });
    expect(answer).toContain('PROTOCOL_VERSION');
  });

  it('S-17: keeps to the versions and ciphers that are configured', async () => {
    const suite = 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256';
    const listener = await open({ cipherSuites: [suite], maxVersion: 'TLSv1.2' });
    const { answer, socket } = await say(listener, preface, h2);
    expect(answer).toBe('rpc');
    expect([socket.getProtocol(), socket.getCipher().name]).toEqual([
      'TLSv1.2',
      'ECDHE-ECDSA-CHACHA20-POLY1305',
    ]);
    const newest = await open({ minVersion: 'TLSv1.3' });
    const refused = await say(newest, preface, { ...h2, maxVersion: 'TLSv1.2' });
    expect(refused.answer).toContain('PROTOCOL_VERSION');
  });

  it.each([
    ['plain HTTP', 'GET / HTTP/1.1\r\n\r\n'],
    ['plain gRPC', preface],
    ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['noise', '\0\x01\x02\x03\x04\x05\x06\x07'],
  ])('B-132: closes a connection of %s at once, with one line', async (_what, text) => {
    const listener = await open();
    const socket = track(connectPlain(listener.port, '127.0.0.1'));
    socket.on('error', () => undefined);
    socket.write(text);
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
    await expect.poll(rejections).toEqual(['tls: first record does not look like a TLS handshake']);
  });

  it('B-132: says so a bounded number of times per second', async () => {
    const listener = await open();
    const knocks = Array.from({ length: 60 }, async () => {
      const socket = track(connectPlain(listener.port, '127.0.0.1'));
      socket.on('error', () => undefined);
      socket.resume().write('SSH-2.0-OpenSSH_9.6\r\n');
      await new Promise((resolve) => socket.once('close', resolve));
    });
    await Promise.all(knocks);
    // The knocks may fall into two seconds.
    expect(rejections().length).toBeGreaterThanOrEqual(listenerLimits.refusalLinesPerSecondMax);
    expect(rejections().length).toBeLessThanOrEqual(2 * listenerLimits.refusalLinesPerSecondMax);
  });

  it('says nothing above debug about those who only knock', async () => {
    const listener = await open();
    const socket = track(connectPlain(listener.port, '127.0.0.1'));
    socket.once('connect', () => socket.end());
    await expect.poll(() => lines.map((line) => line.fields?.['error'])).toEqual(['EOF']);
    expect(rejections()).toEqual([]);
  });

  it('S-31, H-A7: ends handshakes that do not come to an end', async () => {
    const listener = await open({}, { handshakeTimeoutMs: 50 });
    const socket = track(connectPlain(listener.port, '127.0.0.1'));
    socket.on('error', () => undefined);
    socket.write(Buffer.from('1603010100', 'hex'));
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
    await expect.poll(rejections).toEqual(['i/o timeout']);
  });

  it('counts its connections, and is closed when they are', async () => {
    const listener = await open({}, { connectionsMax: 1 });
    const first = await say(listener, preface, h2);
    expect((await say(listener, preface, h2)).answer).not.toBe('rpc');
    first.socket.destroy();
    await expect.poll(async () => (await say(listener, preface, h2)).answer).toBe('rpc');
    await listener.close(10);
  });

  it('close ends idle connections at once', async () => {
    const listener = await open();
    const idle = track(connect({ port: listener.port, host: '127.0.0.1', ca: server.cert }));
    idle.on('error', () => undefined);
    await new Promise((resolve) => idle.once('secureConnect', resolve));
    // The server's end of the handshake comes after the client's.
    await say(listener, get);
    const closed = new Promise((resolve) => idle.once('close', resolve));
    await listener.close(60_000);
    await closed;
  });
});

describe('certificates of clients', () => {
  const demanding: Partial<TlsSettings> = { clientCertAuth: true };
  const withCa = (): Partial<TlsSettings> => ({ ...demanding, trustedCaFile: path('ca.pem') });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('let their owner in, over %s', async (maxVersion) => {
    const listener = await open({ ...withCa(), maxVersion });
    expect((await say(listener, preface, shows(client))).answer).toBe('rpc');
    expect(rejections()).toEqual([]);
  });

  it('are demanded when only authorities are given, as in etcd', async () => {
    const listener = await open({ trustedCaFile: path('ca.pem') });
    await expectRefused(listener, h2, "tls: client didn't provide a certificate");
  });

  it('S-18: do not help when nobody trusted vouches for them', async () => {
    const listener = await open(withCa());
    const reason =
      'tls: failed to verify certificate: x509: certificate signed by unknown authority';
    await expectRefused(listener, shows(selfSigned('mallory')), reason);
  });

  it('are compared with the common names that are allowed', async () => {
    const listener = await open({ ...withCa(), allowedCommonNames: ['bob', 'alice'] });
    expect((await say(listener, preface, shows(client))).answer).toBe('rpc');
    const other = await open({ ...withCa(), allowedCommonNames: ['bob'] });
    await expectRefused(other, shows(client), 'client certificate authentication failed');
  });

  it.each([
    ['127.0.0.1', true],
    ['localhost', true],
    // A common name is no host name.
    ['alice', false],
    ['127.0.0.2', false],
  ])('are compared with the host name %s', async (name, allowed) => {
    const listener = await open({ ...withCa(), allowedHostnames: [name] });
    if (allowed) expect((await say(listener, preface, shows(client))).answer).toBe('rpc');
    else await expectRefused(listener, shows(client), 'client certificate authentication failed');
  });

  it('S-19: are refused once they are on the list of revoked ones, which is read again', async () => {
    write('crl', revocationList(7));
    const listener = await open({ ...withCa(), crlFile: path('crl') });
    expect((await say(listener, preface, shows(client))).answer).toBe('rpc');
    expect(Number(`0x${new X509Certificate(client.cert).serialNumber}`)).toBe(1);
    write('crl', revocationList(7, 1));
    await expectRefused(listener, shows(client), 'transport: certificate serial 01 revoked');
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'H-A6: can not be avoided by resuming a session of %s',
    async (maxVersion) => {
      const listener = await open({ ...withCa(), maxVersion });
      const sessions: Buffer[] = [];
      const first = await say(listener, preface, shows(client));
      const session = first.socket.getSession();
      if (session !== undefined) sessions.push(session);
      for (const each of sessions) {
        const { socket } = await say(listener, preface, { ...shows(client), session: each });
        expect(socket.isSessionReused()).toBe(false);
      }
      expect(sessions).toHaveLength(1);
    },
  );
});

describe('S-20: files that change', () => {
  it('are used by the next handshake', async () => {
    const listener = await open();
    await say(listener, preface, h2);
    const renewed = selfSigned('renewed');
    write('key.pem', renewed.key);
    write('cert.pem', renewed.cert);
    const { answer, socket } = await say(listener, preface, { ...h2, ca: renewed.cert });
    expect(answer).toBe('rpc');
    expect(socket.getPeerCertificate().subject.CN).toBe('renewed');
  });

  it('leave the ones before in use while they are broken, with one line', async () => {
    const listener = await open();
    write('cert.pem', 'garbage');
    expect((await say(listener, preface, h2)).answer).toBe('rpc');
    expect((await say(listener, preface, h2)).answer).toBe('rpc');
    rmSync(path('cert.pem'));
    expect((await say(listener, preface, h2)).answer).toBe('rpc');
    expect(lines.map((line) => line.fields?.['error'])).toEqual([
      'tls: failed to find any PEM data in certificate input',
      `open ${path('cert.pem')}: no such file or directory`,
    ]);
    const renewed = selfSigned('renewed');
    write('key.pem', renewed.key);
    write('cert.pem', renewed.cert);
    expect((await say(listener, preface, { ...h2, ca: renewed.cert })).answer).toBe('rpc');
  });
});
