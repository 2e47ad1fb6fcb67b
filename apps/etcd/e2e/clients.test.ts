/**
 * Goal: other people's clients work with our daemon, without TLS and with, with messages of 10 MB and 1,000 streams on one connection.
 * Method: the programs in `clients/` (etcd's Go client on grpc-go, python-etcd3 on grpcio, jetcd, grpc-java, tonic), each built and run
 * against a daemon of its own; what the machine can not build is skipped with one line. Slow to prepare, so only with KV_CLIENTS=1.
 * grpc-js and node:http2 are in node-clients.test.ts.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { LargeMessageDaemon } from './large-message-daemon.js';

const clients = fileURLToPath(new URL('../clients', import.meta.url));
const PREPARE_MS_MAX = 300_000;
const RUN_MS_MAX = 100_000;

interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

interface ForeignClient {
  readonly language: string;
  /** Folder below `clients`; the language where absent. */
  readonly folder?: string;
  /** Run in order in the client's folder; the first that fails means that this machine can not. */
  readonly prepare: readonly Command[];
  /** The arguments are the plain address, the TLS address, and the file of the authority. */
  readonly run: (args: readonly string[]) => Command;
}

const python = join('.venv', 'bin', 'python');
const maven = (mainClass: string, args: readonly string[]): Command => ({
  program: 'mvn',
  args: ['-q', '-B', 'exec:java', `-Dexec.mainClass=${mainClass}`, `-Dexec.args=${args.join(' ')}`],
});
const list: readonly ForeignClient[] = [
  {
    language: 'go',
    prepare: [{ program: 'go', args: ['build', '-o', join('.build', 'client'), '.'] }],
    run: (args) => ({ program: join('.build', 'client'), args }),
  },
  {
    language: 'python',
    prepare: [
      { program: 'python3', args: ['-m', 'venv', '.venv'] },
      { program: python, args: ['-m', 'pip', 'install', '--quiet', '-r', 'requirements.txt'] },
    ],
    run: (args) => ({ program: python, args: ['client.py', ...args] }),
  },
  {
    language: 'java',
    prepare: [{ program: 'mvn', args: ['-q', '-B', 'compile'] }],
    run: (args) => maven('Client', args),
  },
  {
    language: 'grpc-java',
    folder: 'java',
    prepare: [{ program: 'mvn', args: ['-q', '-B', 'compile'] }],
    run: (args) => maven('GrpcClient', args),
  },
  {
    language: 'rust',
    prepare: [{ program: 'cargo', args: ['build', '--quiet', '--locked'] }],
    run: (args) => ({ program: join('target', 'debug', 'client'), args }),
  },
];

interface Result {
  readonly ok: boolean;
  readonly output: string;
}

async function execute(
  folder: string,
  { program, args }: Command,
  timeoutMs: number,
): Promise<Result> {
  const inFolder = join(folder, program);
  const child = spawn(existsSync(inFolder) ? inFolder : program, args, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    // The stubs of python-etcd3 are older than the C++ runtime of protobuf.
    env: { ...process.env, PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION: 'python' },
  });
  let output = '';
  const keep = (chunk: string): void => {
    output += chunk;
  };
  child.stdout.setEncoding('utf8').on('data', keep);
  child.stderr.setEncoding('utf8').on('data', keep);
  return new Promise((resolve) => {
    child.once('error', (error) => {
      resolve({ ok: false, output: `${output}${error.message}` });
    });
    child.once('close', (code) => {
      resolve({ ok: code === 0, output });
    });
  });
}

describe.skipIf(process.env['KV_CLIENTS'] !== '1')('clients in other languages', () => {
  test.each(list)(
    'calls, 10 MB and 1,000 streams without TLS and with in $language',
    { timeout: PREPARE_MS_MAX + RUN_MS_MAX },
    async ({ language, folder = language, prepare, run }) => {
      const path = join(clients, folder);
      for (const command of prepare) {
        const { ok, output } = await execute(path, command, PREPARE_MS_MAX);
        if (!ok) {
          const why = output.trim().split('\n').at(-1) ?? '';
          process.stdout.write(`${language} client skipped: ${command.program} failed: ${why}\n`);
          return;
        }
      }
      await using daemon = await LargeMessageDaemon.start();
      const { plain, secure, authorityFile } = daemon;
      const { ok, output } = await execute(path, run([plain, secure, authorityFile]), RUN_MS_MAX);
      expect(output).toContain(`${language}: ok`);
      expect(ok).toBe(true);
    },
  );
});
