/** A real member for comparisons: fresh data, fixed identity (same name and addresses give the same IDs), stopped by us. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ServerPorts {
  readonly client: number;
  readonly peer: number;
}

const readyMsMax = 20_000;

export class Server implements AsyncDisposable {
  readonly endpoint: string;
  readonly #process: ChildProcess;
  readonly #dataDir: string;

  static async start(binary: string, ports: ServerPorts): Promise<Server> {
    const dataDir = mkdtempSync(join(tmpdir(), 'kvctl-conformance-'));
    const url = (port: number): string => `http://127.0.0.1:${port}`;
    const isScript = binary.endsWith('.js');
    const child = spawn(
      isScript ? process.execPath : binary,
      [
        ...(isScript ? [binary] : []),
        ...['--name', 's0', '--data-dir', dataDir, '--log-level', 'error'],
        ...[
          '--listen-client-urls',
          url(ports.client),
          '--advertise-client-urls',
          url(ports.client),
        ],
        ...[
          '--listen-peer-urls',
          url(ports.peer),
          '--initial-advertise-peer-urls',
          url(ports.peer),
        ],
        ...['--initial-cluster', `s0=${url(ports.peer)}`],
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

  async #ready(port: number): Promise<void> {
    const until = performance.now() + readyMsMax;
    while (performance.now() < until) {
      if (await isServing(port)) return;
      await sleep(50);
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
