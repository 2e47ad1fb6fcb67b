/** Three members of one kind of server, each a process that can be killed. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '@kv/rpc/testing';
import type { Binary } from './reference.js';

export class TestCluster implements AsyncDisposable {
  readonly endpoints: readonly string[];
  readonly #dir = mkdtempSync(join(tmpdir(), 'kv-client-cluster-'));
  readonly #members: ChildProcess[];

  /** Starts it on free ports. Ready when its clients say so. */
  static async start(binary: Binary): Promise<TestCluster> {
    return new TestCluster(binary, await freePorts(6));
  }

  private constructor({ path }: Binary, ports: readonly number[]) {
    const url = (at: number): string => `http://127.0.0.1:${ports[at] ?? 0}`;
    const members = [0, 1, 2].map((n) => ({
      name: `m${n}`,
      client: url(2 * n),
      peer: url(2 * n + 1),
    }));
    this.endpoints = members.map(({ client }) => client);
    const initial = members.map(({ name, peer }) => `${name}=${peer}`).join(',');
    this.#members = members.map(({ name, client, peer }) => {
      const words = [
        ...['--name', name, '--data-dir', join(this.#dir, name), '--log-level', 'error'],
        ...['--listen-client-urls', client, '--advertise-client-urls', client],
        ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
        ...['--initial-cluster', initial],
      ];
      return path.endsWith('.js')
        ? spawn(process.execPath, [path, ...words], { stdio: 'ignore' })
        : spawn(path, words, { stdio: 'ignore' });
    });
  }

  /** As a crash. */
  async kill(at: number): Promise<void> {
    const member = this.#members[at];
    if (member === undefined || member.exitCode !== null || member.signalCode !== null) return;
    const exited = new Promise((resolve) => {
      member.once('exit', resolve);
    });
    member.kill('SIGKILL');
    await exited;
  }

  /** Lets a member stand still, as a machine that hangs: its connections stay. */
  pause(at: number): void {
    this.#members[at]?.kill('SIGSTOP');
  }

  resume(at: number): void {
    this.#members[at]?.kill('SIGCONT');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#members.map((_member, at) => this.kill(at)));
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
