/** Goal: the light client makes every call with its own body, and sees a call that is refused. Method: a server of node:http2, whose windows are smaller than the load. */
import { createServer } from 'node:http2';
import type { Http2Server, ServerHttp2Stream } from 'node:http2';
import { afterEach, expect, test } from 'vitest';
import { LoadConnection } from './load-connection.js';
import { framed } from './rpc-client.js';

const opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened.splice(0).reverse()) close();
});

type Answer = (stream: ServerHttp2Stream, body: Buffer) => void;

async function serve(answer: Answer, paths: string[] = []): Promise<number> {
  const server: Http2Server = createServer();
  server.on('stream', (stream: ServerHttp2Stream, headers: Readonly<Record<string, unknown>>) => {
    paths.push([headers[':path'], headers['te'], headers['content-type']].join(' '));
    stream.on('error', () => undefined);
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      answer(stream, Buffer.concat(chunks));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push(() => {
    server.close();
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  return address.port;
}

const wellAnswered: Answer = (stream) => {
  stream.respond({ ':status': 200 }, { waitForTrailers: true });
  stream.on('wantTrailers', () => {
    stream.sendTrailers({ 'grpc-status': '0' });
  });
  stream.end(framed(Buffer.from('answer')));
};

function load(port: number, calls: number): { connection: LoadConnection; latencies: number[] } {
  const latencies: number[] = [];
  let next = 0;
  const connection = new LoadConnection({
    host: '127.0.0.1',
    port,
    path: '/test.Service/Method',
    streams: 20,
    nextBody: () => {
      if (next === calls) return undefined;
      next += 1;
      return framed(Buffer.alloc(300, String(next).padStart(6, '0')));
    },
    onAnswer: (latencyMs) => latencies.push(latencyMs),
  });
  opened.push(() => {
    connection.close();
  });
  return { connection, latencies };
}

test('every call is made once, with its own body and the same head', async () => {
  const bodies = new Set<string>();
  const paths: string[] = [];
  const port = await serve((stream, body) => {
    bodies.add(body.subarray(5, 11).toString());
    wellAnswered(stream, body);
  }, paths);
  // 1000 bodies of 305 bytes: several times the 65,535 that a connection may send at first (RFC 9113 §6.9.2).
  const { connection, latencies } = load(port, 1000);
  await connection.done;
  expect(latencies).toHaveLength(1000);
  expect(bodies.size).toBe(1000);
  expect(new Set(paths)).toEqual(new Set(['/test.Service/Method trailers application/grpc']));
});

test('a call that ends without a message fails the load', async () => {
  const port = await serve((stream) => {
    stream.respond({ ':status': 200, 'grpc-status': '8' }, { endStream: true });
  });
  await expect(load(port, 10).connection.done).rejects.toThrow('the server refused it');
});

test('a reset fails the load', async () => {
  const port = await serve((stream) => {
    stream.close(2);
  });
  await expect(load(port, 10).connection.done).rejects.toThrow('frame of type 3');
});
