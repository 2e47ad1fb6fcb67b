/**
 * Goal: our recipes and those of etcd's Go client take part in one another: locks, elections, service discovery, barriers. Method: the program in
 * `go/`, driven line by line, against each server that is there. Its Go toolchain and modules make it slow to prepare: with KV_CLIENTS=1 only.
 */
import { execFile, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../src/index.js';
import { availableServers, type TestServer } from '../reference.js';
import { withServer } from '../with-server.js';

const sources = fileURLToPath(new URL('go', import.meta.url));

/** The Go program: commands in, one line each out. */
class GoRecipes implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  static async start(program: string, endpoint: string): Promise<GoRecipes> {
    const agent = new GoRecipes(spawn(program, [endpoint]));
    expect(await agent.#line()).toBe('ready');
    return agent;
  }

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    child.stderr.pipe(process.stderr);
    this.#lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  }

  async #line(): Promise<string> {
    const result = await this.#lines.next();
    return result.done === true ? '(end)' : result.value;
  }

  /** What comes back, without the command. */
  async do(command: string): Promise<string> {
    this.#child.stdin.write(`${command}\n`);
    const line = await this.#line();
    return line.slice(command.split(' ')[0]?.length).trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin.end();
    await ended;
  }
}

describe.runIf(process.env['KV_CLIENTS'] === '1')('recipes of etcd’s Go client', () => {
  let folder = '';
  let program = '';
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kv-go-recipes-'));
    program = join(folder, 'recipes');
    await promisify(execFile)('go', ['build', '-o', program, '.'], { cwd: sources });
  }, 300_000);
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  describe.each(availableServers())('on $name', (binary) => {
    let server: TestServer;
    let client: Client;
    let go: GoRecipes;
    withServer(binary, (started) => {
      ({ server, client } = started);
    });
    beforeEach(async () => {
      go = await GoRecipes.start(program, server.endpoint);
    });
    afterEach(async () => {
      await go[Symbol.asyncDispose]();
    });

    test('a lock is one line: each waits for the other', async () => {
      const mine = await client.lock('job');
      expect(await go.do('try job')).toContain('Locked by another session');
      const theirs = go.do('lock job');
      await expect.poll(() => client.kv.count({ prefix: 'job/' })).toBe(2);
      await mine.release();
      expect(await theirs).toMatch(/^job\/[0-9a-f]+$/);
      expect(await client.tryLock('job')).toBeUndefined();
      const again = client.lock('job');
      await expect.poll(() => client.kv.count({ prefix: 'job/' })).toBe(2);
      expect(await go.do('unlock')).toBe('');
      const lock = await again;
      expect(lock.token).toBeGreaterThan(mine.token);
      await lock.release();
    });

    test('an election is one line: each sees the other lead', async () => {
      const election = client.election('chief');
      const mine = await election.campaign('node');
      expect(await go.do('leader chief')).toBe('node');
      const theirs = go.do('campaign chief go');
      await expect.poll(() => client.kv.count({ prefix: 'chief/' })).toBe(2);
      await mine.resign();
      expect(await theirs).toBe('');
      const leader = await election.leader();
      expect(Buffer.from(leader?.value ?? []).toString()).toBe('go');
      const next = election.campaign('node again');
      expect(await go.do('resign')).toBe('');
      await (await next).resign();
    });

    test('services are found from both sides', async () => {
      const service = client.service('shop');
      await using mine = await service.register({
        address: '10.0.0.1:80',
        id: 'node',
        metadata: { zone: 'a' },
      });
      expect(await go.do('register shop go 10.0.0.2:80 b')).toBe('');
      expect(await go.do('list shop')).toBe('go=10.0.0.2:80/b node=10.0.0.1:80/a');
      expect(await service.resolve()).toEqual([
        { id: 'go', address: '10.0.0.2:80', metadata: { zone: 'b' } },
        { id: 'node', address: '10.0.0.1:80', metadata: { zone: 'a' } },
      ]);
      await mine.close();
      expect(await go.do('list shop')).toBe('go=10.0.0.2:80/b');
    });

    test('a barrier holds and opens for both', async () => {
      const barrier = client.barrier('gate');
      expect(await go.do('hold gate')).toBe('');
      await expect(barrier.wait({ timeoutMs: 50 })).rejects.toMatchObject({ code: 'deadline' });
      const mine = barrier.wait();
      expect(await go.do('release gate')).toBe('');
      await mine;
      await barrier.hold();
      const theirs = go.do('wait gate');
      await barrier.release();
      expect(await theirs).toBe('');
    });

    test('a meeting of both begins and ends together, whoever comes first', async () => {
      await using lease = await client.lease.session(10);
      const meeting = client.doubleBarrier('meeting', 2, lease);
      const arrived = (): Promise<number> => client.kv.count({ prefix: 'meeting/waiters/' });
      for (const isGoFirst of [true, false]) {
        const first = isGoFirst ? go.do('enter meeting 2') : meeting.enter();
        await expect.poll(arrived).toBe(1);
        const second = isGoFirst ? meeting.enter() : go.do('enter meeting 2');
        await Promise.all([first, second]);
        await Promise.all([go.do('leave'), meeting.leave()]);
        expect(await client.kv.count({ prefix: 'meeting/' })).toBe(0);
      }
    });
  });
});
