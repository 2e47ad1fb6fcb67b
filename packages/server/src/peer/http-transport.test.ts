/**
 * Two members that talk over the loopback interface. Goal: what is sent arrives, on the streams where there are any; what can
 * not be sent is reported; who is not of the cluster is refused in etcd's words. Method: real sockets, waiting for conditions.
 */
import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { toIndex, toTerm } from '@kv/raft';
import type { Message } from '@kv/raft';
import { encodeMessage } from '@kv/raft/codec';
import { systemClock } from '../clock.js';
import type { ClusterId, MemberId } from '../ids.js';
import { silentLogger } from '../logger.js';
import { noMetrics } from '../metrics.js';
import { Listener } from '../transport/listener.js';
import { HttpTransport } from './http-transport.js';
import type { PeerReceiver } from './transport.js';

const FOREIGN_SNAPSHOT =
  'a snapshot of etcd can not be installed in this member, whose store is of another kind: it needs the entries of the log, ' +
  'or a leader of its own kind\n';
const CLUSTER = 0xcdf818194e3a8c32n as ClusterId;

class Site implements PeerReceiver {
  readonly id: MemberId;
  readonly heard: Message[] = [];
  readonly lost: MemberId[] = [];
  readonly refused: MemberId[] = [];
  readonly gone = new Set<MemberId>();
  toldRemoved = 0;
  /** Requests that came. */
  asked = 0;
  readonly transport = new HttpTransport({
    clock: systemClock,
    logger: silentLogger,
    metrics: noMetrics,
  });
  #listener: Listener | undefined;

  constructor(id: number) {
    this.id = BigInt(id) as MemberId;
  }

  async listen(port = 0): Promise<this> {
    this.#listener = await Listener.open({
      address: { host: '127.0.0.1', port },
      logger: silentLogger,
      connectionsMax: 100,
    });
    this.#listener.serve({
      http: (asked, response) => {
        this.asked += 1;
        this.transport.routes(asked, response);
      },
    });
    return this;
  }

  start(cluster = CLUSTER): void {
    this.transport.start({ memberId: this.id, clusterId: cluster, peerUrls: [this.url] }, this);
  }

  know(...others: readonly Site[]): void {
    this.transport.setPeers(
      others.map(({ id, url }) => ({
        ...{ id, peerUrls: [url], isLearner: false },
        ...{ name: '', clientUrls: [] },
      })),
    );
  }

  get port(): number {
    return this.#listener?.port ?? 0;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async deaf(): Promise<void> {
    await this.#listener?.close();
  }

  async close(): Promise<void> {
    await this.transport.close();
    await this.#listener?.close();
  }

  receive(message: Message): void {
    this.heard.push(message);
  }

  unreachable(id: MemberId): void {
    this.lost.push(id);
  }

  peerRefused(id: MemberId): void {
    this.refused.push(id);
  }

  receiveSnapshot(): Promise<void> {
    throw new Error('no snapshot was sent');
  }

  isRemoved(id: MemberId): boolean {
    return this.gone.has(id);
  }

  removed(): void {
    this.toldRemoved += 1;
  }
}

let a: Site;
let b: Site;

beforeEach(async () => {
  a = await new Site(0xa).listen();
  b = await new Site(0xb).listen();
});

afterEach(async () => {
  await a.close();
  await b.close();
});

const beat = (from: Site, to: Site, commit: number): Message => ({
  type: 'MsgHeartbeat',
  ...{ from: from.id, to: to.id, term: toTerm(1) },
  commit: toIndex(commit),
  context: new Uint8Array(0),
});

const app = (from: Site, to: Site, index: number): Message => ({
  type: 'MsgApp',
  ...{ from: from.id, to: to.id, term: toTerm(1) },
  logTerm: toTerm(1),
  index: toIndex(index),
  entries: [
    { term: toTerm(1), index: toIndex(index + 1), type: 'normal', data: new Uint8Array(1000) },
  ],
  commit: toIndex(index),
});

const connected = async (): Promise<void> => {
  a.start();
  b.start();
  a.know(b);
  b.know(a);
  await vi.waitFor(() => {
    expect(a.transport.connectedSinceMs(b.id)).toBeDefined();
    expect(b.transport.connectedSinceMs(a.id)).toBeDefined();
  });
};

