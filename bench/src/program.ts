/** One server under measurement: its data directory, its process, and what the operating system says of it. */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface ProgramOptions {
  /** For the table: `ours` or `etcd 3.7.1`. */
  readonly name: string;
  /** The daemon's executable; both take etcd's flags. */
  readonly executable: string;
  readonly clientPort: number;
}

const readyLine = 'ready to serve client requests';

function bytesBelow(dir: string): number {
  let sum = 0;
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    sum += entry.isDirectory() ? bytesBelow(path) : statSync(path).blocks * 512;
  }
  return sum;
}

/** A member that runs on a data directory of its own below the system's temporary folder. */
export class Program {
  readonly name: string;
  readonly endpoint: string;
  readonly #options: ProgramOptions;
  readonly #dataDir: string;
  #process: ChildProcess | undefined;

  constructor(options: ProgramOptions) {
    this.name = options.name;
    this.endpoint = `127.0.0.1:${String(options.clientPort)}`;
    this.#options = options;
    this.#dataDir = mkdtempSync(join(tmpdir(), 'kv-bench-'));
  }

  /** Starts the process and resolves, with the milliseconds it took, once it says that it serves. */
  async start(): Promise<number> {
    const client = `http://${this.endpoint}`;
    const peer = `http://127.0.0.1:${String(this.#options.clientPort + 1)}`;
    const startedMs = performance.now();
    const child = spawn(
      this.#options.executable,
      [
        `--data-dir=${join(this.#dataDir, 'data')}`,
        `--listen-client-urls=${client}`,
        `--advertise-client-urls=${client}`,
        `--listen-peer-urls=${peer}`,
        `--initial-advertise-peer-urls=${peer}`,
        `--initial-cluster=default=${peer}`,
        '--quota-backend-bytes=8589934592',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    this.#process = child;
    let tail = '';
    await new Promise<void>((resolve, reject) => {
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
        tail = (tail + chunk).slice(-8192);
        if (tail.includes(readyLine)) resolve();
      });
      child.once('error', reject);
      child.once('exit', (code) => {
        reject(
          new Error(`${this.name} ended with code ${String(code)} before it was ready:\n${tail}`),
        );
      });
    });
    return performance.now() - startedMs;
  }

  async stop(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const exited = new Promise<void>((resolve) =>
      child.once('exit', () => {
        resolve();
      }),
    );
    child.kill('SIGTERM');
    await exited;
  }

  /** Resident memory of the process in bytes (Linux: VmRSS). */
  residentBytes(): number {
    const pid = this.#process?.pid;
    if (pid === undefined) throw new Error(`${this.name} does not run`);
    const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) * 1024;
  }

  /** Disk space that the data directory takes, in bytes; preallocated log segments count. */
  diskBytes(): number {
    return bytesBelow(this.#dataDir);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.#dataDir, { recursive: true, force: true });
  }
}

/** The store's revision, asked of the server by the reference's own etcdctl. */
export function revisionOf(program: Program, etcdctl: string): number {
  const result = spawnSync(
    etcdctl,
    ['--endpoints', program.endpoint, 'endpoint', 'status', '-w', 'json'],
    {
      encoding: 'utf8',
    },
  );
  if (result.status !== 0) throw new Error(`endpoint status of ${program.name}: ${result.stderr}`);
  const match = /"revision":(\d+)/.exec(result.stdout);
  if (match?.[1] === undefined) throw new Error(`no revision in ${result.stdout}`);
  return Number(match[1]);
}
