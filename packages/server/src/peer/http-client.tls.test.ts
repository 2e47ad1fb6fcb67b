/** Goal: members verify each other over TLS. Method: our client against our listener, with certificates made on the spot. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { selfSigned } from '@kv/rpc/testing';
import { silentLogger } from '../logger.js';
import type { Logger } from '../logger.js';
import { selfSignedCertificate } from '../transport/tls/auto-tls.js';
import { ConnectingTls } from '../transport/tls/connecting-tls.js';
import type { TlsSettings } from '../transport/tls/tls-settings.js';
import { Listener } from '../transport/listener.js';
import { HttpClient } from './http-client.js';

const member = selfSigned('member');
const stranger = selfSigned('stranger');
const opened: (() => Promise<void> | void)[] = [];
let directory = '';
let refusals: unknown[] = [];
const logger: Logger = {
  enabled: () => true,
  log(_level, message, fields) {
    if (message === 'rejected connection on peer endpoint') refusals.push(fields?.['error']);
  },
};

beforeEach(() => {
  refusals = [];
  directory = mkdtempSync(join(tmpdir(), 'kv-peer-tls-'));
  for (const [name, pair] of Object.entries({ member, stranger })) {
    writeFileSync(join(directory, `${name}.pem`), pair.cert);
    writeFileSync(join(directory, `${name}.key`), pair.key);
  }
});

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
  rmSync(directory, { recursive: true });
});

function settings(name: string, changes: Partial<TlsSettings> = {}): TlsSettings {
  return {
    certFile: join(directory, `${name}.pem`),
    keyFile: join(directory, `${name}.key`),
    trustedCaFile: join(directory, 'member.pem'),
    ...{ clientCertAuth: true, crlFile: '', allowedCommonNames: [], allowedHostnames: [] },
    ...{ verifyRemoteAddress: true, cipherSuites: [] },
    ...{ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' },
    ...changes,
  };
}

async function serve(tls: TlsSettings): Promise<string> {
  const address = { host: '127.0.0.1', port: 0 };
  const listener = await Listener.open({
    ...{ address, logger, connectionsMax: 10, endpoint: 'peer', tls },
  });
  opened.push(() => listener.close());
  listener.serve({ http: (_request, response) => response.end('hello') });
  return `https://${listener.address}/x`;
}

async function ask(url: string, tls?: TlsSettings, verify = true): Promise<string> {
  const client = new HttpClient(
    tls && new ConnectingTls({ settings: tls, verify, logger: silentLogger }),
  );
  opened.push(() => {
    client.close();
  });
  const body = new Uint8Array();
  const answer = await client.ask({ method: 'GET', url, headers: {}, body, timeoutMs: 5000 });
  return answer.body.toString();
}

describe('members over TLS', () => {
  it('talk when both are vouched for', async () => {
    expect(await ask(await serve(settings('member')), settings('member'))).toBe('hello');
  });

  it('S-22: do not let in who shows no certificate, or one of a stranger', async () => {
    const url = await serve(settings('member'));
    await expect(ask(url, settings('stranger'))).rejects.toMatchObject({ code: 'unreachable' });
    await expect(ask(url)).rejects.toMatchObject({ code: 'unreachable' });
    expect(refusals[0]).toBe(
      'tls: failed to verify certificate: x509: certificate signed by unknown authority',
    );
  });

  it('S-18: do not talk to a stranger, unless certificates are made by the members themselves', async () => {
    const url = await serve(settings('stranger', { trustedCaFile: '', clientCertAuth: false }));
    await expect(ask(url, settings('member'))).rejects.toThrow('self-signed certificate');
    expect(await ask(url, settings('member'), false)).toBe('hello');
  });

  it('found by SRV records: the certificate must be for their domain, whatever host they name', async () => {
    const nowMs = Date.now();
    const made = selfSignedCertificate(
      { hosts: ['example.com'], alsoClient: true },
      nowMs - 1e6,
      nowMs + 1e6,
    );
    writeFileSync(join(directory, 'domain.pem'), made.cert);
    writeFileSync(join(directory, 'domain.key'), made.key);
    const trustedCaFile = join(directory, 'domain.pem');
    const url = await serve(settings('domain', { clientCertAuth: false, trustedCaFile: '' }));
    const tls = new ConnectingTls({
      ...{ settings: settings('domain', { trustedCaFile }), verify: true, logger: silentLogger },
    });
    const client = new HttpClient(tls);
    opened.push(() => {
      client.close();
    });
    const asked = {
      method: 'GET',
      url,
      headers: {},
      body: new Uint8Array(),
      timeoutMs: 5000,
    } as const;
    await expect(client.ask(asked)).rejects.toThrow("does not match certificate's altnames");
    tls.expectServerName('example.com');
    expect((await client.ask(asked)).body.toString()).toBe('hello');
    tls.expectServerName('other.example.com');
    await expect(client.ask(asked)).rejects.toThrow("does not match certificate's altnames");
  });

  it('compare the common name on both sides', async () => {
    const url = await serve(settings('member'));
    const allowed = settings('member', { allowedCommonNames: ['other', 'member'] });
    expect(await ask(url, allowed)).toBe('hello');
    const other = settings('member', { allowedCommonNames: ['other'] });
    await expect(ask(url, other)).rejects.toThrow('client certificate authentication failed');
    await expect(ask(await serve(other), settings('member'))).rejects.toMatchObject({
      code: 'unreachable',
    });
    await expect.poll(() => refusals).toContain('client certificate authentication failed');
  });

  it('S-18: do not let in a certificate that is for another address, unless told to', async () => {
    const nowMs = Date.now();
    const hosts = ['10.0.0.1'];
    const elsewhere = selfSignedCertificate({ hosts, alsoClient: true }, nowMs - 1e6, nowMs + 1e6);
    writeFileSync(join(directory, 'elsewhere.pem'), elsewhere.cert);
    writeFileSync(join(directory, 'elsewhere.key'), elsewhere.key);
    const trustedCaFile = join(directory, 'elsewhere.pem');
    const strict = await serve(settings('member', { trustedCaFile }));
    await expect(ask(strict, settings('elsewhere'))).rejects.toMatchObject({ code: 'unreachable' });
    expect(refusals).toEqual(['x509: certificate is valid for 10.0.0.1, not 127.0.0.1']);
    const lenient = settings('member', { trustedCaFile, verifyRemoteAddress: false });
    expect(await ask(await serve(lenient), settings('elsewhere'))).toBe('hello');
  });
});
