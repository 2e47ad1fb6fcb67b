/** A daemon that serves: both protocols on one port, separate ports, sockets of the file system, what it logs and measures. */
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestClient } from './client.js';
import { DaemonProcess, memberArgs, temporaryDirectory } from './daemon-process.js';

let directory: ReturnType<typeof temporaryDirectory>;
let closers: (() => Promise<void> | void)[];

beforeEach(() => {
  directory = temporaryDirectory();
  closers = [];
});

afterEach(async () => {
  for (const close of closers.reverse()) await close();
  directory.remove();
});

function start(...more: readonly string[]): DaemonProcess {
  const daemon = new DaemonProcess({ args: memberArgs(join(directory.path, 'data'), ...more) });
  closers.push(() => daemon.end());
  return daemon;
}

function client(address: string): TestClient {
  const made = new TestClient(address);
  closers.push(() => {
    made.close();
  });
  return made;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

function http(
  address: string,
  path: string,
  options: { readonly method?: string; readonly headers?: Record<string, string> } = {},
): Promise<Answer> {
  const target = address.startsWith('/')
    ? { socketPath: address }
    : { host: address.split(':')[0], port: Number(address.split(':')[1]) };
  return new Promise((resolve, reject) => {
    httpRequest({ ...target, path, ...options }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
      });
    })
      .on('error', reject)
      .end();
  });
}

/** What a plain connection receives for these bytes, until it is closed. */
function exchange(address: string, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve) => {
    let received = '';
    const socket = connect(Number(address.split(':')[1]), '127.0.0.1');
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      resolve(received);
    });
    socket.write(bytes);
  });
}

