/** One member of the real etcd for comparisons: requests by its JSON gateway, hashes by its own command. */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { Buffer } from 'node:buffer';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { KeyValueHash } from '../src/options.js';
import type { Revision } from '../src/model.js';

const folder = process.env['REF'] ?? join(homedir(), 'ref');

/** Whether etcd and etcdctl 3.7.1 are here; reference/build.sh builds them. */
export const referenceIsHere: boolean = ['etcd', 'etcdctl'].every((name) =>
  existsSync(join(folder, name)),
);

export class ReferenceEtcd {
  private readonly url: string;
  private readonly process: ChildProcess;

  private constructor(url: string, process: ChildProcess) {
    this.url = url;
    this.process = process;
  }

  /** Resolves when it serves; rejects with the end of its log if it exits before. */
  static async start(dataDirectory: string, port: number): Promise<ReferenceEtcd> {
    const client = `http://127.0.0.1:${port}`;
    const peer = `http://127.0.0.1:${port + 1}`;
    const child = spawn(join(folder, 'etcd'), [
      ...['--name', 'r', '--data-dir', dataDirectory, '--initial-cluster', `r=${peer}`],
      ...['--listen-client-urls', client, '--advertise-client-urls', client],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
    ]);
    let log = '';
    await new Promise<void>((resolve, reject) => {
      child.stderr.on('data', (chunk: Buffer) => {
        log += chunk.toString();
        if (log.includes('ready to serve client requests')) resolve();
      });
      child.once('exit', (code) => {
        reject(new Error(`etcd exited with ${code ?? 'a signal'}: ${log.slice(-2000)}`));
      });
    });
    return new ReferenceEtcd(client, child);
  }

  /** A unary call through the gateway, for example `kv/put`. */
  async call(path: string, request: object): Promise<Readonly<Record<string, unknown>>> {
    const response = await fetch(`${this.url}/v3/${path}`, {
      method: 'POST',
      body: JSON.stringify(request),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${text}`);
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  }

  /** `etcdctl endpoint hashkv`. */
  hashKv(revision: number): KeyValueHash {
    const [answer] = JSON.parse(
      execFileSync(
        join(folder, 'etcdctl'),
        [`--endpoints=${this.url}`, 'endpoint', 'hashkv', `--rev=${revision}`, '-w', 'json'],
        { encoding: 'utf8' },
      ),
    ) as [{ HashKV: { hash: number; compact_revision: number; hash_revision: number } }];
    const { hash, compact_revision: compactRevision, hash_revision: hashRevision } = answer.HashKV;
    return {
      hash,
      compactRevision: compactRevision as Revision,
      hashRevision: hashRevision as Revision,
    };
  }

  async stop(): Promise<void> {
    const exited = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill('SIGTERM');
    await exited;
  }
}

/** Bytes as the gateway wants them. */
export const base64 = (latin1: string): string => Buffer.from(latin1, 'latin1').toString('base64');
