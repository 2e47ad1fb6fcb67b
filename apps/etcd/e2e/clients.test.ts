/**
 * Goal: other people's clients work with our daemon. Method: the programs in `clients/` (etcd's Go client, python-etcd3, jetcd), each
 * built and run against a daemon of its own; what the machine can not build is skipped with one line. Slow to prepare, so only with KV_CLIENTS=1.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { DaemonProcess, memberArgs, temporaryDirectory } from './daemon-process.js';

const clients = fileURLToPath(new URL('../clients', import.meta.url));
const PREPARE_MS_MAX = 300_000;
const RUN_MS_MAX = 60_000;

interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

interface ForeignClient {
  readonly language: string;
  /** Run in order in the client's folder; the first that fails means that this machine can not. */
  readonly prepare: readonly Command[];
  run(address: string): Command;
}

const python = join('.venv', 'bin', 'python');
const list: readonly ForeignClient[] = [
  {
    language: 'go',
    prepare: [{ program: 'go', args: ['build', '-o', join('.build', 'client'), '.'] }],
    run: (address) => ({ program: join('.build', 'client'), args: [address] }),
  },
  {
    language: 'python',
    prepare: [
      { program: 'python3', args: ['-m', 'venv', '.venv'] },
      { program: python, args: ['-m', 'pip', 'install', '--quiet', '-r', 'requirements.txt'] },
    ],
    run: (address) => ({ program: python, args: ['client.py', address] }),
  },
  {
    language: 'java',
    prepare: [{ program: 'mvn', args: ['-q', '-B', 'compile'] }],
    run: (address) => ({
      program: 'mvn',
      args: ['-q', '-B', 'exec:java', `-Dexec.args=${address}`],
    }),
  },
];

function execute(
  folder: string,
  { program, args }: Command,
  timeout: number,
): { ok: boolean; output: string } {
  const inFolder = join(folder, program);
  const result = spawnSync(existsSync(inFolder) ? inFolder : program, args, {
    cwd: folder,
    encoding: 'utf8',
    timeout,
    // The stubs of python-etcd3 are older than the C++ runtime of protobuf.
    env: { ...process.env, PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION: 'python' },
  });
  return {
    ok: result.status === 0,
    output: `${result.stdout}${result.stderr}${result.error?.message ?? ''}`,
  };
}

describe.skipIf(process.env['KV_CLIENTS'] !== '1')('clients in other languages', () => {
  test.each(list)(
    'put, get, watch, lease and txn in $language',
    { timeout: PREPARE_MS_MAX + RUN_MS_MAX },
    async (client) => {
      const { language, prepare } = client;
      const folder = join(clients, language);
      for (const command of prepare) {
        const { ok, output } = execute(folder, command, PREPARE_MS_MAX);
        if (!ok) {
          const why = output.trim().split('\n').at(-1) ?? '';
          process.stdout.write(`${language} client skipped: ${command.program} failed: ${why}\n`);
          return;
        }
      }
      const directory = temporaryDirectory();
      const daemon = new DaemonProcess({ args: memberArgs(join(directory.path, 'data')) });
      try {
        const { ok, output } = execute(folder, client.run(await daemon.ready()), RUN_MS_MAX);
        expect(output).toContain(`${language}: ok`);
        expect(ok).toBe(true);
      } finally {
        await daemon.end();
        directory.remove();
      }
    },
  );
});
