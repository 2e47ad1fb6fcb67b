/** A daemon as its own process: started from what was built, watched through its log, ended for certain. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const mainPath = fileURLToPath(new URL('../dist/main.js', import.meta.url));

/** Longer than anything that a daemon is waited for takes, shorter than the tests' own limits: what did not come is told, with its log. */
const LINE_MS_MAX = 90_000;

export type LogLine = Readonly<Record<string, unknown>> & {
  readonly level: string;
  readonly msg: string;
};

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface DaemonOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Another program with the same flags: the reference. */
  readonly program?: string;
  readonly stdout?: 'pipe' | 'ignore';
}

/** A directory of its own for each test. */
export function temporaryDirectory(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'kv-etcd-e2e-'));
  return {
    path,
    remove() {
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** Flags of a member that takes free ports and founds a cluster of its own. */
export function memberArgs(dataDir: string, ...more: readonly string[]): readonly string[] {
  const anyPort = 'http://127.0.0.1:0';
  return [
    `--data-dir=${dataDir}`,
    '--name=m',
    `--listen-client-urls=${anyPort}`,
    '--advertise-client-urls=http://127.0.0.1:21400',
    `--listen-peer-urls=${anyPort}`,
    '--initial-advertise-peer-urls=http://127.0.0.1:21401',
    '--initial-cluster=m=http://127.0.0.1:21401',
    ...more,
  ];
}

export class DaemonProcess {
  readonly child: ChildProcess;
  readonly exit: Promise<Exit>;
  readonly lines: LogLine[] = [];
  stdout = '';
  stderr = '';
  readonly #waiting = new Set<() => void>();
  #ended: Exit | undefined;

  constructor(options: DaemonOptions) {
    const { program, args = [], env = {} } = options;
    const words = program === undefined ? [mainPath, ...args] : [...args];
    this.child = spawn(program ?? process.execPath, words, {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', options.stdout ?? 'pipe', 'pipe'],
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    if (this.child.stderr !== null) {
      createInterface({ input: this.child.stderr }).on('line', (line) => {
        this.#read(line);
      });
    }
    this.exit = new Promise((resolve) => {
      this.child.on('close', (code, signal) => {
        this.#ended = { code, signal };
        this.#wake();
        resolve({ code, signal });
      });
    });
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('the process did not start');
    return this.child.pid;
  }

  /** The first line with this message, whether it has come or will. Rejects when the process ends without it, or takes too long. */
  line(message: string): Promise<LogLine> {
    return this.#find(`"${message}"`, (line) => line.msg === message);
  }

  /** Waits until clients are served, and says where. */
  async ready(): Promise<string> {
    await this.line('ready to serve client requests');
    const line = await this.#find('a client listener', (found) => 'traffic' in found);
    return String(line['address']);
  }

  /** The address of a listener that serves this kind of traffic. */
  async served(traffic: string): Promise<string> {
    const line = await this.#find(traffic, (found) => found['traffic'] === traffic);
    return String(line['address']);
  }

  /** Waits until so many other members have asked it for streams: from then on it knows what they are. */
  async listenedToBy(count: number): Promise<void> {
    const listeners = new Set<unknown>();
    await this.#find(`streams to ${count.toString()} members`, (line) => {
      if ('stream-writer-type' in line) listeners.add(line['remote-peer-id']);
      return listeners.size >= count;
    });
  }

  async #find(what: string, matches: (line: LogLine) => boolean): Promise<LogLine> {
    const late = AbortSignal.timeout(LINE_MS_MAX);
    late.addEventListener('abort', () => {
      this.#wake();
    });
    for (;;) {
      const found = this.lines.find(matches);
      if (found !== undefined) return found;
      if (this.#ended !== undefined) {
        throw new Error(`the daemon ended without ${what}:\n${this.stderr}`);
      }
      if (late.aborted) {
        throw new Error(
          `the daemon did not log ${what} in ${LINE_MS_MAX.toString()} ms:\n${this.stderr}`,
        );
      }
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Ends it however it takes. */
  async end(): Promise<void> {
    if (this.#ended === undefined) this.kill('SIGKILL');
    await this.exit;
  }

  #read(line: string): void {
    this.stderr += `${line}\n`;
    if (line.startsWith('{')) {
      const parsed: unknown = JSON.parse(line);
      if (isLogLine(parsed)) this.lines.push(parsed);
    }
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

function isLogLine(value: unknown): value is LogLine {
  return typeof value === 'object' && value !== null && 'level' in value && 'msg' in value;
}
