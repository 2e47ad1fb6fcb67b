/** The listener with a transport that only notes what it gets; both protocols together are tested by the daemon's own suite. */
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import type { RequestListener } from 'node:http';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import type { Transport } from '@kv/rpc';
import { silentLogger } from '../logger.js';
import { Listener } from './listener.js';
import type { ListenerOptions } from './listener.js';

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const local = {
  address: { host: '127.0.0.1', port: 0 },
  logger: silentLogger,
  connectionsMax: 100,
};

const opened: { close(): Promise<void> | void }[] = [];

afterEach(async () => {
  for (const thing of opened.splice(0).reverse()) await thing.close();
});

async function open(options: Partial<ListenerOptions> = {}): Promise<Listener> {
  const listener = await Listener.open({ ...local, ...options });
  opened.push(listener);
  return listener;
}

/** Keeps the sockets that it is given, and what they say. */
function recordingTransport(): Transport & { readonly heard: Promise<string> } {
  let tell: (text: string) => void = () => undefined;
  const heard = new Promise<string>((resolve) => {
    tell = resolve;
  });
  return {
    heard,
    accept(socket: Duplex) {
      socket.once('data', (chunk: Buffer) => {
        tell(chunk.toString('latin1'));
      });
    },
    stop: () => Promise.resolve(),
  };
}

function dial(listener: Listener): Socket {
  const socket = connect(listener.port, '127.0.0.1');
  socket.on('error', () => undefined);
  opened.push({ close: () => void socket.destroy() });
  return socket;
}

const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.resume();
    socket.once('close', () => {
      resolve();
    });
  });

function get(listener: Listener): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ port: listener.port, host: '127.0.0.1', path: '/x' }, (response) => {
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

const hello: RequestListener = (_request, response) => {
  response.end('hello');
};

describe('a listener', () => {
  it('gives HTTP/2 to the transport with every byte, also when the preface comes in pieces', async () => {
    const listener = await open();
    const transport = recordingTransport();
    listener.serve({ transport, http: hello });
    const socket = dial(listener);
    socket.write(preface.slice(0, 5));
    await get(listener);
    socket.write(`${preface.slice(5)}and more`);
    expect(await transport.heard).toBe(`${preface}and more`);
  });

  it('lets clients connect before it serves, and answers them then', async () => {
    const listener = await open();
    const early = get(listener);
    const socket = dial(listener);
    await new Promise((resolve) => socket.once('connect', resolve));
    listener.serve({ http: hello });
    expect(await early).toBe('hello');
  });

  it('closes connections of a protocol that it does not serve', async () => {
    const listener = await open();
    listener.serve({ http: hello });
    const socket = dial(listener);
    socket.write(preface);
    await closed(socket);
  });

  it('closes connections above its bound, and serves those below', async () => {
    const listener = await open({ connectionsMax: 1 });
    listener.serve({ http: hello });
    const first = dial(listener);
    await new Promise((resolve) => first.once('connect', resolve));
    await closed(dial(listener));
    first.destroy();
    await closed(first);
    await expect.poll(() => get(listener).catch(() => 'refused')).toBe('hello');
  });

  it('ends connections that never send a whole request head, however slowly they go on', async () => {
    const listener = await open({ requestHeadTimeoutMs: 200 });
    listener.serve({ http: hello });
    const silent = dial(listener);
    const slow = dial(listener);
    slow.write('GET / HTTP/1.1\r\nX: ');
    const trickle = setInterval(() => slow.write('x'), 20);
    await Promise.all([closed(silent), closed(slow)]);
    clearInterval(trickle);
  });

  it('close ends idle connections at once and waits for answers under way', async () => {
    const listener = await open();
    let answer: () => void = () => undefined;
    let asked: () => void = () => undefined;
    const arrived = new Promise<void>((resolve) => {
      asked = resolve;
    });
    listener.serve({
      http: (_request, response) => {
        answer = () => response.end('slow');
        asked();
      },
    });
    const idle = dial(listener);
    const slow = get(listener);
    await arrived;
    const done = listener.close(60_000);
    await closed(idle);
    answer();
    expect(await slow).toBe('slow');
    await done;
    await listener.close();
  });

  it('close cuts what is left when the grace is over', async () => {
    const listener = await open();
    let asked: () => void = () => undefined;
    const arrived = new Promise<void>((resolve) => {
      asked = resolve;
    });
    listener.serve({
      http: () => {
        asked();
      },
    });
    const never = get(listener).catch(() => 'cut');
    await arrived;
    await listener.close(10);
    expect(await never).toBe('cut');
  });

  it('rejects with the error of the system when the address is taken', async () => {
    const first = await open();
    const second = Listener.open({ ...local, address: { host: '127.0.0.1', port: first.port } });
    await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('takes over a socket that a killed process left, removes its own, and touches no other file', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'kv-listener-'));
    const path = join(directory, 's');
    const killed = createServer().listen(join(directory, 'moved'));
    await new Promise((resolve) => killed.once('listening', resolve));
    // Moved, so that closing does not find it: what kill -9 leaves.
    renameSync(join(directory, 'moved'), path);
    await new Promise((resolve) => killed.close(resolve));
    expect(existsSync(path)).toBe(true);
    const listener = await open({ address: { path } });
    expect(listener.address).toBe(path);
    await listener.close();
    expect(existsSync(path)).toBe(false);
    writeFileSync(path, 'precious');
    await expect(open({ address: { path } })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(readFileSync(path, 'utf8')).toBe('precious');
    rmSync(directory, { recursive: true });
  });
});
