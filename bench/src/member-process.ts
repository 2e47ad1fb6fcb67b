/** One member under measurement: its data directory, its process, and what the operating system says of it. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface MemberOptions {
  /** Of the member in its cluster, such as `m1`. */
  readonly name: string;
  /** The daemon's executable; ours and the reference take the same flags. */
  readonly executable: string;
  readonly dataDir: string;
  readonly clientPort: number;
  readonly peerPort: number;
  /** `m1=http://127.0.0.1:1,m2=...` */
  readonly initialCluster: string;
}

const readyLine = 'ready to serve client requests';
const startMsMax = 120_000;
const url = (port: number): string => `http://127.0.0.1:${String(port)}`;

/** All that differs from the defaults: room for the big store. */
const flagsOf = (member: MemberOptions): string[] => [
  `--name=${member.name}`,
  `--data-dir=${member.dataDir}`,
  `--listen-client-urls=${url(member.clientPort)}`,
  `--advertise-client-urls=${url(member.clientPort)}`,
  `--listen-peer-urls=${url(member.peerPort)}`,
  `--initial-advertise-peer-urls=${url(member.peerPort)}`,
  `--initial-cluster=${member.initialCluster}`,
  '--quota-backend-bytes=8589934592',
];

function bytesBelow(dir: string): number {
  let sum = 0;
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    sum += entry.isDirectory() ? bytesBelow(path) : statSync(path).blocks * 512;
  }
  return sum;
}

export class MemberProcess {
  readonly endpoint: string;
  readonly #options: MemberOptions;
  #process: ChildProcess | undefined;

  constructor(options: MemberOptions) {
    this.#options = options;
    this.endpoint = `127.0.0.1:${String(options.clientPort)}`;
  }

  get pid(): number {
    const pid = this.#process?.pid;
    if (pid === undefined) throw new Error(`${this.#options.executable} does not run`);
    return pid;
  }

  /** Starts the process and resolves once its log says that it serves. */
  async start(): Promise<void> {
    const { executable } = this.#options;
    const child = spawn(executable, flagsOf(this.#options), {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#process = child;
    let tail = '';
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`${executable} does not serve after ${String(startMsMax)} ms:\n${tail}`));
      }, startMsMax);
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
        tail = (tail + chunk).slice(-8192);
        if (!tail.includes(readyLine)) return;
        clearTimeout(timer);
        resolve();
      });
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        clearTimeout(timer);
        reject(new Error(`${executable} ended with ${signal ?? String(code)}:\n${tail}`));
      });
    });
  }

  /** Asks it to end, and waits for that. */
  async stop(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
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
    const status = readFileSync(`/proc/${String(this.pid)}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) * 1024;
  }

  /** Disk space that the data directory takes, in bytes; preallocated log segments count. */
  diskBytes(): number {
    return bytesBelow(this.#options.dataDir);
  }
}
