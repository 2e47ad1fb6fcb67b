/** Starts the real etcd for the tests that compare with it. Nothing here is needed where it is absent. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const FOLDER = process.env['REF'] ?? join(homedir(), 'ref');

/** Where etcd, etcdctl and benchmark 3.7.1 are; undefined if they are not. */
export const reference: string | undefined = existsSync(join(FOLDER, 'etcd')) ? FOLDER : undefined;

const RUN_MS_MAX = 60_000;

/** One member of the real etcd on 127.0.0.1. */
export class ReferenceEtcd {
  readonly #port: number;
  readonly #process: ChildProcess;

  private constructor(port: number, process: ChildProcess) {
    this.#port = port;
    this.#process = process;
  }

  /** Resolves when it answers; rejects with its log if it exits before. */
  static async start(
    dataDirectory: string,
    port: number,
    flags: readonly string[] = [],
  ): Promise<ReferenceEtcd> {
    const client = `http://127.0.0.1:${port}`;
    const peer = `http://127.0.0.1:${port + 1}`;
    const child = spawn(join(reference ?? '', 'etcd'), [
      ...['--name', 'w', '--data-dir', dataDirectory, '--initial-cluster', `w=${peer}`],
      ...['--listen-client-urls', client, '--advertise-client-urls', client],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, ...flags],
    ]);
    let log = '';
    await new Promise<void>((resolve, reject) => {
      child.stderr.on('data', (chunk: Buffer) => {
        log += chunk.toString();
        if (log.includes('ready to serve client requests')) resolve();
      });
      child.once('exit', (code) => {
        reject(new Error(`etcd exited with ${code ?? 'a signal'}: ${log.slice(-3000)}`));
      });
    });
    return new ReferenceEtcd(port, child);
  }

  ctl(...args: string[]): Promise<string> {
    return this.#run('etcdctl', args);
  }

  benchmark(...args: string[]): Promise<string> {
    return this.#run('benchmark', args);
  }

  /** Ends it: SIGTERM is a clean stop, SIGKILL a crash. */
  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const exited = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill(signal);
    await exited;
  }

  /** Asynchronous, so that the server's log is read meanwhile: a full pipe would stop the server. */
  async #run(program: string, args: readonly string[]): Promise<string> {
    const endpoint = `--endpoints=127.0.0.1:${this.#port}`;
    const { stdout } = await promisify(execFile)(
      join(reference ?? '', program),
      [endpoint, ...args],
      { encoding: 'utf8', maxBuffer: 2 ** 28, timeout: RUN_MS_MAX },
    );
    return stdout;
  }
}
