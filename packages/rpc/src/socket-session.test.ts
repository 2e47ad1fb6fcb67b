/**
 * Goal: what a peer does not take stays bounded, and closing is complete. Method: sockets that take nothing, or take what the test says,
 * and time that the test tells.
 */
import { Duplex } from 'node:stream';
import { expect, it } from 'vitest';
import { clientPreface } from './http2/frame.js';
import type { RequestSink } from './http2/connection.js';
import { Http2Stream } from './http2/stream.js';
import { defaultConnectionLimits } from './limits.js';
import type { ConnectionLimits } from './limits.js';
import { SocketSession } from './socket-session.js';
import { Flag, FrameType, frame, preface } from './testing/frame-socket.js';

/** A socket whose writes are done when the test says so. */
class SlowSocket extends Duplex {
  readonly written: Buffer[] = [];
  #done: ((error?: Error | null) => void) | undefined;
  override _read(): void {
    // The test pushes.
  }
  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.written.push(chunk);
    this.#done = done;
  }
  letGo(): void {
    const done = this.#done;
    this.#done = undefined;
    done?.();
  }
}

class Echo extends Http2Stream {
  override onData(_bytes: Buffer, start: number, end: number): void {
    this.connection.consumed(this, end - start);
  }
  override onRemoteEnd(): void {
    this.connection.sender.refuse(this, 200, { code: 5, message: 'x'.repeat(100) });
  }
  override onAbort(): void {
    // Nothing is held.
  }
  override onQueueShorter(): void {
    // Nothing waits.
  }
}

const requests: RequestSink = {
  openStream: (connection, id) => new Echo(connection, id),
  checkTrailers: () => undefined,
};

const greeting = Buffer.concat([preface, frame(FrameType.settings, 0, 0, Buffer.alloc(0))]);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function letAllGo(socket: SlowSocket): Promise<void> {
  while (socket.writableLength > 0) {
    socket.letGo();
    await turn();
  }
}

function open(limits: Partial<ConnectionLimits> = {}): {
  readonly socket: SlowSocket;
  readonly session: SocketSession;
  readonly problems: string[];
  readonly closed: () => number;
} {
  const socket = new SlowSocket();
  const problems: string[] = [];
  let closed = 0;
  const session = new SocketSession(
    socket,
    requests,
    {
      limits: { ...defaultConnectionLimits, ...limits },
      keepalive: { keepaliveIntervalMs: 0, keepaliveTimeoutMs: 0, keepaliveMinTimeMs: 0 },
      concurrentStreamsMax: 1000,
      waitingTotal: { bytes: 0 },
      nowMs: performance.now(),
    },
    {
      onProblem: (_session, message) => problems.push(message),
      onClose: () => (closed += 1),
    },
  );
  socket.push(greeting);
  return { socket, session, problems, closed: () => closed };
}

/** Requests that are answered with some hundred bytes each at once: ids from `first`, in steps of two. */
function questions(first: number, count: number): Buffer {
  return Buffer.concat(
    Array.from({ length: count }, (_, index) =>
      frame(
        FrameType.headers,
        Flag.endHeaders | Flag.endStream,
        first + 2 * index,
        Buffer.from([0x83]),
      ),
    ),
  );
}

it('J-16: a client that asks and never reads is not read any more, and read again when it reads', async () => {
  const outputBytesMax = 64 * 1024;
  const { socket, session } = open({ outputBytesMax });
  let asked = 0;
  for (let batch = 0; batch < 200 && !socket.isPaused(); batch += 1) {
    socket.push(questions(1 + 2 * asked, 50));
    asked += 50;
    await turn();
  }
  expect(socket.isPaused()).toBe(true);
  expect(socket.writableLength).toBeLessThan(2 * outputBytesMax);

  await letAllGo(socket);
  expect(socket.isPaused()).toBe(false);
  session.cut();
});

it('S-32: a socket that takes nothing for longer than the limit is cut', async () => {
  const { socket, session, problems, closed } = open({ outputBytesMax: 1024, stalledMs: 5000 });
  socket.push(questions(1, 500));
  await turn();
  const startMs = performance.now();
  session.tick(startMs + 1000);
  expect(socket.destroyed).toBe(false);
  session.tick(startMs + 6000);
  expect(socket.destroyed).toBe(true);
  expect(problems).toEqual(['the peer takes nothing of what it was sent']);
  await turn();
  expect(closed()).toBe(1);
});

it('a socket that takes what it was given in time is not cut', async () => {
  const { socket, session } = open({ outputBytesMax: 1024, stalledMs: 5000 });
  socket.push(questions(1, 500));
  await turn();
  await letAllGo(socket);
  session.tick(performance.now() + 6000);
  expect(socket.destroyed).toBe(false);
  session.cut();
});

it('all answers of a turn leave in one write', async () => {
  const { socket, session } = open();
  await turn();
  await letAllGo(socket);
  const before = socket.written.length;
  socket.push(questions(1, 100));
  await turn();
  expect(socket.written.length).toBe(before + 1);
  session.cut();
});

it('what the peer broke is said once, and the socket is ended after the last words', async () => {
  const { socket, problems, closed } = open();
  await turn();
  await letAllGo(socket);
  socket.push(frame(FrameType.pushPromise, 0, 1, Buffer.alloc(4)));
  await turn();
  expect(problems).toEqual(['PUSH_PROMISE from a client']);
  expect(socket.writableEnded).toBe(true);
  expect(socket.written.at(-1)?.[3]).toBe(FrameType.goaway);
  await letAllGo(socket);
  socket.push(null);
  await turn();
  await turn();
  expect(closed()).toBe(1);
});

it('bytes that come after the end are thrown away', async () => {
  const { socket, session, problems } = open();
  session.connection.end(undefined);
  socket.push(Buffer.concat([clientPreface, Buffer.alloc(100_000)]));
  await turn();
  expect(problems).toEqual([]);
  expect(socket.readableLength).toBe(0);
  session.cut();
});
