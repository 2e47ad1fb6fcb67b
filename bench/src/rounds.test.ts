/** Goal: rounds alternate, last about as long as they should, and count only with their effect. Method: a workload whose rate is known, on sides that are not started. */
import { afterAll, expect, test } from 'vitest';
import { compare } from './rounds.js';
import { Side } from './side.js';
import { withRevisionCheck } from './verified.js';

const side = (name: string): Side =>
  new Side({ name, executable: 'unused', members: 1, firstPort: 1 });
const [ours, theirs] = [side('ours'), side('etcd')];
afterAll(async () => {
  await ours[Symbol.asyncDispose]();
  await theirs[Symbol.asyncDispose]();
});

test('each round warms up and measures both sides, and the other begins the next', async () => {
  const runs: string[] = [];
  const lines: string[] = [];
  const row = await compare(
    {
      section: 'puts',
      name: 'put',
      unit: 'requests/s',
      goal: 2,
      guessPerSecond: 100,
      run: (at, requests) => {
        runs.push(`${at.name} ${String(requests)}`);
        return Promise.resolve({ perSecond: at === ours ? 1000 : 400, p50Ms: 1, p99Ms: 2 });
      },
    },
    { ours, theirs, rounds: 2, seconds: 2, say: (line) => lines.push(line) },
  );
  expect(runs).toEqual([
    // A quarter of two seconds at the guess, then two seconds at the rate that was found.
    ...['ours 50', 'ours 2000', 'etcd 50', 'etcd 800'],
    ...['etcd 200', 'etcd 800', 'ours 500', 'ours 2000'],
  ]);
  expect(row).toMatchObject({ better: 'more', goal: 2, ours: { values: [1000, 1000] } });
  expect(row.theirs).toEqual({ values: [400, 400], p50Ms: [1, 1], p99Ms: [2, 2] });
  expect(lines[1]).toMatch(/^put, round 2, load average [\d.]+: ours 1000, etcd 400 requests\/s$/);
});

test('writes that are not all in the revision are no result', async () => {
  const revisions = [5, 15, 5, 14];
  const counted = { name: 'ours', revision: () => Promise.resolve(revisions.shift() ?? 0) };
  const write = (): Promise<number> => Promise.resolve(10);
  await expect(withRevisionCheck(counted, write, (n) => n)).resolves.toBe(10);
  await expect(withRevisionCheck(counted, write, (n) => n)).rejects.toThrow(
    'ours: 10 writes were acknowledged, the revision rose by 9',
  );
});
