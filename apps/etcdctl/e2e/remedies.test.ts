/**
 * What kvctl says to do when a call fails: a line of its own, after the one that programs look for. As processes, against what really
 * fails in that way; users need the real etcd.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer, type Server as TcpServer, type Socket } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { Server } from '../conformance/server.js';
import { certificate, keyOfCertificate } from '../conformance/tls-files.js';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const etcd = join(process.env['REF'] ?? join(homedir(), 'ref'), 'etcd');
const isMissing = !existsSync(etcd);
if (isMissing) console.warn(`users skipped: no ${etcd}`);

/** The lines on stderr of a command that fails, without log lines. */
function complaint(...words: readonly string[]): Promise<readonly string[]> {
  const args = [main, ...words, '--command-timeout=2s'];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { timeout: 20_000 }, (error, _stdout, stderr) => {
      if (error === null) reject(new Error(`${words.join(' ')} did not fail`));
      resolve(stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{')));
    });
  });
}

async function listening(server: TcpServer): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  return `127.0.0.1:${address.port}`;
}

/** Runs with a server that is there for this test alone. */
async function against(
  server: TcpServer,
  check: (address: string) => Promise<void>,
): Promise<void> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket.on('error', () => undefined));
  });
  try {
    await check(await listening(server));
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

const tlsServer = (more: object = {}): TcpServer =>
  createTlsServer({ cert: certificate, key: keyOfCertificate, ALPNProtocols: ['h2'], ...more });

const timedOut = 'Error: context deadline exceeded';

describe('B-170: no connection', { timeout: 60_000 }, () => {
  test('nobody listens', async () => {
    expect(await complaint('--endpoints=127.0.0.1:1', 'get', 'a')).toEqual([
      timedOut,
      expect.stringMatching(/^Hint: 127\.0\.0\.1:1: .*ECONNREFUSED.* check --endpoints/),
    ]);
  });

  test('a certificate of an unknown authority', async () => {
    await against(tlsServer(), async (address) => {
      expect(await complaint(`--endpoints=https://${address}`, 'get', 'a')).toEqual([
        timedOut,
        expect.stringMatching(/^Hint: .*--cacert\.$/),
      ]);
    });
  });

  test('plaintext to a port that speaks TLS', async () => {
    await against(tlsServer(), async (address) => {
      expect(await complaint(`--endpoints=${address}`, 'get', 'a')).toEqual([
        timedOut,
        expect.stringMatching(/^Hint: .*speaks TLS: write https:\/\/ in --endpoints/),
      ]);
    });
  });

  test('TLS to a port that does not speak it', async () => {
    const settingsFrame = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
    const plain = createServer((socket) => {
      socket.once('data', (bytes) => {
        if (bytes.toString('latin1').startsWith('PRI ')) socket.write(settingsFrame);
        else socket.destroy();
      });
    });
    await against(plain, async (address) => {
      expect(await complaint(`--endpoints=https://${address}`, 'get', 'a')).toEqual([
        timedOut,
        expect.stringMatching(/^Hint: .*does not speak TLS: write http:\/\/ in --endpoints/),
      ]);
    });
  });
});

describe.skipIf(isMissing)('with users', { timeout: 60_000 }, () => {
  test('no user, a wrong password, an expired token, a key that the user may not read', async () => {
    await using server = await Server.start(etcd, { client: 21_298, peer: 21_299 });
    const endpoints = `--endpoints=${server.endpoint}`;
    const set = (...words: string[]): Promise<void> =>
      new Promise((resolve, reject) => {
        execFile(process.execPath, [main, endpoints, ...words], (error) => {
          if (error === null) resolve();
          else reject(new Error(words.join(' '), { cause: error }));
        });
      });
    await set('user', 'add', 'root:pw');
    await set('user', 'grant-role', 'root', 'root');
    await set('user', 'add', 'guest:pw');
    await set('auth', 'enable');

    const get = [endpoints, 'get', 'a'] as const;
    expect(await complaint(...get)).toEqual([
      'Error: etcdserver: user name is empty',
      expect.stringMatching(/^Hint: .*--user name:password/),
    ]);
    expect(await complaint(...get, '--user=root:wrong')).toEqual([
      'Error: etcdserver: authentication failed, invalid user ID or password',
      expect.stringMatching(/^Hint: .*--user/),
    ]);
    expect(await complaint(...get, '--auth-jwt-token=gone.1')).toEqual([
      'Error: etcdserver: invalid auth token',
      expect.stringMatching(/^Hint: The token has expired/),
    ]);
    expect(await complaint(...get, '--user=guest:pw')).toEqual([
      'Error: etcdserver: permission denied',
      expect.stringMatching(/^Hint: .*role grant-permission/),
    ]);
  });
});
