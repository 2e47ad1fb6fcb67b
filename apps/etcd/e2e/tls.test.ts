/**
 * Goal: clients reach the daemon over TLS beside plain addresses, and bad files end the start with etcd's line. Method: grpc-js,
 * curl's way of asking, and etcd's own etcdctl where it is at hand (below `REF`), with the certificate of --auto-tls.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { TestClient } from './client.js';
import { DaemonProcess, memberArgs, temporaryDirectory } from './daemon-process.js';

const etcdctl = join(process.env['REF'] ?? join(homedir(), 'ref'), 'etcdctl');
const execute = promisify(execFile);
const opened: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

function directory(): string {
  const made = temporaryDirectory();
  opened.push(() => {
    made.remove();
  });
  return made.path;
}

function start(...args: readonly string[]): DaemonProcess {
  const daemon = new DaemonProcess({ args });
  opened.push(() => daemon.end());
  return daemon;
}

interface Served {
  readonly daemon: DaemonProcess;
  readonly secure: string;
  readonly plain: string;
  readonly certFile: string;
}

/** A member with a certificate of its own, https and http side by side. */
async function serve(dataDir: string, ...more: readonly string[]): Promise<Served> {
  const daemon = start(
    ...memberArgs(dataDir, '--auto-tls'),
    '--listen-client-urls=https://127.0.0.1:0,https://localhost:0,http://127.0.0.1:0',
    ...more,
  );
  const secureLine = await daemon.line('serving client traffic securely');
  const plainLine = await daemon.line(
    'serving client traffic insecurely; this is strongly discouraged!',
  );
  return {
    daemon,
    secure: String(secureLine['address']),
    plain: String(plainLine['address']),
    certFile: join(dataDir, 'fixtures', 'client', 'cert.pem'),
  };
}

function client(address: string, certFile?: string): TestClient {
  const made = new TestClient(address, certFile === undefined ? undefined : readFileSync(certFile));
  opened.push(() => {
    made.close();
  });
  return made;
}

function get(url: string, ca: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    request(url, { ca, agent: false }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      response.on('end', () => {
        resolve(body);
      });
    })
      .on('error', reject)
      .end();
  });
}

describe('TLS for clients', () => {
  it('is served beside plain addresses, to gRPC and to HTTP, with a certificate that stays', async () => {
    const dataDir = directory();
    const first = await serve(dataDir);
    const [secure, plain] = [client(first.secure, first.certFile), client(first.plain)];
    await secure.put('a', 'b');
    expect(await plain.get('a')).toBe('b');
    const certificate = readFileSync(first.certFile);
    const health = await get(`https://${first.secure}/health`, certificate);
    expect(health).toBe('{"health":"true","reason":""}');
    await first.daemon.end();
    const second = await serve(dataDir);
    expect(readFileSync(second.certFile)).toEqual(certificate);
    expect(await client(second.secure, second.certFile).get('a')).toBe('b');
  });

  it.skipIf(!existsSync(etcdctl))('works with etcdctl', async () => {
    const { secure, certFile } = await serve(directory());
    const ctl = async (...words: readonly string[]): Promise<string> => {
      const common = [`--endpoints=https://${secure}`, `--cacert=${certFile}`];
      return (await execute(etcdctl, [...common, ...words], { env: {} })).stdout;
    };
    expect(await ctl('put', 'a', 'b')).toBe('OK\n');
    expect(await ctl('get', 'a')).toBe('a\nb\n');
  });

  it('needs no whitelist of hosts: the certificate says who answers', async () => {
    const { secure, plain, certFile } = await serve(directory(), '--host-whitelist=a.example');
    expect((await fetch(`http://${plain}/version`)).status).toBe(421);
    const version = await get(`https://${secure}/version`, readFileSync(certFile));
    expect(version).toContain('etcdserver');
  });

  it('B-160, observed.md 30: bad files end the start with the line "listener failed"', async () => {
    const dataDir = directory();
    const garbage = join(dataDir, 'garbage');
    writeFileSync(garbage, 'hello\n');
    const daemon = start(
      ...memberArgs(join(dataDir, 'd'), `--cert-file=${garbage}`, `--key-file=${garbage}`),
      '--listen-client-urls=https://127.0.0.1:0',
    );
    const line = await daemon.line('listener failed');
    expect(line['error']).toBe('tls: failed to find any PEM data in certificate input');
    expect(line['hint']).toContain(garbage);
    expect(await daemon.exit).toEqual({ code: 1, signal: null });
  });
});
