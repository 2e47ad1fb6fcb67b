/**
 * Goal: one leader at a time, whom everybody can follow, together with `etcdctl elect`. Method: candidates and observers on the real etcd
 * and ours.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import type { Client, Leader } from '../../src/index.js';
import { availableServers, type TestServer } from '../reference.js';
import { withServer } from '../with-server.js';

const etcdctl = join(process.env['REF'] ?? join(homedir(), 'ref'), 'etcdctl');
const text = (leader: Leader | undefined): string | undefined =>
  leader === undefined ? undefined : Buffer.from(leader.value).toString();

describe.each(availableServers())('elections, on $name', (binary) => {
  let server: TestServer;
  let client: Client;
  withServer(binary, (started) => {
    ({ server, client } = started);
  });

  test('the first leads, the next follows when it resigns, and observers see both', async () => {
    const election = client.election('jobs');
    expect(await election.leader()).toBeUndefined();
    const seen: (string | undefined)[] = [];
    const controller = new AbortController();
    const next = { told: (_value: string | undefined): void => undefined };
    const observing = (async () => {
      for await (const leader of election.observe({ signal: controller.signal })) {
        seen.push(text(leader));
        next.told(text(leader));
      }
    })();
    const ended = expect(observing).rejects.toThrow('enough');
    const untilSeen = (value: string): Promise<void> =>
      new Promise((resolve) => {
        next.told = (told) => {
          if (told === value) resolve();
        };
        if (seen.at(-1) === value) resolve();
      });

    const first = await election.campaign('one');
    await untilSeen('one');
    const waiting = election.campaign('two');
    await first.proclaim('one, busy');
    await untilSeen('one, busy');
    expect(text(await election.leader())).toBe('one, busy');
    await first.resign();
    await using second = await waiting;
    await untilSeen('two');
    expect(second.token).toBeGreaterThan(first.token);
    await expect(first.proclaim('late')).rejects.toMatchObject({ code: 'lost' });
    controller.abort(new Error('enough'));
    await ended;
    expect(seen.filter((value) => value !== undefined)).toEqual(['one', 'one, busy', 'two']);
  });

  test('terms: elected again after each loss, until the loop is left', async () => {
    const election = client.election('terms');
    let terms = 0;
    for await (const term of election.terms('me')) {
      terms += 1;
      if (terms === 3) break;
      const over = new Promise((resolve) => {
        term.signal.addEventListener('abort', resolve);
      });
      await client.kv.delete(term.key);
      await over;
    }
    expect(terms).toBe(3);
    expect(await election.leader()).toBeUndefined();
  });

  test.runIf(existsSync(etcdctl))('one line with `etcdctl elect`', async () => {
    const election = client.election('shared');
    const words = ['--endpoints', server.endpoint, 'elect', 'shared', 'theirs'];
    const child = spawn(etcdctl, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
      const key = await lines.next();
      expect(key.value).toMatch(/^shared\/[0-9a-f]+$/);
      const leader = await election.leader();
      expect(leader).toMatchObject({ key: key.value });
      expect(text(leader)).toBe('theirs');
      const waiting = election.campaign('ours');
      child.kill('SIGINT');
      await using mine = await waiting;
      expect(text(await election.leader())).toBe('ours');
      expect(mine.token).toBeGreaterThan(leader?.token ?? Infinity);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
