/**
 * Goal: a lock has one owner at a time, in order of arrival, together with etcd's own tools; and an owner that slept does no harm. Method:
 * against the real etcd and ours; owners whose clock stands still, whose process is stopped, whose key is deleted.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { Client, wireTransport, type Clock } from '../../src/index.js';
import { availableServers, type TestServer } from '../reference.js';
import { withServer } from '../with-server.js';

const etcdctl = join(process.env['REF'] ?? join(homedir(), 'ref'), 'etcdctl');

/** A clock that can stand still: timers that are due meanwhile never come, as in a process that sleeps. */
class PausableClock implements Clock {
  isPaused = false;
  #lag = 0;
  #pausedAt = 0;

  pause(): void {
    this.isPaused = true;
    this.#pausedAt = performance.now();
  }

  monotonicMs(): number {
    return (this.isPaused ? this.#pausedAt : performance.now()) - this.#lag;
  }

  after(delayMs: number, callback: () => void): { cancel: () => void } {
    const timer = setTimeout(() => {
      if (!this.isPaused) callback();
    }, delayMs);
    return {
      cancel: () => {
        clearTimeout(timer);
      },
    };
  }
}

/** The lines that a process prints, one by one. */
function linesOf(child: ChildProcess): AsyncIterator<string> {
  if (child.stdout === null) throw new Error('no output');
  return createInterface(child.stdout)[Symbol.asyncIterator]();
}

async function line(lines: AsyncIterator<string>): Promise<string> {
  const result = await lines.next();
  return result.done === true ? '(end)' : result.value;
}

describe.each(availableServers())('locks, on $name', (binary) => {
  let server: TestServer;
  let client: Client;
  withServer(binary, (started) => {
    ({ server, client } = started);
  });

  test('one at a time, in order of arrival, with rising tokens', async () => {
    const tokens: number[] = [];
    let owners = 0;
    const work = async (i: number): Promise<void> => {
      await using lock = await client.lock('order');
      owners += 1;
      expect(owners).toBe(1);
      tokens.push(lock.token);
      expect(lock.isHeld).toBe(true);
      await lock.put('order-result', String(i));
      owners -= 1;
    };
    await Promise.all(Array.from({ length: 8 }, (_, i) => work(i)));
    // The token is the revision of arrival.
    expect(tokens).toEqual([...tokens].sort((a, b) => a - b));
    expect(new Set(tokens).size).toBe(8);
    expect(await client.kv.count({ prefix: 'order/' })).toBe(0);
  });

  test('tryLock tells at once, and leaves no trace', async () => {
    await using lock = await client.lock('try');
    expect(await client.tryLock('try')).toBeUndefined();
    expect(await client.kv.count({ prefix: 'try/' })).toBe(1);
    await lock.release();
    await using second = await client.tryLock('try');
    expect(second?.token).toBeGreaterThan(lock.token);
  });

  test('a wait ends with its time, or its signal, and the place in the line is given up', async () => {
    await using lock = await client.lock('wait');
    await expect(client.lock('wait', { timeoutMs: 100 })).rejects.toMatchObject({
      code: 'deadline',
      message: 'lock "wait" was not had within 100 ms',
    });
    const controller = new AbortController();
    const waiting = client.lock('wait', { signal: controller.signal });
    const ended = expect(waiting).rejects.toThrow('enough');
    await waitForPlaces(client, 'wait/', 2);
    controller.abort(new Error('enough'));
    await ended;
    expect(await client.kv.count({ prefix: 'wait/' })).toBe(1);
    expect(lock.isHeld).toBe(true);
  });

  test('H-L: whoever deletes its key, or revokes its lease, takes it away, and its signal tells', async () => {
    await using lock = await client.lock('stolen');
    const lost = new Promise((resolve) => {
      lock.signal.addEventListener('abort', resolve);
    });
    await client.kv.delete(lock.key);
    await lost;
    expect(lock.signal.reason).toMatchObject({ code: 'lost', outcome: 'definite' });
    expect(lock.isHeld).toBe(false);
    await expect(lock.put('stolen-result', 'x')).rejects.toMatchObject({ code: 'lost' });
  });

  test('guarded transactions happen while it is held, and not after', async () => {
    const lock = await client.lock('guard');
    const first = await lock.transact({
      if: [{ key: 'guarded', target: 'version', op: '=', operand: 0 }],
      then: [{ type: 'put', key: 'guarded', value: '1' }],
      else: [{ type: 'find', key: 'guarded' }],
    });
    expect(first.succeeded).toBe(true);
    const second = await lock.transact({
      if: [{ key: 'guarded', target: 'version', op: '=', operand: 0 }],
      else: [{ type: 'find', key: 'guarded' }],
    });
    expect(second.succeeded ? undefined : second.results[0]?.text()).toBe('1');
    await expect(lock.put('guard/mine', '')).rejects.toThrow('belongs to the line of owners');
    await lock.release();
    await expect(lock.put('guarded', '2')).rejects.toMatchObject({ code: 'lost' });
    expect((await client.kv.find('guarded'))?.text()).toBe('1');
  });

  test('G-18: an owner whose clock stands still does not write after another has taken over', async () => {
    const clock = new PausableClock();
    await using sleeper = await Client.open({
      endpoints: [server.endpoint],
      transport: wireTransport,
      clock,
    });
    const lock = await sleeper.lock('sleep', { ttlSeconds: 2 });
    await lock.put('sleep-result', 'before');
    clock.pause();
    await using next = await client.lock('sleep', { timeoutMs: 20_000 });
    await next.put('sleep-result', 'next');
    expect(next.token).toBeGreaterThan(lock.token);
    await expect(lock.put('sleep-result', 'sleeper')).rejects.toMatchObject({
      code: 'lost',
      outcome: 'definite',
    });
    expect((await client.kv.find('sleep-result'))?.text()).toBe('next');
    clock.isPaused = false;
  });

  test('G-18: a process that was stopped past its lease does not write when it goes on', async () => {
    const script = fileURLToPath(new URL('lock-holder.mjs', import.meta.url));
    const child = spawn(process.execPath, [script, server.endpoint, 'stopped'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const lines = linesOf(child);
      expect(await line(lines)).toMatch(/^held \d+$/);
      child.kill('SIGSTOP');
      await using next = await client.lock('stopped', { timeoutMs: 20_000 });
      await next.put('stopped-result', 'next');
      child.kill('SIGCONT');
      expect(await line(lines)).toBe('refused lost definite');
      expect((await client.kv.find('stopped-result'))?.text()).toBe('next');
    } finally {
      child.kill('SIGKILL');
    }
  });

  test.runIf(existsSync(etcdctl))('stands in one line with `etcdctl lock`', async () => {
    const words = ['--endpoints', server.endpoint, 'lock', 'shared'];
    const lock = await client.lock('shared');
    const child = spawn(etcdctl, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = linesOf(child);
    await waitForPlaces(client, 'shared/', 2);
    expect(await client.tryLock('shared')).toBeUndefined();
    await lock.release();
    expect(await line(lines)).toMatch(/^shared\/[0-9a-f]+$/);
    const waiting = client.lock('shared');
    await waitForPlaces(client, 'shared/', 2);
    child.kill('SIGINT');
    await using mine = await waiting;
    expect(mine.token).toBeGreaterThan(lock.token);
  });
});

async function waitForPlaces(client: Client, prefix: string, count: number): Promise<void> {
  for await (const _batch of client.listThenWatch({ prefix })) {
    if ((await client.kv.count({ prefix })) >= count) return;
  }
}
