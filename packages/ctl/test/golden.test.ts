/**
 * Makes the golden files anew when UPDATE_TESTDATA=1 and the real etcdctl is there (REF, or ref/ in the home folder): a server with fixed answers, and
 * etcdctl printing them in every format. Else it does nothing.
 */
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'vitest';
import { goldenAnswers, goldenEndpoint, type GoldenAnswer } from './answers.js';

const etcdctl = join(process.env['REF'] ?? join(homedir(), 'ref'), 'etcdctl');
const isWanted = process.env['UPDATE_TESTDATA'] === '1' && existsSync(etcdctl);

/** What is used of grpc-js. */
interface GrpcServer {
  addService(definition: object, handlers: object): void;
  bindAsync(address: string, credentials: unknown, done: (error: Error | null) => void): void;
  forceShutdown(): void;
}
interface Grpc {
  readonly Server: new () => GrpcServer;
  readonly ServerCredentials: { createInsecure(): unknown };
}
interface StreamCall {
  once(event: 'data', listener: () => void): void;
  write(message: Buffer): void;
}

// A dependency of the client, not of this package; only this maker of files needs it.
const require = createRequire(new URL('../../client/package.json', import.meta.url));

test.runIf(isWanted)('golden files are made', { timeout: 120_000 }, async () => {
  for (const golden of goldenAnswers) {
    const server = await serve(golden);
    for (const format of ['simple', 'json', 'fields', 'protobuf', 'table']) {
      for (const hex of [false, true]) {
        const text = await printed(golden, ['-w', format, ...(hex ? ['--hex'] : [])]);
        const file = new URL(
          `../testdata/${golden.name}.${format}${hex ? '.hex' : ''}.golden`,
          import.meta.url,
        );
        writeFileSync(file, text, 'latin1');
      }
    }
    server.forceShutdown();
  }
});

async function serve({ method, messages }: GoldenAnswer): Promise<GrpcServer> {
  const grpc = require('@grpc/grpc-js') as Grpc;
  const server = new grpc.Server();
  const bytes = messages.map((message) => Buffer.from(method.response.encode(message)));
  const identity = (data: Buffer): Buffer => data;
  const definition = {
    path: method.path,
    requestStream: method.kind === 'bidi',
    responseStream: method.kind === 'bidi',
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  };
  const unary = (_call: unknown, done: (error: null, answer: Buffer | undefined) => void): void => {
    done(null, bytes[0]);
  };
  const stream = (call: StreamCall): void => {
    call.once('data', () => {
      for (const message of bytes) call.write(message);
    });
  };
  server.addService({ call: definition }, { call: method.kind === 'bidi' ? stream : unary });
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(goldenEndpoint, grpc.ServerCredentials.createInsecure(), (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
  return server;
}

/** Standard output, and the error of a format that is not supported as the test writes it. */
function printed({ args }: GoldenAnswer, options: readonly string[]): Promise<string> {
  const child = spawn(etcdctl, ['--endpoints', goldenEndpoint, ...options, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: 10_000,
  });
  child.stdin.end('\n\n\n');
  let out = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString('latin1');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString('latin1');
  });
  return new Promise((resolve) => {
    child.on('close', (code) => {
      resolve(code === 4 ? `${out}! ${errors.trim().replace(/^Error: /, '')}` : out);
    });
  });
}