describe('two members', () => {
  it('hear each other, in order, on streams and by posts', async () => {
    await connected();
    const sent: Message[] = [];
    for (let n = 1; n <= 300; n++) {
      const messages = [app(a, b, n), beat(a, b, n)];
      a.transport.send(messages);
      sent.push(...messages);
      if (n === 150) {
        await vi.waitFor(() => {
          expect(b.heard).toHaveLength(300);
        });
      }
    }
    b.transport.send([beat(b, a, 7)]);
    await vi.waitFor(() => {
      expect(b.heard).toHaveLength(600);
      expect(a.heard).toHaveLength(1);
    });
    const appended = b.heard.filter(({ type }) => type === 'MsgApp').slice(150);
    const expected = sent.filter(({ type }) => type === 'MsgApp').slice(150);
    expect(appended.map(encodeMessage)).toEqual(expected.map(encodeMessage));
    expect(a.lost).toEqual([]);
  });

  it('find each other again after one was away', async () => {
    await connected();
    const { port } = b;
    await b.close();
    await vi.waitFor(() => {
      expect(a.transport.connectedSinceMs(b.id)).toBeUndefined();
      expect(a.lost).toContain(b.id);
    });
    a.lost.length = 0;
    a.transport.send([beat(a, b, 1)]);
    await vi.waitFor(() => {
      expect(a.lost).toContain(b.id);
    });
    b = await new Site(0xb).listen(port);
    b.start();
    b.know(a);
    await vi.waitFor(
      () => {
        a.transport.send([app(a, b, 5)]);
        expect(a.transport.connectedSinceMs(b.id)).toBeDefined();
        expect(b.heard.length).toBeGreaterThan(0);
      },
      { timeout: 5000 },
    );
  });

  it('F-1 that nobody listens where a peer was is told, once each time', async () => {
    await connected();
    for (let times = 1; times <= 2; times++) {
      const { port } = b;
      await b.close();
      await vi.waitFor(() => {
        expect(a.refused).toHaveLength(times);
      });
      b = await new Site(0xb).listen(port);
      b.start();
      b.know(a);
      await vi.waitFor(() => {
        expect(b.transport.connectedSinceMs(a.id)).toBeDefined();
        expect(a.transport.connectedSinceMs(b.id)).toBeDefined();
      });
      expect(a.refused).toEqual(Array(times).fill(b.id));
    }
    expect(a.heard).toEqual([]);
  });

  it('F-5 nothing of the kind is told of a peer that answers, at any of its addresses', async () => {
    const c = await new Site(0xc).listen();
    await connected();
    a.transport.setPeers([
      {
        ...{ id: b.id, peerUrls: [b.url, c.url], isLearner: false },
        ...{ name: '', clientUrls: [] },
      },
    ]);
    await b.close();
    // Nothing was started there: it answers that it is not ready.
    await vi.waitFor(
      () => {
        expect(c.asked).toBeGreaterThan(2);
      },
      { timeout: 5000 },
    );
    expect(a.refused).toEqual([]);
    await c.close();
    await vi.waitFor(
      () => {
        expect(a.refused).toEqual([b.id]);
      },
      { timeout: 5000 },
    );
  });

  it('F-5 a stream that has ended, without a refusal, says nothing', async () => {
    await connected();
    const asked = b.asked;
    await b.transport.close();
    await vi.waitFor(
      () => {
        expect(b.asked).toBeGreaterThan(asked + 4);
        expect(a.transport.connectedSinceMs(b.id)).toBeUndefined();
      },
      { timeout: 5000 },
    );
    expect(a.refused).toEqual([]);
  });

  it('a message to a member that is no peer goes nowhere', async () => {
    await connected();
    a.transport.send([beat(a, new Site(0xc), 1), beat(a, b, 2)]);
    await vi.waitFor(() => {
      expect(b.heard).toHaveLength(1);
    });
    a.know();
    expect(a.transport.connectedSinceMs(b.id)).toBeUndefined();
    a.transport.send([beat(a, b, 3)]);
    expect(a.lost).toEqual([]);
  });

  it('a member that was not told of another one answers it all the same, once it has introduced itself', async () => {
    a.start();
    b.start();
    a.know(b);
    await vi.waitFor(() => {
      a.transport.send([beat(a, b, 1)]);
      expect(b.heard.length).toBeGreaterThan(0);
    });
    await vi.waitFor(() => {
      b.transport.send([beat(b, a, 2)]);
      expect(a.heard.length).toBeGreaterThan(0);
    });
    // What b learns of others does not end that; that a is removed does.
    b.know();
    await vi.waitFor(() => {
      expect(b.transport.connectedSinceMs(a.id)).toBeDefined();
    });
    b.gone.add(a.id);
    b.know();
    expect(b.transport.connectedSinceMs(a.id)).toBeUndefined();
  });

  it('H-P7 an address that is none is not used, and does no harm', async () => {
    a.start();
    b.start();
    const record = { id: b.id, isLearner: false, name: '', clientUrls: [] };
    a.transport.setPeers([{ ...record, peerUrls: ['nowhere', 'unix://x:1', 'http://', b.url] }]);
    await vi.waitFor(() => {
      expect(a.transport.connectedSinceMs(b.id)).toBeDefined();
    });
    for (const peerUrls of [[], ['nowhere']]) a.transport.setPeers([{ ...record, peerUrls }]);
    a.transport.send([beat(a, b, 3)]);
    expect(a.transport.connectedSinceMs(b.id)).toBeUndefined();
  });

  it('a member that was removed is told so, once', async () => {
    b.gone.add(a.id);
    a.start();
    b.start();
    a.know(b);
    await vi.waitFor(() => {
      expect(a.toldRemoved).toBe(1);
    });
  });

  it('a call is answered, or fails when no address answers', async () => {
    await connected();
    const probe = {
      method: 'GET',
      path: '/raft/probing',
      body: new Uint8Array(0),
      timeoutMs: 5000,
    };
    const answer = await a.transport.call(b.id, { ...probe, method: 'GET' });
    expect([answer.status, JSON.parse(answer.body.toString())]).toMatchObject([200, { OK: true }]);
    await b.deaf();
    await expect(a.transport.call(b.id, { ...probe, method: 'GET' })).rejects.toMatchObject({
      code: 'unreachable',
    });
  });
});