describe('a daemon', () => {
  it.each(['http2', 'grpc-js'])(
    'serves gRPC and HTTP on one port through %s',
    async (transport) => {
      const daemon = new DaemonProcess({
        args: memberArgs(join(directory.path, 'data')),
        env: { KV_TRANSPORT: transport },
      });
      closers.push(() => daemon.end());
      const address = await daemon.ready();
      const kv = client(address);
      expect(await kv.put('a', '1')).toBe(2n);
      expect(await kv.get('a')).toBe('1');
      const health = await http(address, '/health');
      expect(health).toMatchObject({ status: 200, body: '{"health":"true","reason":""}' });
      expect(JSON.parse((await http(address, '/version')).body)).toEqual({
        etcdserver: '3.7.1',
        etcdcluster: '3.7.0',
        storage: '3.7.0',
      });
      expect(await http(address, '/readyz')).toMatchObject({ status: 200, body: 'ok\n' });
    },
  );

  it('keeps what was stored over a restart', async () => {
    const first = start();
    await client(await first.ready()).put('kept', 'yes');
    first.kill('SIGTERM');
    await first.exit;
    const second = start();
    const kv = client(await second.ready());
    expect(await kv.get('kept')).toBe('yes');
    expect(await kv.put('kept', 'still')).toBe(3n);
    expect((await second.line('server has already been initialized'))['dir-type']).toBe('member');
  });

  it('B-146: measures calls and itself, in the order and with the names of etcd', async () => {
    const daemon = start();
    const address = await daemon.ready();
    await client(address).put('a', '1');
    const { body, headers } = await http(address, '/metrics');
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(body).toContain('etcd_server_has_leader 1\n');
    expect(body).toContain('etcd_server_version{server_version="3.7.1"} 1\n');
    expect(body).toContain(
      'grpc_server_handled_total{grpc_code="OK",grpc_method="Put",grpc_service="etcdserverpb.KV",grpc_type="unary"} 1\n',
    );
    // Zeros from the start: rates in dashboards rely on them.
    expect(body).toContain(
      'grpc_server_handled_total{grpc_code="Canceled",grpc_method="Watch",grpc_service="etcdserverpb.Watch",grpc_type="bidi_stream"} 0\n',
    );
    for (const name of [
      'etcd_server_leader_changes_seen_total',
      'etcd_server_proposals_committed_total',
      'etcd_server_proposals_applied_total',
      'etcd_server_proposals_pending',
      'etcd_server_proposals_failed_total',
      'etcd_server_quota_backend_bytes',
      'etcd_mvcc_db_total_size_in_bytes',
      'etcd_mvcc_db_total_size_in_use_in_bytes',
      'etcd_disk_wal_fsync_duration_seconds_bucket',
      'etcd_network_client_grpc_received_bytes_total',
      'etcd_network_client_grpc_sent_bytes_total',
      'process_resident_memory_bytes',
      'os_fd_limit',
    ]) {
      expect(body, name).toMatch(new RegExp(`^${name}[ {]`, 'm'));
    }
    const names = [...body.matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1] ?? '');
    expect(names).toEqual([...names].sort());
  });

  it('serves HTTP elsewhere when it is told to, and then gRPC only', async () => {
    const daemon = start('--listen-client-http-urls=http://127.0.0.2:0');
    const grpc = await daemon.served('grpc');
    const plain = await daemon.served('http');
    await client(grpc).put('a', '1');
    expect((await http(plain, '/health')).status).toBe(200);
    await expect(http(grpc, '/health')).rejects.toThrow();
    await daemon.line('rejected connection on client endpoint');
  });

  it('shows metrics and health, and nothing else, on metrics listeners', async () => {
    const path = join(directory.path, 'metrics.sock');
    const daemon = start(`--listen-metrics-urls=unix://${path}`);
    await daemon.ready();
    expect((await http(path, '/metrics')).status).toBe(200);
    expect((await http(path, '/livez')).body).toBe('ok\n');
    expect((await http(path, '/version')).status).toBe(404);
  });

  it('B-140, B-144: wrong methods and unknown paths', async () => {
    const address = await start().ready();
    for (const path of ['/', '/v2/keys', '/health/x', '/livez/x', '/leader', '/%2e%2e']) {
      expect(await http(address, path), path).toMatchObject({
        status: 404,
        body: '404 page not found\n',
      });
    }
    const wrong = await http(address, '/health', { method: 'POST' });
    expect(wrong).toMatchObject({ status: 405, body: 'Method Not Allowed\n' });
    expect(wrong.headers['allow']).toBe('GET');
    expect((await http(address, '/metrics', { method: 'POST' })).status).toBe(200);
    expect((await http(address, `/${'a'.repeat(100_000)}`)).status).toBe(404);
    const gateway = await http(address, '/v3/kv/range', { method: 'POST' });
    expect(gateway.status).toBe(501);
    expect(JSON.parse(gateway.body)).toMatchObject({ code: 12 });
  });

  it('B-143: hosts and origins that are not allowed', async () => {
    const daemon = start('--host-whitelist=good.example', '--cors=http://app.example:80');
    const address = await daemon.ready();
    const good = { host: 'good.example:1234' };
    expect((await http(address, '/health', { headers: { host: 'evil.example' } })).status).toBe(
      421,
    );
    const foreign = await http(address, '/health', { headers: { ...good, origin: 'http://x:1' } });
    expect(foreign.status).toBe(200);
    expect(foreign.headers['access-control-allow-origin']).toBeUndefined();
    const known = await http(address, '/health', {
      headers: { ...good, origin: 'http://app.example:80' },
    });
    expect(known.headers['access-control-allow-origin']).toBe('http://app.example:80');
    const options = await http(address, '/anything', { method: 'OPTIONS', headers: good });
    expect(options).toMatchObject({ status: 200, body: '' });
  });

  it('B-132: whoever speaks another protocol is let go, and others are not disturbed', async () => {
    const daemon = start();
    const address = await daemon.ready();
    const kv = client(address);
    await kv.put('a', '1');
    const tlsHello = Buffer.from('160301020001000001fc0303', 'hex');
    expect(await exchange(address, tlsHello)).toBe('');
    const rejected = await daemon.line('rejected connection on client endpoint');
    expect(rejected['error']).toContain('TLS');
    expect(await exchange(address, 'SSH-2.0-OpenSSH_9.6\r\n')).toContain('400');
    expect(await exchange(address, Buffer.from([0, 1, 2, 3, 255, 254, 10, 13, 10]))).toContain(
      '400',
    );
    expect(await exchange(address, 'PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n')).toContain('400');
    expect(await kv.get('a')).toBe('1');
  });

  it('prints three lines for a person who asked for them, before the log', async () => {
    const daemon = new DaemonProcess({
      args: memberArgs(join(directory.path, 'data')),
      env: { KV_START_BANNER: '1' },
    });
    closers.push(() => daemon.end());
    await daemon.ready();
    const lines = daemon.stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[1]).toContain(join(directory.path, 'data'));
    expect(lines[2]).toContain('kvctl --endpoints http://127.0.0.1:21400 put hello world');
  });
});
