/**
 * Goal: RFC 9113 and RFC 7541 as others read them. Method: h2spec (github.com/summerwind/h2spec, found by H2SPEC or PATH) against
 * connections that answer any request with a body and trailers, as HTTP servers do: gRPC would refuse h2spec's requests before it
 * has sent all of them. Skipped when there is no h2spec.
 */
import { execFile, execFileSync } from 'node:child_process';
import { createServer as createPlainServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, expect, it } from 'vitest';
import { checkFields } from '../grpc/request-head.js';
import type { DecodedBlock } from '../hpack/decoder.js';
import { defaultConnectionLimits } from '../limits.js';
import { SocketSession } from '../socket-session.js';
import { selfSigned } from '../testing/self-signed.js';
import type { Connection, RequestSink } from './connection.js';
import { ErrorCode } from './frame.js';
import { Http2Stream } from './stream.js';

const program = process.env['H2SPEC'] ?? 'h2spec';

function found(): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    process.stdout.write('h2spec was not found: its checks are skipped\n');
    return false;
  }
}

/** Answers in a later turn, so that there is a time in which calls are open. */
class Request extends Http2Stream {
  readonly #announcedBytes: number | undefined;
  #bytes = 0;

  constructor(connection: Connection, id: number, fields: NonNullable<DecodedBlock>) {
    super(connection, id);
    const length = fields.find(({ name }) => name === 'content-length');
    this.#announcedBytes = length === undefined ? undefined : Number(length.value);
  }
  override onData(_bytes: Buffer, start: number, end: number): void {
    this.#bytes += end - start;
    this.connection.consumed(this, end - start);
  }
  override onRemoteEnd(): void {
    if (this.#announcedBytes !== undefined && this.#announcedBytes !== this.#bytes) {
      this.connection.resetForPeer(this.id, ErrorCode.protocolError);
      return;
    }
    setImmediate(() => {
      if (this.localClosed) return;
      const { sender } = this.connection;
      sender.head(this);
      sender.message(this, new Uint8Array(100));
      sender.finish(this, { code: 0, message: '' });
    });
  }
  override onAbort(): void {
    // Nothing is held.
  }
  override onQueueShorter(): void {
    // All was given at once.
  }
}

const requests: RequestSink = {
  openStream(connection, id, fields) {
    if (fields !== undefined && checkFields(fields, false) === undefined) {
      return new Request(connection, id, fields);
    }
    connection.resetForPeer(id, ErrorCode.protocolError);
    return undefined;
  },
  checkTrailers: (fields) => (fields === undefined ? 'too large' : checkFields(fields, true)),
};

let server: Server | undefined;
afterEach(() => {
  server?.close();
});

async function run(listening: Server, ...args: readonly string[]): Promise<string> {
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const { port } = listening.address() as AddressInfo;
  const words = ['-h', '127.0.0.1', '-p', String(port), '-o', '3', '-S', ...args];
  return new Promise((resolve) => {
    execFile(program, words, { timeout: 100_000, maxBuffer: 1 << 24 }, (_error, stdout) => {
      resolve(stdout);
    });
  });
}

function serve(socket: Duplex): void {
  const nowMs = performance.now();
  new SocketSession(
    socket,
    requests,
    {
      limits: defaultConnectionLimits,
      keepalive: { keepaliveIntervalMs: 0, keepaliveTimeoutMs: 0, keepaliveMinTimeMs: 0 },
      concurrentStreamsMax: 100,
      waitingTotal: { bytes: 0 },
      nowMs,
    },
    { onProblem: () => undefined, onClose: () => undefined },
  );
}

const available = found();

it.skipIf(!available)('passes h2spec', { timeout: 120_000 }, async () => {
  expect(await run(createPlainServer({ noDelay: true }, serve))).toMatch(
    /, 0 skipped, 0 failed\s*$/,
  );
});

it.skipIf(!available)('passes h2spec over TLS', { timeout: 120_000 }, async () => {
  const options = { ...selfSigned('server'), ALPNProtocols: ['h2'] };
  expect(await run(createTlsServer(options, serve), '-t', '-k')).toMatch(
    /, 0 skipped, 0 failed\s*$/,
  );
});