describe('what a member refuses', () => {
  const good = {
    'X-Etcd-Cluster-ID': 'cdf818194e3a8c32',
    'X-Server-Version': '3.7.1',
    'X-Min-Cluster-Version': '3.0.0',
    'X-Raft-To': 'b',
  };

  async function ask(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array = new Uint8Array(0),
  ): Promise<readonly [number, string]> {
    b.start();
    b.know(a);
    return new Promise((resolve, reject) => {
      const asked = request(`${b.url}${path}`, { method, headers, agent: false });
      asked.once('error', reject);
      asked.once('response', (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.once('end', () => {
          resolve([response.statusCode ?? 0, text]);
        });
      });
      asked.end(body);
    });
  }

  it.each([
    ['another cluster', { ...good, 'X-Etcd-Cluster-ID': '1' }, 412, 'cluster ID mismatch\n'],
    ['nothing', {}, 412, 'incompatible version\n'],
    ['no cluster', { 'X-Server-Version': '3.7.1' }, 412, 'cluster ID mismatch\n'],
    ['an old version', { ...good, 'X-Server-Version': '2.3.0' }, 412, 'incompatible version\n'],
    [
      'a version to come',
      { ...good, 'X-Min-Cluster-Version': '3.8.0' },
      412,
      'incompatible version\n',
    ],
    ['nonsense for a version', { ...good, 'X-Server-Version': 'x' }, 412, 'incompatible version\n'],
    ['a stream for another member', { ...good, 'X-Raft-To': 'c' }, 412, 'to field mismatch\n'],
  ])('B-202 %s', async (_, headers, status, text) => {
    expect(await ask('GET', '/raft/stream/message/a', headers)).toEqual([status, text]);
  });

  it.each([
    ['a stranger', 'GET', '/raft/stream/message/c', 404, 'error sender not found\n'],
    ['no id', 'GET', '/raft/stream/message/xyz', 404, 'invalid from\n'],
    ['an unknown stream', 'GET', '/raft/stream/constructor/a', 404, 'invalid path\n'],
    ['another method for a stream', 'POST', '/raft/stream/message/a', 405, 'Method Not Allowed\n'],
    ['another method for a message', 'GET', '/raft', 405, 'Method Not Allowed\n'],
    ['a snapshot', 'POST', '/raft/snapshot', 501, FOREIGN_SNAPSHOT],
    ['another path', 'GET', '/raft/other', 404, '404 page not found\n'],
  ])('%s', async (_, method, path, status, text) => {
    expect(await ask(method, path, good)).toEqual([status, text]);
  });

  it('B-201 a post that is no message', async () => {
    expect(await ask('POST', '/raft', good, Uint8Array.of(0xff))).toEqual([
      400,
      'error unmarshalling raft message\n',
    ]);
    expect(b.heard).toEqual([]);
  });

  it('a message of a member that was removed', async () => {
    b.gone.add(a.id);
    const [status] = await ask('POST', '/raft', good, encodeMessage(beat(a, b, 1)));
    expect([status, b.heard]).toEqual([403, []]);
  });

  it('takes a message that is one', async () => {
    expect(await ask('POST', '/raft', good, encodeMessage(beat(a, b, 1)))).toEqual([204, '']);
    expect(b.heard).toHaveLength(1);
  });
});
