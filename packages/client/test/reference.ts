/** Servers that the tests run against: the real etcd (REF, or ref/ in the home folder) and ours, each only where it is there. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '@kv/rpc/testing';

/** Of a server's standard error, kept for the message when it fails. */
const LAST_WORDS_CHARS = 8_192;

export interface Binary {
  readonly name: string;
  readonly path: string;
}

const candidates: readonly Binary[] = [
  { name: 'etcd', path: join(process.env['REF'] ?? join(homedir(), 'ref'), 'etcd') },
  {
    name: 'ours',
    path: fileURLToPath(new URL('../../../apps/etcd/dist/main.js', import.meta.url)),
  },
];

/** Those that exist; the others are named once. */
export function availableServers(): readonly Binary[] {
  const missing = candidates.filter(({ path }) => !existsSync(path));
  for (const { name, path } of missing)
    console.warn(`skipped against ${name}: there is no ${path}`);
  return candidates.filter(({ path }) => existsSync(path));
}

/** One member with fresh data on free ports, which stay its own when it is started again. */
export class TestServer implements AsyncDisposable {
  readonly endpoint: string;
  readonly port: number;
  readonly #peerPort: number;
  readonly #binary: Binary;
  readonly #dataDir = mkdtempSync(join(tmpdir(), 'kv-client-test-'));
  readonly #more: readonly string[];
  #process: ChildProcess | undefined;
  /** The end of what it wrote to standard error since it was started last. */
  #lastWords = '';

  /** `more`: further options of the daemon. */
  static async start(binary: Binary, more: readonly string[] = []): Promise<TestServer> {
    const [port = 0, peerPort = 0] = await freePorts(2);
    const server = new TestServer(binary, port, peerPort, more);
    await server.start();
    return server;
  }

  private constructor(binary: Binary, port: number, peerPort: number, more: readonly string[]) {
    this.#more = more;
    this.#binary = binary;
    this.port = port;
    this.#peerPort = peerPort;
    this.endpoint = `127.0.0.1:${port}`;
  }

  /** Starts, again after `kill`, with the same data and on the same ports. */
  async start(): Promise<void> {
    const client = `http://127.0.0.1:${this.port}`;
    const peer = `http://127.0.0.1:${this.#peerPort}`;
    const options = [
      ...['--name', 's0', '--data-dir', this.#dataDir, '--log-level', 'error'],
      ...['--listen-client-urls', client, '--advertise-client-urls', client],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
      ...['--initial-cluster', `s0=${peer}`],
      ...this.#more,
    ];
    const { path } = this.#binary;
    const words = path.endsWith('.js') ? [path, ...options] : options;
    const child = spawn(path.endsWith('.js') ? process.execPath : path, words, {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#process = child;
    this.#lastWords = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS_CHARS);
    });
    await this.#ready(client, child);
  }

  async #ready(url: string, child: ChildProcess): Promise<void> {
    for (let attempt = 0; attempt < 400; attempt++) {
      // Whoever answers at the port is somebody else then.
      if (hasEnded(child)) throw this.#ended(child);
      try {
        const answer = await fetch(`${url}/health`);
        if (answer.ok) return;
      } catch {
        // Not listening yet.
      }
      await sleep(50);
    }
    throw new Error(`${this.#binary.name} does not serve at ${url}: ${this.#lastWords}`);
  }

  /** As a crash: without a goodbye. Throws if the process had ended of itself, with what it said last. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    this.#process = undefined;
    if (hasEnded(child)) throw this.#ended(child);
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  #ended(child: ChildProcess): Error {
    const how = `exit code ${String(child.exitCode)}, signal ${String(child.signalCode)}`;
    return new Error(`${this.#binary.name} ended of itself (${how}): ${this.#lastWords}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.kill();
    } finally {
      rmSync(this.#dataDir, { recursive: true, force: true });
    }
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
