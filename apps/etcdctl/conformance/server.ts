/** A real member for comparisons: fresh data, fixed identity (same name and addresses give the same IDs), stopped by us. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A member of a cluster of several; without, one of its own. */
export interface Membership {
  readonly name: string;
  readonly initialCluster: string;
}

export interface ServerPorts {
  readonly client: number;
  readonly peer: number;
}

const readyMsMax = 20_000;
const pollMs = 20;
/**
 * Where a member on its own says that its peers find it. Nobody dials it; identifiers are computed from it, and of all ports this one gives
 * the largest (ffff224ed586e107): members that are added come before it, whatever their identifiers.
 */
const advertised = 'http://127.0.0.1:62767';

export class Server implements AsyncDisposable {
  readonly endpoint: string;
  readonly #process: ChildProcess;
  readonly #dataDir: string;

  static async start(
    binary: string,
    ports: ServerPorts,
    membership: Membership = { name: 's0', initialCluster: `s0=${advertised}` },
  ): Promise<Server> {
    const dataDir = mkdtempSync(join(tmpdir(), 'kvctl-conformance-'));
    const url = (port: number): string => `http://127.0.0.1:${port}`;
    const urls = membership.initialCluster.split(',').map((pair) => pair.replace(/^[^=]*=/, ''));
    const peerUrl = urls.length === 1 ? advertised : url(ports.peer);
    const isScript = binary.endsWith('.js');
    // Whoever listens there would answer in its place.
    if (await isListening(ports.client)) throw new Error(`port ${ports.client} is taken`);
    const child = spawn(
      isScript ? process.execPath : binary,
      [
        ...(isScript ? [binary] : []),
        ...['--name', membership.name, '--data-dir', dataDir, '--log-level', 'error'],
        ...[
          '--listen-client-urls',
          url(ports.client),
          '--advertise-client-urls',
          url(ports.client),
        ],
        ...['--listen-peer-urls', url(ports.peer), '--initial-advertise-peer-urls', peerUrl],
        ...['--initial-cluster', membership.initialCluster],
      ],
      { stdio: 'ignore' },
    );
    const server = new Server(child, dataDir, ports.client);
    await server.#ready(ports.client);
    return server;
  }

  private constructor(child: ChildProcess, dataDir: string, port: number) {
    this.#process = child;
    this.#dataDir = dataDir;
    this.endpoint = `127.0.0.1:${port}`;
  }

  /** Waits until exactly so many watches are open, or until nobody cares any more. */
  async whenWatchers(count: number, isOver?: AbortSignal): Promise<void> {
    const metric = new RegExp(`^etcd_debugging_mvcc_watcher_total ${count}$`, 'm');
    await this.#when(`${count} watchers`, async () => {
      const page = await fetch(`http://${this.endpoint}/metrics`);
      return isOver?.aborted === true || metric.test(await page.text());
    });
  }

  /** Calls the JSON gateway. */
  async post(path: string, body: unknown): Promise<unknown> {
    const init = { method: 'POST', body: JSON.stringify(body) };
    const answer = await fetch(`http://${this.endpoint}${path}`, init);
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
    return answer.json();
  }

  async #when(what: string, holds: () => Promise<boolean>): Promise<void> {
    const until = performance.now() + readyMsMax;
    while (!(await holds())) {
      if (performance.now() > until) throw new Error(`no ${what} within ${readyMsMax} ms`);
      await sleep(pollMs);
    }
  }

  #isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  async #ready(port: number): Promise<void> {
    const until = performance.now() + readyMsMax;
    while (performance.now() < until && this.#isRunning()) {
      if ((await isServing(port)) && this.#isRunning()) return;
      await sleep(pollMs);
    }
    await this[Symbol.asyncDispose]();
    throw new Error(`the server did not serve on port ${port} within ${readyMsMax} ms`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = new Promise<void>((resolve) => {
      if (this.#process.exitCode !== null) resolve();
      else
        this.#process.once('exit', () => {
          resolve();
        });
    });
    this.#process.kill('SIGKILL');
    await exited;
    rmSync(this.#dataDir, { recursive: true, force: true });
  }
}

/** Health over HTTP: true once the member has a leader. */
async function isServing(port: number): Promise<boolean> {
  if (!(await isListening(port))) return false;
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/health`);
    return answer.ok;
  } catch {
    return false;
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
