/** Servers that the tests run against: the real etcd (REF, or ref/ in the home folder) and ours, each only where it is there. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';

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

/** One member with fresh data on the given port (peers: the next one). */
export class TestServer implements AsyncDisposable {
  readonly endpoint: string;
  readonly #binary: Binary;
  readonly #dataDir = mkdtempSync(join(tmpdir(), 'kv-client-test-'));
  readonly #port: number;
  readonly #more: readonly string[];
  #process: ChildProcess | undefined;

  /** `more`: further options of the daemon. */
  static async start(
    binary: Binary,
    port: number,
    more: readonly string[] = [],
  ): Promise<TestServer> {
    const server = new TestServer(binary, port, more);
    await server.start();
    return server;
  }

  private constructor(binary: Binary, port: number, more: readonly string[]) {
    this.#more = more;
    this.#binary = binary;
    this.#port = port;
    this.endpoint = `127.0.0.1:${port}`;
  }

  /** Starts, again after `kill`, with the same data. */
  async start(): Promise<void> {
    const client = `http://127.0.0.1:${this.#port}`;
    const peer = `http://127.0.0.1:${this.#port + 1}`;
    const options = [
      ...['--name', 's0', '--data-dir', this.#dataDir, '--log-level', 'error'],
      ...['--listen-client-urls', client, '--advertise-client-urls', client],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
      ...['--initial-cluster', `s0=${peer}`],
      ...this.#more,
    ];
    const { path } = this.#binary;
    const words = path.endsWith('.js') ? [path, ...options] : options;
    this.#process = spawn(path.endsWith('.js') ? process.execPath : path, words, {
      stdio: 'ignore',
    });
    await this.#ready(client);
  }

  async #ready(url: string): Promise<void> {
    for (let attempt = 0; attempt < 400; attempt++) {
      try {
        const answer = await fetch(`${url}/health`);
        if (answer.ok) return;
      } catch {
        // Not listening yet.
      }
      await sleep(50);
    }
    throw new Error(`${this.#binary.name} does not serve at ${url}`);
  }

  /** As a crash: without a goodbye. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    const exited = new Promise<void>((resolve) => {
      child.once('exit', () => {
        resolve();
      });
    });
    child.kill('SIGKILL');
    await exited;
    this.#process = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.#dataDir, { recursive: true, force: true });
  }
}
